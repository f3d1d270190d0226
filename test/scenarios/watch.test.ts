import { describe, expect, test } from 'vitest'
import { LogId, ProfileStatus, StandardEvent } from '../../src/core/events/codes.ts'
import { MeterError } from '../../src/core/events/error-register.ts'
import { eventText, FraudEvent, QualityEvent } from '../../src/core/events/log-codes-table.ts'
import { QualityCounter } from '../../src/core/quality/failure-counters.ts'
import { Tamper } from '../../src/core/tamper/tampers-table.ts'
import { quietRig, switchOn } from '../meter/views/rig.ts'
import { HOUR_MS, type Rig } from './rig.ts'

const MINUTE_MS = 60_000

/** Texts of a log, oldest first. */
function texts(rig: Rig, id: number): string[] {
  const log = rig.core.logs.get(id)
  return (log?.newest(100) ?? []).reverse().map(({ code }) => eventText(id, code))
}

const fraud = (rig: Rig) => texts(rig, LogId.fraud)
const quality = (rig: Rig) => texts(rig, LogId.quality)

function started(options: Parameters<typeof quietRig>[0] = {}): Rig {
  const rig = quietRig(options)
  rig.run(10_000)
  return rig
}

describe('somebody at the meter', () => {
  test('covers, magnet and seal: begin, end, counter, alarm; the latch stays until the management resets it', () => {
    const rig = started()
    const { board } = rig.machine
    const { watch } = rig.core
    for (const what of ['terminalCover', 'meterCover', 'magneticField', 'seal'] as const) {
      board.tamper(what, true)
      rig.run(30_000)
      board.tamper(what, false)
      rig.run(30_000)
    }
    expect(fraud(rig)).toEqual([
      'Terminal cover removed',
      'Terminal cover closed',
      'Meter cover removed',
      'Meter cover closed',
      'Strong magnetic field',
      'Strong magnetic field gone',
      'Seal broken',
      'Seal closed',
    ])
    expect(watch.tamper.counters[Tamper.magneticField]).toBe(1)
    expect(watch.tamper.active).toBe(0)
    const seen = (1 << Tamper.terminalCover) | (1 << Tamper.meterCover) | (1 << Tamper.magneticField) | (1 << Tamper.seal)
    expect(watch.tamper.latched).toBe(seen)
    expect(watch.alarms[0].register & (1 << 13)).not.toBe(0)
    watch.resetTamper()
    expect(watch.tamper.latched).toBe(0)
    expect(fraud(rig).at(-1)).toBe('Tamper reset')
  })

  test('a contact that bounces is nothing', () => {
    const rig = started()
    for (let i = 0; i < 20; i++) {
      rig.machine.board.tamper('terminalCover', i % 2 === 0)
      rig.run(100)
    }
    rig.run(10_000)
    expect(fraud(rig)).toEqual([])
  })

  test('a cover that is taken off while the meter lives on its capacitors is logged', () => {
    const rig = started({ config: { world: { wander: false, holdUp_ms: 20_000 } } })
    rig.machine.mains.disturbAll(0, 10_000)
    rig.run(2000)
    rig.machine.board.tamper('meterCover', true)
    rig.run(3000)
    expect(fraud(rig)).toEqual(['Meter cover removed'])
    expect(quality(rig)).toEqual([])
    rig.run(60_000)
    expect(rig.machine.generation).toBe(1)
  })

  test('what lasts over a power failure is neither forgotten nor told twice', () => {
    const rig = started()
    rig.machine.board.tamper('meterCover', true)
    rig.run(5000)
    rig.machine.mains.disturbAll(0, 60_000)
    rig.run(120_000)
    expect(rig.machine.generation).toBe(2)
    expect(rig.core.watch.tamper.active).toBe(1 << Tamper.meterCover)
    rig.machine.board.tamper('meterCover', false)
    rig.run(10_000)
    expect(fraud(rig)).toEqual(['Meter cover removed', 'Meter cover closed'])
    const [closed] = rig.core.logs.get(LogId.fraud)?.newest(1) ?? []
    expect(closed.parameter).toBeGreaterThan(120_000)
    expect(rig.core.watch.tamper.counters[Tamper.meterCover]).toBe(1)
  })

  test('a voltage wire is cut while current flows', () => {
    const rig = started()
    switchOn(rig, 'kettle')
    rig.machine.mains.cutVoltage(0, true)
    rig.run(3 * MINUTE_MS)
    expect(fraud(rig)).toEqual(['Current without voltage L1'])
    expect(quality(rig)).toEqual(['Phase outage L1'])
    rig.machine.mains.cutVoltage(0, false)
    rig.run(3 * MINUTE_MS)
    expect(fraud(rig)).toEqual(['Current without voltage L1', 'Current without voltage L1 ended'])
    expect(quality(rig)).toEqual(['Phase outage L1', 'Phase returned L1'])
  })

  test('a pole of the relay that is welded: current while the switch is open', () => {
    const rig = started()
    switchOn(rig, 'kettle')
    rig.machine.relay.weld(0, true)
    rig.machine.meter?.supplySwitch?.supply.disconnector.trigger('remoteDisconnect')
    rig.run(MINUTE_MS)
    expect(texts(rig, LogId.disconnector)).toContain('Supply switch failed')
    expect(rig.core.watch.alarms[0].register & (1 << 3)).not.toBe(0)
  })

  test('the configuration of the metering IC is changed: written again, logged, and the profile says so', () => {
    const rig = started()
    rig.machine.chip.spontaneousReset()
    rig.run(5000)
    expect(fraud(rig)).toEqual([eventText(LogId.fraud, FraudEvent.calibrationOverwritten)])
    rig.run(HOUR_MS / 2)
    const cursor = rig.core.profile.cursor(rig.core.storage.profile.firstSequence)
    expect(cursor.next() && (cursor.status & ProfileStatus.dataNotValid) !== 0).toBe(true)
  })

  test('phases in the wrong order', () => {
    const rig = started()
    rig.machine.mains.reverseSequence(true)
    rig.run(2 * MINUTE_MS)
    rig.machine.mains.reverseSequence(false)
    rig.run(2 * MINUTE_MS)
    expect(fraud(rig)).toEqual(['Phase sequence reversed', 'Phase sequence correct again'])
  })

  test('energy that flows back where nothing generates', () => {
    const rig = started({ config: { world: { wander: false, load: 'none' }, meter: { tamper: { generation: false } } } })
    rig.machine.photovoltaics.set(true, 3000)
    rig.machine.mains.update()
    rig.run(2 * MINUTE_MS)
    expect(fraud(rig)).toEqual(['Current reversed L1', 'Current reversed L2', 'Current reversed L3'])
  })
})

describe('the mains', () => {
  test('sag and swell: counted, with their extreme and duration', () => {
    const rig = started()
    rig.machine.mains.disturb(1, 0.7, 2500)
    rig.run(30_000)
    rig.machine.mains.disturb(2, 1.2, 4000)
    rig.run(30_000)
    expect(quality(rig)).toEqual(['Voltage sag L2', 'Voltage sag L2 ended', 'Voltage swell L3', 'Voltage swell L3 ended'])
    const { monitor } = rig.core.watch.quality
    expect([...monitor.counters.slice(0, 6)]).toEqual([0, 1, 0, 0, 0, 1])
    expect(Math.round(monitor.lastSag[1].magnitude_mV / 1000)).toBe(161)
    expect(monitor.lastSag[1].duration_ms).toBeGreaterThan(2000)
    expect(Math.round(monitor.lastSwell[2].magnitude_mV / 1000)).toBe(276)
    expect(rig.core.watch.alarms[1].register).toBe((1 << 1) | (1 << 5))
    expect(QualityEvent.sagL1 + 1).toBe(rig.core.logs.get(LogId.quality)?.newest(4)[3].code)
  })

  test('failures of all phases are counted with those of each phase, over a restart', () => {
    const rig = started()
    rig.machine.mains.disturbAll(0, 60_000)
    rig.run(120_000)
    rig.machine.mains.disturb(0, 0, 10_000)
    rig.run(60_000)
    const { counters } = rig.core.watch.quality.monitor
    const { failures, longFailures } = QualityCounter
    expect([...counters.slice(failures, failures + 5)]).toEqual([1, 2, 1, 1, 2])
    expect([...counters.slice(longFailures, longFailures + 5)]).toEqual([0, 0, 0, 0, 0])
    expect(rig.core.powerFailures).toBe(1)
  })
})

describe('the meter looks at itself', () => {
  test('an IC that does not answer: error register, marked entries until the management has seen it', () => {
    const rig = started()
    rig.machine.chip.powerOff()
    rig.run(20_000)
    rig.machine.chip.powerOn()
    rig.run(HOUR_MS)
    const { errors, alarms } = rig.core.watch
    expect(errors.bits).toBe(1 << MeterError.measurementSystem)
    expect(errors.active).toBe(0)
    expect(rig.core.profile.lastStatus & ProfileStatus.criticalError).not.toBe(0)
    expect(alarms[0].register & (1 << 11)).not.toBe(0)
    errors.write(0, rig.core.clock.now_s())
    rig.run(HOUR_MS)
    expect(rig.core.profile.lastStatus).toBe(0)
    expect(rig.core.standardLog.last?.code).toBe(StandardEvent.errorRegisterCleared)
  })

  test('erasing a log is its first entry, and the numbers go on', () => {
    const rig = started()
    rig.machine.board.tamper('meterCover', true)
    rig.run(5000)
    expect(rig.core.clearLog(LogId.fraud)).toBe(true)
    expect(rig.core.logs.get(LogId.fraud)?.newest(9)).toMatchObject([{ code: 255, sequence: 2, parameter: 1 }])
  })

  test('nothing happens: nothing is written but what a meter without monitors writes', () => {
    const rig = started()
    rig.run(6 * HOUR_MS)
    expect(rig.core.logs.all().map((log) => log.count)).toEqual([1, 0, 0, 0, 0])
    expect(rig.core.watch.errors.bits).toBe(0)
  })
})
