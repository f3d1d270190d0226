import { ByteWriter } from '../../lib/bytes.ts'
import { writeArray, writeBoolean, writeBytes, writeInteger, writeMap, writeNull } from '../../lib/cbor-encode.ts'
import { CborKey, type CborName, CborSpecial } from './keys-table.ts'

/** A measurement in the unit of its key. */
export type CborReading = readonly [CborName, number]

/** An entry of the load profile. */
export interface ProfileRow {
  /** Unix time of the end of the period, in s. */
  readonly time: number
  /** AMR profile status. */
  readonly status: number
  /** +A, -A, +R, -R in Wh and varh; undefined for what is not measured. */
  readonly values: readonly (number | undefined)[]
}

/** Pairs that a map of one head byte holds. */
const PAIRS_MAX = 23
const LIMIT = 1024
/** Bytes of the head of a map. */
const HEAD = 1

function lengthOf(write: (writer: ByteWriter) => void): number {
  const writer = new ByteWriter(32, LIMIT)
  write(writer)
  return writer.length
}

function writeReading(writer: ByteWriter, [name, value]: CborReading): void {
  writeInteger(writer, CborKey[name])
  writeInteger(writer, Math.round(value))
}

/** An uplink of these readings, 23 at most. */
export function encodeReadings(readings: readonly CborReading[]): Uint8Array {
  const writer = new ByteWriter(64, LIMIT)
  writeMap(writer, readings.length)
  for (const reading of readings) writeReading(writer, reading)
  return writer.copy()
}

/**
 * Uplinks of at most `room` bytes that hold the readings, the first first. The time is repeated in each, so that each stands for itself; where it would leave no room
 * for the first reading there is none, and the moment of the uplink is the time. Readings that do not fit are left out.
 */
export function splitReadings(time_s: number, readings: readonly CborReading[], room: number): Uint8Array[] {
  if (readings.length === 0) return []
  const lengths = readings.map((reading) => lengthOf((writer) => writeReading(writer, reading)))
  const time: CborReading = ['time', time_s]
  const timeLength = lengthOf((writer) => writeReading(writer, time))
  const head: readonly CborReading[] = HEAD + timeLength + lengths[0] <= room ? [time] : []
  const fixed = HEAD + (head.length > 0 ? timeLength : 0)
  const pieces: CborReading[][] = []
  let left = 0
  for (const [i, reading] of readings.entries()) {
    if (fixed + lengths[i] > room) continue
    if (lengths[i] > left || pieces[pieces.length - 1].length === PAIRS_MAX) {
      pieces.push([...head])
      left = room - fixed
    }
    pieces[pieces.length - 1].push(reading)
    left -= lengths[i]
  }
  return pieces.map(encodeReadings)
}

/** The first row as it is; the others as what has changed since the row before. */
function writeRow(writer: ByteWriter, row: ProfileRow, before: ProfileRow | undefined): void {
  let columns = row.values.length
  while (columns > 0 && row.values[columns - 1] === undefined) columns--
  writeArray(writer, 2 + columns)
  writeInteger(writer, row.time - (before?.time ?? 0))
  writeInteger(writer, row.status)
  for (let i = 0; i < columns; i++) {
    const value = row.values[i]
    if (value === undefined) writeNull(writer)
    else writeInteger(writer, value - (before?.values[i] ?? 0))
  }
}

/** Rows of the load profile that fit into one uplink, and how many they are. */
export interface PackedRows {
  readonly payload: Uint8Array
  readonly count: number
}

/**
 * As many of the rows, oldest first, as fit into `room` bytes. Where not even one does, its time and first value as eight bytes, 32 bits each: 11 bytes in all.
 * Undefined where that does not fit either.
 */
export function packRows(rows: readonly ProfileRow[], room: number): PackedRows | undefined {
  const writer = new ByteWriter(64, LIMIT)
  let count = 0
  for (; count < Math.min(rows.length, PAIRS_MAX); count++) {
    const before = writer.length
    writeRow(writer, rows[count], rows[count - 1])
    // Head of the map, key, head of the array.
    if (writer.length + 3 > room) {
      writer.truncate(before)
      break
    }
  }
  const packed = new ByteWriter(64, LIMIT)
  writeMap(packed, 1)
  writeInteger(packed, CborSpecial.profile)
  if (count > 0) {
    writeArray(packed, count)
    packed.write(writer.view())
    return { payload: packed.copy(), count }
  }
  const value = rows[0]?.values[0]
  if (value === undefined) return undefined
  const bytes = new ByteWriter(8, 8)
  bytes.uint32(rows[0].time)
  bytes.uint32(value % 0x100000000)
  writeBytes(packed, bytes.view())
  return packed.length > room ? undefined : { payload: packed.copy(), count: 1 }
}

/** Something that is or is not: the relay is closed, the supply is good, a downlink was done. */
export function encodeFlag(name: 'relay' | 'supply' | 'done', value: boolean): Uint8Array {
  const writer = new ByteWriter(8, 8)
  writeMap(writer, 1)
  writeInteger(writer, CborSpecial[name])
  writeBoolean(writer, value)
  return writer.copy()
}
