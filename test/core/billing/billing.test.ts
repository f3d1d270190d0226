import { describe, expect, test } from 'vitest'
import { BillingReason } from '../../../src/core/billing/billing.ts'
import { BillingSnapshot, encodeSnapshot, snapshotLength } from '../../../src/core/billing/snapshot.ts'
import { ProfileStatus } from '../../../src/core/events/codes.ts'
import { monthly } from '../../../src/core/profile/schedule.ts'
import { DecodeError } from '../../../src/lib/bytes.ts'
import { BillingRig, localOffset, utc } from './rig.ts'

const START = utc('2024-01-10T12:00:00')
/** Midnight of the first of February, local time. */
const FEBRUARY = utc('2024-01-31T23:00:00')
const MARCH = utc('2024-02-29T23:00:00')

function started(now_s = START, options = {}): BillingRig {
  const rig = new BillingRig(now_s, options)
  rig.start('first')
  rig.second(now_s)
  return rig
}

const stamps = (rig: BillingRig): number[] => Array.from({ length: rig.billing.count }, (_, i) => rig.billing.read(i + 1)?.utc_s ?? 0)

describe('a scheduled end of billing', () => {
  test('takes all registers and begins the maxima again', () => {
    const rig = started()
    rig.second(FEBRUARY - 1800)
    rig.add(500)
    rig.add(70, 1, 2)
    expect(rig.second(FEBRUARY - 900)).toBe(false)
    expect(rig.second(FEBRUARY)).toBe(true)
    const { billing, demand } = rig
    expect([billing.counter, billing.count, billing.last_s]).toEqual([1, 1, FEBRUARY])
    const snapshot = billing.read(1)
    expect([snapshot?.number, snapshot?.utc_s, snapshot?.made_s]).toEqual([1, FEBRUARY, FEBRUARY])
    expect([snapshot?.reason, snapshot?.status]).toEqual([BillingReason.scheduled, 0])
    expect([0, 1, 2, 3].map((e) => snapshot?.energy(1, e))).toEqual([500, 500, 0, undefined])
    expect(snapshot?.energy(2, 0)).toBe(70)
    expect(snapshot?.energy(2, 2)).toBe(undefined)
    expect(snapshot?.find(1, 6, 0)).toMatchObject({ value: 2000, time_s: FEBRUARY - 900 })
    expect(snapshot?.find(2, 6, 2)).toMatchObject({ value: 280, time_s: FEBRUARY - 900 })
    expect(snapshot?.find(1, 2, 0)).toMatchObject({ value: 0 })
    expect([demand.maximum_W(0), demand.cumulative_W(0), demand.cumulative_W(1, 2)]).toEqual([0, 2000, 280])
    expect(rig.second(FEBRUARY + 1)).toBe(false)
  })

  test('follows local time, on any day of the month that is configured', () => {
    for (const [day, hour, ends] of [
      [1, 0, ['2024-02-29T23:00:00', '2024-03-31T22:00:00']],
      [28, 6, ['2024-02-28T05:00:00', '2024-03-28T05:00:00']],
      // On 31 March 2024 there is no local 02:00: the first moment after the gap.
      ['last', 2, ['2024-02-29T01:00:00', '2024-03-31T01:00:00']],
    ] as const) {
      const rig = started(utc('2024-02-02T00:00:00'), { schedule: monthly(localOffset, { day, hour }) })
      for (let now_s = rig.now_s; now_s < utc('2024-04-03T00:00:00'); now_s += 1800) rig.second(now_s)
      expect(stamps(rig).reverse(), `${day}`).toEqual(ends.map(utc))
    }
  })

  test('at the end of summer time the first of two equal local times ends the period, the second one does not', () => {
    const rig = started(utc('2024-10-20T00:00:00'), { schedule: monthly(localOffset, { day: 27, hour: 2 }) })
    const ends: number[] = []
    for (let now_s = rig.now_s; now_s < utc('2024-10-28T00:00:00'); now_s += 600) if (rig.second(now_s)) ends.push(now_s)
    expect(ends).toEqual([utc('2024-10-27T00:00:00')])
  })

  test('what was before the first valid time is not made up for', () => {
    const rig = new BillingRig(START)
    rig.start('first')
    expect(rig.second(START)).toBe(false)
    expect(rig.billing.count).toBe(0)
  })
})

describe('outages', () => {
  test('an end that fell into an outage is made up for, with its own time', () => {
    const rig = started()
    rig.add(300)
    rig.now_s = FEBRUARY + 5000
    rig.start()
    expect(rig.second(FEBRUARY + 5000)).toBe(true)
    const snapshot = rig.billing.read(1)
    expect([snapshot?.utc_s, snapshot?.made_s, snapshot?.status]).toEqual([FEBRUARY, FEBRUARY + 5000, ProfileStatus.powerDown])
    expect(rig.second(MARCH)).toBe(true)
    expect(rig.billing.read(1)?.status).toBe(0)
  })

  test('several that were missed make one', () => {
    const rig = started()
    rig.now_s = utc('2024-06-15T00:00:00')
    rig.start()
    expect(rig.second(rig.now_s)).toBe(true)
    expect(stamps(rig)).toEqual([utc('2024-05-31T22:00:00')])
    expect(rig.billing.counter).toBe(1)
  })

  test('a restart repeats nothing, and the numbers go on without log or without settings', () => {
    const rig = started()
    rig.second(FEBRUARY)
    rig.start()
    expect(rig.second(FEBRUARY)).toBe(false)
    expect([rig.billing.counter, rig.billing.last_s, rig.demand.generation]).toEqual([1, FEBRUARY, 1])
    for (const [first, blocks, counter, instant_s] of [
      [8, 6, 1, MARCH],
      [1, 3, 2, utc('2024-03-31T22:00:00')],
    ]) {
      for (let block = first; block < first + blocks; block++) rig.memory.eraseBlock(block)
      rig.start()
      expect(rig.billing.counter).toBe(counter)
      expect(rig.second(instant_s)).toBe(true)
      expect(rig.billing.counter).toBe(counter + 1)
    }
  })
})

describe('a clock that is set', () => {
  test('back over the instant ends no period again', () => {
    const rig = started()
    rig.second(FEBRUARY)
    rig.setClock(FEBRUARY - 7200)
    for (let now_s = FEBRUARY - 7200; now_s < FEBRUARY + 7200; now_s += 60) expect(rig.second(now_s)).toBe(false)
    // Also not with a restart in between.
    rig.setClock(FEBRUARY - 100)
    rig.second(FEBRUARY - 100)
    rig.now_s = FEBRUARY + 10
    rig.start()
    expect(rig.second(FEBRUARY + 10)).toBe(false)
    expect(stamps(rig)).toEqual([FEBRUARY])
    expect(rig.second(MARCH)).toBe(true)
  })

  test('forward over instants ends one period, marked', () => {
    const rig = started()
    rig.setClock(MARCH + 90)
    expect(rig.second(MARCH + 90)).toBe(true)
    expect([rig.billing.read(1)?.utc_s, rig.billing.read(1)?.status]).toEqual([MARCH, ProfileStatus.clockAdjusted])
  })

  test('far ahead by mistake does not stop the billing when it is put right', () => {
    const rig = started()
    rig.setClock(utc('2050-06-01T12:00:00'))
    expect(rig.second(rig.now_s)).toBe(true)
    rig.setClock(START + 100)
    expect(rig.second(START + 100)).toBe(false)
    rig.start()
    expect(rig.second(START + 101)).toBe(false)
    expect(rig.second(FEBRUARY)).toBe(true)
    expect(stamps(rig)).toEqual([FEBRUARY, utc('2050-05-31T22:00:00')])
  })
})

describe('a command', () => {
  test('ends the period, unless one has just ended', () => {
    const rig = started()
    expect(rig.billing.end(START + 10, BillingReason.command, 0)).toBe(true)
    expect(rig.billing.end(START + 909, BillingReason.button, 0)).toBe(false)
    rig.now_s = START + 909
    rig.start()
    expect(rig.billing.allowed(START + 909)).toBe(false)
    expect(rig.billing.end(START + 910, BillingReason.button, ProfileStatus.clockInvalid)).toBe(true)
    expect(rig.billing.read(1)).toMatchObject({ reason: BillingReason.button, status: ProfileStatus.clockInvalid, number: 2 })
    // A second that has a snapshot already, after the clock was set back.
    expect(rig.billing.allowed(START + 10)).toBe(false)
    expect(rig.billing.allowed(START + 11)).toBe(true)
    // It is no obstacle for the scheduled end, and does not replace it.
    expect(rig.billing.end(FEBRUARY - 1, BillingReason.command, 0)).toBe(true)
    expect(rig.second(FEBRUARY)).toBe(true)
  })

  test('in the second of a scheduled end takes its place', () => {
    const rig = started()
    expect(rig.billing.end(FEBRUARY, BillingReason.command, 0)).toBe(true)
    expect(rig.second(FEBRUARY)).toBe(false)
    expect(rig.second(FEBRUARY + 1)).toBe(false)
    expect(stamps(rig)).toEqual([FEBRUARY])
  })
})

describe('the history', () => {
  test('keeps the newest, by index', () => {
    const rig = started(START, { depth: 13 })
    let now_s = START
    for (let month = 1; month <= 40; month++) {
      rig.add(month)
      now_s = monthly(localOffset).next(monthly(localOffset).floor(now_s))
      expect(rig.second(now_s)).toBe(true)
    }
    expect([rig.billing.count, rig.billing.counter]).toEqual([13, 40])
    expect(rig.billing.read(0)).toBe(undefined)
    expect(rig.billing.read(14)).toBe(undefined)
    for (let index = 1; index <= 13; index++) {
      const number = 41 - index
      expect([rig.billing.read(index)?.number, rig.billing.read(index)?.energy(1, 0)]).toEqual([number, (number * (number + 1)) / 2])
    }
    const cursor = rig.billing.cursor()
    let entries = 0
    while (cursor.next()) entries++
    expect(entries).toBe(13)
  })
})

describe('a snapshot', () => {
  const largest: Readonly<Record<number, number>> = { 8: 2 ** 49 - 1, 6: 0xffffffff, 2: 2 ** 40 - 1 }
  const content = {
    sections: [
      { c: 1, d: 8, count: 2 },
      { c: 1, d: 6, count: 2 },
      { c: 1, d: 2, count: 1 },
    ],
    value: (_: number, d: number, e: number) => (d === 8 ? largest[d] - e : largest[d]),
    time_s: () => 0xffffffff,
    status: () => 0xff,
  }
  const bytes = new Uint8Array(snapshotLength(content.sections))
  const length = encodeSnapshot(bytes, 0xffffffff, 0xfffffffe, { numerator: 25, denominator: 8 }, content)

  test('comes back as it was, in the space that was announced', () => {
    const snapshot = new BillingSnapshot(bytes.subarray(0, length), 5, 1, 2)
    expect(snapshot).toMatchObject({ number: 0xffffffff, made_s: 0xfffffffe, unit: { numerator: 25, denominator: 8 } })
    expect(snapshot.values.map(({ c, d, e, value, time_s, status }) => [c, d, e, value, time_s, status])).toEqual([
      [1, 8, 0, 2 ** 49 - 1, 0, 0],
      [1, 8, 1, 2 ** 49 - 2, 0, 0],
      [1, 6, 0, 0xffffffff, 0xffffffff, 0xff],
      [1, 6, 1, 0xffffffff, 0xffffffff, 0xff],
      [1, 2, 0, 2 ** 40 - 1, 0, 0],
    ])
  })

  test('that is cut short or of another version is refused', () => {
    for (let end = 0; end < length; end++) {
      // Between two sections a snapshot may end.
      if ([11, 28, 53].includes(end)) continue
      expect(() => new BillingSnapshot(bytes.subarray(0, end), 5, 1, 2), `${end}`).toThrow(DecodeError)
    }
    const newer = bytes.slice(0, length)
    newer[0] = 2
    expect(() => new BillingSnapshot(newer, 5, 1, 2)).toThrow(DecodeError)
  })
})
