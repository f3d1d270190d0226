import type { MeteringSample } from '../../lib/metering-sample.ts'

/** What the core needs of a metering driver (`src/drivers/metering/<ic>` has this shape). */
export interface MeteringSource {
  readonly sample: () => MeteringSample
  /** One count in units of 1 mWh (or mvarh, mVAh), as a fraction: `numerator / denominator`. */
  readonly energyUnit: { readonly numerator: number; readonly denominator: number }
  /** Reading of the IC's own pulse counter up to which samples carried its pulses; undefined without such a counter, and before it was read. */
  readonly counted?: number | undefined
  /** The same of a source with several counters that outlive it, up to `PULSE_POSITIONS`; undefined for one that it does not have. */
  position?(channel: number): number | undefined
  readonly identification: { readonly model: string }
  /** Takes back the interrupt by which the IC reports a voltage failure. */
  acknowledge(): void
  close(): void
}
