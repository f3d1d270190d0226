import { analyse, createDistortion, crestOf, settle } from '../../world/distortion.ts'
import { createElectrical, type Electrical } from '../../world/electrical.ts'
import type { Rating } from './classes.ts'

export type Wave = 'sine' | 'harmonic3' | 'harmonic5' | 'halfWave'
/** Which phases carry the current; the voltage is on all of them. */
export type Elements = 'balanced' | 'L1' | 'L2' | 'L3'

/** What the source of the bench puts on the meter. */
export interface Load {
  readonly elements: Elements
  readonly voltage_V: number
  readonly frequency_Hz: number
  /** RMS of the fundamental; of the whole wave of which one half is left, for `halfWave`. */
  readonly current_A: number
  /** Of the fundamental: cosine and sine of the angle of the current behind the voltage; both negative at once: export. */
  readonly cosine: number
  readonly sine: number
  readonly reversedSequence: boolean
  readonly wave: Wave
}

/** 10 % of the voltage, 40 % of the current, in phase at the zero crossing: at power factor 1 it carries 4 % of the fundamental's power. */
const HARMONIC_VOLTAGE = 0.1
const HARMONIC_CURRENT = 0.4

/** Samples of one cycle; a multiple of four, so that a quarter of it is a whole number. */
const SAMPLES = 480

export interface Applied {
  readonly electrical: Electrical
  /** Of all phases, and of the samples where the load is no sine. */
  readonly active_W: number
  readonly reactive_var: number
}

/** Reference conditions at the basic current and power factor 1. */
export function loadOf({ voltage_V, frequency_Hz, basic_A }: Rating): Load {
  return { elements: 'balanced', voltage_V, frequency_Hz, current_A: basic_A, cosine: 1, sine: 0, reversedSequence: false, wave: 'sine' }
}

/** Values of a load for three phases, or for one. */
export function applied(load: Load, phases: 1 | 3): Applied {
  const electrical = createElectrical()
  electrical.frequency_Hz = load.frequency_Hz
  if (load.reversedSequence) electrical.angle_deg.set([0, 240, 120])
  return load.wave === 'sine' ? sines(load, phases, electrical) : waves(load, phases, electrical)
}

function carries({ elements }: Load, phase: number): boolean {
  return elements === 'balanced' || elements === `L${phase + 1}`
}

function sines(load: Load, phases: number, electrical: Electrical): Applied {
  const apparent = load.voltage_V * load.current_A
  for (let i = 0; i < phases; i++) {
    electrical.voltage_V[i] = load.voltage_V
    if (!carries(load, i)) continue
    electrical.current_A[i] = load.current_A
    electrical.active_W[i] = apparent * load.cosine
    electrical.reactive_var[i] = apparent * load.sine
  }
  const sum = (values: Float64Array) => values[0] + values[1] + values[2]
  return { electrical, active_W: sum(electrical.active_W), reactive_var: sum(electrical.reactive_var) }
}

/** One cycle of samples per phase goes to the IC as spectrum; the reference multiplies and adds the samples themselves. */
function waves(load: Load, phases: number, electrical: Electrical): Applied {
  const distortion = createDistortion()
  const voltage = Float64Array.from({ length: SAMPLES }, (_, k) => voltageAt(load, (2 * Math.PI * k) / SAMPLES))
  const current = Float64Array.from({ length: SAMPLES }, (_, k) => currentAt(load, (2 * Math.PI * k) / SAMPLES))
  let active_W = 0
  let reactive_var = 0
  for (let i = 0; i < phases; i++) {
    analyse(voltage, distortion.voltage, i)
    if (!carries(load, i)) continue
    analyse(current, distortion.current, i)
    for (let k = 0; k < SAMPLES; k++) {
      active_W += (voltage[k] * current[k]) / SAMPLES
      // A quarter of a cycle later: 90 degrees of the fundamental. The harmonics here have no part in it.
      reactive_var += (voltage[k] * current[(k + SAMPLES / 4) % SAMPLES]) / SAMPLES
    }
  }
  settle(electrical, distortion)
  for (let i = 0; i < phases; i++) {
    distortion.voltageCrest[i] = crestOf(distortion.voltage, i, electrical.voltage_V[i])
    distortion.currentCrest[i] = crestOf(distortion.current, i, electrical.current_A[i])
  }
  return { electrical, active_W, reactive_var }
}

function orderOf({ wave }: Load): number {
  return wave === 'harmonic3' ? 3 : wave === 'harmonic5' ? 5 : 0
}

function voltageAt(load: Load, turn: number): number {
  const order = orderOf(load)
  return Math.SQRT2 * load.voltage_V * (Math.sin(turn) + (order > 0 ? HARMONIC_VOLTAGE * Math.sin(order * turn) : 0))
}

function currentAt(load: Load, turn: number): number {
  const order = orderOf(load)
  const fundamental = load.cosine * Math.sin(turn) - load.sine * Math.cos(turn)
  const harmonic = order > 0 ? HARMONIC_CURRENT * Math.sign(load.cosine) * Math.sin(order * turn) : 0
  return Math.SQRT2 * load.current_A * (load.wave === 'halfWave' ? Math.max(0, fundamental) : fundamental + harmonic)
}
