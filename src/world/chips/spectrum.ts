import { cosineOfDegrees, sineOfDegrees } from '../../lib/trig.ts'
import { type Distortion, ORDERS } from '../distortion.ts'

/** The end of a band is sharp here, and lies so much higher that what is at the end at nominal frequency stays inside when the mains are fast. */
const MARGIN = 1.01

/** Highest order inside the band of a chip. */
export function highestOrder(frequency_Hz: number, band_Hz: number): number {
  return frequency_Hz > 0 ? Math.min(ORDERS - 1, Math.floor((MARGIN * band_Hz) / frequency_Hz)) : ORDERS - 1
}

/** What delays the current of a channel against its voltage. */
export interface Delay {
  /** Grows with the order: Phi, and the angle of a foreign voltage. */
  perOrder_deg: number
  /** Shrinks with the order: a transformer's current comes early by so much at the fundamental. */
  lead_deg: number
}

/** How far the current of a harmonic seems to lag further. */
export function rotationOf({ perOrder_deg, lead_deg }: Delay, order: number): number {
  return perOrder_deg * order - lead_deg / order
}

/** Powers of one voltage and one current by their phasors, decomposed. */
export class SpectrumPower {
  fundamental_W = 0
  fundamental_var = 0
  /** Sums over the harmonics from the second on; of U I sin(phi), as a shift of the whole voltage by 90 degrees gives, for the reactive power. */
  harmonic_W = 0
  harmonic_var = 0

  measure({ voltage, current }: Distortion, voltageInput: number, currentInput: number, highest: number, delay: Delay): void {
    this.harmonic_W = 0
    this.harmonic_var = 0
    for (let order = 1; order <= highest; order++) {
      const u = voltageInput * ORDERS + order
      const i = currentInput * ORDERS + order
      const p = voltage.real[u] * current.real[i] + voltage.imaginary[u] * current.imaginary[i]
      const q = voltage.imaginary[u] * current.real[i] - voltage.real[u] * current.imaginary[i]
      const rotation_deg = rotationOf(delay, order)
      const turned = rotation_deg !== 0 && (p !== 0 || q !== 0)
      const cosine = turned ? cosineOfDegrees(rotation_deg) : 1
      const sine = turned ? sineOfDegrees(rotation_deg) : 0
      const active_W = p * cosine - q * sine
      const reactive_var = q * cosine + p * sine
      if (order === 1) {
        this.fundamental_W = active_W
        this.fundamental_var = reactive_var
      } else {
        this.harmonic_W += active_W
        this.harmonic_var += reactive_var
      }
    }
  }
}

/** A current on its way into the neutral. */
export interface NeutralPart {
  readonly currentInput: number
  /** What the chip makes of an ampere. */
  readonly gain: number
  /** Of the phase's voltage behind U1. */
  readonly angle_deg: number
}

/** RMS of the sum of the currents' momentary values: harmonics of the third order add up. */
export function neutralOf({ current }: Distortion, parts: readonly NeutralPart[], highest: number): number {
  const x = new Float64Array(ORDERS)
  const y = new Float64Array(ORDERS)
  for (const { currentInput, gain, angle_deg } of parts) {
    if (currentInput < 0) continue
    const cosine = cosineOfDegrees(angle_deg)
    const sine = sineOfDegrees(angle_deg)
    // Turned by the angle once more with every order.
    let c = gain
    let s = 0
    for (let order = 1; order <= highest; order++) {
      const turned = c * cosine - s * sine
      s = s * cosine + c * sine
      c = turned
      const i = currentInput * ORDERS + order
      x[order] += current.real[i] * c + current.imaginary[i] * s
      y[order] += current.imaginary[i] * c - current.real[i] * s
    }
  }
  let sum = 0
  for (let order = 1; order <= highest; order++) sum += x[order] * x[order] + y[order] * y[order]
  return Math.sqrt(sum)
}
