import { cosineOfDegrees, sineOfDegrees } from '../lib/trig.ts'
import { createDistortion, createPhasors, crestOf, type Distortion, ORDERS, type Phasors, rmsOf, settle } from './distortion.ts'
import type { Electrical } from './electrical.ts'
import type { Load } from './loads/load.ts'
import type { Waveform } from './loads/waveform.ts'

/** A harmonic of the voltage. */
export interface VoltageHarmonic {
  /** 2 to 40. */
  readonly order: number
  /** RMS in per cent of the fundamental. */
  readonly percent: number
  /** Of its own sine, at the zero crossing of the fundamental. Default 0. */
  readonly angle_deg?: number
}

const PHASES = 3
const HIGHEST = ORDERS - 1
/** Sums of the loads of a phase: powers of all, powers of the impedances, and apparent harmonics. */
const TOTAL = 0
const LINEAR = 2
const REAL = 4
const IMAGINARY = REAL + ORDERS
const SUMS = IMAGINARY + ORDERS

interface State {
  readonly distortion: Distortion
  readonly sums: Float64Array
  /** Sums of the crests that were measured last. */
  readonly measured: Float64Array
}

/**
 * The harmonics at the terminals: those of the mains and those of the loads. Works only while there are any, and only when something changes.
 *
 * The fundamental is that of mains without harmonics. To it comes, phasor by phasor, what the shapes of the loads say, and what impedances (conductance
 * with an inductance or a capacitance beside it) draw at the harmonics of the voltage. Loads that feed in stay sines: an inverter is no negative resistor.
 */
export class MainsDistortion {
  /** Made when it is needed first: most houses never do. */
  #state: State | undefined
  /** Orders 0 to 40 of the voltage in units of its fundamental. */
  readonly #shape: Phasors = createPhasors(1)
  readonly #harmonic: boolean
  /** Fundamental in units of the RMS value. */
  readonly #share: number

  /** Throws RangeError for an order outside 2 to 40. */
  constructor(harmonics: readonly VoltageHarmonic[]) {
    const shape = this.#shape
    shape.real[1] = 1
    for (const { order, percent, angle_deg = 0 } of harmonics) {
      if (!(Number.isInteger(order) && order >= 2 && order <= HIGHEST)) throw new RangeError(`order ${order}`)
      shape.real[order] += (percent / 100) * cosineOfDegrees(angle_deg)
      shape.imaginary[order] += (percent / 100) * sineOfDegrees(angle_deg)
    }
    const rms = rmsOf(shape, 0, 1, HIGHEST)
    this.#share = 1 / rms
    this.#harmonic = rms > 1
  }

  /** Puts the harmonics into what `Mains` has computed for sines: voltages, frequency and phase angles are taken from there. */
  apply(electrical: Electrical, loads: readonly Load[], factor: ArrayLike<number>): void {
    if (!this.#harmonic && !shaped(loads)) {
      electrical.distortion = undefined
      return
    }
    this.#state ??= this.#create()
    const state = this.#state
    sum(loads, state.sums)
    for (let phase = 0; phase < PHASES; phase++) {
      this.#fill(state, phase, electrical.voltage_V[phase] * this.#share, factor[phase] * factor[phase])
    }
    settle(electrical, state.distortion)
    measureCrests(state, electrical.current_A)
  }

  #create(): State {
    const distortion = createDistortion()
    distortion.voltageCrest.fill(crestOf(this.#shape, 0, 1 / this.#share))
    return { distortion, sums: new Float64Array(PHASES * SUMS), measured: new Float64Array(PHASES * SUMS) }
  }

  /** Phasors of a phase with a fundamental of `u1`, its loads at `square` of their power. */
  #fill({ distortion, sums }: State, phase: number, u1: number, square: number): void {
    const { voltage, current } = distortion
    const shape = this.#shape
    const at = phase * SUMS
    const scale = u1 > 0 ? square / u1 : 0
    // At nominal voltage a harmonic draws its part of the conductance, and of the susceptance by its order.
    const susceptance = sums[at + LINEAR + 1] * scale
    for (let order = 0; order < ORDERS; order++) {
      const i = phase * ORDERS + order
      const x = shape.real[order]
      const y = shape.imaginary[order]
      const g = sums[at + LINEAR] * scale
      const b = susceptance > 0 ? susceptance / Math.max(1, order) : susceptance * order
      voltage.real[i] = x * u1
      voltage.imaginary[i] = y * u1
      current.real[i] = sums[at + REAL + order] * scale + x * g + y * b
      current.imaginary[i] = sums[at + IMAGINARY + order] * scale + y * g - x * b
    }
    current.real[phase * ORDERS + 1] = sums[at + TOTAL] * scale
    current.imaginary[phase * ORDERS + 1] = -sums[at + TOTAL + 1] * scale
  }
}

function shaped(loads: readonly Load[]): boolean {
  for (const { waveform, active_W, reactive_var } of loads) {
    if (waveform === undefined) continue
    for (let phase = 0; phase < PHASES; phase++) if (active_W[phase] !== 0 || reactive_var[phase] !== 0) return true
  }
  return false
}

function sum(loads: readonly Load[], sums: Float64Array): void {
  sums.fill(0)
  for (const load of loads) {
    const { waveform, active_W, reactive_var } = load
    for (let phase = 0; phase < PHASES; phase++) add(sums, phase * SUMS, active_W[phase], reactive_var[phase], waveform)
  }
}

function add(sums: Float64Array, at: number, active_W: number, reactive_var: number, waveform: Waveform | undefined): void {
  sums[at + TOTAL] += active_W
  sums[at + TOTAL + 1] += reactive_var
  if (waveform === undefined) {
    if (active_W > 0) sums[at + LINEAR] += active_W
    if (active_W >= 0) sums[at + LINEAR + 1] += reactive_var
    return
  }
  // The powers of a load have the angle of its shape, so that this is their magnitude, with a sign.
  const scale = active_W * waveform.real[1] - reactive_var * waveform.imaginary[1]
  for (let order = 0; order < ORDERS; order++) {
    if (order === 1) continue
    sums[at + REAL + order] += scale * waveform.real[order]
    sums[at + IMAGINARY + order] += scale * waveform.imaginary[order]
  }
}

/** A crest takes some microseconds to find, and stays the same while voltages wander, sag and return. */
function measureCrests({ distortion, sums, measured }: State, current_A: Float64Array): void {
  const { current, currentCrest } = distortion
  for (let phase = 0; phase < PHASES; phase++) {
    const [from, to] = [phase * SUMS, (phase + 1) * SUMS]
    if (current_A[phase] === 0 || same(sums, measured, from, to)) continue
    currentCrest[phase] = crestOf(current, phase, current_A[phase])
    measured.set(sums.subarray(from, to), from)
  }
}

function same(a: Float64Array, b: Float64Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (a[i] !== b[i]) return false
  return true
}
