import { assert } from '../../lib/assert.ts'
import { DecodeError } from '../../lib/bytes.ts'
import type { Fraction } from '../../lib/fraction.ts'
import { getUint32, setUint32 } from '../storage/format.ts'
import { putVarint, VarintReader } from '../storage/varint.ts'

/**
 * Registers that a snapshot holds, of one OBIS value group C and D: value group E is 0 (total) to `count - 1` (rates). Values are non-negative integers
 * below 2^49: counts of the metering IC for energies (D = 8), whole W or var for maxima (D = 6) and cumulative maxima (D = 2).
 */
export interface BillingSection {
  readonly c: number
  readonly d: number
  readonly count: number
}

/** The registers of a snapshot as they are now. */
export interface BillingContent {
  readonly sections: readonly BillingSection[]
  value(c: number, d: number, e: number): number
  /** Of maxima: time stamp and status byte. */
  time_s(c: number, e: number): number
  status(c: number, e: number): number
}

const VERSION = 1
/** Version(1), number(4), made(4); then the unit of the energies and the sections, as numbers of variable length. */
const FIXED = 9
/** C, D, count. */
const SECTION = 3
const CUMULATIVE = 2
/** Value group D of maxima. */
export const MAXIMUM = 6
/** Energies below 2^49; maxima below 2^35 with a time and a status byte; cumulative ones below 2^42. */
const VALUE_BYTES = 7
const MAXIMUM_BYTES = 5 + 5 + 1
const CUMULATIVE_BYTES = 6
const UNIT_BYTES = 2 * VALUE_BYTES

function bytesOf(d: number): number {
  if (d === MAXIMUM) return MAXIMUM_BYTES
  return d === CUMULATIVE ? CUMULATIVE_BYTES : VALUE_BYTES
}

/** Most bytes that a snapshot of these sections takes. */
export function snapshotLength(sections: readonly BillingSection[]): number {
  let length = FIXED + UNIT_BYTES
  for (const { d, count } of sections) length += SECTION + count * bytesOf(d)
  return length
}

/** Writes the registers as they are now; returns the length. `bytes` must have room for `snapshotLength`. */
export function encodeSnapshot(bytes: Uint8Array, number: number, made_s: number, unit: Fraction, content: BillingContent): number {
  bytes[0] = VERSION
  setUint32(bytes, 1, number)
  setUint32(bytes, 5, made_s)
  let at = putVarint(bytes, FIXED, unit.numerator)
  at = putVarint(bytes, at, unit.denominator)
  for (const { c, d, count } of content.sections) {
    assert(c < 256 && d < 256 && count < 256, 'a section of bytes')
    bytes[at++] = c
    bytes[at++] = d
    bytes[at++] = count
    for (let e = 0; e < count; e++) {
      at = putVarint(bytes, at, content.value(c, d, e))
      if (d !== MAXIMUM) continue
      at = putVarint(bytes, at, content.time_s(c, e))
      bytes[at++] = content.status(c, e)
    }
  }
  return at
}

/** One value of a snapshot. `time_s` and `status` are 0 but for maxima. */
export interface SnapshotValue {
  readonly c: number
  readonly d: number
  readonly e: number
  readonly value: number
  readonly time_s: number
  readonly status: number
}

/** A stored end of billing. Sections name themselves, so that a snapshot of a firmware with other registers can be read. */
export class BillingSnapshot {
  /** Number of the end of billing (OBIS 0.1.0). */
  readonly number: number
  /** Time stamp (0.1.2): when the billing period ended. */
  readonly utc_s: number
  /** When the snapshot was made: later, if the end fell into an outage. */
  readonly made_s: number
  /** One of `BillingReason`. */
  readonly reason: number
  /** Bits of `ProfileStatus`. */
  readonly status: number
  /** One count of an energy in mWh. */
  readonly unit: Fraction
  readonly values: readonly SnapshotValue[]

  /** Errors: DecodeError for a payload that is no snapshot, or one of a newer format. */
  constructor(payload: Uint8Array, utc_s: number, reason: number, status: number) {
    if (payload.length < FIXED || payload[0] !== VERSION) throw new DecodeError('not a billing snapshot')
    this.number = getUint32(payload, 1)
    this.made_s = getUint32(payload, 5)
    this.utc_s = utc_s
    this.reason = reason
    this.status = status
    const reader = new VarintReader(payload, FIXED)
    this.unit = { numerator: reader.next(), denominator: reader.next() }
    this.values = readSections(payload, reader)
  }

  find(c: number, d: number, e: number): SnapshotValue | undefined {
    return this.values.find((entry) => entry.c === c && entry.d === d && entry.e === e)
  }

  /** Whole Wh or varh of an energy (`C.8.E`), rounded down; undefined when the snapshot has none. */
  energy(c: number, e: number): number | undefined {
    const counts = this.find(c, 8, e)?.value
    return counts === undefined ? undefined : Math.floor((counts * this.unit.numerator) / (1000 * this.unit.denominator))
  }
}

/** Bounded by the payload: every value takes at least a byte. */
function readSections(payload: Uint8Array, reader: VarintReader): SnapshotValue[] {
  const values: SnapshotValue[] = []
  while (reader.position < payload.length) {
    if (reader.position + SECTION > payload.length) throw new DecodeError('not a billing snapshot')
    const [c, d, count] = payload.subarray(reader.position, reader.position + SECTION)
    reader.position += SECTION
    for (let e = 0; e < count; e++) {
      const value = reader.next()
      if (d !== MAXIMUM) values.push({ c, d, e, value, time_s: 0, status: 0 })
      else {
        const time_s = reader.next()
        if (reader.position >= payload.length) throw new DecodeError('not a billing snapshot')
        values.push({ c, d, e, value, time_s, status: payload[reader.position++] })
      }
    }
  }
  return values
}
