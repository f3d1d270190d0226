import { profileValue } from '../../core/profile/load-profile.ts'
import {
  type CborReading,
  encodeFlag,
  encodeReadings,
  type PackedRows,
  type ProfileRow,
  packRows,
  splitReadings,
} from '../../protocols/cbor/encode.ts'
import { CBOR_PORT, CborKey, type CborName } from '../../protocols/cbor/keys-table.ts'
import type { MeasurementName } from '../../protocols/yobiiq/types-table.ts'
import type { MeterCore } from '../core.ts'
import { isColumnMeasured, limitPieces, type PayloadFormat, type Uplink } from './payload.ts'
import { readMeter } from './readings.ts'

/** Entries of the profile that are looked at for one uplink. */
const ROWS_MAX = 23
const COLUMNS: readonly number[] = Object.freeze([0, 1, 2, 3])

/** Uplinks in CBOR. */
export class CborPayload implements PayloadFormat {
  readonly #core: MeterCore

  constructor(core: MeterCore) {
    this.#core = core
  }

  report(now_s: number, names: readonly MeasurementName[], room: number): Uplink[] {
    const pieces = splitReadings(now_s, this.#readings(names), room)
    return limitPieces(pieces, room).map((payload) => ({ fPort: CBOR_PORT, payload }))
  }

  entries(from: number, end: number, room: number): Uplink | undefined {
    const core = this.#core
    const cursor = core.profile.cursor(from)
    const rows: ProfileRow[] = []
    const sequences: number[] = []
    let packed: PackedRows | undefined
    // Until one more does not fit.
    while (rows.length < ROWS_MAX && cursor.next() && cursor.sequence < end) {
      const { payload, status, utc_s, sequence } = cursor
      rows.push({
        time: utc_s,
        status,
        values: COLUMNS.map((column) => (isColumnMeasured(core, column) ? profileValue(payload, column) : undefined)),
      })
      sequences.push(sequence)
      const more = packRows(rows, room)
      if (more === undefined || more.count < rows.length) {
        packed ??= more
        break
      }
      packed = more
    }
    return packed && { fPort: CBOR_PORT, payload: packed.payload, cursor: sequences[packed.count - 1] + 1 }
  }

  relay(closed: boolean): Uplink {
    return { fPort: CBOR_PORT, payload: encodeFlag('relay', closed) }
  }

  supply(good: boolean): Uplink {
    return { fPort: CBOR_PORT, payload: encodeFlag('supply', good) }
  }

  result(done: boolean): Uplink {
    return { fPort: CBOR_PORT, payload: encodeFlag('done', done) }
  }

  moment(now_s: number): Uplink {
    return { fPort: CBOR_PORT, payload: encodeReadings([['time', now_s]]) }
  }

  /** What TLV calls rate 1 on a meter without rates is the total here. */
  #readings(names: readonly MeasurementName[]): CborReading[] {
    const readings: CborReading[] = []
    const rated = this.#core.tariff.rates > 1
    for (const [name, value] of readMeter(this.#core, names)) {
      const total = name.replace(/T[12]$/, '')
      if (total === name || rated) readings.push([name as CborName, value])
      else if (name.endsWith('T1')) readings.push([total as CborName, value])
    }
    return readings.filter(([name]) => CborKey[name] !== undefined)
  }
}
