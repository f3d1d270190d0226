import { cosineOfDegrees, sineOfDegrees } from '../../lib/trig.ts'
import { analyse, createPhasors, ORDERS } from '../distortion.ts'
import { RECORDED_WAVEFORMS, type WaveformName } from './waveforms-table.ts'

/** Samples of a cycle: fewer do not tell a shape. */
const WAVEFORM_SAMPLES_MIN = 16
/** Part of the RMS value below which a fundamental is none. */
const FUNDAMENTAL_MIN = 0.001

/**
 * Shape of the current of a load on sinusoidal mains: phasors by order (0 to 40) in units of the fundamental, against the zero crossing of the voltage, as in
 * `Distortion`. Order 1 has the magnitude 1 and the displacement of the load.
 */
export interface Waveform {
  readonly real: Float64Array
  readonly imaginary: Float64Array
}

/** The shape of one cycle of current samples, in any unit, from the rising zero crossing of the voltage. Throws RangeError without a fundamental. */
export function waveformOf(samples: ArrayLike<number>): Waveform {
  if (samples.length < WAVEFORM_SAMPLES_MIN) throw new RangeError(`a cycle needs ${WAVEFORM_SAMPLES_MIN} samples`)
  const phasors = createPhasors(1)
  analyse(samples, phasors, 0)
  return normalised(phasors)
}

function normalised({ real, imaginary }: Waveform): Waveform {
  const magnitude = Math.sqrt(real[1] * real[1] + imaginary[1] * imaginary[1])
  let square = 0
  for (let order = 0; order < ORDERS; order++) square += real[order] * real[order] + imaginary[order] * imaginary[order]
  if (!(magnitude > FUNDAMENTAL_MIN * Math.sqrt(square))) throw new RangeError('the current has no fundamental')
  return { real: real.map((value) => value / magnitude), imaginary: imaginary.map((value) => value / magnitude) }
}

/** A recorded shape. */
export function recordedWaveform(name: WaveformName): Waveform {
  const { real, imaginary } = createPhasors(1)
  for (const part of RECORDED_WAVEFORMS[name].split(' ')) {
    const [order, magnitude, angle_deg] = part.split(/[:@]/).map(Number)
    real[order] = (magnitude / 1000) * cosineOfDegrees(angle_deg)
    imaginary[order] = (magnitude / 1000) * sineOfDegrees(angle_deg)
  }
  return normalised({ real, imaginary })
}
