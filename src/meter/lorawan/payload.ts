import { tariffedOf } from '../../core/metrology/measured.ts'
import { profileValue } from '../../core/profile/load-profile.ts'
import { encodeReadings, type Reading, splitReadings } from '../../protocols/yobiiq/encode.ts'
import { Channel, Info, type MeasurementName, Port } from '../../protocols/yobiiq/types-table.ts'
import type { MeterCore } from '../core.ts'
import { readMeter } from './readings.ts'

export interface Uplink {
  readonly fPort: number
  readonly payload: Uint8Array
  /** Of the profile entry behind those that it holds. */
  readonly cursor?: number
  /** It has left, and was acknowledged where uplinks are. */
  readonly told?: () => void
  /** May be sent in fragments; the port is the RuleID of its SCHC packet. */
  readonly fragments?: boolean
  /** Sent again until it is acknowledged, where uplinks are. */
  readonly urgent?: boolean
}

/** A form in which a meter tells what it has to tell; `room` is what an uplink takes at the present data rate. */
export interface PayloadFormat {
  /** Present values, the most important first. */
  report(now_s: number, names: readonly MeasurementName[], room: number): Uplink[]
  /** The oldest entries of the profile from `from` to before `end`, as many as one uplink takes; undefined when there is none, or none fits. */
  entries(from: number, end: number, room: number): Uplink | undefined
  /** The relay is closed. */
  relay(closed: boolean): Uplink
  supply(good: boolean): Uplink
  /** Whether a downlink was done. */
  result(done: boolean): Uplink
  /** The time and nothing else: the shortest that there is. */
  moment(now_s: number): Uplink
}

/** Less room than this in an uplink, and a report is cut to so many of them. */
const NARROW = 20
const PIECES_NARROW = 2

/** At the slowest rates of some regions a report of many pieces would take all the time on the air: what matters comes first. */
export function limitPieces<T>(pieces: T[], room: number): T[] {
  return room < NARROW ? pieces.slice(0, PIECES_NARROW) : pieces
}

const PROFILE_READINGS: readonly (readonly [MeasurementName, number])[] = Object.freeze([
  Object.freeze(['activeImportT1', 0] as const),
  Object.freeze(['activeExportT1', 1] as const),
  Object.freeze(['reactiveImportT1', 2] as const),
  Object.freeze(['reactiveExportT1', 3] as const),
])

/** Column of the profile that the meter measures: +A, -A, +R, -R. */
export function isColumnMeasured({ measured }: MeterCore, column: number): boolean {
  return tariffedOf(measured).includes(column)
}

/** The TLV payload of Yobiiq meters. */
export class TlvPayload implements PayloadFormat {
  readonly #core: MeterCore

  constructor(core: MeterCore) {
    this.#core = core
  }

  report(now_s: number, names: readonly MeasurementName[], room: number): Uplink[] {
    const pieces = splitReadings([['timestamp', now_s]], readMeter(this.#core, names), room)
    return limitPieces(pieces, room).map((payload) => ({ fPort: Port.measurement, payload }))
  }

  entries(from: number, end: number, room: number): Uplink | undefined {
    const core = this.#core
    const cursor = core.profile.cursor(from)
    if (!cursor.next() || cursor.sequence >= end) return undefined
    const readings: Reading[] = [['loggedTimestamp', cursor.utc_s]]
    for (const [name, column] of PROFILE_READINGS) {
      if (isColumnMeasured(core, column)) readings.push([name, profileValue(cursor.payload, column)])
    }
    // 11 bytes at the slowest data rates of some regions: not even the time and one energy.
    while (readings.length > 2 && encodeReadings(readings).length > room) readings.pop()
    const payload = encodeReadings(readings)
    return payload.length > room ? undefined : { fPort: Port.measurement, payload, cursor: cursor.sequence + 1 }
  }

  relay(closed: boolean): Uplink {
    return { fPort: Port.change, payload: Uint8Array.of(1, 1, closed ? 1 : 0) }
  }

  supply(good: boolean): Uplink {
    return { fPort: Port.info, payload: Uint8Array.of(Channel.info, Info.power, good ? 1 : 0) }
  }

  /** As the published codecs read it: 0 is success, 1 is failure. */
  result(done: boolean): Uplink {
    return { fPort: Port.info, payload: Uint8Array.of(done ? 0 : 1) }
  }

  moment(now_s: number): Uplink {
    return { fPort: Port.measurement, payload: encodeReadings([['timestamp', now_s]]) }
  }
}
