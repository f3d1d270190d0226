import type { Distortion } from './distortion.ts'

/** Quantities of three phases at the meter's terminals, constant until the next change. Index 0..2 = L1..L3. */
export interface Electrical {
  /** RMS voltage in V, harmonics included. */
  readonly voltage_V: Float64Array
  /** RMS current in A, harmonics and direct current included, never negative; its direction is in the powers. */
  readonly current_A: Float64Array
  /** Active power in W of all harmonics, positive = import. */
  readonly active_W: Float64Array
  /** Reactive power of the fundamental in var, positive = inductive import (quadrants I and II). */
  readonly reactive_var: Float64Array
  /** Angle of the fundamental of the voltage against U1 in degrees, 0..360 (normal sequence: 0, 120, 240 lagging, as the IC counts). */
  readonly angle_deg: Float64Array
  /** Mains frequency in Hz; 0 when all phases are gone. */
  frequency_Hz: number
  /** Harmonics of voltages and currents; undefined while all of them are sines. The values above follow from it (`settle`). */
  distortion: Distortion | undefined
}

export function createElectrical(): Electrical {
  return {
    voltage_V: new Float64Array(3),
    current_A: new Float64Array(3),
    active_W: new Float64Array(3),
    reactive_var: new Float64Array(3),
    angle_deg: Float64Array.of(0, 120, 240),
    frequency_Hz: 0,
    distortion: undefined,
  }
}
