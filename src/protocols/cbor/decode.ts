import { ByteReader, DecodeError } from '../../lib/bytes.ts'
import { type CborValue, decodeCbor } from '../../lib/cbor-decode.ts'
import type { CborReading, ProfileRow } from './encode.ts'
import { CborKey, type CborName, CborSpecial } from './keys-table.ts'

/** What a CBOR uplink says. */
export interface CborUplink {
  readonly readings: readonly CborReading[]
  readonly profile: readonly ProfileRow[]
  readonly flags: readonly (readonly [name: string, value: boolean])[]
}

/** DecodeError for what is no such uplink. Keys that are not known are passed over: a newer meter may have more. */
export function decodeUplink(bytes: Uint8Array): CborUplink {
  const map = decodeCbor(bytes)
  if (!(map instanceof Map)) throw new DecodeError('no map')
  const readings: CborReading[] = []
  const flags: [string, boolean][] = []
  let profile: readonly ProfileRow[] = []
  for (const [key, value] of map) {
    if (key === CborSpecial.profile) profile = readRows(value)
    else {
      const name = nameOf(CborKey, key)
      const flag = nameOf(CborSpecial, key)
      if (name !== undefined) readings.push([name as CborName, wholeNumber(value)])
      else if (flag !== undefined && typeof value === 'boolean') flags.push([flag, value])
    }
  }
  return { readings, profile, flags }
}

function nameOf(keys: Readonly<Record<string, number>>, key: CborValue): string | undefined {
  return Object.keys(keys).find((name) => keys[name] === key)
}

function wholeNumber(value: CborValue): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new DecodeError('no whole number')
  return value
}

function readRows(value: CborValue): ProfileRow[] {
  if (value instanceof Uint8Array) {
    const reader = new ByteReader(value)
    return [{ time: reader.uint32(), status: 0, values: [reader.uint32()] }]
  }
  if (!Array.isArray(value)) throw new DecodeError('the profile is no array')
  const rows: ProfileRow[] = []
  for (const row of value as readonly CborValue[]) {
    if (!Array.isArray(row) || row.length < 2) throw new DecodeError('a row of the profile')
    const before = rows[rows.length - 1]
    const values = row.slice(2).map((item: CborValue, i: number) => {
      return item === null ? undefined : wholeNumber(item) + (before?.values[i] ?? 0)
    })
    rows.push({ time: wholeNumber(row[0]) + (before?.time ?? 0), status: wholeNumber(row[1]), values })
  }
  return rows
}
