import type { MeteringSample, MeteringSource } from '../core/metrology/source.ts'
import { MeteringStatus } from '../core/metrology/source.ts'
import { FerrarisError } from '../lib/errors.ts'

/** What is reported while no metering IC answers. */
function createFault(): MeteringSample {
  return {
    activeImport: new Float64Array(4),
    activeExport: new Float64Array(4),
    reactiveImport: new Float64Array(4),
    reactiveExport: new Float64Array(4),
    apparent: new Float64Array(4),
    active_mW: new Float64Array(4),
    reactive_mvar: new Float64Array(4),
    apparent_mVA: new Float64Array(4),
    voltage_mV: new Float64Array(3),
    current_mA: new Float64Array(3),
    neutral_mA: 0,
    powerFactor_milli: new Float64Array(4),
    currentAngle_ddeg: new Float64Array(3),
    voltageAngle_ddeg: new Float64Array(3),
    frequency_mHz: 0,
    status: MeteringStatus.fault,
  }
}

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
    this.#fault ??= createFault()
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
