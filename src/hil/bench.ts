import type { SerialConstructor, SerialOptions } from '../../hal/api/io.ts'
import type { AppliedEnergy, Stimulus } from '../world/stimulus.ts'

/** What a plan runs on: a device under test with everything around it. Errors of its methods: FerrarisError. */
export interface Bench {
  /** For the report: what was tested, on what. */
  readonly title: string
  /** Where the service port of the device is reached. */
  readonly console: SerialOptions & { readonly io: SerialConstructor }
  /** Time of the bench; real on a desk, the world's in the world. */
  now_ms(): number
  /** Lets so much of that time pass. */
  wait(duration_ms: number): Promise<void>
  /** Throws FerrarisError `BENCH` for what this bench cannot do. */
  apply(stimulus: Stimulus): Promise<void>
  /** The supply of the device fails for so long. Errors as `apply`. */
  cut(duration_ms: number): Promise<void>
  /** What went through the terminals; undefined where nobody knows. */
  applied(): Promise<AppliedEnergy | undefined>
  /** Moments at which the firmware looked at its metering IC; empty where the bench does not see it. */
  readonly samples_ms: readonly number[]
  close(): Promise<void>
}
