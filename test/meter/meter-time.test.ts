import { describe, expect, test } from 'vitest'
import { BOARD } from '../../boards/virtual/board.ts'
import { BoardTime, type BoardTimeConfig } from '../../boards/virtual/board-time.ts'
import { openStorage } from '../../src/core/storage/storage.ts'
import { validate } from '../../src/lib/schema-validate.ts'
import { CLOCK_CONFIG } from '../../src/meter/clock-config.ts'
import { MeterTime } from '../../src/meter/meter-time.ts'
import { PinBank } from '../../src/world/pins.ts'
import { Scheduler } from '../../src/world/scheduler.ts'
import type { WorldTimer } from '../../src/world/time.ts'
import { blankFlash } from '../scenarios/rig.ts'

const START_MS = Date.UTC(2026, 0, 5, 12)
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const STEP_MS = 20_000

/** The time of a meter on the virtual board, without the rest of it. */
class TimeRig {
  readonly scheduler = new Scheduler(START_MS * 1000)
  readonly board: BoardTime
  readonly storage = openStorage(blankFlash(BOARD.flash))
  readonly steps: string[] = []
  readonly events: number[] = []
  time: MeterTime
  #timer: WorldTimer

  constructor(config: Partial<BoardTimeConfig>, correctDrift = true) {
    const defaults = { rtc: 'RV3028', rtcReserve_h: 168, rtcDrift_ppm: 0, processorDrift_ppm: 0, temperature_C: 25 } as const
    this.board = new BoardTime({ scheduler: this.scheduler, pins: new PinBank(this.scheduler), config: { ...defaults, ...config } })
    this.correctDrift = correctDrift
    this.#timer = this.board.timer()
    this.time = this.#start()
  }

  readonly correctDrift: boolean

  get now_ms(): number {
    return this.scheduler.now_us / 1000
  }

  get error_ms(): number {
    return this.time.clock.now_ms() - this.now_ms
  }

  run(duration_ms: number): void {
    for (let rest_ms = duration_ms; rest_ms > 0; rest_ms -= STEP_MS) {
      this.scheduler.run(this.scheduler.now_us + Math.min(rest_ms, STEP_MS) * 1000)
      this.time.second()
    }
  }

  outage(duration_ms: number): void {
    this.#timer.stop()
    this.time.close()
    this.board.powerOff()
    this.scheduler.run(this.scheduler.now_us + duration_ms * 1000)
    this.board.powerOn()
    this.#timer = this.board.timer()
    this.time = this.#start()
  }

  #start(): MeterTime {
    const config = validate(CLOCK_CONFIG, { correctDrift: this.correctDrift })
    if (!config.ok) throw new Error('configuration')
    return new MeterTime({
      device: { ...this.board.device(), timer: this.#timer },
      settings: this.storage.settings,
      config: config.value,
      alive_s: 0,
      owner: {
        clockAdjusted: ({ kind }) => this.steps.push(kind),
        record: (code) => this.events.push(code),
        keep: (write) => write(),
      },
    })
  }
}

/** A client sets the time once a day, up to 0.2 s wrong. Gives the largest error in the last week. */
function month(rig: TimeRig): number {
  let worst_ms = 0
  for (let day = 0; day < 30; day++) {
    rig.run(DAY_MS)
    if (day >= 23) worst_ms = Math.max(worst_ms, Math.abs(rig.error_ms))
    rig.time.set(Math.floor(rig.now_ms) + ((day * 137) % 401) - 200)
  }
  return worst_ms
}

describe('a client sets the time daily', () => {
  test.each([
    ['RV3028', 15],
    ['DS3231', -10],
    ['PCF8563', 14],
  ] as const)('%s with %d ppm: the drift is learned, corrected, and kept over a failure', (rtc, rtcDrift_ppm) => {
    const rig = new TimeRig({ rtc, rtcDrift_ppm, processorDrift_ppm: 30 })
    // Uncorrected it would be 0.9 to 1.3 s each day, on top of what the client does not know.
    expect(month(rig)).toBeLessThan(1000)
    expect([rig.steps, rig.events]).toEqual([[], []])
    const learned = () => (rtc === 'PCF8563' ? rig.time.clock.drift.drift_ppm : rtcDrift_ppm - (rig.board.chip?.deviation_ppm ?? 0))
    expect(Math.abs((learned() ?? 0) - rtcDrift_ppm)).toBeLessThan(3)
    rig.outage(HOUR_MS)
    expect(Math.abs((learned() ?? 0) - rtcDrift_ppm)).toBeLessThan(3)
    // Nobody sets it for a week: an uncorrected clock would be up to 12 s wrong.
    rig.run(7 * DAY_MS)
    expect(Math.abs(rig.error_ms)).toBeLessThan(1000 + 7 * 3 * 87)
  })

  test('without correction the time is still put right each day', () => {
    const rig = new TimeRig({ rtcDrift_ppm: 12, processorDrift_ppm: -20 }, false)
    expect(month(rig)).toBeLessThan(2 * 12 * 86.4 + 700)
    expect(rig.board.chip?.deviation_ppm).toBe(12)
  })
})

test('the time is doubtful when it may have drifted by a minute since it was set, over failures too', () => {
  const rig = new TimeRig({})
  rig.run(HOUR_MS)
  expect(rig.time.clock.doubtful).toBe(false)
  rig.time.set(Math.floor(rig.now_ms))
  rig.outage(DAY_MS)
  expect(rig.time.clock.uncertainty_ms).toBeCloseTo(500 + 86.4 * 5.8, -1)
  for (let i = 0; i < 20; i++) {
    rig.run(HOUR_MS)
    rig.outage(6 * DAY_MS)
  }
  expect([rig.time.clock.valid, rig.time.clock.doubtful]).toEqual([true, true])
  rig.time.set(Math.floor(rig.now_ms))
  expect(rig.time.clock.doubtful).toBe(false)
})
