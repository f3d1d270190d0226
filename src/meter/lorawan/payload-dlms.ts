import { profileValue } from '../../core/profile/load-profile.ts'
import type { RegisterEntry } from '../../core/registers/table.ts'
import { Counter } from '../../core/storage/counters.ts'
import { ByteWriter } from '../../lib/bytes.ts'
import { encodeDataNotification } from '../../protocols/dlms/data-notification.ts'
import { WRAPPER_HEADER } from '../../protocols/dlms/wrapper.ts'
import { WRAPPER_DESTINATION, WRAPPER_RULE, WRAPPER_SOURCE } from '../../protocols/schc/rules.ts'
import type { MeasurementName } from '../../protocols/yobiiq/types-table.ts'
import type { MeterConfig } from '../config.ts'
import type { MeterCore } from '../core.ts'
import { logicalDeviceName } from '../views/dlms.ts'
import { type ProfilePushRow, type PushMessage, writeIntervalBody, writeProfileBody } from '../views/dlms-push.ts'
import { writeRegisterValue } from '../views/dlms-value.ts'
import { isColumnMeasured, type PayloadFormat, TlvPayload, type Uplink } from './payload.ts'
import { registersOf } from './readings.ts'

/** Rows of the profile in one message. */
const ROWS_MAX = 8

/**
 * Values and profile as DLMS data-notifications, the wrapper in front of them compressed away by SCHC (RFC 8724, RFC 9011). Messages of an event are those of the TLV
 * payload: they must be short.
 */
export class DlmsPayload implements PayloadFormat {
  readonly #core: MeterCore
  readonly #config: MeterConfig
  readonly #events: TlvPayload
  readonly #writer = new ByteWriter(128, 1024)

  constructor(core: MeterCore, config: MeterConfig) {
    this.#core = core
    this.#config = config
    this.#events = new TlvPayload(core)
  }

  report(now_s: number, names: readonly MeasurementName[], _room: number): Uplink[] {
    const core = this.#core
    const registers = registersOf(core, names)
    const write = (writer: ByteWriter, entry: RegisterEntry) => writeRegisterValue(writer, entry, entry.read(core.readings))
    return [this.#notification(now_s, (writer, common) => writeIntervalBody(writer, common, registers, write))]
  }

  entries(from: number, end: number, _room: number): Uplink | undefined {
    const core = this.#core
    const cursor = core.profile.cursor(from)
    const rows: ProfilePushRow[] = []
    let next = from
    while (rows.length < ROWS_MAX && cursor.next() && cursor.sequence < end) {
      const { payload, status, utc_s, sequence } = cursor
      const values = [0, 1, 2, 3].filter((column) => isColumnMeasured(core, column)).map((column) => profileValue(payload, column))
      rows.push({ utc_s, status, values })
      next = sequence + 1
    }
    if (rows.length === 0) return undefined
    const uplink = this.#notification(core.clock.now_s(), (writer, common) => writeProfileBody(writer, common, rows, core.clock))
    return { ...uplink, cursor: next }
  }

  relay(closed: boolean): Uplink {
    return this.#events.relay(closed)
  }

  supply(good: boolean): Uplink {
    return this.#events.supply(good)
  }

  result(done: boolean): Uplink {
    return this.#events.result(done)
  }

  moment(now_s: number): Uplink {
    return this.#events.moment(now_s)
  }

  #notification(now_s: number, writeBody: (writer: ByteWriter, common: PushMessage) => void): Uplink {
    const core = this.#core
    const utc_ms = now_s * 1000
    const messageNumber = core.storage.counters.next(Counter.message)
    const common: PushMessage = {
      logicalDeviceName: logicalDeviceName(this.#config),
      utc_ms,
      deviation_min: -core.clock.offset_min(utc_ms),
      clockStatus: core.clock.status(utc_ms),
      messageNumber,
    }
    this.#writer.reset()
    // The time stands in the body; twice would be twelve bytes more on the air.
    const header = { serverSap: WRAPPER_SOURCE, clientSap: WRAPPER_DESTINATION, invokeId: messageNumber }
    encodeDataNotification(this.#writer, header, (writer) => writeBody(writer, common))
    return { fPort: WRAPPER_RULE, payload: this.#writer.view(WRAPPER_HEADER).slice(), fragments: true }
  }
}
