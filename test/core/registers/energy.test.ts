import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ELEMENTS,
  ENERGY_VALUES,
  EnergyRegisters,
  Quantity,
  RATE_INDEX,
  RATE_QUANTITIES,
  RATE_VALUES,
  RATES,
} from '../../../src/core/registers/energy.ts'
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

describe('energy by rate', () => {
  const sums = (energy: EnergyRegisters) =>
    [0, 1, 2, 3].map((quantity) => energy.rates.subarray(quantity * RATES, (quantity + 1) * RATES).reduce((sum, count) => sum + count))
  const totals = (energy: EnergyRegisters) => [0, 1, 2, 3].map((quantity) => energy.count(quantity, 0))
  const part = fc.oneof(fc.constant(0), fc.nat(2000), fc.nat(10_000_000))
  const shares = fc.array(part, { minLength: RATES, maxLength: RATES }).map((list) => Float64Array.from(list))

  test('the sum of the rates is the total, whatever is counted and however it is split', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(samples, fc.integer({ min: 1, max: 8 }), fc.option(shares)), { maxLength: 30 }), (list) => {
        const energy = new EnergyRegisters(UNIT)
        for (const [values, rate, split] of list) {
          const before = energy.rates.slice()
          energy.rate = rate
          energy.add(filled(values), split ?? undefined)
          expect(sums(energy)).toEqual(totals(energy))
          for (let i = 0; i < RATE_VALUES; i++) expect(energy.rates[i]).toBeGreaterThanOrEqual(before[i])
        }
      }),
    )
  })

  test('shares are proportional to the last count, for large numbers too', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), shares, (count, split) => {
        const energy = new EnergyRegisters(UNIT)
        energy.rate = 8
        const sample = emptySample()
        sample.activeExport[0] = count
        energy.add(sample, split)
        const whole = BigInt(split.reduce((sum, share) => sum + share))
        let share = 0n
        let given = 0n
        for (let rate = 1; rate <= RATES; rate++) {
          share += BigInt(split[rate - 1])
          const upTo = whole === 0n ? (rate === 8 ? BigInt(count) : 0n) : (BigInt(count) * share) / whole
          expect(BigInt(energy.rateCount(Quantity.activeExport, rate))).toBe(upTo - given)
          given = upTo
        }
      }),
      { numRuns: 500 },
    )
  })

  test('what was counted without rates goes to rate 1, once', () => {
    fc.assert(
      fc.property(fc.array(samples, { maxLength: 5 }), fc.integer({ min: 1, max: 8 }), (list, rate) => {
        const image = new Float64Array(96)
        const old = new EnergyRegisters(UNIT, image.subarray(0, ENERGY_VALUES))
        for (const values of list) old.add(filled(values))
        const energy = new EnergyRegisters(UNIT, image.subarray(0, ENERGY_VALUES), image.subarray(RATE_INDEX, RATE_INDEX + RATE_VALUES))
        const before = totals(energy)
        for (let i = 0; i < 2; i++) {
          expect(energy.settle()).toBe(true)
          expect(totals(energy)).toEqual(before)
          for (let quantity = 0; quantity < RATE_QUANTITIES; quantity++) expect(energy.rateCount(quantity, 1)).toBe(before[quantity])
          expect(sums(energy)).toEqual(before)
        }
        energy.rate = rate
        const sample = emptySample()
        sample.activeImport[0] = 5
        energy.add(sample)
        // An older firmware counts for a while, without rates.
        old.add(sample)
        expect(energy.settle()).toBe(true)
        expect(sums(energy)).toEqual(totals(energy))
        expect(energy.rateHighest).toBe(rate)
      }),
    )
  })

  test('rates above their total are not repaired, but reported', () => {
    const energy = new EnergyRegisters(UNIT)
    energy.rates[3] = 1
    expect(energy.settle()).toBe(false)
    expect([energy.count(0, 0), energy.rateCount(0, 1), energy.rateCount(0, 4)]).toEqual([0, 0, 1])
  })

  test('the counters lie between the energies and the rates', () => {
    expect([ENERGY_VALUES, RATE_INDEX, RATE_INDEX + RATE_VALUES]).toEqual([40, 48, 80])
  })

  test('refuses rates that there are not, and times that cannot be multiplied exactly', () => {
    const energy = new EnergyRegisters(UNIT)
    for (const rate of [0, 9, 1.5]) {
      expect(() => {
        energy.rate = rate
      }).toThrow('rate outside 1..8')
    }
    expect(() => energy.add(emptySample(), new Float64Array(RATES).fill(94_906_266 / 8))).toThrow('too long a time')
    expect(() => new EnergyRegisters(UNIT, undefined, new Float64Array(4))).toThrow('one count per quantity and rate')
  })
})
