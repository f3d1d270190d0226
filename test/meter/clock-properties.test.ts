import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BOARD } from '../../boards/virtual/board.ts'
import type { Clock } from '../../hal/api/time.ts'
import { hostCrypto } from '../../hal/host/crypto.ts'
import { MemoryFlash } from '../../hal/portable/flash.ts'
import { ProfileStatus } from '../../src/core/events/codes.ts'
import type { MeteringSource } from '../../src/core/metrology/source.ts'
import { profileValue } from '../../src/core/profile/load-profile.ts'
import type { RecordLog } from '../../src/core/storage/record-log.ts'
import { createMeteringSample, type MeteringSample } from '../../src/lib/metering-sample.ts'
import { validate } from '../../src/lib/schema-validate.ts'
import { METER_CONFIG } from '../../src/meter/config.ts'
import { MeterCore } from '../../src/meter/core.ts'

const PERIOD_S = 900
/** 36 kW: ten Wh in a second. */
const POWER_WH_S = 10
const NEAR_S = 14
const EXPLAINED =
  ProfileStatus.clockAdjusted |
  ProfileStatus.powerDown |
  ProfileStatus.clockInvalid |
  ProfileStatus.dataNotValid |
  ProfileStatus.recoveredValue
const at = (text: string) => Date.parse(text)
/** Shortly before what may go wrong: both changes of local time, ends of billing, the turn of a year. */
const MOMENTS = ['2026-03-29T00:44:50Z', '2026-10-25T00:44:50Z', '2026-03-31T21:44:50Z', '2026-12-31T22:44:50Z'].map(at)

/** Constant import at 1 Wh a count, split over the phases by nobody. */
class ConstantLoad implements MeteringSource {
  readonly energyUnit = Object.freeze({ numerator: 1000, denominator: 1 })
  readonly identification = Object.freeze({ model: 'constant' })
  readonly #sample = createMeteringSample()
  pending = 0
  total = 0

  sample(): MeteringSample {
    this.#sample.activeImport[0] = this.pending
    this.total += this.pending
    this.pending = 0
    return this.#sample
  }
  acknowledge(): void {}
  close(): void {}
}

/** A clock that the processor keeps, as one over a chip would. */
class SteadyClock implements Clock {
  valid = true
  ticks = 0
  #offset_ms: number

  constructor(utc_ms: number) {
    this.#offset_ms = utc_ms
  }
  now_ms(): number {
    return this.#offset_ms + this.ticks
  }
  ticks_ms(): number {
    return this.ticks
  }
  set(utc_ms: number): void {
    this.#offset_ms = utc_ms - this.ticks
    this.valid = true
  }
}

function configuration() {
  const days = [{ id: 1, switches: [6, 14, 22].map((hour, i) => ({ at: `${String(hour).padStart(2, '0')}:00`, rate: i + 1 })) }]
  const result = validate(METER_CONFIG, { tariff: { rates: 3, days } })
  if (!result.ok) throw new Error(result.errors.map(({ text }) => text).join('\n'))
  return result.value
}

const CONFIG = configuration()

class CoreRig {
  readonly flash = new MemoryFlash({ blocks: BOARD.flash.size / BOARD.flash.blockLength, blockLength: 4096, writeAlign: 16 })
  readonly clock: SteadyClock
  readonly load = new ConstantLoad()
  core: MeterCore

  constructor(utc_ms: number) {
    this.clock = new SteadyClock(utc_ms)
    this.core = this.#start('power')
  }

  #start(resetReason: 'power' | 'restart'): MeterCore {
    const spi = class {
      transfer(): void {}
      read(): never {
        throw new Error('no chip')
      }
      write(): void {}
      close(): void {}
    }
    return new MeterCore({
      device: {
        clock: this.clock,
        timer: { set: () => ({}), clear: () => {} },
        random: (buffer) => buffer.fill(1),
        crypto: hostCrypto,
        flash: this.flash,
        metering: { part: 'ATM90E32', sensor: { io: spi, hz: 1_000_000 } },
        resetReason,
      },
      metering: this.load,
      config: CONFIG,
    })
  }

  /** One second of the meter after so many of its time. */
  #tick(seconds: number): void {
    this.clock.ticks += seconds * 1000
    this.load.pending += seconds * POWER_WH_S
    this.core.second()
  }

  /** Lives second by second around the boundaries, and in one stride between them. */
  pass(duration_s: number): void {
    for (let rest_s = duration_s; rest_s > 0; ) {
      const phase_s = ((this.core.clock.now_s() % PERIOD_S) + PERIOD_S) % PERIOD_S
      const stride_s = phase_s >= NEAR_S && phase_s < PERIOD_S - NEAR_S ? PERIOD_S - NEAR_S - phase_s : 1
      const step_s = Math.min(rest_s, stride_s)
      this.#tick(step_s)
      rest_s -= step_s
    }
  }

  /** The supply fails for so long; `lost`: the clock does not survive it. */
  outage(duration_s: number, lost: boolean): void {
    this.core.stop()
    this.core.time.close()
    this.clock.ticks += duration_s * 1000
    if (lost) {
      this.clock.set(946_684_800_000)
      this.clock.valid = false
    }
    this.core = this.#start('power')
  }

  rows(log: RecordLog | undefined): { readonly utc_s: number; readonly status: number; readonly Wh: number }[] {
    const rows: { utc_s: number; status: number; Wh: number }[] = []
    const cursor = log?.cursor()
    while (cursor?.next()) rows.push({ utc_s: cursor.utc_s, status: cursor.status, Wh: profileValue(cursor.payload, 0) })
    return rows
  }

  get loadProfile() {
    return this.rows(this.core.profile.log)
  }
}

function checkStamps(rig: CoreRig): void {
  const { profile, accounts, storage } = rig.core
  for (const log of [profile.log, accounts.daily?.log, accounts.monthly?.log, accounts.billing?.log, storage.powerQuality]) {
    const stamps = rig.rows(log).map(({ utc_s }) => utc_s)
    expect(new Set(stamps).size).toBe(stamps.length)
  }
}

/** Registers never fall, a row says why it is not the one after the row before, and an interval without a remark has its energy. */
function checkLoadProfile(rig: CoreRig): void {
  const rows = rig.loadProfile
  for (let i = 1; i < rows.length; i++) {
    const [before, row] = [rows[i - 1], rows[i]]
    expect(row.Wh).toBeGreaterThanOrEqual(before.Wh)
    if ((row.status & EXPLAINED) !== 0) continue
    expect(row.utc_s, JSON.stringify({ before, row })).toBe(before.utc_s + PERIOD_S)
    // A shift over the boundary before, of at most five seconds, and the jitter of a second.
    expect(Math.abs(row.Wh - before.Wh - PERIOD_S * POWER_WH_S), JSON.stringify({ before, row })).toBeLessThanOrEqual(7 * POWER_WH_S)
  }
}

function checkEnergy(rig: CoreRig): void {
  const { energy } = rig.core
  let sum = 0
  for (let rate = 1; rate <= 8; rate++) sum += energy.rateCount(0, rate)
  expect(energy.count(0, 0)).toBe(rig.load.total)
  expect(sum).toBe(rig.load.total)
}

/** No maximum that the constant load cannot have made. */
function checkDemand(rig: CoreRig): void {
  const { demand } = rig.core.accounts
  // Within the shift limit a period may be 9 s longer.
  expect(demand.maximum_W(0)).toBeLessThanOrEqual((36_000 * (PERIOD_S + 2 * 9 + 3)) / PERIOD_S)
}

type Action =
  | { readonly kind: 'pass'; readonly seconds: number }
  | { readonly kind: 'edge'; readonly seconds: number; readonly shift_ms: number }
  | { readonly kind: 'set'; readonly seconds: number }
  | { readonly kind: 'moment'; readonly index: number }
  | { readonly kind: 'outage'; readonly seconds: number; readonly lost: boolean }

const ACTION: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 20_000 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('edge' as const),
      seconds: fc.integer({ min: -12, max: 12 }),
      shift_ms: fc.oneof(fc.integer({ min: -9000, max: 9000 }), fc.integer({ min: -900_000, max: 900_000 })),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('set' as const), seconds: fc.integer({ min: -100_000, max: 100_000 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('moment' as const), index: fc.nat(MOMENTS.length - 1) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('outage' as const), seconds: fc.integer({ min: 1, max: 30_000 }), lost: fc.boolean() }),
  },
)

function act(rig: CoreRig, action: Action): void {
  if (action.kind === 'pass') rig.pass(action.seconds)
  else if (action.kind === 'set') {
    // A clock without time is near the first one that can be set.
    const now_ms = rig.core.clock.valid ? rig.core.clock.now_ms() : at('2026-03-29T10:00:00Z')
    rig.core.setClock(now_ms + action.seconds * 1000)
  } else if (action.kind === 'moment') rig.core.setClock(MOMENTS[action.index])
  else if (action.kind === 'outage') rig.outage(action.seconds, action.lost)
  else {
    const phase_s = rig.core.clock.now_s() % PERIOD_S
    rig.pass((2 * PERIOD_S + action.seconds - phase_s) % PERIOD_S)
    rig.core.shiftClock(action.shift_ms)
  }
  rig.pass(30)
}

test('whatever is done to the clock: no time stamp twice, no register falls, every gap is explained, every count is booked', () => {
  fc.assert(
    fc.property(fc.array(ACTION, { minLength: 2, maxLength: 12 }), (actions) => {
      const rig = new CoreRig(at('2026-03-28T11:58:00Z'))
      rig.pass(1000)
      for (const action of actions) {
        act(rig, action)
        checkEnergy(rig)
      }
      rig.pass(2 * PERIOD_S)
      checkStamps(rig)
      checkLoadProfile(rig)
      checkDemand(rig)
    }),
    { numRuns: 40 },
  )
})

describe('a day on which local time changes', () => {
  test.each([
    ['23 hours', '2026-03-28T12:00:00Z', 92, 4 * 2],
    ['25 hours', '2026-10-24T12:00:00Z', 100, 4 * 3],
  ])('has %s', (_name, start, quarters, before) => {
    const rig = new CoreRig(at(start))
    rig.pass(3 * 86_400)
    const days = rig.rows(rig.core.accounts.daily?.log).map(({ utc_s }) => utc_s)
    const [from_s, until_s] = days
    expect(until_s - from_s).toBe(quarters * PERIOD_S)
    const rows = rig.loadProfile.filter(({ utc_s }) => utc_s > from_s && utc_s <= until_s)
    expect(rows).toHaveLength(quarters)
    const summer = rows.map(({ status }) => (status & ProfileStatus.daylightSaving) !== 0)
    // An entry has the time of its end, and so the daylight saving of that moment.
    const changes = summer.indexOf(!summer[0])
    expect(changes).toBe(before - 1)
    expect(rows.every(({ status }) => (status & ~ProfileStatus.daylightSaving) === 0)).toBe(true)
    checkStamps(rig)
    checkLoadProfile(rig)
    checkEnergy(rig)
  })
})
