import { describe, expect, test } from 'vitest'
import { FaceView } from '../../../src/meter/views/face.ts'
import { HOUR_MS, type Rig } from '../../scenarios/rig.ts'
import { feedIn, quietRig, START_MS, switchOn } from './rig.ts'

function viewOf(rig: Rig): FaceView {
  const { meter } = rig.machine
  if (meter === undefined) throw new Error('the meter has no supply')
  return new FaceView(meter)
}

describe('FaceView', () => {
  test('says who the meter is', () => {
    const hello = viewOf(quietRig()).hello()
    expect(hello).toMatchObject({ manufacturer: 'FRR', serial: '0000000000001', meterConstant_imp_kWh: 1000 })
    expect(hello.nameplate).toContain('50 Hz')
  })

  test('an idle meter: no direction, no quadrant, all phases', () => {
    const rig = quietRig()
    rig.run(2000)
    const { flags, lcd, conditions, powered, frequency_Hz } = viewOf(rig).state()
    expect(flags).toEqual({
      phases: [true, true, true],
      import: false,
      export: false,
      quadrant: 0,
      tariff: 1,
      relay: 'closed',
      fault: false,
      clockInvalid: false,
    })
    expect([powered, frequency_Hz, conditions]).toEqual([true, 50, []])
    expect(lcd[0]).toEqual({ obis: '1.8.0', value: '000000.000', unit: 'kWh', label: 'Active energy import (+A)' })
    expect(lcd.map(({ obis }) => obis)).toEqual(
      '1.8.0 2.8.0 3.8.0 4.8.0 16.7.0 32.7.0 52.7.0 72.7.0 31.7.0 51.7.0 71.7.0 14.7.0'.split(' '),
    )
    for (const { value } of lcd) expect(value).toMatch(/^-?\d+(\.\d+)?$/)
  })

  test.each([
    ['virtual-plug', '1.8.0 1.7.0 32.7.0 31.7.0', '5(30) A'],
    ['virtual-1p', '1.8.0 2.8.0 16.7.0 32.7.0 31.7.0 14.7.0', '5(60) A'],
    ['virtual-1pn', '1.8.0 2.8.0 3.8.0 4.8.0 16.7.0 32.7.0 31.7.0 14.7.0', '5(60) A'],
  ])('the board %s: one phase, and what is not measured is absent', (board, codes, rating) => {
    const rig = quietRig({ config: { world: { board, wander: false } } })
    switchOn(rig, 'kettle')
    rig.run(5000)
    const view = viewOf(rig)
    expect(view.hello()).toMatchObject({ model: 'Ferraris 1P', nameplate: ['230 V', rating, '50 Hz'] })
    const state = view.state()
    expect(state.lcd.map(({ obis }) => obis).join(' ')).toBe(codes)
    expect([state.phases.length, state.flags.phases, state.conditions]).toEqual([1, [true], []])
    const plug = board === 'virtual-plug'
    const full = board === 'virtual-1pn'
    expect([state.frequency_Hz === undefined, state.flags.export === undefined]).toEqual([plug, plug])
    expect(
      [state.flags.quadrant, state.phases[0].reactive_var, state.phases[0].currentAngle_deg].map((value) => value === undefined),
    ).toEqual(Array(3).fill(!full))
    expect(Math.abs((state.neutral_A ?? 0) - (full ? state.phases[0].current_A : 0))).toBeLessThan(0.01)
    expect(Math.abs(state.total.active_W - 2000)).toBeLessThan(10)
  })

  test('quadrant I on a load, quadrant II when more is fed in', () => {
    const rig = quietRig()
    switchOn(rig, 'heatpump')
    rig.run(2000)
    const view = viewOf(rig)
    const importing = view.state()
    expect(importing.flags).toMatchObject({ import: true, export: false, quadrant: 1 })
    expect(importing.total.active_W).toBeCloseTo(3000, 0)
    for (const phase of importing.phases) {
      expect(phase.voltage_V).toBeCloseTo(230, 1)
      expect(phase.active_W).toBeCloseTo(1000, 0)
      expect(phase.reactive_var).toBeCloseTo(300, 0)
      expect(phase.currentAngle_deg).toBeCloseTo(16.7, 1)
      expect(phase.powerFactor).toBeCloseTo(0.958, 3)
    }
    expect(importing.phases.map(({ voltageAngle_deg }) => voltageAngle_deg)).toEqual([0, 120, 240])
    feedIn(rig, 9000)
    rig.run(2000)
    const exporting = view.state()
    expect(exporting.flags).toMatchObject({ import: false, export: true, quadrant: 2 })
    expect(exporting.total.active_W).toBeCloseTo(-6000, 0)
  })

  test('conditions of the mains in words', () => {
    const rig = quietRig()
    rig.machine.mains.disturb(1, 0.6)
    rig.machine.mains.disturb(2, 0)
    rig.run(3000)
    const { conditions, flags } = viewOf(rig).state()
    expect(conditions).toEqual(expect.arrayContaining(['Sag L2', 'Phase loss L3']))
    expect(flags.phases).toEqual([true, true, false])
  })

  test('the load curve has the average power of each interval', () => {
    const rig = quietRig()
    switchOn(rig, 'kettle')
    rig.run(HOUR_MS)
    feedIn(rig, 9000)
    rig.run(HOUR_MS)
    const { interval_s, points } = viewOf(rig).curve()
    expect(interval_s).toBe(900)
    // The first entry has nothing before it to take a difference from.
    expect(points.map(([end_s]) => end_s * 1000 - START_MS)).toEqual([2, 3, 4, 5, 6, 7, 8].map((entry) => entry * 900_000))
    for (const [, imported_W, exported_W, status] of points.slice(0, 3)) {
      expect(Math.abs(imported_W - 2000)).toBeLessThanOrEqual(4)
      expect([exported_W, status]).toEqual([0, 0])
    }
    for (const [, imported_W, exported_W] of points.slice(4)) {
      expect(imported_W).toBe(0)
      expect(Math.abs(exported_W - 7000)).toBeLessThanOrEqual(4)
    }
  })

  test('an interval that spans an outage is averaged over all of it', () => {
    const rig = quietRig()
    switchOn(rig, 'kettle')
    rig.run(HOUR_MS + 60_000)
    rig.machine.mains.disturbAll(0, HOUR_MS)
    rig.run(2 * HOUR_MS)
    const long = viewOf(rig)
      .curve()
      .points.filter(([, , , status]) => (status & 0x80) !== 0)
    expect(long.length).toBe(1)
    expect(long[0][1]).toBeLessThan(2000)
    expect(long[0][1]).toBeGreaterThan(100)
  })

  test('the curve follows the profile, and is made once per entry', () => {
    const rig = quietRig()
    rig.run(HOUR_MS)
    const view = viewOf(rig)
    const first = view.curve().points
    const revision = view.curveRevision
    rig.run(1000)
    expect(view.curve().points).toBe(first)
    rig.run(900_000)
    expect(view.curveRevision).toBe(revision + 1)
    expect(view.curve().points.length).toBe(first.length + 1)
  })

  test('the power of the last minutes: one point a second, at most 300', () => {
    const rig = quietRig()
    const view = viewOf(rig)
    for (let i = 0; i < 800; i++) {
      view.state()
      rig.run(500)
    }
    const { live } = view.curve()
    expect(live.length).toBe(300)
    for (let i = 1; i < live.length; i++) expect(live[i][0] - live[i - 1][0]).toBe(1)
  })

  test('events newest first, with the duration of a failure', () => {
    const rig = quietRig()
    rig.run(10_000)
    rig.machine.mains.disturbAll(0, 90_000)
    rig.run(120_000)
    const view = viewOf(rig)
    const events = view.events()
    expect(events.map(({ text }) => text)).toEqual(['Power up after 1m30s', 'Power down', 'Power up'])
    expect(new Set(events.map(({ seq }) => seq)).size).toBe(3)
    expect(view.eventsRevision).toBeGreaterThan(0)
    expect(events[1].time_ms).toBe(START_MS + 10_000)
  })
})
