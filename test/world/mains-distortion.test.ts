import { describe, expect, test } from 'vitest'
import { alternatingCurrent_A, momentOf, thdOf } from '../../src/world/distortion.ts'
import { Appliance, type ApplianceOptions, Photovoltaics } from '../../src/world/loads/appliances.ts'
import { Mains, type MainsOptions } from '../../src/world/mains.ts'
import { Scheduler } from '../../src/world/scheduler.ts'
import { recordedCycles, truthOf } from '../support/waveforms.ts'

const POINTS = 500
const CYCLES = recordedCycles()

function rig(options: Partial<MainsOptions> = {}) {
  const scheduler = new Scheduler(0)
  const mains = new Mains({ scheduler, seed: 1, voltage_V: 230, frequency_Hz: 50, wander_ms: 0, onChange: () => {}, ...options })
  const connect = (appliance: Partial<ApplianceOptions>): Appliance => {
    const load = new Appliance({ id: 'load', name: 'Load', phase: 1, active_W: 100, reactive_var: 0, ...appliance })
    mains.add(load)
    load.switch(true)
    mains.update()
    return load
  }
  return { scheduler, mains, connect }
}

/** Samples of what is at the terminals of L1. */
function terminals({ electrical }: Mains) {
  const { distortion } = electrical
  if (distortion === undefined) throw new Error('sines')
  const samples = (which: 'voltage' | 'current') =>
    Float64Array.from({ length: POINTS }, (_, k) => momentOf(distortion[which], 0, (360 * k) / POINTS))
  return { voltage: samples('voltage'), current: samples('current'), distortion }
}

/** One recorded cycle of an appliance, turned so that its voltage crosses zero at the first sample (they are within half a degree), at a power. */
function scaled(kind: string, power_W: number): Float64Array {
  const current = CYCLES.find(({ appliance }) => appliance === kind)?.current ?? new Float64Array(POINTS)
  const sine = Float64Array.from({ length: POINTS }, (_, k) => 230 * Math.SQRT2 * Math.sin((2 * Math.PI * k) / POINTS))
  const scale = power_W / truthOf(sine, current).active_W
  return current.map((value) => value * scale)
}

describe('loads with a waveform', () => {
  test('without any, and with all switched off, there are only sines', () => {
    const { mains, connect } = rig()
    connect({ reactive_var: 50 })
    expect(mains.electrical.distortion).toBeUndefined()
    const lamp = connect({ waveform: 'cfl' })
    expect(mains.electrical.distortion).toBeDefined()
    lamp.switch(false)
    mains.update()
    expect(mains.electrical.distortion).toBeUndefined()
    expect(mains.electrical.active_W[0]).toBe(100)
  })

  test.each(['cfl', 'incandescent', 'kettle', 'fan', 'airconditioner', 'hairiron', 'laptopcharger', 'fridge', 'vacuum', 'coffeemaker'])(
    '%s: the recorded samples at a power of 100 W',
    (kind) => {
      const { mains, connect } = rig()
      const samples = scaled(kind, 100)
      connect({ active_W: 100, samples: [...samples] })
      const { electrical } = mains
      const sine = Float64Array.from({ length: POINTS }, (_, k) => 230 * Math.SQRT2 * Math.sin((2 * Math.PI * k) / POINTS))
      const truth = truthOf(sine, samples)
      expect(electrical.active_W[0]).toBeCloseTo(100, 6)
      expect(electrical.voltage_V[0]).toBeCloseTo(230, 9)
      expect(electrical.reactive_var[0]).toBeCloseTo(truth.reactive1_var, 6)
      // Orders above 40 are left out.
      expect(Math.abs(electrical.current_A[0] / truth.current_A - 1)).toBeLessThan(0.02)
      const { distortion } = terminals(mains)
      expect(Math.abs(thdOf(distortion.current, 0) / truth.thdCurrent - 1)).toBeLessThan(0.04)
      expect(thdOf(distortion.voltage, 0)).toBe(0)
    },
  )

  test('several on one phase: their samples add up', () => {
    const { mains, connect } = rig()
    const parts = [
      ['cfl', 40],
      ['vacuum', 900],
      ['fridge', 120],
    ] as const
    const sum = new Float64Array(POINTS)
    for (const [kind, power_W] of parts) {
      const samples = scaled(kind, power_W)
      connect({ active_W: power_W, samples: [...samples] })
      for (let k = 0; k < POINTS; k++) sum[k] += samples[k]
    }
    connect({ active_W: 2000, reactive_var: 300 })
    for (let k = 0; k < POINTS; k++) {
      const turn = (2 * Math.PI * k) / POINTS
      sum[k] += (Math.SQRT2 / 230) * (2000 * Math.sin(turn) - 300 * Math.cos(turn))
    }
    const { voltage } = terminals(mains)
    const truth = truthOf(voltage, sum)
    const { electrical } = mains
    expect(electrical.active_W[0]).toBeCloseTo(3060, 6)
    expect(electrical.reactive_var[0]).toBeCloseTo(truth.reactive1_var, 6)
    expect(Math.abs(electrical.current_A[0] / truth.current_A - 1)).toBeLessThan(0.0005)
    expect(Math.abs((electrical.distortion?.currentCrest[0] ?? 0) / (Math.max(...sum.map(Math.abs)) / truth.current_A) - 1)).toBeLessThan(
      0.02,
    )
  })

  test('one that feeds in has the same shape upside down; one on all phases has it on each', () => {
    const { mains, connect } = rig()
    const load = connect({ waveform: 'laptop-charger', phase: 'all', active_W: -300 })
    const { electrical } = mains
    expect([...electrical.active_W]).toEqual([...electrical.active_W].map(() => expect.closeTo(-100, 6)))
    expect(electrical.reactive_var[2]).toBeCloseTo(load.reactive_var[2], 6)
    expect(thdOf(terminals(mains).distortion.current, 2)).toBeCloseTo(1.254, 2)
  })

  test('a sag draws power by its square, an interruption nothing, and the crest stays', () => {
    const { mains, connect } = rig()
    connect({ waveform: 'cfl' })
    const crest = mains.electrical.distortion?.currentCrest[0]
    mains.disturb(0, 0.5)
    expect(mains.electrical.active_W[0]).toBeCloseTo(25, 9)
    mains.disturb(0, 0)
    expect([mains.electrical.active_W[0], mains.electrical.current_A[0], mains.electrical.voltage_V[0]]).toEqual([0, 0, 0])
    mains.disturb(0, 1)
    expect(mains.electrical.active_W[0]).toBeCloseTo(100, 9)
    expect(mains.electrical.distortion?.currentCrest[0]).toBe(crest)
  })

  test('direct current is in the RMS value of the world and not behind a filter', () => {
    const { mains, connect } = rig()
    connect({ samples: Array.from({ length: 96 }, (_, k) => Math.max(0, Math.sin((2 * Math.PI * k) / 96))) })
    const { electrical } = mains
    const peak_A = (4 * 100) / (230 * Math.SQRT2)
    expect(electrical.current_A[0]).toBeCloseTo(peak_A / 2, 3)
    expect(alternatingCurrent_A(electrical, 0)).toBeCloseTo(Math.sqrt(peak_A ** 2 / 4 - (peak_A / Math.PI) ** 2), 3)
  })

  test('a shape that carries no power is refused', () => {
    const { connect } = rig()
    expect(() => connect({ samples: Array.from({ length: 32 }, (_, k) => Math.cos((2 * Math.PI * k) / 32)) })).toThrow(RangeError)
    expect(() => connect({ samples: Array.from({ length: 32 }, () => 1) })).toThrow('no fundamental')
    expect(() => connect({ samples: [0, 1, 0, -1] })).toThrow('16 samples')
  })
})

describe('harmonics of the mains', () => {
  const harmonics = [
    { order: 3, percent: 4, angle_deg: 180 },
    { order: 5, percent: 3, angle_deg: 30 },
    { order: 7, percent: 1 },
  ]

  test('the RMS value stays, the fundamental gives way', () => {
    const { mains } = rig({ harmonics })
    mains.update()
    const { electrical } = mains
    const { voltage, distortion } = terminals(mains)
    expect(electrical.voltage_V[0]).toBeCloseTo(230, 9)
    expect(truthOf(voltage, voltage).voltage_V).toBeCloseTo(230, 9)
    expect(thdOf(distortion.voltage, 1)).toBeCloseTo(Math.hypot(0.04, 0.03, 0.01), 9)
    expect(distortion.voltageCrest[2]).toBeCloseTo(Math.max(...voltage.map(Math.abs)) / 230, 3)
    expect(() => rig({ harmonics: [{ order: 41, percent: 1 }] })).toThrow(RangeError)
  })

  test('a resistance draws a current of the shape of the voltage, an inductance and a capacitance what their law says', () => {
    const { mains, connect } = rig({ harmonics })
    connect({ active_W: 1000 })
    const resistive = terminals(mains)
    const conductance = resistive.current[100] / resistive.voltage[100]
    for (let k = 0; k < POINTS; k++) expect(resistive.current[k]).toBeCloseTo(conductance * resistive.voltage[k], 6)
    expect(mains.electrical.active_W[0]).toBeCloseTo(truthOf(resistive.voltage, resistive.current).active_W, 6)

    const coil = rig({ harmonics })
    coil.connect({ active_W: 0, reactive_var: 500 })
    const inductive = terminals(coil.mains)
    expect(truthOf(inductive.voltage, inductive.current).reactive1_var).toBeCloseTo(500, 6)
    // u = L di/dt: the current's slope has the shape of the voltage.
    expect(shapeError(slope(inductive.current), inductive.voltage)).toBeLessThan(0.002)

    const capacitor = rig({ harmonics })
    capacitor.connect({ active_W: 0, reactive_var: -500 })
    const capacitive = terminals(capacitor.mains)
    expect(shapeError(slope(capacitive.voltage), capacitive.current)).toBeLessThan(0.002)
    expect(thdOf(capacitive.distortion.current, 0)).toBeCloseTo(Math.hypot(0.12, 0.15, 0.07), 6)
  })

  test('an inverter stays a sine', () => {
    const { mains } = rig({ harmonics })
    const photovoltaics = new Photovoltaics(3000)
    mains.add(photovoltaics)
    photovoltaics.set(true, 3000)
    mains.update()
    expect(thdOf(terminals(mains).distortion.current, 0)).toBe(0)
    expect(mains.electrical.active_W[0]).toBeCloseTo(-1000, 9)
  })
})

/** Differences of neighbours, between the samples. */
function slope(samples: Float64Array): Float64Array {
  return samples.map((_, k) => samples[(k + 1) % POINTS] - samples[(k - 1 + POINTS) % POINTS])
}

/** How far two waves differ in shape, in units of their RMS value. */
function shapeError(a: Float64Array, b: Float64Array): number {
  const { voltage_V: x, current_A: y, active_W } = truthOf(a, b)
  return Math.sqrt(Math.max(0, 1 - (active_W / (x * y)) ** 2))
}
