import type { HarmonicPower } from '../../world/chips/front-end.ts'
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

export interface Applied {
  readonly electrical: Electrical
  readonly harmonics: readonly HarmonicPower[]
  /** Of all phases. */
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
  const harmonic_W = new Float64Array(3)
  const order = load.wave === 'harmonic3' ? 3 : load.wave === 'harmonic5' ? 5 : 0
  for (let i = 0; i < phases; i++) {
    electrical.voltage_V[i] = load.voltage_V * (order > 0 ? Math.sqrt(1 + HARMONIC_VOLTAGE * HARMONIC_VOLTAGE) : 1)
    if (load.elements !== 'balanced' && load.elements !== `L${i + 1}`) continue
    const apparent = load.voltage_V * load.current_A
    // Half a wave has half the power: its even harmonics and its direct current meet no voltage.
    const part = load.wave === 'halfWave' ? 0.5 : 1
    const rms = load.wave === 'halfWave' ? Math.sqrt(0.5) : order > 0 ? Math.sqrt(1 + HARMONIC_CURRENT * HARMONIC_CURRENT) : 1
    if (order > 0) harmonic_W[i] = apparent * HARMONIC_VOLTAGE * HARMONIC_CURRENT * Math.sign(load.cosine)
    electrical.current_A[i] = load.current_A * rms
    electrical.active_W[i] = apparent * part * load.cosine + harmonic_W[i]
    electrical.reactive_var[i] = apparent * part * load.sine
  }
  const sum = (values: Float64Array) => values[0] + values[1] + values[2]
  const harmonics = order > 0 ? [{ order, active_W: harmonic_W, reactive_var: new Float64Array(3) }] : []
  return { electrical, harmonics, active_W: sum(electrical.active_W), reactive_var: sum(electrical.reactive_var) }
}
