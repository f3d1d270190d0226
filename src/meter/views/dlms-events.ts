import { LogId } from '../../core/events/codes.ts'
import { eventParameter } from '../../core/events/event-log.ts'
import { eventValue, type GroupLog, LOGGED_PAYLOAD } from '../../core/events/group-log.ts'
import type { LogCursor } from '../../core/storage/record-log.ts'
import type { ByteWriter } from '../../lib/bytes.ts'
import { writeDoubleLongUnsigned, writeUnsigned } from '../../protocols/dlms/axdr.ts'
import { type ObjectGroup, objectGroup } from '../../protocols/dlms/made-objects.ts'
import { ProfileObject } from '../../protocols/dlms/objects/profile.ts'
import { captureObject } from '../../protocols/dlms/objects/profile-source.ts'
import { DataObject } from '../../protocols/dlms/objects/register.ts'
import type { CosemObject } from '../../protocols/dlms/source.ts'
import type { MeterCore } from '../core.ts'
import { managedByReaders, READERS } from './dlms-clients.ts'
import { CLOCK_COLUMN, type EventColumn, EventColumns } from './dlms-columns.ts'
import type { DlmsMeter } from './dlms-meter.ts'
import { type LogColumns, LogProfile } from './dlms-profile.ts'
import { writeStamp } from './dlms-times.ts'

const RESET = 1
const LOGS = 5

/**
 * Names of what a log captures; value group E is the log. The event counter is that of the Blue Book, from E = 1 on because E = 0 counts messages. What no
 * standard names lies in the manufacturer's part of value group C.
 */
const NAMES = Object.freeze({
  code: (log: number) => `0.0.96.11.${log}.255`,
  number: (log: number) => `0.0.96.15.${log + 1}.255`,
  parameter: (log: number) => `0.0.128.0.${log}.255`,
  value: (log: number) => `0.0.128.1.${log}.255`,
  /** Which log an entry belongs to, where the flash has no room for all of them. */
  owner: '0.0.128.2.0.255',
})

/** One of the logs of a meter. */
interface LogView {
  readonly id: number
  readonly log: GroupLog
  readonly meter: DlmsMeter
}

const access = READERS
const PROFILE_ACCESS = managedByReaders([], [RESET])

/** The standard log has the events of those that the flash has no room for. */
const isMixed = ({ logs }: MeterCore) => logs.all().length < LOGS

function data(name: (id: number) => string, write: (writer: ByteWriter, log: GroupLog) => void): (view: LogView) => CosemObject {
  return ({ id, log }) => new DataObject({ logicalName: name(id), access, value: (writer) => write(writer, log) })
}

/** The objects of one log: for each column one with what the newest event says. */
const LOG_OBJECTS: readonly ((view: LogView) => CosemObject)[] = Object.freeze([
  data(NAMES.code, (writer, { last }) => writeUnsigned(writer, last?.code ?? 0)),
  data(NAMES.number, (writer, { nextSequence }) => writeDoubleLongUnsigned(writer, nextSequence - 1)),
  data(NAMES.parameter, (writer, { last }) => writeDoubleLongUnsigned(writer, last?.parameter ?? 0)),
  data(NAMES.value, (writer, { last }) => writeDoubleLongUnsigned(writer, last?.value ?? 0)),
  logProfile,
])

function logProfile(view: LogView): CosemObject {
  const { id, meter } = view
  return new ProfileObject({
    logicalName: `0.0.99.98.${id}.255`,
    access: PROFILE_ACCESS,
    source: new EventLogProfile(view),
    reset: () => meter.core.clearLog(id),
  })
}

class EventLogProfile extends LogProfile {
  readonly payloadLength = LOGGED_PAYLOAD
  readonly capturePeriod_s = 0
  readonly depth = undefined
  readonly #view: LogView

  constructor(view: LogView) {
    super()
    this.#view = view
  }

  get log(): GroupLog {
    return this.#view.log
  }

  get times(): DlmsMeter {
    return this.#view.meter
  }

  protected makeColumns(): LogColumns {
    const { core } = this.times
    const mixed = this.log === core.logs.standard && isMixed(core)
    return new EventColumns(COLUMNS, this.#view, mixed ? COLUMNS.length : COLUMNS.length - 1)
  }
}

const column = (name: (id: number) => string) => (view: LogView) => captureObject(1, name(view.id), 2)

/** The last one only where the flash has no room for all logs. */
const COLUMNS: readonly EventColumn<LogView>[] = Object.freeze([
  {
    column: () => CLOCK_COLUMN,
    write: (writer: ByteWriter, { utc_s }: LogCursor, { meter }: LogView) => writeStamp(writer, meter, utc_s, 0),
  },
  { column: column(NAMES.code), write: (writer: ByteWriter, { type }: LogCursor) => writeUnsigned(writer, type) },
  { column: column(NAMES.number), write: (writer: ByteWriter, { sequence }: LogCursor) => writeDoubleLongUnsigned(writer, sequence) },
  {
    column: column(NAMES.parameter),
    write: (writer: ByteWriter, { payload }: LogCursor) => writeDoubleLongUnsigned(writer, eventParameter(payload)),
  },
  {
    column: column(NAMES.value),
    write: (writer: ByteWriter, { payload }: LogCursor) => writeDoubleLongUnsigned(writer, eventValue(payload)),
  },
  { column: column(() => NAMES.owner), write: (writer: ByteWriter, { status }: LogCursor) => writeUnsigned(writer, status) },
])

const IDS = Math.max(...Object.values(LogId)) + 1

/**
 * The event logs 0.0.99.98.e: time, code, sequence number, parameter, value; and an object for each column with what the newest event says. Both
 * clients with a secret read, the management client erases (method 1), which is an event itself.
 */
export const EVENT_LOG_GROUPS: readonly ObjectGroup<DlmsMeter>[] = Object.freeze([
  {
    count: () => IDS * LOG_OBJECTS.length,
    make: (meter: DlmsMeter, index: number) => {
      const id = Math.floor(index / LOG_OBJECTS.length)
      const log = meter.core.logs.get(id)
      return log && LOG_OBJECTS[index % LOG_OBJECTS.length]({ id, log, meter })
    },
  },
  objectGroup<DlmsMeter>(({ core }) => {
    if (!isMixed(core)) return undefined
    return new DataObject({ logicalName: NAMES.owner, access, value: (writer) => writeUnsigned(writer, core.standardLog.last?.log ?? 0) })
  }),
])
