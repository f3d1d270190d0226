import type { CalibratedIC, CodesOf, PhaseQuantities } from '../../core/calibration/codes.ts'
import type { CalibrationRules } from '../../core/calibration/procedure.ts'
import { type CalibrationState, CalibrationStore } from '../../core/calibration/store.ts'
import { SecretBox } from '../../core/security/secret-box.ts'
import { Counter } from '../../core/storage/counters.ts'
import { FerrarisError } from '../../lib/errors.ts'
import type { WaitBudget } from '../metering.ts'
import { isEndOfSupply, reasonOf } from '../supervisor.ts'
import type { FrontEndOptions } from './front-end.ts'

/** What the calibration needs of a driver. */
export interface CalibratedDriver {
  /** Of the newest sample, as fine as the IC has it. */
  readonly fine: PhaseQuantities
  /** The IC was found to have what was written; undefined where nobody can tell. */
  readonly intact?: boolean | undefined
  close(): void
}

/** How a driver is configured. */
export interface CalibratedSetup<IC extends CalibratedIC> {
  /** Writes codes to the IC; without any, those of a reset. Errors: those of the driver's `configure`. */
  configure(phases: CodesOf[IC] | undefined): void
  /** What the driver may wait; absent for one that does not. */
  readonly budget?: WaitBudget
}

/** Of an IC with one phase. */
export const ONE_CHANNEL: readonly string[] = Object.freeze(['L1'])

/** The calibration of a front end: what is stored, and codes on trial that replace it until they are stored or given up. */
export class FrontEndCalibration<IC extends CalibratedIC = CalibratedIC> {
  readonly rules: CalibrationRules<IC>
  /** Names of phases or channels, in the order of the codes. */
  readonly channels: readonly string[]
  readonly #store: CalibrationStore
  readonly #onDamaged: (reason: string) => void
  #trial: CodesOf[IC] | undefined
  #driver: CalibratedDriver | undefined
  #setup: CalibratedSetup<IC> | undefined

  constructor(rules: CalibrationRules<IC>, channels: readonly string[], { device, storage, sealed, onDamaged }: FrontEndOptions) {
    const { crypto, key } = device
    const { settings, counters } = storage
    this.rules = rules
    this.channels = channels
    this.#onDamaged = onDamaged
    this.#store = new CalibrationStore({
      settings,
      sealed,
      box: new SecretBox({ crypto, key, nextNonce: () => counters.next(Counter.secretNonce) }),
    })
  }

  /** What is stored. */
  get stored(): CalibrationState<IC> {
    return this.#store.load(this.rules.ic)
  }

  /** Codes that are in the IC and not stored. */
  get trial(): CodesOf[IC] | undefined {
    return this.#trial
  }

  /** Codes that the IC has. */
  get present(): CodesOf[IC] {
    const found = this.stored
    return this.#trial ?? (found.state === 'good' ? found.record.phases : this.rules.neutral)
  }

  /** Configures a driver that was just made, and works with it from now on. Errors: those of `configure`; the driver is closed then. */
  start<Driver extends CalibratedDriver>(driver: Driver, setup: CalibratedSetup<IC>): Driver {
    try {
      setup.configure(this.codes())
    } catch (error) {
      driver.close()
      throw error
    }
    this.#driver = driver
    this.#setup = setup
    return driver
  }

  /** Codes on trial, or those stored; undefined without any, or when they cannot be used, which is said. */
  private codes(): CodesOf[IC] | undefined {
    if (this.#trial !== undefined) return this.#trial
    const found = this.stored
    if (found.state === 'damaged') this.#onDamaged(found.reason)
    return found.state === 'good' ? found.record.phases : undefined
  }

  /** Of the newest sample; undefined before there was a driver. */
  measured(): PhaseQuantities | undefined {
    return this.#driver?.fine
  }

  /** The IC was found to have the codes that were written. */
  get intact(): boolean {
    return this.#driver !== undefined && this.#driver.intact !== false
  }

  /** Writes codes to the IC, for it and for every driver to come; undefined goes back to what is stored. Errors: FerrarisError `CALIBRATION` when the IC does not take them; what was counts on then. */
  try(phases: CodesOf[IC] | undefined): void {
    const before = this.#trial
    this.#trial = phases
    try {
      this.#setup?.budget?.renew()
      this.#setup?.configure(this.codes())
    } catch (error) {
      this.#trial = before
      if (isEndOfSupply(error)) throw error
      throw new FerrarisError('CALIBRATION', `the metering IC does not take the codes: ${reasonOf(error)}`, { cause: error })
    }
  }

  /** Stores the codes on trial. Errors: those of `CalibrationStore.save`. */
  save(utc_s: number): number {
    if (this.#trial === undefined) return this.#store.changes
    const { change } = this.#store.save(this.rules.ic, this.#trial, utc_s)
    this.#trial = undefined
    return change
  }
}
