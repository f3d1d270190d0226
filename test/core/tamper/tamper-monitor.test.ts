import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { LogId } from '../../../src/core/events/codes.ts'
import { EventLogs } from '../../../src/core/events/event-logs.ts'
import { FraudEvent } from '../../../src/core/events/log-codes-table.ts'
import { openStorage, type Storage } from '../../../src/core/storage/storage.ts'
import { expectedNeutral_mA } from '../../../src/core/tamper/neutral.ts'
import { TamperMonitor, type TamperOptions } from '../../../src/core/tamper/tamper-monitor.ts'
import { TAMPER_PARAMETERS, TAMPERS, Tamper, type TamperInput } from '../../../src/core/tamper/tampers-table.ts'
import { createMeteringSample, MeteringStatus } from '../../../src/lib/metering-sample.ts'

const START_S = 1_767_614_400
const F = FraudEvent

class Rig {
  readonly sample = createMeteringSample()
  readonly told: { code: number; ticks_ms: number; parameter: number; value: number }[] = []
  readonly counters = new Float64Array(TAMPERS)
  relayOpen = false
  ticks_ms = 0
  offset_ms = 0
  monitor!: TamperMonitor
  readonly #flash = new MemoryFlash({ blocks: 512, blockLength: 4096, writeAlign: 16 })
  readonly #options: Partial<TamperOptions>

  constructor(options: Partial<TamperOptions> = {}) {
    this.#options = options
    this.sample.voltage_mV.fill(230_000)
    this.sample.voltageAngle_ddeg.set([0, 1200, 2400])
    this.restart()
  }

  get utc_s(): number {
    return START_S + Math.floor((this.ticks_ms + this.offset_ms) / 1000)
  }

  restart(off_ms = 0): void {
    this.offset_ms += this.ticks_ms + off_ms
    this.ticks_ms = 0
    const storage: Storage = openStorage(this.#flash)
    const logs = new EventLogs(storage)
    this.monitor = new TamperMonitor({
      ...{ phases: 3, nominal_mV: 230_000, maximum_mA: 60_000, neutralMeasured: true, exports: false, counters: this.counters },
      settings: storage.settings,
      relayOpen: () => this.relayOpen,
      log: (code, utc_s, parameter, value) => {
        this.told.push({ code, ticks_ms: this.ticks_ms, parameter, value })
        logs.add(LogId.fraud, code, utc_s, parameter, value)
      },
      ...this.#options,
    })
    const log = logs.get(LogId.fraud)
    if (log !== undefined) this.monitor.resume(log, this.utc_s, 0)
  }

  input(id: TamperInput, active: boolean): void {
    this.monitor.input(id, active, this.utc_s, this.ticks_ms)
  }

  wait(duration_ms: number): void {
    this.ticks_ms += duration_ms
  }

  seconds(count: number): void {
    for (let i = 0; i < count; i++) {
      this.ticks_ms += 1000
      this.monitor.second(this.sample, this.utc_s, this.ticks_ms)
    }
  }

  codes(): number[] {
    return this.told.splice(0).map(({ code }) => code)
  }
}

describe('contacts', () => {
  test('a cover: begin and end, counted and latched until the management resets it', () => {
    const rig = new Rig()
    rig.seconds(5)
    rig.input(Tamper.meterCover, true)
    rig.seconds(30)
    rig.input(Tamper.meterCover, false)
    rig.seconds(5)
    expect(rig.told).toEqual([
      { code: F.meterCoverRemoved, ticks_ms: 6000, parameter: 1000, value: 0 },
      { code: F.meterCoverClosed, ticks_ms: 37_000, parameter: 30_000, value: 0 },
    ])
    expect([rig.monitor.active, rig.monitor.latched, rig.counters[Tamper.meterCover]]).toEqual([0, 2, 1])
    rig.restart()
    expect(rig.monitor.latched).toBe(2)
    rig.codes()
    rig.monitor.reset(rig.utc_s)
    expect([rig.monitor.latched, ...rig.codes()]).toEqual([0, F.tamperReset])
  })

  test('what lasts stays latched over a reset', () => {
    const rig = new Rig()
    rig.input(Tamper.terminalCover, true)
    rig.seconds(3)
    rig.monitor.reset(rig.utc_s)
    expect(rig.told.at(-1)).toMatchObject({ code: F.tamperReset, parameter: 1, value: 1 })
    expect(rig.monitor.latched).toBe(1)
  })

  test('a bouncing contact is one event, or none', () => {
    const rig = new Rig()
    for (let i = 0; i < 50; i++) {
      rig.input(Tamper.terminalCover, i % 2 === 0)
      rig.wait(7)
    }
    rig.seconds(10)
    expect(rig.codes()).toEqual([])
    for (let i = 0; i < 51; i++) {
      rig.input(Tamper.terminalCover, i % 2 === 0)
      rig.wait(7)
    }
    rig.seconds(10)
    expect(rig.codes()).toEqual([F.terminalCoverRemoved])
  })

  test('opened while the meter was off: the latch of the board tells how often', () => {
    const rig = new Rig()
    rig.seconds(5)
    rig.restart(3_600_000)
    rig.monitor.duringReserve(Tamper.meterCover, 3, rig.utc_s, rig.ticks_ms)
    rig.monitor.duringReserve(Tamper.terminalCover, 0, rig.utc_s, rig.ticks_ms)
    expect(rig.told.map(({ code, value }) => [code, value])).toEqual([
      [F.meterCoverRemoved, 3],
      [F.meterCoverClosed, 3],
    ])
    expect(rig.counters[Tamper.meterCover]).toBe(3)
    expect(rig.monitor.latched).toBe(1 << Tamper.meterCover)
  })

  test('open before a power failure, closed during it: the end is logged after it', () => {
    const rig = new Rig()
    rig.input(Tamper.magneticField, true)
    rig.seconds(10)
    rig.restart(60_000)
    rig.input(Tamper.magneticField, true)
    rig.seconds(5)
    expect(rig.codes()).toEqual([F.magneticFieldDetected])
    rig.restart(60_000)
    rig.input(Tamper.magneticField, false)
    rig.seconds(20)
    expect(rig.told).toMatchObject([{ code: F.magneticFieldGone, parameter: 135_000 }])
  })
})

describe('measured signs', () => {
  test.each([
    ['current without voltage', (r: Rig) => r.sample.voltage_mV.fill(0, 1, 2) && r.sample.current_mA.fill(700, 1, 2), 202, 205],
    ['reversed current', (r: Rig) => r.sample.active_mW.fill(-30_000, 3, 4), 213, 216],
    ['neutral mismatch', (r: Rig) => r.sample.current_mA.fill(5000, 0, 1), 207, 208],
    ['phase sequence', (r: Rig) => Object.assign(r.sample, { status: MeteringStatus.phaseSequence }), 209, 210],
  ] as const)('%s: a minute after it began, and a minute after it was over', (_, begin, start, end) => {
    const rig = new Rig()
    if (start === 202) rig.sample.neutral_mA = 700
    rig.seconds(10)
    begin(rig)
    rig.seconds(60)
    expect(rig.codes()).toEqual([])
    rig.seconds(1)
    expect(rig.codes()).toEqual([start])
    Object.assign(rig.sample, { status: 0, neutral_mA: 0 })
    rig.sample.voltage_mV.fill(230_000)
    rig.sample.current_mA.fill(0)
    rig.sample.active_mW.fill(0)
    rig.seconds(61)
    expect(rig.codes()).toEqual([end])
  })

  test('export is no tamper where there is generation; a calculated neutral says nothing', () => {
    const rig = new Rig({ exports: true, neutralMeasured: false })
    rig.sample.active_mW.fill(-3_000_000)
    rig.sample.current_mA.fill(5000, 0, 1)
    rig.seconds(200)
    expect(rig.codes()).toEqual([])
  })

  test('balanced loads leave nothing in the neutral, whatever their angle', () => {
    const currents = (current_mA: number[], currentAngle_ddeg: number[]) => ({
      current_mA,
      currentAngle_ddeg,
      voltageAngle_ddeg: [0, 1200, 2400],
    })
    expect(expectedNeutral_mA(currents([5000, 5000, 5000], [300, 300, 300]), 3)).toBe(0)
    expect(expectedNeutral_mA(currents([5000, 0, 0], [300, 0, 0]), 3)).toBe(5000)
    expect(expectedNeutral_mA(currents([3000, 3000, 0], [0, 0, 0]), 3)).toBe(3000)
    expect(expectedNeutral_mA(currents([4200, 0, 0], [0, 0, 0]), 1)).toBe(4200)
  })

  test('current through the open relay', () => {
    const rig = new Rig()
    rig.sample.current_mA.fill(400, 2, 3)
    rig.sample.neutral_mA = 400
    rig.seconds(100)
    expect(rig.codes()).toEqual([])
    rig.relayOpen = true
    rig.seconds(6)
    expect(rig.codes()).toEqual([F.currentWhileOpen])
  })

  test('an IC that was written again is logged once in a quarter of an hour, and counted each time', () => {
    const rig = new Rig()
    rig.sample.status = MeteringStatus.reconfigured
    rig.seconds(1000)
    expect(rig.codes()).toEqual([F.calibrationOverwritten, F.calibrationOverwritten])
    expect(rig.counters[Tamper.calibration]).toBe(1000)
  })

  test('wrong secrets, with the client', () => {
    const rig = new Rig()
    rig.monitor.moment('failedLogin', rig.utc_s, rig.ticks_ms, 17)
    rig.monitor.moment('failedLogin', rig.utc_s, rig.ticks_ms, 17)
    expect(rig.told).toMatchObject([{ code: 46, parameter: 17 }])
    expect(rig.counters[Tamper.failedLogin]).toBe(2)
  })

  test('a silent IC neither begins nor ends what is measured; contacts go on', () => {
    const rig = new Rig()
    rig.sample.active_mW.fill(-30_000, 1, 2)
    rig.seconds(70)
    rig.sample.active_mW.fill(0)
    rig.sample.status = MeteringStatus.fault
    rig.input(Tamper.meterCover, true)
    rig.seconds(200)
    expect(rig.codes()).toEqual([F.currentReversedL1, F.meterCoverRemoved])
  })
})

test('any history: begins and ends alternate for each tamper, also over restarts, and the log stays small', () => {
  const inputs: TamperInput[] = [0, 1, 2, 3, 16]
  const step = fc.record({
    input: fc.constantFrom(...inputs),
    active: fc.boolean(),
    wait_ms: fc.constantFrom(1, 100, 600, 3000),
    seconds: fc.constantFrom(0, 1, 5, 70),
    low: fc.boolean(),
    current_mA: fc.constantFrom(0, 50, 800),
    power_mW: fc.constantFrom(-30_000, 10),
    status: fc.constantFrom(0, 0, MeteringStatus.fault, MeteringStatus.phaseSequence, MeteringStatus.reconfigured),
    open: fc.boolean(),
    restart: fc.constantFrom(false, false, false, true),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const rig = new Rig()
      for (const one of steps) {
        if (one.restart) rig.restart(1000)
        rig.relayOpen = one.open
        rig.sample.status = one.status
        rig.sample.voltage_mV[1] = one.low ? 0 : 230_000
        rig.sample.current_mA[1] = one.current_mA
        rig.sample.active_mW[2] = one.power_mW
        rig.input(one.input, one.active)
        rig.wait(one.wait_ms)
        rig.input(one.input, one.active)
        rig.seconds(one.seconds)
      }
      for (const { start, end } of TAMPER_PARAMETERS) {
        const mine = rig.told.map(({ code }) => code).filter((code) => code === start || code === end)
        for (const [index, code] of mine.entries()) expect(code, `${mine}`).toBe(index % 2 === 0 ? start : end)
      }
    }),
    { numRuns: 60 },
  )
})

test('a cover that is lifted all day: at most 90 events an hour, all counted', () => {
  const rig = new Rig()
  for (let i = 0; i < 86_400 / 6; i++) {
    rig.input(Tamper.meterCover, true)
    rig.seconds(3)
    rig.input(Tamper.meterCover, false)
    rig.seconds(3)
  }
  expect(rig.told.length).toBeLessThan(60 + 90 * 24)
  expect(rig.counters[Tamper.meterCover]).toBe(86_400 / 6)
})
