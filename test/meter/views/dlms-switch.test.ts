import { beforeEach, describe, expect, test } from 'vitest'
import { ControlState } from '../../../src/core/switch/control-modes.ts'
import { SwitchEvent } from '../../../src/core/switch/events.ts'
import { toHex } from '../../../src/lib/hex.ts'
import { DlmsServer } from '../../../src/protocols/dlms/server.ts'
import { logicalName } from '../../protocols/dlms/bytes.ts'
import { actionNormal, getNormal, setNormal, TestClient } from '../../protocols/dlms/client.ts'
import { MANAGER, MANAGER_SECRET } from '../../protocols/dlms/managed-source.ts'
import { READER } from '../../protocols/dlms/memory-source.ts'
import { SwitchMeter } from './switch-meter.ts'

const CONTROL = '0.0.96.3.10.255'
const SCRIPTS = '0.0.10.0.106.255'
const LIMITER = '0.0.17.0.0.255'

function unsigned(value: number): string {
  return `06${value.toString(16).padStart(8, '0')}`
}

function action(script: string, selector: number): string {
  return `02020906${toHex(logicalName(script))}12${selector.toString(16).padStart(4, '0')}`
}

describe('the supply switch of a meter, by DLMS', () => {
  let meter: SwitchMeter
  let client: TestClient

  beforeEach(() => open(4))

  function open(mode: number): void {
    meter = new SwitchMeter({ mode })
    client = new TestClient(new DlmsServer(meter), MANAGER).open({ secret: MANAGER_SECRET })
    meter.rig.run(10)
  }

  const get = (classId: number, name: string, attribute: number) => client.exchange(getNormal(classId, name, attribute))?.slice(8)
  const set = (classId: number, name: string, attribute: number, value: string) =>
    Number.parseInt(client.exchange(setNormal(classId, name, attribute, value))?.slice(6) ?? '', 16)
  const act = (classId: number, name: string, method: number, parameter = '0f00') =>
    Number.parseInt(client.exchange(actionNormal(classId, name, method, parameter))?.slice(6, 8) ?? '', 16)
  const states = () => [2, 3, 4].map((attribute) => get(70, CONTROL, attribute))

  test('the answer comes at once, the contact later', () => {
    expect(states()).toEqual(['0301', '1601', '1604'])
    expect(act(70, CONTROL, 1)).toBe(0)
    expect(states()).toEqual(['0301', '1600', '1604'])
    meter.rig.run(2)
    expect(states()).toEqual(['0300', '1600', '1604'])
    expect(act(70, CONTROL, 2)).toBe(0)
    meter.rig.run(10)
    expect(states()).toEqual(['0301', '1601', '1604'])
  })

  test('what is forbidden is denied, what is not possible now is a temporary failure', () => {
    meter.rig.disconnector.trigger('localDisconnect')
    expect(act(70, CONTROL, 2)).toBe(2)
    expect(set(70, CONTROL, 4, '1600')).toBe(2)
    expect(set(70, CONTROL, 4, '1607')).toBe(250)
    open(0)
    expect([act(70, CONTROL, 1), act(70, CONTROL, 2)]).toEqual([3, 3])
    expect(set(70, CONTROL, 4, '1601')).toBe(0)
    expect(act(70, CONTROL, 1)).toBe(0)
  })

  test('flash that takes no more is a hardware fault', () => {
    for (let block = 0; block < 4; block++) meter.rig.flash.wearOut(block)
    const results = new Set<number>()
    for (let i = 0; i < 300; i++) results.add(act(70, CONTROL, 1 + (i % 2)))
    expect([...results]).toEqual([0, 1])
    expect(meter.rig.events.at(-1)).toEqual([SwitchEvent.failure, 5])
    expect(set(71, LIMITER, 4, unsigned(5))).toBe(1)
    expect(set(70, CONTROL, 4, '1602')).toBe(1)
  })

  test('the scripts do what the methods do', () => {
    const script = (identifier: number) =>
      `0202${`12000${identifier}`}0101020516${'02'}120046${'0906'}${toHex(logicalName(CONTROL))}0f0${identifier}0f00`
    expect(get(9, SCRIPTS, 2)).toBe(`0102${script(1)}${script(2)}`)
    expect(act(9, SCRIPTS, 1, '120001')).toBe(0)
    expect(meter.rig.codes).toEqual([SwitchEvent.remoteDisconnection])
    expect(act(9, SCRIPTS, 1, '120002')).toBe(0)
    expect(act(9, SCRIPTS, 1, '120003')).toBe(250)
    expect(meter.rig.disconnector.controlState).toBe(ControlState.connected)
  })

  test('a limiter that is set by a client works', () => {
    expect([set(71, LIMITER, 4, unsigned(2000)), set(71, LIMITER, 6, unsigned(5))]).toEqual([0, 0])
    meter.rig.load_W = 3000
    meter.rig.run(10)
    expect(meter.rig.disconnector.controlState).toBe(ControlState.readyForReconnection)
    expect(get(71, LIMITER, 3)).toBe(unsigned(2000))
  })

  test('an emergency profile is written as local time and read back', () => {
    // 2026-01-05 13:00:30 local time is 12:00:30 UTC, 20 s from now.
    expect(set(71, LIMITER, 8, `0203120009${'090c'}07ea0105ff0d001eff8000ff${unsigned(60)}`)).toBe(0)
    expect([set(71, LIMITER, 9, '0101120009'), set(71, LIMITER, 5, unsigned(500))]).toEqual([0, 0])
    expect(get(71, LIMITER, 8)).toBe(`0203120009${'090c'}07ea0105010d001e00ffc400${unsigned(60)}`)
    expect([get(71, LIMITER, 10), get(71, LIMITER, 3)]).toEqual(['0300', unsigned(0xffffffff)])
    meter.rig.run(25)
    expect([get(71, LIMITER, 10), get(71, LIMITER, 3)]).toEqual(['0301', unsigned(500)])
    expect(set(71, LIMITER, 8, `0203120009${'090c'}07b20105ff0d001eff8000ff${unsigned(60)}`)).toBe(0)
    expect(set(71, LIMITER, 8, `0203120009${'090c'}07b10105ff0d001eff8000ff${unsigned(60)}`)).toBe(250)
  })

  test('refuses what the limiter cannot do', () => {
    const monitored = (name: string, attribute: number) => `0203120003${'0906'}${toHex(logicalName(name))}0f0${attribute}`
    expect(set(71, LIMITER, 2, monitored('1.0.1.7.0.255', 2))).toBe(0)
    expect([set(71, LIMITER, 2, monitored('1.0.2.7.0.255', 2)), set(71, LIMITER, 2, monitored('1.0.1.7.0.255', 3))]).toEqual([250, 250])
    expect(set(71, LIMITER, 9, `0121${'120001'.repeat(33)}`)).toBe(250)
    const none = action('0.0.0.0.0.0', 0)
    expect(set(71, LIMITER, 11, `0202${action(SCRIPTS, 1)}${action(SCRIPTS, 2)}`)).toBe(0)
    expect(get(71, LIMITER, 11)).toBe(`0202${action(SCRIPTS, 1)}${action(SCRIPTS, 2)}`)
    expect(set(71, LIMITER, 11, `0202${none}${none}`)).toBe(0)
    for (const wrong of [
      [action(SCRIPTS, 2), none],
      [none, action(SCRIPTS, 1)],
      [action(SCRIPTS, 3), none],
      [action('0.0.10.0.107.255', 1), none],
    ]) {
      expect(set(71, LIMITER, 11, `0202${wrong.join('')}`)).toBe(250)
    }
    expect(get(71, LIMITER, 11)).toBe(`0202${none}${none}`)
  })

  test('the reading client sees none of it', () => {
    client = new TestClient(new DlmsServer(meter), READER).open()
    expect(client.exchange(getNormal(70, CONTROL, 2))).toBe('c401c10103')
    expect([act(70, CONTROL, 1), act(9, SCRIPTS, 1, '120001'), set(71, LIMITER, 4, unsigned(1))]).toEqual([3, 3, 3])
    expect(meter.rig.events).toEqual([])
  })
})
