import { DecodeError } from '../../lib/bytes.ts'
import { type Json, parseJson } from '../../lib/json-fields.ts'

/** A message from the server; long integers arrive as strings of digits. DecodeError for what is no JSON object. */
export function parseMessage(text: string): Json {
  // Strings are matched too, and kept: digits in them are no numbers.
  const long = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g
  return parseJson(text.replace(long, (found) => (found.startsWith('"') ? found : `"${found}"`)))
}

/** A 64-bit integer; undefined when the field is absent. */
export function asLong(json: Json, field: string): bigint | undefined {
  return json[field] === undefined || json[field] === null ? undefined : longOf(json[field], field)
}

export function longOf(value: unknown, field: string): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  if (typeof value === 'string' && /^-?\d{16,20}$/.test(value)) return BigInt(value)
  throw new DecodeError(`${field}: ${JSON.stringify(value)}`)
}
