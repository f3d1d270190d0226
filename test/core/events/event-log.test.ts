import { describe, expect, test } from 'vitest'
import { StandardEvent, standardEventText } from '../../../src/core/events/codes.ts'
import { EventLog, type EventRecord, eventParameter } from '../../../src/core/events/event-log.ts'
import { blankStorage } from '../flash.ts'

const NOW_S = 1_767_614_400

describe('EventLog', () => {
  test('is empty on a new flash', () => {
    const log = new EventLog(blankStorage().events)
    expect([log.count, log.last, log.newest(10)]).toEqual([0, undefined, []])
  })

  test('keeps time, code, running number and parameter, newest first, and tells each once', () => {
    const told: EventRecord[] = []
    const log = new EventLog(blankStorage().events, (record) => told.push(record))
    log.add(StandardEvent.powerDown, NOW_S)
    log.add(StandardEvent.powerUp, NOW_S + 90, 90)
    const expected = [
      { sequence: 2, utc_s: NOW_S + 90, code: StandardEvent.powerUp, parameter: 90 },
      { sequence: 1, utc_s: NOW_S, code: StandardEvent.powerDown, parameter: 0 },
    ]
    expect(log.newest(10)).toEqual(expected)
    expect(log.newest(1)).toEqual(expected.slice(0, 1))
    expect(log.newest(0)).toEqual([])
    expect(log.last).toEqual(expected[0])
    expect(told).toEqual([...expected].reverse())
  })

  test('is in flash when add returns', () => {
    const { events } = blankStorage()
    const log = new EventLog(events)
    log.add(StandardEvent.clockInvalid, NOW_S, 7)
    const again = new EventLog(events)
    expect(again.last).toEqual(log.last)
    expect(again.count).toBe(1)
  })

  test.each([
    [0xffffffff, 0xffffffff],
    [0x80000000, 0x80000000],
    [2 ** 40, 0xffffffff],
    [-1, 0],
    [1.9, 1],
  ])('a parameter of %d is stored as %d', (given, stored) => {
    const log = new EventLog(blankStorage().events)
    log.add(StandardEvent.powerUp, NOW_S, given)
    expect(log.newest(1)[0].parameter).toBe(stored)
    expect(log.last?.parameter).toBe(stored)
  })

  test('goes on when the ring is full: at least the hundred newest events are kept', () => {
    const log = new EventLog(blankStorage().events)
    for (let i = 0; i < 3000; i++) log.add(i % 200, NOW_S + i, i)
    expect(log.count).toBeGreaterThanOrEqual(100)
    const newest = log.newest(100)
    expect(newest.map(({ parameter }) => parameter)).toEqual(Array.from({ length: 100 }, (_, i) => 2999 - i))
    expect(newest[0].sequence).toBe(3000)
  })

  test('an event of a format without parameter counts as 0', () => {
    expect(eventParameter(new Uint8Array(0))).toBe(0)
    expect(eventParameter(Uint8Array.of(0xff, 0, 0, 1))).toBe(0xff000001)
  })

  test('every code has words', () => {
    for (const code of Object.values(StandardEvent)) expect(standardEventText(code)).not.toMatch(/\d/)
    expect(standardEventText(199)).toBe('Event 199')
  })
})
