import type { Bytes } from '../../../hal/api/io.ts'
import { DecodeError } from '../../lib/bytes.ts'
import { FerrarisError } from '../../lib/errors.ts'
import type { CalibratedIC, CodesOf } from './codes.ts'
import { type CalibrationRecord, decodeCalibration, encodeCalibration } from './record.ts'

/** Where it lies in the settings. A reset of configuration and secrets leaves it alone. */
export const CALIBRATION_KEY = 'metrology.calibration'
/** Counts the calibrations apart from the record, so that a damaged one does not begin anew. */
const CHANGES_KEY = 'metrology.changes'

export interface CalibrationStoreOptions {
  /** `Settings` of the storage. */
  readonly settings: {
    get(key: string): Bytes | undefined
    set(key: string, value: Bytes): void
  }
  /** The metrological seal is open at this moment. */
  readonly sealOpen: () => boolean
  /** `SecretBox`: encrypts with the device key, so that a record of another meter or one that was made outside is refused. Default: CRC only. */
  readonly box?: {
    /** It encrypts: what was stored plainly is refused. */
    readonly sealing: boolean
    isPlain(stored: Bytes): boolean
    close(place: string, bytes: Bytes): Bytes
    open(place: string, stored: Bytes): Bytes | undefined
  }
  /** A new calibration is in flash: for the log. */
  readonly onChange?: (record: CalibrationRecord) => void
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
    const { settings, box } = this.#options
    const stored = settings.get(CALIBRATION_KEY)
    if (stored === undefined) {
      return this.changes === 0 ? { state: 'absent' } : { state: 'damaged', reason: 'the calibration of this meter is gone' }
    }
    const plain = box?.sealing === true && box.isPlain(stored)
    const bytes = box === undefined ? stored : plain ? undefined : box.open(CALIBRATION_KEY, stored)
    if (bytes === undefined) return { state: 'damaged', reason: 'the calibration was not sealed by this meter' }
    try {
      const record = decodeCalibration(bytes)
      if (record.ic !== ic) return { state: 'damaged', reason: `the calibration is one of an ${record.ic}` }
      return { state: 'good', record: record as CalibrationRecord<IC> }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      return { state: 'damaged', reason: error.message }
    }
  }

  /** So many calibrations has this meter had. */
  get changes(): number {
    const stored = this.#options.settings.get(CHANGES_KEY)
    return stored?.length === 4 ? stored[0] * 0x1000000 + (stored[1] << 16) + (stored[2] << 8) + stored[3] : 0
  }

  /**
   * Stores a calibration; it is in flash when this returns, and what was counted of a change that power loss cut off stays counted.
   * Errors: FerrarisError `SEAL` while the seal is closed, `CALIBRATION` for a code that its register cannot hold; nothing is written then. Those
   * of `Settings.set`.
   */
  save<IC extends CalibratedIC>(ic: IC, phases: CodesOf[IC], utc_s: number): CalibrationRecord<IC> {
    const { settings, box, sealOpen, onChange } = this.#options
    if (!sealOpen()) throw new FerrarisError('SEAL', 'the seal is closed: the calibration cannot be changed')
    const change = this.changes + 1
    const record: CalibrationRecord<IC> = { ic, utc_s, change, phases }
    const bytes = encodeCalibration(record)
    settings.set(CHANGES_KEY, Uint8Array.of(change >>> 24, change >>> 16, change >>> 8, change))
    settings.set(CALIBRATION_KEY, box === undefined ? bytes : box.close(CALIBRATION_KEY, bytes))
    onChange?.(record)
    return record
  }
}
