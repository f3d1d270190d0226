import { ByteReader, ByteWriter, DecodeError } from '../../lib/bytes.ts'
import { IdentifierList } from './identifier-list.ts'

const VERSION = 1
/** Fixed part and the list of identifiers: 175 bytes at most. */
const LENGTH_MAX = 192
const FLAGS = ['low', 'exhausted', 'emergency', 'reconnect', 'suspended'] as const

/** All that the account keeps, in one setting: so it changes in one step, or not at all. */
export interface AccountState {
  /** Counts of the import register from which consumption is charged. */
  readonly start: number
  /** Credit of all tokens since then, minus what was cleared, in mWh. */
  readonly granted_mWh: number
  /** Changes of the key that made a new list of identifiers begin, modulo 256. */
  readonly era: number
  /** The credit is, or was told to be, low. */
  readonly low: boolean
  /** The credit was used up and the supply was disconnected, or would have been on a meter with a relay. */
  readonly exhausted: boolean
  /** Emergency credit was taken and is not paid back yet. */
  readonly emergency: boolean
  /** There is credit again, and the supply is still to be connected. */
  readonly reconnect: boolean
  /** Prepayment is switched off: nothing is charged. */
  readonly suspended: boolean
  readonly identifiers: IdentifierList
}

export function encodeAccount(state: AccountState): Uint8Array {
  const writer = new ByteWriter(LENGTH_MAX, LENGTH_MAX)
  writer.uint8(VERSION)
  writer.uint8(state.era)
  writer.uint8(FLAGS.reduce((bits, flag, bit) => (state[flag] ? bits | (1 << bit) : bits), 0))
  writer.int64(state.start)
  writer.int64(state.granted_mWh)
  state.identifiers.encode(writer)
  return writer.copy()
}

function int64(reader: ByteReader): number {
  return (reader.uint32() | 0) * 0x100000000 + reader.uint32()
}

/** Undefined for what this firmware cannot read. */
export function decodeAccount(bytes: Uint8Array): AccountState | undefined {
  const reader = new ByteReader(bytes)
  try {
    if (reader.uint8() !== VERSION) return undefined
    const era = reader.uint8()
    const flags = reader.uint8()
    const flag = (name: (typeof FLAGS)[number]) => ((flags >> FLAGS.indexOf(name)) & 1) === 1
    const start = int64(reader)
    const granted_mWh = int64(reader)
    const identifiers = IdentifierList.decode(reader)
    if (identifiers === undefined || start < 0 || reader.remaining > 0) return undefined
    const flags5 = { low: flag('low'), exhausted: flag('exhausted'), emergency: flag('emergency') }
    return { start, granted_mWh, era, ...flags5, reconnect: flag('reconnect'), suspended: flag('suspended'), identifiers }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return undefined
  }
}
