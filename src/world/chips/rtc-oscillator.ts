import type { BackupSupply, CrystalCurve } from './rtc-crystal.ts'

const SECOND_US = 1_000_000

export interface OscillatorOptions {
  /** True time in microseconds, an integer that never goes back. */
  readonly now_us: () => number
  readonly curve: CrystalCurve
  readonly backup: BackupSupply
  readonly temperature_C: number
}

/**
 * Crystal, prescaler and supply of an RTC. Lazy: `ticks` tells how many seconds the prescaler has counted since it was asked last. The temperature counts
 * from the moment it is set.
 */
export class Oscillator {
  readonly #options: OscillatorOptions
  #temperature_C: number
  /** Time up to which ticks were handed over. */
  #at_us: number
  /** Prescaler, 0 to below one second, in the crystal's own microseconds. */
  #phase_us = 0
  #trim_ppm = 0
  #supplied = true
  /** The switchover to the backup supply is on. */
  backed = true
  /** It stopped for lack of supply, and nobody has asked since. */
  #stopped = false
  /** The dividers are held in reset; the crystal itself runs. */
  #held = false

  constructor(options: OscillatorOptions) {
    this.#options = options
    this.#temperature_C = options.temperature_C
    this.#at_us = options.now_us()
  }

  get temperature_C(): number {
    return this.#temperature_C
  }

  /** To call after `ticks`, as everything that changes how fast time passes. */
  set temperature_C(temperature_C: number) {
    this.#temperature_C = temperature_C
  }

  get supplied(): boolean {
    return this.#supplied
  }

  /** Correction of the chip, in ppm of frequency. */
  set trim_ppm(trim_ppm: number) {
    this.#trim_ppm = trim_ppm
  }

  /** Back door: deviation against true time now. */
  get deviation_ppm(): number {
    return this.#options.curve(this.#temperature_C) + this.#trim_ppm
  }

  set held(held: boolean) {
    this.#held = held
  }

  /** True once after the oscillator stopped. */
  takeStopped(): boolean {
    const stopped = this.#stopped
    this.#stopped = false
    return stopped
  }

  /** Seconds counted since the last call. */
  ticks(): number {
    const now_us = this.#options.now_us()
    const elapsed_us = now_us - this.#at_us
    if (elapsed_us <= 0) return 0
    this.#at_us = now_us
    const running_us = this.#supplied ? this.#charge(elapsed_us) : this.#drain(elapsed_us)
    if (this.#held) return 0
    this.#phase_us += running_us * (1 + this.deviation_ppm / 1e6)
    const ticks = Math.floor(this.#phase_us / SECOND_US)
    this.#phase_us -= ticks * SECOND_US
    return ticks
  }

  /** Sets the prescaler; `phase_us` is what it has counted of the running second. */
  restart(phase_us = 0): void {
    this.#phase_us = phase_us
  }

  /** Call `ticks` before. */
  power(on: boolean): void {
    this.#supplied = on
  }

  #charge(elapsed_us: number): number {
    this.#options.backup.charge(elapsed_us / SECOND_US)
    return elapsed_us
  }

  #drain(elapsed_us: number): number {
    if (this.#stopped) return 0
    const lasted_us = this.backed ? this.#options.backup.drain(elapsed_us / SECOND_US) * SECOND_US : 0
    if (lasted_us < elapsed_us) this.#stopped = true
    return lasted_us
  }
}
