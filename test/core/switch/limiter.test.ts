import { describe, expect, test } from 'vitest'
import { ControlState } from '../../../src/core/switch/control-modes.ts'
import { SwitchEvent } from '../../../src/core/switch/events.ts'
import { decodeSettings, encodeSettings, LimiterScript, UINT32_MAX } from '../../../src/core/switch/limiter-settings.ts'
import { DecodeError } from '../../../src/lib/bytes.ts'
import { limitTo3kW, POWER, START_MS, SwitchRig } from './rig.ts'

const START_S = START_MS / 1000
const OVER = 5000

function limited(mode: number): SwitchRig {
  const rig = new SwitchRig({ mode }).start()
  limitTo3kW(rig)
  rig.run(10)
  return rig
}

describe('limiter', () => {
  test('a new meter limits nothing', () => {
    const rig = new SwitchRig().start()
    rig.load_W = 1e6
    rig.run(600)
    expect([rig.limiter.thresholdActive, rig.limiter.exceeded, rig.events]).toEqual([UINT32_MAX, false, []])
  })

  test('mode 1: off after the minimum time over the threshold, on by hand', () => {
    const rig = limited(1)
    rig.load_W = OVER
    rig.run(10)
    expect(rig.disconnector.controlState).toBe(ControlState.connected)
    rig.run(2)
    expect(rig.disconnector.controlState).toBe(ControlState.readyForReconnection)
    expect(rig.events).toEqual([
      [SwitchEvent.limiterExceeded, OVER],
      [SwitchEvent.localDisconnection, 0],
    ])
    rig.run(600)
    expect(rig.events.slice(2)).toEqual([[SwitchEvent.limiterNormal, 0]])
    expect(rig.disconnector.trigger('manualReconnect')).toBe('success')
    rig.run(60)
    expect(rig.codes.slice(3)).toEqual([
      SwitchEvent.manualConnection,
      SwitchEvent.limiterExceeded,
      SwitchEvent.localDisconnection,
      SwitchEvent.limiterNormal,
    ])
  })

  test('a peak that is shorter does nothing', () => {
    const rig = limited(1)
    for (let i = 0; i < 20; i++) {
      rig.load_W = OVER
      rig.run(9)
      rig.load_W = 3000
      rig.run(1)
    }
    expect(rig.events).toEqual([])
  })

  test('seconds without a value do not count', () => {
    const rig = limited(1)
    rig.load_W = OVER
    rig.run(8)
    rig.metering = false
    rig.run(100)
    rig.metering = true
    rig.run(2)
    expect(rig.disconnector.controlState).toBe(ControlState.connected)
    rig.run(3)
    expect(rig.disconnector.controlState).toBe(ControlState.readyForReconnection)
  })

  test('on by hand before the value was under for long enough: the limiter begins anew', () => {
    const rig = limited(1)
    rig.load_W = OVER
    rig.run(15)
    rig.disconnector.trigger('manualReconnect')
    rig.run(9)
    expect(rig.disconnector.controlState).toBe(ControlState.connected)
    rig.run(10)
    expect(rig.disconnector.controlState).toBe(ControlState.readyForReconnection)
  })

  test('mode 5: on again by itself, but not for ever', () => {
    const rig = limited(5)
    rig.load_W = OVER
    rig.run(35)
    expect([rig.relay.closed, rig.codes.at(-1)]).toEqual([true, SwitchEvent.localConnection])
    rig.run(3600)
    const reconnections = rig.codes.filter((code) => code === SwitchEvent.localConnection).length
    // Five at once, then one in ten minutes.
    expect(reconnections).toBeGreaterThan(8)
    expect(reconnections).toBeLessThanOrEqual(12)
    rig.load_W = 500
    rig.run(1200)
    expect([rig.relay.closed, rig.limiter.exceeded]).toEqual([true, false])
  })

  test('what a client switched off stays off', () => {
    const rig = limited(5)
    rig.load_W = OVER
    rig.run(15)
    expect(rig.disconnector.trigger('remoteDisconnect')).toBe('success')
    expect(rig.disconnector.trigger('remoteReconnect')).toBe('success')
    rig.run(300)
    expect(rig.disconnector.controlState).toBe(ControlState.readyForReconnection)
    expect(rig.codes).not.toContain(SwitchEvent.localConnection)
  })

  test('mode 0: told, not switched', () => {
    const rig = limited(0)
    rig.load_W = OVER
    rig.run(300)
    expect([rig.relay.closed, rig.codes]).toEqual([true, [SwitchEvent.limiterExceeded]])
    rig.load_W = 100
    rig.run(60)
    expect(rig.codes).toEqual([SwitchEvent.limiterExceeded, SwitchEvent.limiterNormal])
  })

  test('after a power cut it finds what it has switched off', () => {
    const rig = limited(6)
    rig.load_W = OVER
    rig.run(15)
    rig.cut()
    rig.run(60)
    rig.start()
    expect(rig.limiter.exceeded).toBe(true)
    rig.load_W = 100
    rig.run(60)
    expect([rig.relay.closed, rig.disconnector.controlState]).toEqual([true, ControlState.connected])
  })

  test('an emergency profile: for its groups, at its time, for its duration, and in a meter that starts in the middle of it', () => {
    const rig = limited(1)
    const { limiter } = rig
    expect(
      limiter.change({ thresholdEmergency: 500, groups: [3, 9], emergency: { id: 4, activation_s: START_S + 60, duration_s: 120 } }),
    ).toBe('success')
    expect(rig.events).toEqual([5, 8, 9].map((attribute) => [SwitchEvent.limiterChanged, attribute]))
    rig.run(90)
    expect([limiter.emergencyActive, limiter.thresholdActive]).toEqual([false, 3000])
    limiter.change({ groups: [3, 4] })
    rig.run(2)
    expect([rig.limiter.emergencyActive, rig.limiter.thresholdActive, rig.disconnector.controlState]).toEqual([true, 500, 1])
    rig.run(12)
    expect(rig.disconnector.controlState).toBe(ControlState.readyForReconnection)
    rig.cut()
    rig.run(10)
    rig.start()
    rig.run(5)
    expect(rig.limiter.emergencyActive).toBe(true)
    rig.run(60)
    expect([rig.limiter.emergencyActive, rig.limiter.thresholdActive]).toEqual([false, 3000])
    expect(rig.events.filter(([code, parameter]) => code === SwitchEvent.limiterChanged && parameter === 10)).toHaveLength(3)
  })

  test('refuses what it cannot keep or monitor; settings survive', () => {
    const rig = limited(1)
    const { limiter } = rig
    const before = limiter.settings
    const emergency = { id: 1, activation_s: 1, duration_s: 1 }
    for (const change of [
      { thresholdNormal: -1 },
      { minOver_s: 0.5 },
      { thresholdEmergency: UINT32_MAX + 1 },
      { emergency: { ...emergency, id: 0x10000 } },
      { emergency: { ...emergency, activation_s: Number.NaN } },
      { groups: Array(33).fill(1) },
      { groups: [-1] },
      { actionOver: LimiterScript.reconnect },
      { actionUnder: LimiterScript.disconnect },
      { monitored: { ...POWER, attribute: 3 } },
    ]) {
      expect(limiter.change(change), JSON.stringify(change)).toBe('data-not-valid')
    }
    expect([limiter.settings, rig.events]).toEqual([before, []])
    const monitored = { classId: 5, logicalName: '1.0.1.4.0.255', attribute: 2 }
    expect(limiter.change({ monitored, groups: [7], actionOver: LimiterScript.none, actionUnder: LimiterScript.none })).toBe('success')
    expect(limiter.change({ monitored })).toBe('success')
    expect(rig.events).toEqual([2, 9, 11].map((attribute) => [SwitchEvent.limiterChanged, attribute]))
    rig.load_W = OVER
    rig.run(60)
    rig.cut()
    rig.start()
    expect(rig.limiter.settings).toEqual({ ...before, monitored, groups: [7], actionOver: 0, actionUnder: 0 })
  })

  test('stored bytes that are not its own', () => {
    const { settings } = new SwitchRig().start().limiter
    const bytes = encodeSettings({ ...settings, groups: [1, 2] })
    expect(decodeSettings(bytes)).toEqual({ ...settings, groups: [1, 2] })
    expect(() => decodeSettings(bytes.subarray(0, bytes.length - 1))).toThrow(DecodeError)
    for (const at of [0, bytes.length - 5, bytes.length - 6, bytes.length - 7]) {
      const wrong = bytes.slice()
      wrong[at] = 77
      expect(() => decodeSettings(wrong), String(at)).toThrow(DecodeError)
    }
  })
})
