import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ELEMENTS, ENERGY_VALUES, EnergyRegisters, Quantity } from '../../../src/core/registers/energy.ts'
import { emptySample } from '../sample.ts'

/** One count of 3200 imp/kWh: 3.125 mWh. */
const UNIT = { numerator: 25, denominator: 8 }

const count = fc.nat(65534)
const fourCounts = fc.tuple(count, count, count, count)
const power = fc.integer({ min: -20_000_000, max: 20_000_000 })
const samples = fc.record({
  activeImport: fourCounts,
  activeExport: fourCounts,
  reactiveImport: fourCounts,
  reactiveExport: fourCounts,
  apparent: fourCounts,
  active_mW: fc.tuple(power, power, power, power),
})

function filled(values: typeof samples extends fc.Arbitrary<infer T> ? T : never) {
  const sample = emptySample()
  sample.activeImport.set(values.activeImport)
  sample.activeExport.set(values.activeExport)
  sample.reactiveImport.set(values.reactiveImport)
  sample.reactiveExport.set(values.reactiveExport)
  sample.apparent.set(values.apparent)
  sample.active_mW.set(values.active_mW)
  return sample
}

describe('EnergyRegisters', () => {
  test.each([
    ['I', 1, 'reactiveImport', Quantity.reactiveQ1, Quantity.apparentImport],
    ['II', -1, 'reactiveImport', Quantity.reactiveQ2, Quantity.apparentExport],
    ['III', -1, 'reactiveExport', Quantity.reactiveQ3, Quantity.apparentExport],
    ['IV', 1, 'reactiveExport', Quantity.reactiveQ4, Quantity.apparentImport],
  ] as const)('quadrant %s', (_name, sign, reactive, quadrant, apparent) => {
    const energy = new EnergyRegisters(UNIT)
    for (let element = 0; element < ELEMENTS; element++) {
      const sample = emptySample()
      sample.active_mW[element] = sign * 1000
      sample[sign > 0 ? 'activeImport' : 'activeExport'][element] = 100
      sample[reactive][element] = 70
      sample.apparent[element] = 122
      energy.add(sample)
      const expected = new Map<number, number>([
        [sign > 0 ? Quantity.activeImport : Quantity.activeExport, 100],
        [reactive === 'reactiveImport' ? Quantity.reactiveImport : Quantity.reactiveExport, 70],
        [quadrant, 70],
        [apparent, 122],
      ])
      for (let quantity = 0; quantity < 10; quantity++) {
        expect(energy.count(quantity, element), `quantity ${quantity}`).toBe(expected.get(quantity) ?? 0)
      }
    }
  })

  test('every count goes to exactly one register of its group, and no register ever decreases', () => {
    fc.assert(
      fc.property(fc.array(samples, { maxLength: 20 }), (list) => {
        const energy = new EnergyRegisters(UNIT)
        const total = new Float64Array(ELEMENTS)
        for (const values of list) {
          const before = energy.counts.slice()
          energy.add(filled(values))
          for (let i = 0; i < ENERGY_VALUES; i++) expect(energy.counts[i]).toBeGreaterThanOrEqual(before[i])
          for (let element = 0; element < ELEMENTS; element++) total[element] += values.apparent[element]
        }
        for (let element = 0; element < ELEMENTS; element++) {
          const at = (quantity: number) => energy.count(quantity, element)
          expect(at(Quantity.reactiveQ1) + at(Quantity.reactiveQ2)).toBe(at(Quantity.reactiveImport))
          expect(at(Quantity.reactiveQ3) + at(Quantity.reactiveQ4)).toBe(at(Quantity.reactiveExport))
          expect(at(Quantity.apparentImport) + at(Quantity.apparentExport)).toBe(total[element])
        }
      }),
    )
  })

  test('whole units and thousandths are rounded down and agree with each other', () => {
    const energy = new EnergyRegisters(UNIT)
    fc.assert(
      fc.property(fc.nat(2 ** 45), (counts) => {
        const thousandths = energy.thousandths(counts)
        expect(BigInt(thousandths)).toBe((BigInt(counts) * 25n) / 8n)
        expect(energy.wholeUnits(counts)).toBe(Math.floor(thousandths / 1000))
      }),
    )
    expect([319, 320, 321].map((counts) => energy.wholeUnits(counts))).toEqual([0, 1, 1])
  })

  test('lives inside a larger image, which must have one place per register', () => {
    const image = new Float64Array(48)
    const energy = new EnergyRegisters(UNIT, image.subarray(0, ENERGY_VALUES))
    const sample = emptySample()
    sample.activeImport[2] = 7
    energy.add(sample)
    expect(image[2]).toBe(7)
    expect(() => new EnergyRegisters(UNIT, new Float64Array(ENERGY_VALUES + 1))).toThrow('one count per quantity')
  })
})
