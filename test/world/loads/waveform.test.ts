import { describe, expect, test } from 'vitest'
import { analyse, createPhasors, momentOf, ORDERS } from '../../../src/world/distortion.ts'
import { recordedWaveform, waveformOf } from '../../../src/world/loads/waveform.ts'
import { RECORDED_WAVEFORMS, type WaveformName } from '../../../src/world/loads/waveforms-table.ts'
import { recordedCycles, truthOf } from '../../support/waveforms.ts'

const NAMES = Object.keys(RECORDED_WAVEFORMS) as WaveformName[]
const CYCLES = recordedCycles()

describe('recorded waveforms', () => {
  test.each(NAMES)('%s is one of the recorded cycles', (name) => {
    const shape = recordedWaveform(name)
    expect(Math.hypot(shape.real[1], shape.imaginary[1])).toBeCloseTo(1, 12)
    expect([shape.real[0], shape.imaginary[0]]).toEqual([0, 0])
    const kind = CYCLES.filter(({ appliance }) => appliance === name.replace('-', ''))
    expect(kind.length).toBeGreaterThan(0)
    // The cycle as it would be if it started at the zero crossing of the voltage: turned by less than a degree, so that its powers tell it.
    const distances = kind.map(({ voltage, current }) => {
      const { active1_W, reactive1_var, thdCurrent } = truthOf(voltage, current)
      const apparent = Math.hypot(active1_W, reactive1_var)
      const thd = Math.sqrt(shape.real.reduce((sum, x, n) => (n < 2 ? sum : sum + x * x + shape.imaginary[n] ** 2), 0))
      return (
        Math.abs(active1_W / apparent - shape.real[1]) +
        Math.abs(-reactive1_var / apparent - shape.imaginary[1]) +
        Math.abs(thd - thdCurrent)
      )
    })
    expect(Math.min(...distances)).toBeLessThan(0.035)
  })
})

describe('a cycle of samples', () => {
  test('gives the phasors it was made of, and the samples back', () => {
    const samples = Float64Array.from({ length: 200 }, (_, k) => {
      const turn = (2 * Math.PI * k) / 200
      return 3 + Math.SQRT2 * (10 * Math.sin(turn - Math.PI / 6) + 2 * Math.cos(7 * turn))
    })
    const phasors = createPhasors()
    analyse(samples, phasors, 1)
    const at = (order: number) => [phasors.real[ORDERS + order], phasors.imaginary[ORDERS + order]]
    expect(at(0)).toEqual([expect.closeTo(3, 9), 0])
    expect(at(1)).toEqual([expect.closeTo(10 * Math.cos(Math.PI / 6), 9), expect.closeTo(-5, 9)])
    expect(at(7)).toEqual([expect.closeTo(0, 9), expect.closeTo(2, 9)])
    for (const k of [0, 13, 150]) expect(momentOf(phasors, 1, (360 * k) / 200)).toBeCloseTo(samples[k] - 3, 9)
    expect(waveformOf(samples).imaginary[7]).toBeCloseTo(0.2, 9)
  })

  test('few samples: no order without two of them per period', () => {
    const phasors = createPhasors(1)
    analyse(
      Float64Array.from({ length: 16 }, (_, k) => Math.sin((2 * Math.PI * k) / 16)),
      phasors,
      0,
    )
    expect(phasors.real[1]).toBeCloseTo(Math.SQRT1_2, 9)
    expect(phasors.real.slice(8).every((value) => value === 0)).toBe(true)
  })
})
