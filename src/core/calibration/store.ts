import type { Bytes } from '../../../hal/api/io.ts'
import { DecodeError } from '../../lib/bytes.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { getUint32, setUint32 } from '../storage/format.ts'
import type { CalibratedIC, CodesOf } from './codes.ts'
import { type CalibrationRecord, decodeCalibration, encodeCalibration } from './record.ts'

/** Name of the sealed parameter. */
const CALIBRATION_NAME = 'calibration'
/** Bound into the encryption: where it is stored. */
const PLACE = `sealed.${CALIBRATION_NAME}`
/** Counts the calibrations apart from the record, so that one that is gone or was put back is noticed. A reset of configuration and secrets leaves it alone. */
const CHANGES_KEY = 'metrology.changes'

export interface CalibrationStoreOptions {
  /** `SealedParameters`: written only while the seal is open, each change counted and logged. */
  readonly sealed: {
    readonly writable: boolean
    get(name: string): Bytes | undefined
    set(name: string, value: Bytes, utc_s: number): number
  }
  /** `Settings` of the storage. */
  readonly settings: {
    get(key: string): Bytes | undefined
    set(key: string, value: Bytes): void
  }
  /** `SecretBox`: encrypts with the device key, so that a record of another meter or one that was made outside is refused. Default: CRC only. */
  readonly box?: {
    /** It encrypts: what was stored plainly is refused. */
    readonly sealing: boolean
    isPlain(stored: Bytes): boolean
    close(place: string, bytes: Bytes): Bytes
    open(place: string, stored: Bytes): Bytes | undefined
  }
}

/** `damaged`: something is stored that must not be used; the meter runs without and has to say so. */
export type CalibrationState<IC extends CalibratedIC = CalibratedIC> =
  | { readonly state: 'absent' }
  | { readonly state: 'good'; readonly record: CalibrationRecord<IC> }
  | { readonly state: 'damaged'; readonly reason: string }

/** The calibration in flash: read at each start and each time the metering IC lost it, written only while the seal is open. */
export class CalibrationStore {
  readonly #options: CalibrationStoreOptions

  constructor(options: CalibrationStoreOptions) {
    this.#options = options
  }

  /** Never throws for what is stored. `ic`: the one that this board has. */
  load<IC extends CalibratedIC>(ic: IC): CalibrationState<IC> {
    const { sealed, box } = this.#options
    const stored = sealed.get(CALIBRATION_NAME)
    if (stored === undefined) {
      return this.changes === 0 ? { state: 'absent' } : { state: 'damaged', reason: 'the calibration of this meter is gone' }
    }
    const plain = box?.sealing === true && box.isPlain(stored)
    const bytes = box === undefined ? stored : plain ? undefined : box.open(PLACE, stored)
    if (bytes === undefined) return { state: 'damaged', reason: 'the calibration was not sealed by this meter' }
    try {
      const record = decodeCalibration(bytes)
      if (record.ic !== ic) return { state: 'damaged', reason: `the calibration is one of an ${record.ic}` }
      if (record.change < this.changes) return { state: 'damaged', reason: 'the calibration is an older one of this meter' }
      return { state: 'good', record: record as CalibrationRecord<IC> }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      return { state: 'damaged', reason: error.message }
    }
  }

  /** So many calibrations has this meter had. */
  get changes(): number {
    const stored = this.#options.settings.get(CHANGES_KEY)
    return stored?.length === 4 ? getUint32(stored, 0) : 0
  }

  /**
   * Stores a calibration; it is in flash when this returns. A power loss leaves the one before or this one. Errors: FerrarisError `SEAL` while the seal is
   * closed, `CALIBRATION` for a code that its register cannot hold; nothing is written then. Those of `Settings.set`.
   */
  save<IC extends CalibratedIC>(ic: IC, phases: CodesOf[IC], utc_s: number): CalibrationRecord<IC> {
    const { settings, sealed, box } = this.#options
    if (!sealed.writable) throw new FerrarisError('SEAL', 'the seal is closed: the calibration cannot be changed')
    const known = this.load(ic)
    // The count is written last: a power loss in between leaves a record that is one ahead of it.
    const change = Math.max(this.changes, known.state === 'good' ? known.record.change : 0) + 1
    const record: CalibrationRecord<IC> = { ic, utc_s, change, phases }
    const bytes = encodeCalibration(record)
    sealed.set(CALIBRATION_NAME, box === undefined ? bytes : box.close(PLACE, bytes), utc_s)
    const count = new Uint8Array(4)
    setUint32(count, 0, change)
    settings.set(CHANGES_KEY, count)
    return record
  }
}
