/** The DataNotification service: what a server sends unasked (IEC 62056-5-3 clause 7.3.6 and 8, "push"). */
import { assert } from '../../lib/assert.ts'
import type { ByteWriter } from '../../lib/bytes.ts'
import { ApduTag } from './apdu.ts'
import { writeDateTime } from './datetime.ts'
import { setWrapperHeader, WRAPPER_HEADER } from './wrapper.ts'

/** Bit 31 of long-invoke-id-and-priority. */
const HIGH_PRIORITY = 0x80000000
/** Bits 0 to 23. */
const INVOKE_ID_MAX = 0xffffff
const DATE_TIME_LENGTH = 12

/** When a notification was made. Minutes have the COSEM sign: UTC = local + deviation. */
export interface NotificationTime {
  readonly utc_ms: number
  readonly deviation_min: number
  /** Bits of `ClockStatus`. */
  readonly status: number
}

export interface NotificationHeader {
  /** wPort of the sender, its logical device. */
  readonly serverSap: number
  /** wPort of the receiving client. */
  readonly clientSap: number
  /** Tells notifications apart; the lowest 24 bits are sent. */
  readonly invokeId: number
  /** Undefined: the field stays empty. */
  readonly time?: NotificationTime | undefined
}

/**
 * Appends one data-notification in its wrapper, ready for a UDP datagram or a TCP stream: unconfirmed, of high priority. `writeBody` writes one
 * encoded value. Allocates nothing once the writer has grown.
 */
export function encodeDataNotification(writer: ByteWriter, header: NotificationHeader, writeBody: (writer: ByteWriter) => void): void {
  const frame = writer.length
  // The wrapper, filled when the length is known.
  writer.uint32(0)
  writer.uint32(0)
  writer.uint8(ApduTag.dataNotification)
  writer.uint32(HIGH_PRIORITY + (header.invokeId & INVOKE_ID_MAX))
  const { time } = header
  writer.uint8(time === undefined ? 0 : DATE_TIME_LENGTH)
  if (time !== undefined) writeDateTime(writer, time.utc_ms, time.deviation_min, time.status)
  writeBody(writer)
  const length = writer.length - frame - WRAPPER_HEADER
  assert(length <= 0xffff, 'a notification fits the wrapper')
  setWrapperHeader(writer, frame, header.serverSap, header.clientSap, length)
}
