/** What is judged; `Instantaneous` and `MeteringSample` have this shape. Arrays are [L1, L2, L3]. */
export interface QualitySample {
  readonly voltage_mV: ArrayLike<number>
  readonly current_mA: ArrayLike<number>
  /** Of each voltage against the first, in 0.1 degree. */
  readonly voltageAngle_ddeg: ArrayLike<number>
  readonly frequency_mHz: number
  /** Total harmonic distortion of the voltages in thousandths, where the IC measures it. */
  readonly voltageThd_permille?: ArrayLike<number>
  /** Bit set of `MeteringStatus`. */
  readonly status: number
}
