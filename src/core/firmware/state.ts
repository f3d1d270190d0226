import { ByteReader, ByteWriter, DecodeError } from '../../lib/bytes.ts'

/** What IC 18 calls `image_transfer_status` (IEC 62056-6-2, class "Image transfer", attribute 6). */
export const TransferStatus = Object.freeze({
  notInitiated: 0,
  initiated: 1,
  verificationInitiated: 2,
  verificationSuccessful: 3,
  verificationFailed: 4,
  activationInitiated: 5,
  activationSuccessful: 6,
  activationFailed: 7,
})

export const IDENTIFIER_MAX = 64
const VERSION = 1
const ENABLED = 0x01
const DUE = 0x02

/** All that must survive a restart besides the blocks themselves. */
export interface UpdateState {
  status: number
  enabled: boolean
  /** Length of the image file. */
  size: number
  identifier: Uint8Array
  /** When to activate. */
  due_s: number | undefined
  /** Security counter of the firmware that was confirmed last; images below are refused. */
  securityCounter: number
  /** Security counter of the image in the spare slot, once verified. */
  pendingCounter: number
  /** Starts of an activation that did not get as far as a restart. */
  attempts: number
}

function initialState(): UpdateState {
  return {
    status: TransferStatus.notInitiated,
    enabled: true,
    size: 0,
    identifier: new Uint8Array(0),
    due_s: undefined,
    securityCounter: 0,
    pendingCounter: 0,
    attempts: 0,
  }
}

/** The value of the setting: at most 92 bytes. */
export function encodeState(state: UpdateState): Uint8Array {
  const writer = new ByteWriter(96)
  writer.uint8(VERSION)
  writer.uint8(state.status)
  writer.uint8((state.enabled ? ENABLED : 0) | (state.due_s === undefined ? 0 : DUE))
  writer.uint8(state.attempts)
  writer.uint32(state.size)
  writer.int64(state.due_s ?? 0)
  writer.uint32(state.securityCounter)
  writer.uint32(state.pendingCounter)
  writer.uint8(state.identifier.length)
  writer.write(state.identifier)
  return writer.copy()
}

function decode(bytes: Uint8Array): UpdateState {
  const reader = new ByteReader(bytes)
  if (reader.uint8() !== VERSION) throw new DecodeError('another version')
  const status = reader.uint8()
  const flags = reader.uint8()
  const attempts = reader.uint8()
  const size = reader.uint32()
  const high = reader.uint32()
  const due_s = high * 0x100000000 + reader.uint32()
  const securityCounter = reader.uint32()
  const pendingCounter = reader.uint32()
  const identifier = reader.take(reader.uint8()).slice()
  if (status > TransferStatus.activationFailed || identifier.length > IDENTIFIER_MAX) throw new DecodeError('out of range')
  return {
    status,
    enabled: (flags & ENABLED) !== 0,
    size,
    identifier,
    due_s: (flags & DUE) === 0 ? undefined : due_s,
    securityCounter,
    pendingCounter,
    attempts,
  }
}

/** What was stored; the state of a new meter when that cannot be read. */
export function decodeState(bytes: Uint8Array | undefined): UpdateState {
  if (bytes === undefined) return initialState()
  try {
    return decode(bytes)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return initialState()
  }
}
