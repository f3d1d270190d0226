import { EnergyRegisters } from '../../../src/core/registers/energy.ts'
import { type ActivityCalendar, ONE_RATE } from '../../../src/core/tariff/activity-calendar.ts'
import type { Tariff } from '../../../src/core/tariff/tariff-config.ts'
import type { TariffClock } from '../../../src/core/tariff/tariff-engine.ts'
import { offset_min } from '../../../src/lib/calendar.ts'
import type { MeteringSample } from '../../../src/lib/metering-sample.ts'
import { emptySample } from '../sample.ts'

export const UNIT = { numerator: 25, denominator: 8 } as const

/** A clock that the test moves: wall time and ticks run together, until the clock is set. */
export class TestClock implements TariffClock {
  valid = true
  utc_ms: number
  #ticks_ms = 12_345

  constructor(iso: string) {
    this.utc_ms = Date.parse(iso)
  }

  now_ms(): number {
    return this.utc_ms
  }

  ticks_ms(): number {
    return this.#ticks_ms
  }

  offset_min(utc_ms: number): number {
    return offset_min(utc_ms, { dst: 'eu', standard_min: 60 })
  }

  advance(ms: number): void {
    this.utc_ms += ms
    this.#ticks_ms += ms
  }
}

/** A sample of `count` counts of each quantity in the sum. */
export function sampleOf(count: number, status = 0): MeteringSample {
  const sample = emptySample()
  for (const quantity of [sample.activeImport, sample.activeExport, sample.reactiveImport, sample.reactiveExport]) quantity[0] = count
  sample.status = status
  return sample
}

/** Every day the same; hours of local time. */
export function daily(...switches: readonly (readonly [hour: number, rate: number])[]): ActivityCalendar {
  return { ...ONE_RATE, name: 'daily', days: [{ id: 1, switches: switches.map(([hour, script]) => ({ start_s: hour * 3600, script })) }] }
}

export function tariff(calendar: ActivityCalendar, more: Partial<Tariff> = {}): Tariff {
  return { rates: 8, rateWithoutClock: 1, calendar, specialDays: [], ...more }
}

/** Counts of rates 1 to 8 of one quantity. */
export function ratesOf(energy: EnergyRegisters, quantity = 0): number[] {
  return [1, 2, 3, 4, 5, 6, 7, 8].map((rate) => energy.rateCount(quantity, rate))
}

export function energyRegisters(): EnergyRegisters {
  return new EnergyRegisters(UNIT)
}
