import { beforeAll, describe, expect, test } from 'vitest'
import { LogId } from '../../../src/core/events/codes.ts'
import { MeterError } from '../../../src/core/events/error-register.ts'
import { FraudEvent, QualityEvent } from '../../../src/core/events/log-codes-table.ts'
import { Tamper } from '../../../src/core/tamper/tampers-table.ts'
import { sameSecret } from '../../../src/lib/secret.ts'
import { DlmsView, MANAGEMENT_CLIENT, READING_CLIENT } from '../../../src/meter/views/dlms.ts'
import { ascii } from '../../protocols/dlms/bytes.ts'
import { MANAGER_SECRET } from '../../protocols/dlms/managed-source.ts'
import { SECRET } from '../../protocols/dlms/memory-source.ts'
import type { Rig } from '../../scenarios/rig.ts'
import { Reader } from './dlms-reader.ts'
import { quietRig } from './rig.ts'

const DENIED = 3
const OTHER_REASON = 250
const uint32 = (value: number) => `06${value.toString(16).padStart(8, '0')}`
const uint16 = (value: number) => `12${value.toString(16).padStart(4, '0')}`

describe('logs, alarms and power quality over DLMS', () => {
  let rig: Rig
  let manager: Reader
  let reader: Reader

  beforeAll(() => {
    rig = quietRig({ config: { world: { wander: false }, meter: { quality: { period_min: 1 } } } })
    rig.run(10_000)
    rig.machine.mains.disturb(0, 0.7, 2500)
    rig.machine.board.tamper('terminalCover', true)
    rig.run(90_000)
    rig.machine.mains.disturbAll(0, 200_000)
    rig.run(400_000)
    const view = new DlmsView({
      core: rig.core,
      config: rig.machine.options.config.meter,
      version: '0.2.0',
      authenticate: (sap, secret) => sameSecret(secret, ascii(sap === MANAGEMENT_CLIENT ? MANAGER_SECRET : SECRET)),
    })
    manager = new Reader(view)
    reader = new Reader(view, READING_CLIENT)
  })

  const log = (e: number) => reader.get(7, `0.0.99.98.${e}.255`, 2) as [string, number, number, number, number][]
  const data = (name: string) => reader.get(1, name, 2)

  test('each log: time, code, number, parameter, value; the newest entry as objects', () => {
    expect(log(LogId.quality).map(([, code, number, , value]) => [code, number, Math.round(value / 1000)])).toEqual([
      [QualityEvent.sagL1, 1, 161],
      [QualityEvent.sagEndedL1, 2, 161],
    ])
    expect(log(LogId.fraud).map(([, code]) => code)).toEqual([FraudEvent.terminalCoverRemoved])
    expect(log(LogId.standard).map(([, code]) => code)).toEqual([2, 1, 2])
    expect(log(LogId.disconnector)).toEqual([])
    expect(log(LogId.communication)).toEqual([])
    expect([data('0.0.96.11.4.255'), data('0.0.96.15.5.255')]).toEqual([QualityEvent.sagEndedL1, 2])
    expect(reader.get(7, '0.0.99.98.4.255', 3)).toHaveLength(5)
  })

  test('only the management erases a log; that is an event', () => {
    expect(manager.act(7, '0.0.99.98.1.255', 1)).toBe(0)
    expect(log(LogId.fraud).map(([, code, number, parameter]) => [code, number, parameter])).toEqual([[255, 2, 1]])
    expect(manager.act(7, '1.0.99.97.0.255', 1)).toBe(DENIED)
  })

  test('alarm registers with filter and descriptor', () => {
    const power = 1 << 2
    const fraud = 1 << 13
    expect(data('0.0.97.98.0.255')).toBe(power | fraud)
    expect(data('0.0.97.98.20.255')).toBe(power | fraud)
    expect(data('0.0.97.98.1.255')).toBe(1)
    expect(data('0.0.97.98.10.255')).toBe(0xffffffff)
    expect(manager.set(1, '0.0.97.98.0.255', 2, uint32(0))).toBe(0)
    expect(manager.set(1, '0.0.97.98.20.255', 2, uint32(power))).toBe(0)
    expect(manager.set(1, '0.0.97.98.10.255', 2, uint32(0xffff0000))).toBe(0)
    expect(manager.set(1, '0.0.97.98.10.255', 2, uint16(0))).toBe(12)
    expect([data('0.0.97.98.0.255'), data('0.0.97.98.20.255'), data('0.0.97.98.10.255')]).toEqual([0, power, 0xffff0000])
    expect(log(LogId.standard).at(-1)?.[1]).toBe(11)
  })

  test('error register and tampers', () => {
    rig.core.watch.errors.set(MeterError.ram, true, rig.core.clock.now_s())
    expect(data('0.0.97.97.0.255')).toBe(1 << MeterError.ram)
    expect(manager.set(1, '0.0.97.97.0.255', 2, uint32(0))).toBe(0)
    // Its cause lasts.
    expect(data('0.0.97.97.0.255')).toBe(1 << MeterError.ram)
    rig.core.watch.errors.set(MeterError.ram, false, rig.core.clock.now_s())
    expect(manager.set(1, '0.0.97.97.0.255', 2, uint32(0))).toBe(0)
    expect(data('0.0.97.97.0.255')).toBe(0)
    expect([data('0.0.96.20.5.255'), data('0.0.128.20.0.255'), data('0.0.128.10.1.255')]).toEqual([1, 1, 1])
    rig.machine.board.tamper('terminalCover', false)
    rig.run(5000)
    expect([data('0.0.128.10.0.255'), data('0.0.128.10.1.255')]).toEqual([1 << Tamper.terminalCover, 0])
    expect(manager.set(1, '0.0.128.10.0.255', 2, uint32(0))).toBe(0)
    expect(data('0.0.128.10.0.255')).toBe(0)
  })

  test('counters, the last sag, failures of the supply', () => {
    expect([data('1.0.32.32.0.255'), data('1.0.52.32.0.255'), data('1.0.32.36.0.255')]).toEqual([1, 0, 0])
    expect(reader.get(3, '1.0.32.34.0.255', 2)).toBe(1610)
    expect(reader.get(3, '1.0.32.34.0.255', 3)).toEqual([-1, 35])
    expect(reader.get(3, '1.0.32.33.0.255', 2)).toBeGreaterThan(1000)
    expect(['0', '1', '21', '5', '9'].map((e) => data(`0.0.96.7.${e}.255`))).toEqual([1, 1, 1, 1, 1])
  })

  test('thresholds: the management changes them, what contradicts itself is refused, each change is an event', () => {
    const name = '1.0.12.31.0.255'
    expect([reader.get(3, name, 2), reader.get(3, name, 3)]).toEqual([2070, [-1, 35]])
    expect(manager.set(3, name, 2, uint16(3000))).toBe(OTHER_REASON)
    expect(manager.set(3, name, 2, uint16(1500))).toBe(0)
    expect(log(LogId.fraud).at(-1)?.[1]).toBe(FraudEvent.configurationChanged)
    rig.run(1000)
    rig.machine.mains.disturb(0, 0.7, 2500)
    rig.run(30_000)
    // 161 V are no sag any more, but the IC has a limit of its own.
    expect(reader.get(3, name, 2)).toBe(1500)
    expect(manager.set(3, '1.0.12.43.0.255', 2, uint16(60))).toBe(0)
    expect(reader.get(3, '0.0.96.7.20.255', 2)).toBe(180)
  })

  test('the profile has mean, minimum and maximum of each minute', () => {
    const rows = reader.get(7, '1.0.99.1.1.255', 2) as number[][]
    expect(rows.length).toBeGreaterThan(2)
    const [, status, seconds, mean, lowest, highest] = rows[0]
    expect([status, lowest, highest]).toEqual([0, 1610, 2300])
    expect(seconds).toBeGreaterThan(30)
    expect(mean).toBeGreaterThan(2200)
    expect(reader.get(7, '1.0.99.1.1.255', 4)).toBe(60)
    expect(reader.get(3, '1.0.32.24.0.255', 3)).toEqual([-1, 35])
  })

  test('figures of the week', () => {
    expect(reader.get(3, '1.0.128.1.4.255', 3)).toEqual([-1, 56])
    expect(reader.get(3, '1.0.128.1.4.255', 2)).toBe(1000)
    expect(data('1.0.128.0.7.255')).toBe(0)
  })
})
