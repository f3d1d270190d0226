import type { ByteWriter } from '../../lib/bytes.ts'
import {
  writeAsciiOctetString,
  writeDoubleLongUnsigned,
  writeOctetString,
  writeStructure,
  writeUnsigned,
} from '../../protocols/dlms/axdr.ts'
import { writeDateTimeOctetString } from '../../protocols/dlms/datetime.ts'
import { type CaptureObject, captureObject } from '../../protocols/dlms/objects/profile-source.ts'

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

/** The values of `POWER_FAIL_OBJECTS`. */
export interface PowerFailMessage {
  /** COSEM logical device name, ASCII. */
  readonly logicalDeviceName: string
  readonly utc_ms: number
  /** COSEM sign: UTC = local + deviation. */
  readonly deviation_min: number
  /** Bits of `ClockStatus`. */
  readonly clockStatus: number
  /** Code of the standard event log: 1 for power down. */
  readonly eventCode: number
  /** Register 1.8.0. */
  readonly activeImport_Wh: number
  /** Number of this message, counted from the first that the meter ever sent. */
  readonly messageNumber: number
}

/** Writes the body of a power fail message: a structure of the six values, with the types that the objects have when they are read. */
export function writePowerFailBody(writer: ByteWriter, message: PowerFailMessage): void {
  writeStructure(writer, POWER_FAIL_OBJECTS.length)
  writeAsciiOctetString(writer, message.logicalDeviceName)
  writeOctetString(writer, POWER_FAIL_OBJECTS[1].logicalName)
  writeDateTimeOctetString(writer, message.utc_ms, message.deviation_min, message.clockStatus)
  writeUnsigned(writer, message.eventCode)
  writeDoubleLongUnsigned(writer, message.activeImport_Wh % 0x100000000)
  writeDoubleLongUnsigned(writer, message.messageNumber % 0x100000000)
}
