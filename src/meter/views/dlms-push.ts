import type { RegisterEntry } from '../../core/registers/table.ts'
import type { ByteWriter } from '../../lib/bytes.ts'
import { writeArray, writeAsciiOctetString, writeDoubleLongUnsigned, writeStructure, writeUnsigned } from '../../protocols/dlms/axdr.ts'
import { writeDateTimeOctetString } from '../../protocols/dlms/datetime.ts'
import { writeLogicalName } from '../../protocols/dlms/logical-name.ts'
import { type CaptureObject, captureObject } from '../../protocols/dlms/objects/profile-source.ts'
import { type LocalTimes, writeStamp } from './dlms-times.ts'

/** "Push setup - On alarm" of IDIS-derived companion standards, the push setup of messages that an event causes. */
export const POWER_FAIL_PUSH_SETUP = '0.4.25.9.0.255'
/** "Event counter" of the Blue Book: how many messages were sent. */
export const PUSH_COUNTER = '0.0.96.15.0.255'

/**
 * What a power fail message carries, in this order: `push_object_list` of the push setup. A receiver that knows the list can name every element
 * of the body; one that does not finds the sender in the first and the push setup in the second.
 */
export const POWER_FAIL_OBJECTS: readonly CaptureObject[] = Object.freeze([
  captureObject(1, '0.0.42.0.0.255', 2),
  captureObject(40, POWER_FAIL_PUSH_SETUP, 1),
  captureObject(8, '0.0.1.0.0.255', 2),
  captureObject(1, '0.0.96.11.0.255', 2),
  captureObject(3, '1.0.1.8.0.255', 2),
  captureObject(1, PUSH_COUNTER, 2),
])

/** "Push setup - On alarm", a second instance: messages that an alarm causes. */
export const ALARM_PUSH_SETUP = '0.4.25.9.1.255'

/** What an alarm message carries: the descriptors say what has not been fetched yet. */
export const ALARM_OBJECTS: readonly CaptureObject[] = Object.freeze([
  captureObject(1, '0.0.42.0.0.255', 2),
  captureObject(40, ALARM_PUSH_SETUP, 1),
  captureObject(8, '0.0.1.0.0.255', 2),
  captureObject(1, '0.0.97.98.20.255', 2),
  captureObject(1, '0.0.97.98.21.255', 2),
  captureObject(1, PUSH_COUNTER, 2),
])

/** What every message begins and ends with. */
export interface PushMessage {
  /** COSEM logical device name, ASCII. */
  readonly logicalDeviceName: string
  readonly utc_ms: number
  /** COSEM sign: UTC = local + deviation. */
  readonly deviation_min: number
  /** Bits of `ClockStatus`. */
  readonly clockStatus: number
  /** Number of this message, counted from the first that the meter ever sent. */
  readonly messageNumber: number
}

/** The values of `POWER_FAIL_OBJECTS`. */
export interface PowerFailMessage extends PushMessage {
  /** Code of the standard event log: 1 for power down. */
  readonly eventCode: number
  /** Register 1.8.0. */
  readonly activeImport_Wh: number
}

/** The values of `ALARM_OBJECTS`. */
export interface AlarmMessage extends PushMessage {
  /** Of alarm register 1 and 2. */
  readonly descriptors: readonly number[]
}

function writeBegin(writer: ByteWriter, objects: readonly CaptureObject[], message: PushMessage): void {
  writeStructure(writer, objects.length)
  writeAsciiOctetString(writer, message.logicalDeviceName)
  writeLogicalName(writer, objects[1].logicalName)
  writeDateTimeOctetString(writer, message.utc_ms, message.deviation_min, message.clockStatus)
}

/** Writes the body of an alarm message: a structure of the six values. */
export function writeAlarmBody(writer: ByteWriter, message: AlarmMessage): void {
  writeBegin(writer, ALARM_OBJECTS, message)
  for (const descriptor of message.descriptors) writeDoubleLongUnsigned(writer, descriptor)
  writeDoubleLongUnsigned(writer, message.messageNumber % 0x100000000)
}

/** Writes the body of a power fail message: a structure of the six values, with the types that the objects have when they are read. */
export function writePowerFailBody(writer: ByteWriter, message: PowerFailMessage): void {
  writeBegin(writer, POWER_FAIL_OBJECTS, message)
  writeUnsigned(writer, message.eventCode)
  writeDoubleLongUnsigned(writer, message.activeImport_Wh % 0x100000000)
  writeDoubleLongUnsigned(writer, message.messageNumber % 0x100000000)
}

/** "Push setup - On interval 1" and "2" of IDIS-derived companion standards: present values, and the load profile. */
export const INTERVAL_PUSH_SETUP = '0.1.25.9.0.255'
export const PROFILE_PUSH_SETUP = '0.2.25.9.0.255'

/** What a message of present values carries. */
export function intervalObjects(registers: readonly RegisterEntry[]): readonly CaptureObject[] {
  return [...scheduledBegin(INTERVAL_PUSH_SETUP), ...registers.map(({ logicalName }) => captureObject(3, logicalName, 2))]
}

/** Load profile of electricity; only the number of objects matters to a body. */
const LOAD_PROFILE = '1.0.99.1.0.255'

/** What a message of the load profile carries: the rows of its buffer that are new. */
export function profileObjects(logicalName: string): readonly CaptureObject[] {
  return [...scheduledBegin(PROFILE_PUSH_SETUP), captureObject(7, logicalName, 2)]
}

function scheduledBegin(setup: string): readonly CaptureObject[] {
  return [captureObject(1, '0.0.42.0.0.255', 2), captureObject(40, setup, 1), captureObject(8, '0.0.1.0.0.255', 2)]
}

/** Writes the body of a message of present values. */
export function writeIntervalBody(
  writer: ByteWriter,
  message: PushMessage,
  registers: readonly RegisterEntry[],
  writeValue: (writer: ByteWriter, entry: RegisterEntry) => void,
): void {
  writeBegin(writer, intervalObjects(registers), message)
  for (const entry of registers) writeValue(writer, entry)
}

/** An entry of the load profile: its end, AMR status, and the energies that are measured. */
export interface ProfilePushRow {
  readonly utc_s: number
  readonly status: number
  readonly values: readonly number[]
}

/** Writes the body of a message of the load profile: rows as in its buffer. */
export function writeProfileBody(
  writer: ByteWriter,
  message: PushMessage,
  rows: readonly ProfilePushRow[],
  times: Pick<LocalTimes, 'offset_min' | 'standardOffset_min'>,
): void {
  writeBegin(writer, profileObjects(LOAD_PROFILE), message)
  writeArray(writer, rows.length)
  for (const { utc_s, status, values } of rows) {
    writeStructure(writer, 2 + values.length)
    writeStamp(writer, times, utc_s, status)
    writeUnsigned(writer, status)
    for (const value of values) writeDoubleLongUnsigned(writer, value % 0x100000000)
  }
}
