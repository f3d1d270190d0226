import { SeededRandom } from '../lib/random.ts'
import { createElectrical, type Electrical } from './electrical.ts'
import type { Load } from './loads/load.ts'
import { MainsDistortion, type VoltageHarmonic } from './mains-distortion.ts'
import type { Scheduler, Task } from './scheduler.ts'

export interface MainsOptions {
  readonly scheduler: Scheduler
  readonly seed: number
  readonly voltage_V: number
  readonly frequency_Hz: number
  /** How often voltage and frequency wander; 0 = they stand still. */
  readonly wander_ms?: number
  /** Of all phases, each against its own fundamental. Default: none, a sine. */
  readonly harmonics?: readonly VoltageHarmonic[]
  /** Called after every change with what is at the meter's terminals. */
  readonly onChange: (electrical: Electrical) => void
}

const LAG_DEG = [0, 120, 240]

/**
 * The supply of one house: three phases whose voltage and frequency wander a little, that sag, swell and fail on demand, and the loads behind
 * the meter. Loads are given at nominal voltage; below and above it they behave as constant impedances (power follows the square), those with a waveform
 * as a current of that shape.
 */
export class Mains {
  readonly #options: MainsOptions
  readonly #random: SeededRandom
  readonly #electrical = createElectrical()
  readonly #loads: Load[] = []
  /** 1 = nominal, 0 = interrupted, anything else a sag or swell. */
  readonly #factor = Float64Array.of(1, 1, 1)
  readonly #wander = new Float64Array(3)
  /** Of all loads, at nominal voltage. */
  readonly #active_W = new Float64Array(3)
  readonly #reactive_var = new Float64Array(3)
  readonly #distortion: MainsDistortion
  readonly #recovery: (Task | undefined)[] = [undefined, undefined, undefined]
  #frequency_Hz: number
  #base_V: number
  #sequenceReversed = false
  /** Voltage wires of the meter that are cut. */
  readonly #cut = [false, false, false]

  constructor(options: MainsOptions) {
    this.#options = options
    this.#random = new SeededRandom(options.seed, 1)
    this.#frequency_Hz = options.frequency_Hz
    this.#base_V = options.voltage_V
    this.#distortion = new MainsDistortion(options.harmonics ?? [])
    const wander_ms = options.wander_ms ?? 10_000
    if (wander_ms > 0) options.scheduler.after(wander_ms * 1000, () => this.#onWander(), wander_ms * 1000)
  }

  get electrical(): Electrical {
    return this.#electrical
  }

  get factor(): Float64Array {
    return this.#factor
  }

  /** Adds a load; call `update()` after changing its powers. */
  add(load: Load): void {
    this.#loads.push(load)
  }

  /** Voltage of the undisturbed supply, for a trace that carries a measured one. Takes effect at the next `update()`. */
  setVoltage(voltage_V: number): void {
    this.#base_V = voltage_V
  }

  /**
   * Sags (0 < factor < 1), swells (> 1) or interrupts (0) a phase (0..2), for `duration_ms` or, without it, until it is set to 1 again.
   * A new disturbance of the phase replaces the running one.
   */
  disturb(phase: number, factor: number, duration_ms?: number): void {
    const running = this.#recovery[phase]
    if (running !== undefined) this.#options.scheduler.cancel(running)
    this.#recovery[phase] = undefined
    this.#factor[phase] = factor
    if (factor !== 1 && duration_ms !== undefined) {
      this.#recovery[phase] = this.#options.scheduler.after(Math.round(duration_ms * 1000), () => this.disturb(phase, 1))
    }
    this.update()
  }

  disturbAll(factor: number, duration_ms?: number): void {
    for (let phase = 0; phase < 3; phase++) this.disturb(phase, factor, duration_ms)
  }

  /** Swaps L2 and L3, as a wrong installation does. */
  reverseSequence(reversed: boolean): void {
    this.#sequenceReversed = reversed
    this.update()
  }

  /** Cuts the wire by which the meter measures the voltage of a phase (0..2): the house has its supply all the same, and its current flows. */
  cutVoltage(phase: number, cut: boolean): void {
    this.#cut[phase] = cut
    this.update()
  }

  /** Sums the loads and tells the meter's terminals. */
  update(): void {
    const { voltage_V, current_A, active_W, reactive_var, angle_deg } = this.#electrical
    let live = false
    this.#sum()
    for (let phase = 0; phase < 3; phase++) {
      const factor = this.#factor[phase]
      const square = factor * factor
      const active = this.#active_W[phase]
      const reactive = this.#reactive_var[phase]
      const voltage = factor === 0 ? 0 : this.#base_V * (1 + this.#wander[phase]) * factor
      const seen = this.#cut[phase] ? 0 : square
      voltage_V[phase] = this.#cut[phase] ? 0 : voltage
      active_W[phase] = active * seen
      reactive_var[phase] = reactive * seen
      current_A[phase] = voltage > 0 ? (Math.sqrt(active * active + reactive * reactive) * square) / voltage : 0
      angle_deg[phase] = LAG_DEG[this.#sequenceReversed ? (3 - phase) % 3 : phase]
      live ||= voltage_V[phase] > 0
    }
    this.#electrical.frequency_Hz = live ? this.#frequency_Hz : 0
    this.#distortion.apply(this.#electrical, this.#loads, this.#factor)
    this.#options.onChange(this.#electrical)
  }

  #sum(): void {
    const active = this.#active_W
    const reactive = this.#reactive_var
    active.fill(0)
    reactive.fill(0)
    for (const load of this.#loads) {
      // Once per load: behind a relay they are computed when asked for.
      const { active_W, reactive_var } = load
      for (let phase = 0; phase < 3; phase++) {
        active[phase] += active_W[phase]
        reactive[phase] += reactive_var[phase]
      }
    }
  }

  #onWander(): void {
    const { frequency_Hz } = this.#options
    const random = this.#random
    // Both fall back to their mean a little each time, so that they wander without drifting away.
    this.#frequency_Hz += 0.004 * random.bell() - 0.1 * (this.#frequency_Hz - frequency_Hz)
    for (let phase = 0; phase < 3; phase++) this.#wander[phase] += 0.0006 * random.bell() - 0.15 * this.#wander[phase]
    this.update()
  }
}
