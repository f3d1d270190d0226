import { civilFromDays, daysFromCivil } from '../../lib/calendar.ts'

/** Places in the counter's fields. */
export const Field = Object.freeze({ second: 0, minute: 1, hour: 2, day: 3, month: 4, year: 5 })

const FIELDS = 6
/** 2000-01-01 in days since 1970-01-01. */
const DAYS_2000 = 10_957
/** A century of a two-digit year: every fourth is a leap year, the year 00 too, as the datasheets of all three chips say. */
const DAYS_PER_CENTURY = 36_525
const SECONDS_PER_DAY = 86_400
const LAST_SECOND = DAYS_PER_CENTURY * SECONDS_PER_DAY
const LOWEST = [0, 0, 0, 1, 1, 0] as const
const HIGHEST = [59, 59, 23, 31, 12, 99] as const

function isBCD(byte: number): boolean {
  return (byte & 0x0f) <= 9 && byte >> 4 <= 9
}

export function fromBCD(byte: number): number {
  return (byte >> 4) * 10 + (byte & 0x0f)
}

function toBCD(value: number): number {
  return (Math.floor(value / 10) << 4) | (value % 10)
}

/**
 * Time and calendar counters of an RTC, BCD, hours of 24, years 00 to 99. What the master writes is kept as it is; with digits or a date that do not
 * exist ("illogical entries result in undefined operation") this counter stands still until it is written again.
 */
export class RtcCounter {
  readonly fields = Uint8Array.of(0, 0, 0, 1, 1, 0)
  /** 0 to 6; counts at midnight from what it was set to. */
  weekday = 0
  /** The year went from 99 to 00 an odd number of times. */
  century = 0

  get legal(): boolean {
    const { fields } = this
    for (let i = 0; i < FIELDS; i++) {
      const value = fromBCD(fields[i])
      if (!isBCD(fields[i]) || value < LOWEST[i] || value > HIGHEST[i]) return false
    }
    const { month, day } = civilFromDays(this.#days())
    return month === fromBCD(fields[Field.month]) && day === fromBCD(fields[Field.day])
  }

  reset(): void {
    this.fields.set([0, 0, 0, 1, 1, 0])
    this.weekday = 0
    this.century = 0
  }

  /** So many ticks of one second. */
  advance(ticks: number): void {
    if (ticks === 0 || !this.legal) return
    const { fields } = this
    const clock = (fromBCD(fields[Field.hour]) * 60 + fromBCD(fields[Field.minute])) * 60 + fromBCD(fields[Field.second])
    const days = this.#days() - DAYS_2000
    const total = days * SECONDS_PER_DAY + clock + ticks
    const wraps = Math.floor(total / LAST_SECOND)
    this.century = (this.century + wraps) & 1
    const seconds = total - wraps * LAST_SECOND
    const today = Math.floor(seconds / SECONDS_PER_DAY)
    this.weekday = (this.weekday + Math.floor(total / SECONDS_PER_DAY) - days) % 7
    this.#show(today, seconds - today * SECONDS_PER_DAY)
  }

  #days(): number {
    const { fields } = this
    return daysFromCivil(2000 + fromBCD(fields[Field.year]), fromBCD(fields[Field.month]), fromBCD(fields[Field.day]))
  }

  #show(day: number, clock: number): void {
    const date = civilFromDays(day + DAYS_2000)
    const { fields } = this
    fields[Field.second] = toBCD(clock % 60)
    fields[Field.minute] = toBCD(Math.floor(clock / 60) % 60)
    fields[Field.hour] = toBCD(Math.floor(clock / 3600))
    fields[Field.day] = toBCD(date.day)
    fields[Field.month] = toBCD(date.month)
    fields[Field.year] = toBCD(date.year - 2000)
  }
}
