import { describe, expect, test } from 'vitest'
import { profileValue } from '../../src/core/profile/load-profile.ts'
import { ELEMENTS, Quantity } from '../../src/core/registers/energy.ts'
import { DAY_MS, householdTrace, Rig } from './rig.ts'

/** One count of the IC: 1/320 Wh. */
const COUNT_MWH = 3.125

describe('21 days of the recorded household', () => {
  const rig = new Rig()
  rig.run(21 * DAY_MS)
  const trace = householdTrace()
  const integral = (phase: number) => {
    let energy_mWh = 0
    for (let row = 0; row < trace.rows; row++) energy_mWh += (trace.active_W[3 * row + phase] * 1000) / 60
    return energy_mWh
  }

  test('energy registers equal the integral of the trace within the quantisation of the IC', () => {
    const { energy } = rig.core
    const sum_mWh = integral(0) + integral(1) + integral(2)
    expect(Math.abs(rig.imported_mWh - sum_mWh)).toBeLessThan(2 * COUNT_MWH)
    for (let phase = 0; phase < 3; phase++) {
      const register_mWh = energy.thousandths(energy.count(Quantity.activeImport, phase + 1))
      expect(Math.abs(register_mWh - integral(phase))).toBeLessThan(2 * COUNT_MWH)
    }
    expect(rig.exported_mWh).toBe(0)
  })

  test('quadrants add up to the last count', () => {
    const { energy } = rig.core
    for (let element = 0; element < ELEMENTS; element++) {
      const count = (quantity: number) => energy.count(quantity, element)
      expect(count(Quantity.reactiveQ1) + count(Quantity.reactiveQ2)).toBe(count(Quantity.reactiveImport))
      expect(count(Quantity.reactiveQ3) + count(Quantity.reactiveQ4)).toBe(count(Quantity.reactiveExport))
    }
  })

  test('the load profile has every quarter of an hour, and its differences add up to the register', () => {
    const { profile } = rig.core
    expect(profile.count).toBe(21 * 96)
    const cursor = profile.cursor(profile.log.firstSequence)
    let previous = { utc_s: -1, value: 0 }
    while (cursor.next()) {
      const entry = { utc_s: cursor.utc_s, value: profileValue(cursor.payload, 0) }
      expect(entry.utc_s % 900).toBe(0)
      if (previous.utc_s >= 0) {
        expect(entry.utc_s - previous.utc_s).toBe(900)
        expect(entry.value).toBeGreaterThanOrEqual(previous.value)
      }
      expect(cursor.status).toBe(0)
      previous = entry
    }
    expect(previous.value).toBeLessThanOrEqual(Math.floor(rig.imported_mWh / 1000))
  })

  test('the metrological LED has flashed once per Wh', () => {
    expect(rig.machine.meter?.led.pulses).toBe(Math.floor(rig.imported_mWh / 1000))
  })

  test('flash wears slowly: no block beyond 40 erases in 21 days (14,000 in 20 years)', () => {
    expect(Math.max(...rig.machine.flash.wear)).toBeLessThan(40)
  })
})

test('another capture period at the next start leaves the rows that are there as they are', () => {
  const rows = (rig: Rig) => {
    const { profile } = rig.core
    const cursor = profile.cursor(profile.log.firstSequence)
    const found: string[] = []
    while (cursor.next()) found.push(`${cursor.utc_s} ${[0, 1, 2, 3].map((index) => profileValue(cursor.payload, index))}`)
    return found
  }
  const before = new Rig()
  before.run(3 * 3_600_000)
  const old = rows(before)
  before.machine.stop()
  const after = new Rig({ storage: before.storage, start_ms: before.machine.now_ms, config: { meter: { profile: { period_min: 5 } } } })
  after.run(3_600_000)
  expect(rows(after).slice(0, old.length)).toEqual(old)
  const times = rows(after).map((row) => Number(row.split(' ')[0]))
  expect(times.length).toBe(12 + 12)
  // 19:15 was the last quarter; 19:25 are the first five minutes.
  expect(times.slice(12).map((time, i) => time - times[11 + i])).toEqual([600, ...new Array(11).fill(300)])
})

test('the same seed gives the same bytes, another one does not', () => {
  const image = (seed: number) => {
    const rig = new Rig({ seed })
    rig.run(DAY_MS)
    return { flash: Buffer.from(read(rig)).toString('base64'), voltage: rig.core.now.voltage_mV[0] }
  }
  const first = image(7)
  expect(image(7)).toEqual(first)
  expect(image(8).voltage).not.toBe(first.voltage)
})

function read(rig: Rig): Uint8Array {
  const image = new Uint8Array(rig.storage.status().size)
  rig.storage.read(image, 0)
  return image
}
