import { eventParameter } from '../../core/events/event-log.ts'
import type { EventLogs } from '../../core/events/event-logs.ts'
import { eventValue, type GroupLog, LOGGED_PAYLOAD } from '../../core/events/group-log.ts'
import { writeDoubleLongUnsigned, writeUnsigned } from '../../protocols/dlms/axdr.ts'
import { ProfileObject } from '../../protocols/dlms/objects/profile.ts'
import { captureObject } from '../../protocols/dlms/objects/profile-source.ts'
import { DataObject } from '../../protocols/dlms/objects/register.ts'
import type { CosemObject } from '../../protocols/dlms/source.ts'
import { managedByReaders, READERS } from './dlms-clients.ts'
import { LogProfile, type LogProfileOptions } from './dlms-profile.ts'
import { type LocalTimes, writeStamp } from './dlms-times.ts'

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

/**
 * The event logs 0.0.99.98.e: time, code, sequence number, parameter, value; and an object for each column with what the newest event says. Both
 * clients with a secret read, the management client erases (method 1), which is an event itself.
 */
export function eventLogObjects(logs: EventLogs, times: LocalTimes, clear: (log: number) => boolean): CosemObject[] {
  const all = logs.all()
  const mixed = all.length < LOGS
  const last = () => logs.standard.last
  return [
    ...all.flatMap((log) => logObjects(log, times, mixed && log === logs.standard, clear)),
    ...(mixed
      ? [new DataObject({ logicalName: NAMES.owner, access: READERS, value: (writer) => writeUnsigned(writer, last()?.log ?? 0) })]
      : []),
  ]
}

function logObjects(log: GroupLog, times: LocalTimes, mixed: boolean, clear: (log: number) => boolean): CosemObject[] {
  const { id } = log
  const access = READERS
  const long = (logicalName: string, read: () => number) =>
    new DataObject({ logicalName, access, value: (writer) => writeDoubleLongUnsigned(writer, read()) })
  return [
    new DataObject({ logicalName: NAMES.code(id), access, value: (writer) => writeUnsigned(writer, log.last?.code ?? 0) }),
    long(NAMES.number(id), () => log.nextSequence - 1),
    long(NAMES.parameter(id), () => log.last?.parameter ?? 0),
    long(NAMES.value(id), () => log.last?.value ?? 0),
    new ProfileObject({
      logicalName: `0.0.99.98.${id}.255`,
      access: managedByReaders([], [RESET]),
      source: new LogProfile({
        log,
        payloadLength: LOGGED_PAYLOAD,
        period_s: 0,
        utcOfLocal: (local_ms) => times.utcOfLocal(local_ms),
        columns: columns(id, times, mixed),
      }),
      reset: () => clear(id),
    }),
  ]
}

function columns(id: number, times: LocalTimes, mixed: boolean): LogProfileOptions['columns'] {
  const data = (name: string) => captureObject(1, name, 2)
  return [
    [captureObject(8, '0.0.1.0.0.255', 2), (writer, utc_s) => writeStamp(writer, times, utc_s, 0)],
    [data(NAMES.code(id)), (writer, _utc_s, type) => writeUnsigned(writer, type)],
    [data(NAMES.number(id)), (writer, _utc_s, _type, _status, _payload, sequence) => writeDoubleLongUnsigned(writer, sequence)],
    [data(NAMES.parameter(id)), (writer, _utc_s, _type, _status, payload) => writeDoubleLongUnsigned(writer, eventParameter(payload))],
    [data(NAMES.value(id)), (writer, _utc_s, _type, _status, payload) => writeDoubleLongUnsigned(writer, eventValue(payload))],
    ...(mixed
      ? ([[data(NAMES.owner), (writer, _utc_s, _type, status) => writeUnsigned(writer, status)]] satisfies LogProfileOptions['columns'])
      : []),
  ]
}
