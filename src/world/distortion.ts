import { cosineOfDegrees, sineOfDegrees } from '../lib/trig.ts'
import type { Electrical } from './electrical.ts'

/** Orders that a spectrum has room for: 0 is direct current, 1 the fundamental, 40 is 2 kHz at 50 Hz. */
export const ORDERS = 41
const PHASES = 3
const SQRT2 = Math.sqrt(2)
/** Points of a cycle among which the peak is looked for: six in the shortest period. */
const PEAK_POINTS = 256

/** RMS phasors by order, at `phase * ORDERS + order`. The value of order 0 is a direct current, in the real part. */
export interface Phasors {
  readonly real: Float64Array
  readonly imaginary: Float64Array
}

/**
 * Voltages and currents of three phases by harmonic, where they are no sines: in V and A against the zero crossing of the fundamental of the phase's own
 * voltage, so that U1 is real, and the I1 of an inductive load has a negative imaginary part. x(t) is the sum of sqrt(2) (real sin nwt + imaginary cos nwt).
 */
export interface Distortion {
  readonly voltage: Phasors
  readonly current: Phasors
  /** Greatest momentary value, without direct current, in units of the RMS value: sqrt(2) for a sine. */
  readonly voltageCrest: Float64Array
  readonly currentCrest: Float64Array
  /** Grows with every change. */
  revision: number
}

export function createPhasors(phases = PHASES): Phasors {
  return { real: new Float64Array(phases * ORDERS), imaginary: new Float64Array(phases * ORDERS) }
}

export function createDistortion(): Distortion {
  return {
    voltage: createPhasors(),
    current: createPhasors(),
    voltageCrest: new Float64Array(PHASES).fill(SQRT2),
    currentCrest: new Float64Array(PHASES).fill(SQRT2),
    revision: 0,
  }
}

/** RMS of the orders `first` to `last` of a phase. */
export function rmsOf({ real, imaginary }: Phasors, phase: number, first: number, last: number): number {
  let sum = 0
  const start = phase * ORDERS
  for (let i = start + first; i <= start + last; i++) sum += real[i] * real[i] + imaginary[i] * imaginary[i]
  return Math.sqrt(sum)
}

/** Harmonics (from order 2) in units of the fundamental (IEC 61000-4-7, THD); 0 without a fundamental. */
export function thdOf(phasors: Phasors, phase: number): number {
  const fundamental = rmsOf(phasors, phase, 1, 1)
  return fundamental === 0 ? 0 : rmsOf(phasors, phase, 2, ORDERS - 1) / fundamental
}

/** RMS of the current of a phase behind a high-pass filter, which all metering ICs have in their current channel. */
export function alternatingCurrent_A({ current_A, distortion }: Electrical, phase: number): number {
  return distortion === undefined ? current_A[phase] : rmsOf(distortion.current, phase, 1, ORDERS - 1)
}

/** Momentary value of a phase, without direct current, `turn_deg` after the zero crossing of its voltage. */
export function momentOf({ real, imaginary }: Phasors, phase: number, turn_deg: number): number {
  let sum = 0
  for (let order = 1; order < ORDERS; order++) {
    const i = phase * ORDERS + order
    if (real[i] === 0 && imaginary[i] === 0) continue
    sum += real[i] * sineOfDegrees(order * turn_deg) + imaginary[i] * cosineOfDegrees(order * turn_deg)
  }
  return SQRT2 * sum
}

/** Greatest momentary value of a phase in units of `rms`; sqrt(2) where there is nothing. */
export function crestOf({ real, imaginary }: Phasors, phase: number, rms: number): number {
  if (rms === 0) return SQRT2
  const sine = new Float64Array(PEAK_POINTS)
  for (let k = 0; k < PEAK_POINTS; k++) sine[k] = sineOfDegrees((360 * k) / PEAK_POINTS)
  let peak = 0
  for (let k = 0; k < PEAK_POINTS; k++) {
    let sum = 0
    for (let order = 1; order < ORDERS; order++) {
      const i = phase * ORDERS + order
      const at = order * k
      sum += real[i] * sine[at % PEAK_POINTS] + imaginary[i] * sine[(at + PEAK_POINTS / 4) % PEAK_POINTS]
    }
    peak = Math.max(peak, sum, -sum)
  }
  return (SQRT2 * peak) / rms
}

/** Writes the phasors of one cycle of evenly spaced samples to `phase` of `target`, against its first sample. At least two samples per period of an order. */
export function analyse(samples: ArrayLike<number>, target: Phasors, phase: number): void {
  const { length } = samples
  const sine = new Float64Array(length)
  const cosine = new Float64Array(length)
  for (let k = 0; k < length; k++) {
    sine[k] = sineOfDegrees((360 * k) / length)
    cosine[k] = cosineOfDegrees((360 * k) / length)
  }
  for (let order = 0; order < ORDERS; order++) {
    let real = 0
    let imaginary = 0
    if (2 * order < length) {
      for (let k = 0; k < length; k++) {
        real += samples[k] * (order === 0 ? 1 : sine[(order * k) % length])
        if (order > 0) imaginary += samples[k] * cosine[(order * k) % length]
      }
    }
    target.real[phase * ORDERS + order] = (real * (order === 0 ? 1 : SQRT2)) / length
    target.imaginary[phase * ORDERS + order] = (imaginary * SQRT2) / length
  }
}

/**
 * What follows from the phasors: RMS values, active power of all orders, reactive power of the fundamental. `voltage_V`, `current_A`, `active_W` and
 * `reactive_var` of all phases are written, and the revision counted.
 */
export function settle(electrical: Electrical, distortion: Distortion): void {
  const { voltage, current } = distortion
  for (let phase = 0; phase < PHASES; phase++) {
    let active_W = 0
    for (let i = phase * ORDERS; i < (phase + 1) * ORDERS; i++) {
      active_W += voltage.real[i] * current.real[i] + voltage.imaginary[i] * current.imaginary[i]
    }
    const first = phase * ORDERS + 1
    electrical.voltage_V[phase] = rmsOf(voltage, phase, 0, ORDERS - 1)
    electrical.current_A[phase] = rmsOf(current, phase, 0, ORDERS - 1)
    electrical.active_W[phase] = active_W
    electrical.reactive_var[phase] = voltage.imaginary[first] * current.real[first] - voltage.real[first] * current.imaginary[first]
  }
  distortion.revision++
  electrical.distortion = distortion
}

/** A chip's own copy of what is at its inputs. */
export class DistortionCopy {
  #copy: Distortion | undefined
  #source: Distortion | undefined
  #revision = 0

  /** Undefined while everything is a sine. */
  get now(): Distortion | undefined {
    return this.#source === undefined ? undefined : this.#copy
  }

  same(source: Distortion | undefined): boolean {
    return source === this.#source && (source === undefined || source.revision === this.#revision)
  }

  take(source: Distortion | undefined): void {
    this.#source = source
    if (source === undefined) return
    // Kilobytes that a house without distortion never needs.
    this.#copy ??= createDistortion()
    const copy = this.#copy
    this.#revision = source.revision
    for (const key of ['voltage', 'current'] as const) {
      copy[key].real.set(source[key].real)
      copy[key].imaginary.set(source[key].imaginary)
    }
    copy.voltageCrest.set(source.voltageCrest)
    copy.currentCrest.set(source.currentCrest)
  }
}
