import { ByteReader, DecodeError } from '../../lib/bytes.ts'
import { toHex } from '../../lib/hex.ts'
import { decodeUplink } from '../../protocols/cbor/decode.ts'
import { CBOR_PORT } from '../../protocols/cbor/keys-table.ts'
import { ApduTag } from '../../protocols/dlms/apdu.ts'
import type { DataValue } from '../../protocols/dlms/axdr.ts'
import { readData } from '../../protocols/dlms/axdr-decode.ts'
import { WRAPPER_HEADER } from '../../protocols/dlms/wrapper.ts'
import { decodeClockUplink } from '../../protocols/lorawan-app/clock-sync.ts'
import { decodeFragmentUplink } from '../../protocols/lorawan-app/fragmentation.ts'
import { decodeMulticastUplink } from '../../protocols/lorawan-app/multicast-setup.ts'
import { CLOCK_SYNC, FRAGMENTATION, MULTICAST_SETUP } from '../../protocols/lorawan-app/package.ts'
import { decodeAnswer, REQUEST_PORT } from '../../protocols/meter-request/codec.ts'
import { decodeFragment, FRAGMENT_PORT } from '../../protocols/schc/message.ts'
import { decodeReadings } from '../../protocols/yobiiq/decode.ts'

/** What devices say on the ports of the application packages. */
const PACKAGES: ReadonlyMap<number, (payload: Uint8Array) => readonly object[]> = new Map<
  number,
  (payload: Uint8Array) => readonly object[]
>([
  [CLOCK_SYNC.port, decodeClockUplink],
  [FRAGMENTATION.port, decodeFragmentUplink],
  [MULTICAST_SETUP.port, decodeMulticastUplink],
])

/** What a payload says, by name; undefined where there is no codec. */
export function objectOf(fPort: number, payload: Uint8Array): Record<string, unknown> | undefined {
  try {
    if (fPort === CBOR_PORT) return cborObject(payload)
    const decode = PACKAGES.get(fPort)
    if (decode !== undefined) return { messages: decode(payload) }
    if (fPort === REQUEST_PORT) return { ...decodeAnswer(new ByteReader(payload)) }
    if (fPort === FRAGMENT_PORT) return fragmentObject(payload)
    return Object.fromEntries(decodeReadings(payload))
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return undefined
  }
}

function cborObject(payload: Uint8Array): Record<string, unknown> {
  const { readings, flags, profile } = decodeUplink(payload)
  return { ...Object.fromEntries([...readings, ...flags]), ...(profile.length === 0 ? {} : { profile }) }
}

function fragmentObject(payload: Uint8Array): Record<string, unknown> {
  const { type, ...rest } = decodeFragment(payload)
  const fields = Object.entries(rest).map(([name, value]) => [name, value instanceof Uint8Array ? `${value.length} bytes` : value])
  return { schc: type, ...Object.fromEntries(fields) }
}

/** A payload in words: values, or bytes where there is no codec. */
export function describePayload(fPort: number | undefined, payload: Uint8Array): string {
  const object = fPort === undefined ? undefined : objectOf(fPort, payload)
  if (object === undefined) return toHex(payload)
  return Object.entries(object)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(', ')
}

/** The body of a data-notification in its wrapper, as text. DecodeError for anything else. */
export function describeNotification(frame: Uint8Array): string {
  const reader = new ByteReader(frame, WRAPPER_HEADER)
  if (reader.uint8() !== ApduTag.dataNotification) throw new DecodeError('no data-notification')
  reader.uint32()
  reader.take(reader.uint8())
  return textOf(readData(reader))
}

function textOf({ value }: DataValue): string {
  if (value instanceof Uint8Array) return toHex(value)
  if (Array.isArray(value)) return `{${value.map(textOf).join(', ')}}`
  return String(value)
}
