import { beforeEach, describe, expect, test } from 'vitest'
import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { MeterClock } from '../../../src/core/clock/meter-clock.ts'
import { StandardEvent } from '../../../src/core/events/codes.ts'
import { EventLog } from '../../../src/core/events/event-log.ts'
import { STABLE_MS, SupplyWatch } from '../../../src/core/events/supply.ts'
import { openStorage } from '../../../src/core/storage/storage.ts'

const { powerDown, powerUp } = StandardEvent
const START_S = 1_700_000_000

let flash: MemoryFlash
let ticks_ms: number
let log: EventLog
let watch: SupplyWatch
let told: string[]

function boot(): void {
  const clock = new MeterClock(
    { now_ms: () => START_S * 1000 + ticks_ms, ticks_ms: () => ticks_ms, valid: true, set: () => {} },
    { standardOffset_min: 60, offset_min: () => 60 },
  )
  log = new EventLog(openStorage(flash).events)
  watch = new SupplyWatch({
    clock,
    log,
    write: (code, utc_s, parameter) => log.add(code, utc_s, parameter),
    onFailure: () => told.push('failure'),
    onReturn: (_utc_s, duration_s) => told.push(`return after ${duration_s} s`),
  })
}

const now_s = () => START_S + Math.floor(ticks_ms / 1000)
const entries = () =>
  log
    .newest(100)
    .reverse()
    .map(({ code, utc_s, parameter }) => [code, utc_s - START_S, parameter])

function wait(duration_ms: number): void {
  ticks_ms += duration_ms
}

beforeEach(() => {
  flash = new MemoryFlash({ blocks: 64, blockLength: 4096, writeAlign: 16 })
  ticks_ms = 0
  told = []
  boot()
  watch.first(now_s())
})

describe('a meter that lives on its capacitors', () => {
  test('logs the failure at once and the return when it has lasted', () => {
    wait(10_000)
    watch.fails(now_s())
    expect(entries()).toEqual([
      [powerUp, 0, 0],
      [powerDown, 10, 0],
    ])
    wait(2000)
    watch.lives(now_s())
    expect(watch.failed).toBe(false)
    expect(watch.unsettled).toBe(true)
    wait(STABLE_MS - 1)
    watch.lives(now_s())
    expect(told).toEqual(['failure'])
    wait(1)
    watch.lives(now_s())
    expect(told).toEqual(['failure', 'return after 2 s'])
    expect(entries().at(-1)).toEqual([powerUp, 12, 2])
    expect(watch.unsettled).toBe(false)
  })

  test('fifty flickers are one failure', () => {
    for (let flicker = 0; flicker < 50; flicker++) {
      watch.fails(now_s())
      wait(200)
      watch.lives(now_s())
      wait(1000)
      watch.lives(now_s())
    }
    wait(STABLE_MS)
    watch.lives(now_s())
    expect(told).toEqual(['failure', 'return after 59 s'])
    expect(entries()).toHaveLength(3)
  })
})

describe('a start after a failure', () => {
  test('that was logged: the return is logged when it has lasted', () => {
    watch.fails(now_s())
    wait(60_000)
    boot()
    watch.start(now_s(), START_S)
    watch.lives(now_s())
    expect(entries()).toHaveLength(2)
    wait(STABLE_MS)
    watch.lives(now_s())
    expect(entries().slice(2)).toEqual([[powerUp, 60, 60]])
  })

  test('that nobody saw: it happened at the last sign of life', () => {
    wait(60_000)
    boot()
    watch.start(now_s(), START_S + 42)
    wait(STABLE_MS)
    watch.lives(now_s())
    expect(entries().slice(1)).toEqual([
      [powerDown, 42, 0],
      [powerUp, 60, 18],
    ])
  })

  test('and again and again: one failure, from the first to the last', () => {
    wait(60_000)
    for (let flicker = 0; flicker < 50; flicker++) {
      boot()
      watch.start(now_s(), START_S + 42)
      wait(1000)
      watch.lives(now_s())
      watch.fails(now_s())
      wait(200)
    }
    boot()
    watch.start(now_s(), START_S + 42)
    wait(STABLE_MS)
    watch.lives(now_s())
    expect(entries().slice(1)).toEqual([
      [powerDown, 42, 0],
      [powerUp, 120, 78],
    ])
    expect(told).toEqual(['return after 78 s'])
  })
})
