import type { MeteringSource } from '../core/metrology/source.ts'
import { FerrarisError } from '../lib/errors.ts'
import { createMeteringSample, type MeteringSample, MeteringStatus } from '../lib/metering-sample.ts'

/**
 * A metering IC that may be missing when the meter starts: a meter whose IC does not answer keeps its registers readable, reports the fault and
 * tries again at every sample.
 */
export class PatientMetering implements MeteringSource {
  readonly energyUnit: MeteringSource['energyUnit']
  readonly #create: () => MeteringSource
  #source: MeteringSource | undefined
  #fault: MeteringSample | undefined

  /** `create` makes a configured driver or throws FerrarisError; `energyUnit` is the one that its configuration gives. */
  constructor(create: () => MeteringSource, energyUnit: MeteringSource['energyUnit']) {
    this.#create = create
    this.energyUnit = energyUnit
    this.#attempt()
  }

  get identification(): MeteringSource['identification'] {
    return this.#source?.identification ?? { model: '' }
  }

  sample(): MeteringSample {
    if (this.#source === undefined) this.#attempt()
    if (this.#source !== undefined) return this.#source.sample()
    this.#fault ??= { ...createMeteringSample(), status: MeteringStatus.fault }
    return this.#fault
  }

  acknowledge(): void {
    this.#source?.acknowledge()
  }

  close(): void {
    this.#source?.close()
  }

  #attempt(): void {
    try {
      this.#source = this.#create()
    } catch (error) {
      if (!(error instanceof FerrarisError)) throw error
    }
  }
}
