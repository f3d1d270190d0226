import type { Digital } from '../../hal/api/io.ts'
import type { Timer } from '../../hal/api/time.ts'

/** Length of a flash (IEC 62053-31 asks for at least 30 ms). */
const ON_MS = 40
/** More flashes a second would run into each other: 43 kW at 1000 imp/kWh. What is above waits for a quieter second. */
const FLASHES_MAX = 12

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
  /** Pulses that have been flashed; behind `#pulses` only while the load is above what an LED can show. */
  #shown = 0
  #open = true

  constructor(constant: number, led: Digital | undefined, timer: Timer) {
    this.constant = constant
    this.#led = led
    this.#timer = timer
    this.#off = () => {
      if (this.#open) led?.write(0)
    }
    this.#on = () => {
      if (!this.#open) return
      led?.write(1)
      timer.set(this.#off, ON_MS)
    }
  }

  /** Pulses since the meter was made: what the register says, whatever the LED has shown of it. */
  get pulses(): number {
    return Math.max(0, this.#pulses)
  }

  /** Once a second, with the total of active energy in mWh. */
  update(energy_mWh: number): void {
    const total = Math.floor((energy_mWh * this.constant) / 1_000_000)
    if (this.#pulses < 0) this.#shown = total
    this.#pulses = total
    if (this.#led === undefined) return
    const flashes = Math.min(total - this.#shown, FLASHES_MAX)
    this.#shown += flashes
    for (let i = 0; i < flashes; i++) this.#timer.set(this.#on, Math.floor((i * 1000) / flashes))
  }

  /** Nothing flashes after this; the pin is the caller's to close. */
  close(): void {
    this.#open = false
  }
}
