import type { CivilTime } from './calendar.ts'
import { civilFromUtc, isCivil, MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE, utcFromCivil_ms } from './calendar.ts'

/** `reason` ends a sentence such as "--from: …". */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string }

export interface Instant {
  readonly utc_ms: number
  /** Undefined when the text names no offset; `utc_ms` then reads it as UTC, and whoever knows the zone subtracts its offset. */
  readonly offset_min: number | undefined
}

const TIME = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?)?$/

function refuse(text: string, allowed: string): { readonly ok: false; readonly reason: string } {
  const cut = text.length > 40 ? `${text.slice(0, 40)}…` : text
  return { ok: false, reason: `found ${JSON.stringify(cut)}, allowed is ${allowed}` }
}

/**
 * Strict ISO 8601: `2006-12-16`, `2006-12-16T17:24`, seconds, a fraction (digits past the millisecond are dropped), `Z` or an offset
 * `+01:00` of at most 14 hours. A date alone is its first moment. Years 0000..9999; no 24:00 and no second 60.
 */
export function parseInstant(text: string): Parsed<Instant> {
  const parts = text.length <= 40 ? TIME.exec(text) : null
  if (parts === null) return refuse(text, 'an ISO 8601 time such as 2006-12-16T17:24:00Z')
  const time: CivilTime = {
    year: Number(parts[1]),
    month: Number(parts[2]),
    day: Number(parts[3]),
    hour: Number(parts[4] ?? 0),
    minute: Number(parts[5] ?? 0),
    second: Number(parts[6] ?? 0),
    ms: Number((parts[7] ?? '').padEnd(3, '0').slice(0, 3)),
  }
  const offset_min = parseOffset_min(parts[8])
  if (!isCivil(time) || Number.isNaN(offset_min)) return refuse(text, 'a date and a time that exist')
  return { ok: true, value: { utc_ms: utcFromCivil_ms(time) - (offset_min ?? 0) * MS_PER_MINUTE, offset_min } }
}

/** NaN when no place on earth has such an offset. */
function parseOffset_min(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (text === 'Z') return 0
  const minute = Number(text.slice(4, 6))
  const size = Number(text.slice(1, 3)) * 60 + minute
  if (minute > 59 || size > 14 * 60) return Number.NaN
  // Not `-size` for zero: a negative zero would make equal offsets differ.
  return text[0] === '-' && size > 0 ? -size : size
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0')
}

/** `2006-12-16T17:24:00Z`, or with `offset_min` the local time `2006-12-16T18:24:00+01:00`; milliseconds only where there are any. Years 0..9999. */
export function formatInstant(utc_ms: number, offset_min?: number): string {
  const time = civilFromUtc(utc_ms + (offset_min ?? 0) * MS_PER_MINUTE)
  const date = `${digits(time.year, 4)}-${digits(time.month, 2)}-${digits(time.day, 2)}`
  const fraction = time.ms === 0 ? '' : `.${digits(time.ms, 3)}`
  return `${date}T${digits(time.hour, 2)}:${digits(time.minute, 2)}:${digits(time.second, 2)}${fraction}${zone(offset_min)}`
}

function zone(offset_min: number | undefined): string {
  if (offset_min === undefined) return 'Z'
  const size = Math.abs(offset_min)
  return `${offset_min < 0 ? '-' : '+'}${digits(Math.floor(size / 60), 2)}:${digits(size % 60, 2)}`
}

/** Largest first, as they are written. */
const UNITS = Object.freeze([
  ['w', 7 * MS_PER_DAY],
  ['d', MS_PER_DAY],
  ['h', MS_PER_HOUR],
  ['m', MS_PER_MINUTE],
  ['s', 1000],
  ['ms', 1],
] as const)

const SHORT = /^(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/
/** Weeks may be combined with the rest (ISO 8601-2); years and months have no fixed length and are refused. */
const ISO = /^P(?=[\dT])(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d{1,9}))?S)?)?$/

/** Pattern of the short form, for a schema. */
export const DURATION_PATTERN = '^(?=\\d)(\\d+w)?(\\d+d)?(\\d+h)?(\\d+m)?(\\d+s)?(\\d+ms)?$'

/** `90s`, `15m`, `2h`, `21d`, `1w`, `250ms`, combined from large to small (`1d12h`), or ISO 8601 (`PT1H30M`, `P21D`), in milliseconds. */
export function parseDuration_ms(text: string): Parsed<number> {
  const allowed = 'a duration such as 90s, 15m, 1d12h or PT1H30M'
  if (text.length === 0 || text.length > 40) return refuse(text, allowed)
  const iso = ISO.exec(text)
  const parts = iso ?? SHORT.exec(text)
  if (parts === null) return refuse(text, allowed)
  let total_ms = iso === null ? Number(parts[6] ?? 0) : Number((iso[6] ?? '').padEnd(3, '0').slice(0, 3))
  for (let i = 0; i < 5; i++) total_ms += Number(parts[i + 1] ?? 0) * UNITS[i][1]
  return Number.isSafeInteger(total_ms) ? { ok: true, value: total_ms } : refuse(text, 'a duration below 285,000 years')
}

/** The short form: `1d12h`, `1m30s`, `0s`. Weeks are written as days. Takes an integer of at least 0. */
export function formatDuration(duration_ms: number): string {
  let text = ''
  let rest = duration_ms
  for (const [unit, size] of UNITS) {
    if (unit === 'w') continue
    const count = Math.floor(rest / size)
    if (count > 0) text += `${count}${unit}`
    rest -= count * size
  }
  return text === '' ? '0s' : text
}
