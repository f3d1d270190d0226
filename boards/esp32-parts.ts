import type { Digital, DigitalConstructor, DigitalOptions, SerialConstructor, SerialOptions } from '../hal/api/io.ts'
import { Esp32Digital } from '../hal/esp32/digital.ts'
import { Esp32Serial } from '../hal/esp32/serial.ts'

/** A pin of a board, and what else its part says about it. */
export interface Pin {
  readonly pin: number
}

/** A part at a pin. */
export function at<P extends Pin>(part: P): P & { readonly io: DigitalConstructor } {
  return { ...part, io: Esp32Digital }
}

/** A part at a UART. */
export function serial<S extends Partial<SerialOptions>>(line: S): S & { readonly io: SerialConstructor } {
  return { ...line, io: Esp32Serial }
}

/** Drives pins to a level for as long as the firmware runs: chip selects of what is not used, supplies of modules. */
export function hold(parts: readonly (Pin & { readonly level: 0 | 1 })[]): void {
  for (const { pin, level } of parts) new Esp32Digital({ pin, mode: 'Output', initialValue: level })
}

/** A pin that is low while it is on. */
class InvertedDigital implements Digital {
  readonly #io: Digital

  constructor(options: DigitalOptions) {
    this.#io = new Esp32Digital({ ...options, initialValue: options.initialValue === 1 ? 0 : 1 })
  }

  read(): 0 | 1 {
    return this.#io.read() === 0 ? 1 : 0
  }

  write(value: 0 | 1): void {
    this.#io.write(value === 0 ? 1 : 0)
  }

  close(): void {
    this.#io.close()
  }
}

/** A part that a low pin switches on. */
export function inverted<P extends Pin>(part: P): P & { readonly io: DigitalConstructor } {
  return { ...part, io: InvertedDigital }
}
