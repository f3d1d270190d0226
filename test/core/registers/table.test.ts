import { describe, expect, test } from 'vitest'
import { Instantaneous } from '../../../src/core/metrology/instantaneous.ts'
import { EnergyRegisters, Quantity } from '../../../src/core/registers/energy.ts'
import { REGISTER_TABLE, type Readings, registerOf, registerTable } from '../../../src/core/registers/table.ts'
import { emptySample } from '../sample.ts'

/** COSEM physical units, IEC 62056-6-2. */
const Unit = { degree: 8, Wh: 30, VAh: 31, varh: 32, A: 33, V: 35, Hz: 44, count: 255 } as const

/** One count is 1 Wh. */
const UNIT = { numerator: 1000, denominator: 1 }

function readings(): Readings {
  return { energy: new EnergyRegisters(UNIT), now: new Instantaneous() }
}

function read(code: string, from: Readings): number {
  const entry = registerOf(code)
  if (entry === undefined) throw new Error(`no register ${code}`)
  return entry.read(from)
}

/** Full load of a 5(60) A meter with reserve, in one direction. */
function fullLoad(direction: 1 | -1): Readings {
  const from = readings()
  const sample = emptySample()
  sample.active_mW.set([60e6, 20e6, 20e6, 20e6].map((value) => direction * value))
  sample.reactive_mvar.set([30e6, 10e6, 10e6, 10e6].map((value) => direction * value))
  sample.apparent_mVA.set([67e6, 22e6, 22e6, 22e6])
  sample.voltage_mV.fill(276_000)
  sample.current_mA.fill(100_000)
  sample.powerFactor_milli.fill(direction * 1000)
  sample.currentAngle_ddeg.fill(3599)
  sample.voltageAngle_ddeg.fill(3599)
  sample.neutral_mA = 65_535
  sample.frequency_mHz = 69_000
  from.now.copy(sample)
  from.energy.counts.fill(999_999_999)
  return from
}

const RANGES = { uint32: [0, 0xffffffff], int32: [-0x80000000, 0x7fffffff], uint16: [0, 0xffff], int16: [-0x8000, 0x7fff] } as const

describe('register table', () => {
  test('no code and no logical name comes twice', () => {
    const codes = REGISTER_TABLE.map(({ code }) => code)
    const names = REGISTER_TABLE.map(({ logicalName }) => logicalName)
    expect(new Set(codes).size).toBe(codes.length)
    expect(new Set(names).size).toBe(names.length)
    for (const { code, logicalName } of REGISTER_TABLE) expect(logicalName).toBe(`1.0.${code}.255`)
  })

  test.each([1, -1] as const)('values fit their types and are integers, direction %i', (direction) => {
    const from = fullLoad(direction)
    for (const entry of REGISTER_TABLE) {
      const value = entry.read(from)
      const [low, high] = RANGES[entry.type]
      expect(Number.isInteger(value), entry.code).toBe(true)
      expect(value >= low && value <= high, `${entry.code}: ${value}`).toBe(true)
    }
  })

  test('all four quadrants, sum and phases; energies carry their exact value', () => {
    for (let element = 0; element < 4; element++) {
      for (let c = 1; c <= 10; c++) {
        const entry = registerOf(`${c + 20 * element}.8.0`)
        expect(entry?.kind, `${c + 20 * element}.8.0`).toBe('energy')
        expect(entry?.unit).toBe(c <= 2 ? Unit.Wh : c <= 8 ? Unit.varh : Unit.VAh)
        expect(entry?.exact).toBeDefined()
      }
    }
    expect(registerOf('1.8.7')).toBeUndefined()
  })

  test('each energy code reads its own register', () => {
    const from = readings()
    from.energy.counts.forEach((_, index, counts) => {
      counts[index] = 1000 + index
    })
    for (let element = 0; element < 4; element++) {
      for (let quantity = 0; quantity < 10; quantity++) {
        expect(read(`${quantity + 1 + 20 * element}.8.0`, from)).toBe(1000 + 4 * quantity + element)
      }
    }
    from.energy.counts[4 * Quantity.activeImport] = 10
    from.energy.counts[4 * Quantity.activeExport] = 25
    expect([read('15.8.0', from), read('16.8.0', from)]).toEqual([35, -15])
  })

  test('powers stand in the register of their direction', () => {
    const importing = fullLoad(1)
    expect(['1.7.0', '2.7.0', '3.7.0', '4.7.0', '9.7.0', '10.7.0', '16.7.0'].map((code) => read(code, importing))).toEqual([
      60_000, 0, 30_000, 0, 67_000, 0, 60_000,
    ])
    const exporting = fullLoad(-1)
    expect(['21.7.0', '22.7.0', '23.7.0', '24.7.0', '29.7.0', '30.7.0'].map((code) => read(code, exporting))).toEqual([
      0, 20_000, 0, 10_000, 0, 22_000,
    ])
    expect([read('16.7.0', exporting), read('15.7.0', exporting), read('13.7.0', exporting)]).toEqual([-60_000, 60_000, -1000])
  })

  test('units and scalers of the mains', () => {
    const from = fullLoad(1)
    for (const [code, unit, scaler, value] of [
      ['32.7.0', Unit.V, -1, 2760],
      ['71.7.0', Unit.A, -2, 10_000],
      ['90.7.0', Unit.A, -2, 30_000],
      ['14.7.0', Unit.Hz, -2, 6900],
      ['81.7.10', Unit.degree, -1, 3599],
      ['81.7.51', Unit.degree, -1, 3599],
      ['13.7.0', Unit.count, -3, 1000],
    ] as const) {
      expect(registerOf(code), code).toMatchObject({ unit, scaler })
      expect(read(code, from), code).toBe(value)
    }
  })

  test('rates stand after their total, as many as there are', () => {
    expect(registerTable(1)).toEqual(REGISTER_TABLE)
    const codes = registerTable(3).map(({ code }) => code)
    expect(codes.slice(0, 9)).toEqual(['1.8.0', '1.8.1', '1.8.2', '1.8.3', '2.8.0', '2.8.1', '2.8.2', '2.8.3', '3.8.0'])
    expect(codes.length).toBe(REGISTER_TABLE.length + 12)
    expect(registerTable(8).length).toBe(REGISTER_TABLE.length + 32)
    expect(new Set(registerTable(8).map(({ logicalName }) => logicalName)).size).toBe(REGISTER_TABLE.length + 32)
    expect([registerOf('1.8.3', 3)?.code, registerOf('1.8.4', 3), registerOf('5.8.1', 8)]).toEqual(['1.8.3', undefined, undefined])
  })

  test('each rate reads its own count', () => {
    const from = readings()
    from.energy.rates.forEach((_, index, rates) => {
      rates[index] = 2000 + index
    })
    for (let c = 1; c <= 4; c++) {
      for (let rate = 1; rate <= 8; rate++) {
        const entry = registerOf(`${c}.8.${rate}`, 8)
        expect([entry?.read(from), entry?.exact?.(from)]).toEqual([2000 + 8 * (c - 1) + rate - 1, 1000 * (2000 + 8 * (c - 1) + rate - 1)])
        expect(entry).toMatchObject({
          kind: 'energy',
          scaler: 0,
          type: 'uint32',
          unit: c <= 2 ? Unit.Wh : Unit.varh,
          logicalName: `1.0.${c}.8.${rate}.255`,
        })
      }
    }
    expect(registerOf('2.8.4', 8)?.name).toBe('Active energy export (-A) rate 4')
  })
})
