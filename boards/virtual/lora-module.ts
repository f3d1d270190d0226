import type { Serial, SerialConstructor, SerialOptions } from '../../hal/api/io.ts'
import type { ModemWiring } from '../../hal/api/lora.ts'
import type { Scheduler } from '../../src/world/scheduler.ts'
import { BOARD } from './board.ts'
import type { BoardLoRa } from './lora.ts'
import type { ModemName } from './lora-modem.ts'

export interface RealModuleOptions {
  readonly scheduler: Scheduler
  readonly radio: ModemName
  /** Region of networks in America and Australia: then an RN2483 is an RN2903. */
  readonly american: boolean
  /** Serial ports of this PC. */
  readonly io: SerialConstructor
  /** Where the module is, such as `/dev/ttyUSB0`. */
  readonly device: string
}

/** A real LoRaWAN module at a serial port of this PC, on a board that is emulated otherwise. Its supply is its own. */
export class RealModule implements BoardLoRa {
  readonly #options: RealModuleOptions
  /** What the processor has open. */
  #open: Serial | undefined

  constructor(options: RealModuleOptions) {
    this.#options = options
  }

  powerOn(): void {}

  powerOff(): void {}

  release(): void {
    this.#open?.close()
    this.#open = undefined
  }

  wiring(): ModemWiring {
    const { radio, american, device } = this.#options
    const part = radio === 'RN2483' && american ? 'RN2903' : radio
    return { part, serial: { io: this.#line(), device, baud: BOARD.lora.modemBaud[part] } }
  }

  /** What the port says reaches the firmware as everything does: as a task of the world, in its time. */
  #line(): SerialConstructor {
    const { scheduler, io } = this.#options
    const opened = (serial: Serial): void => {
      this.#open = serial
    }
    return class implements Serial {
      readonly #port: Serial
      #closed = false

      constructor(options: SerialOptions) {
        const later = (callback: () => void): void => {
          scheduler.after(0, () => {
            if (!this.#closed) callback()
          })
        }
        const { onReadable, onWritable, onError } = options
        this.#port = new io({
          ...options,
          onReadable: onReadable && ((count) => later(() => onReadable(count))),
          onWritable: onWritable && ((count) => later(() => onWritable(count))),
          onError: onError && ((reason) => later(() => onError(reason))),
        })
        opened(this)
      }

      read(count?: number): Uint8Array | undefined {
        return this.#port.read(count)
      }

      write(buffer: Uint8Array): void {
        this.#port.write(buffer)
      }

      close(): void {
        this.#closed = true
        this.#port.close()
      }
    }
  }
}
