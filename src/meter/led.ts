import type { Device } from '../../hal/api/device.ts'
import type { Digital } from '../../hal/api/io.ts'
import type { Timer } from '../../hal/api/time.ts'
import { guardTimer } from './guarded.ts'
import type { Part } from './supervisor.ts'

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
  #led: Digital | undefined
  #timer: Timer | undefined
  #pulses = -1
  /** Pulses that have been flashed; behind `#pulses` only while the load is above what an LED can show. */
  #shown = 0

  constructor(constant: number) {
    this.constant = constant
  }

  /** Pulses since the meter was made: what the register says, whatever the LED has shown of it. */
  get pulses(): number {
    return Math.max(0, this.#pulses)
  }

  /** From now on there is a lamp. What was due before is not made up for. */
  attach(led: Digital, timer: Timer): void {
    this.#led = led
    this.#timer = timer
    this.#shown = this.pulses
  }

  /** Nothing flashes after this; the pin is the caller's to close. */
  detach(): void {
    this.#led = undefined
    this.#timer = undefined
  }

  /** Once a second, with the total of active energy in mWh. */
  update(energy_mWh: number): void {
    const total = Math.floor((energy_mWh * this.constant) / 1_000_000)
    if (this.#pulses < 0) this.#shown = total
    this.#pulses = total
    const timer = this.#timer
    if (timer === undefined) return
    const flashes = Math.min(total - this.#shown, FLASHES_MAX)
    this.#shown += flashes
    for (let i = 0; i < flashes; i++) timer.set(this.#on, Math.floor((i * 1000) / flashes))
  }

  readonly #on = (): void => {
    if (this.#led === undefined) return
    this.#led.write(1)
    this.#timer?.set(this.#off, ON_MS)
  }

  readonly #off = (): void => {
    this.#led?.write(0)
  }
}

/** The lamp as a part of the meter: a pin that fails costs no more than its flashes. */
export function ledPart(led: MetrologicalLed, wiring: NonNullable<Device['led']>, timer: Timer): Part {
  let pin: Digital | undefined
  return {
    start: (guard) => {
      pin = new wiring.io({ pin: wiring.pin, mode: 'Output' })
      led.attach(pin, guardTimer(timer, guard))
    },
    stop: () => {
      led.detach()
      pin?.close()
      pin = undefined
    },
  }
}
