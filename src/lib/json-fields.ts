import { DecodeError } from './bytes.ts'

export type Json = Readonly<Record<string, unknown>>

/** The object that a text holds. DecodeError for a text that is none. */
export function parseJson(text: string | undefined): Json {
  let value: unknown
  try {
    value = JSON.parse(text ?? '')
  } catch {
    throw new DecodeError('no JSON')
  }
  return asObject(value, 'the JSON')
}

export function asObject(value: unknown, what: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new DecodeError(`${what} is no object`)
  return value as Json
}

/** A number within bounds. DecodeError for anything else. */
export function asNumber(json: Json, field: string, low: number, high: number): number {
  const value = json[field]
  if (typeof value !== 'number' || !(value >= low && value <= high)) throw new DecodeError(`${field}: ${JSON.stringify(value)}`)
  return value
}

export function asText(json: Json, field: string): string {
  const value = json[field]
  if (typeof value !== 'string') throw new DecodeError(`${field}: ${JSON.stringify(value)}`)
  return value
}
