import type { Digital } from '../../hal/api/io.ts'
import type { Timer } from '../../hal/api/time.ts'

/** Length of a flash (IEC 62053-31 asks for at least 30 ms). */
const ON_MS = 40

/**
 * The metrological LED: `constant` flashes per kWh of active energy in either direction. The pulses that became due in the last second are spread
 * over the next one, so their number is exact and their timing is at most a second late.
 */
export class MetrologicalLed {
  readonly constant: number
  readonly #led: Digital | undefined
  readonly #timer: Timer
  readonly #on: () => void
  readonly #off: () => void
  #pulses = -1

  constructor(constant: number, led: Digital | undefined, timer: Timer) {
    this.constant = constant
    this.#led = led
    this.#timer = timer
    this.#off = () => led?.write(0)
    this.#on = () => {
      led?.write(1)
      timer.set(this.#off, ON_MS)
    }
  }

  /** Pulses since the meter was made; the part of the register that the LED has shown. */
  get pulses(): number {
    return Math.max(0, this.#pulses)
  }

  /** Once a second, with the total of active energy in mWh. */
  update(energy_mWh: number): void {
    const total = Math.floor((energy_mWh * this.constant) / 1_000_000)
    const due = this.#pulses < 0 ? 0 : total - this.#pulses
    this.#pulses = total
    if (this.#led === undefined) return
    const spacing_ms = due > 0 ? 1000 / due : 0
    // More than 12 flashes a second would run into each other; a direct 100 A three-phase meter stays below 20 at full load.
    const shown = Math.min(due, 12)
    for (let i = 0; i < shown; i++) this.#timer.set(this.#on, Math.floor(i * spacing_ms))
  }
}
