import { describe, expect, test } from 'vitest'
import { EVERYTHING, type Measured, quantitiesOf, tariffedOf } from '../../../src/core/metrology/measured.ts'
import { REGISTER_TABLE, registerOf, registerTable } from '../../../src/core/registers/table.ts'
import { measuredBy } from '../../../src/meter/front-end/front-end.ts'

const PLUG = measuredBy({ part: 'CSE7766' })
const SINGLE = measuredBy({ part: 'BL0942' })
/** One phase with all that a meter has a register for. */
const ONE: Measured = { ...EVERYTHING, phases: 1 }

const codesOf = (measured: Measured, rates = 1) => registerTable(rates, measured).map(({ code }) => code)

describe('the registers of a meter', () => {
  test('with three phases and four quadrants: all that there are', () => {
    expect(registerTable(1, measuredBy({ part: 'ATM90E32' }))).toEqual(REGISTER_TABLE)
    expect(quantitiesOf(EVERYTHING)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  test('with one phase and no direction: |A|, U, I, S and the power factor', () => {
    expect(codesOf(PLUG)).toEqual('1.8.0 15.8.0 1.7.0 9.7.0 13.7.0 21.7.0 29.7.0 33.7.0 15.7.0 32.7.0 31.7.0'.split(' '))
    expect([quantitiesOf(PLUG), tariffedOf(PLUG)]).toEqual([[0], [0]])
  })

  test('with one phase and both directions of active energy', () => {
    expect(codesOf(SINGLE)).toEqual(
      [
        '1.8.0 2.8.0 15.8.0 16.8.0 1.7.0 2.7.0 9.7.0 10.7.0 13.7.0',
        '21.7.0 22.7.0 29.7.0 30.7.0 33.7.0 15.7.0 16.7.0 32.7.0 31.7.0 14.7.0',
      ].flatMap((codes) => codes.split(' ')),
    )
    expect([quantitiesOf(SINGLE), tariffedOf(SINGLE)]).toEqual([
      [0, 1],
      [0, 1],
    ])
  })

  test('with one phase and everything: nothing of L2 and L3, and the energies of L1 are those of the sum', () => {
    const codes = codesOf(ONE)
    const groups = codes.map((code) => code.split('.').map(Number))
    expect(groups.filter(([c]) => c > 40 && c < 80)).toEqual([])
    expect(groups.filter(([c, d]) => c > 20 && c < 80 && d === 8)).toEqual([])
    expect(codes.filter((code) => code.startsWith('81.'))).toEqual(['81.7.40'])
    expect(codes).toContain('91.7.0')
    expect(codes).not.toContain('90.7.0')
    for (const code of ['1.8.0', '4.8.0', '8.8.0', '10.8.0', '23.7.0', '24.7.0']) expect(codes).toContain(code)
  })

  test('only totals that are there have rates', () => {
    expect(codesOf(PLUG, 2).slice(0, 4)).toEqual(['1.8.0', '1.8.1', '1.8.2', '15.8.0'])
    expect(codesOf(SINGLE, 2).slice(0, 7)).toEqual(['1.8.0', '1.8.1', '1.8.2', '2.8.0', '2.8.1', '2.8.2', '15.8.0'])
    expect([registerOf('3.8.1', 2, SINGLE), registerOf('2.8.2', 2, PLUG), registerOf('1.8.2', 2, PLUG)?.code]).toEqual([
      undefined,
      undefined,
      '1.8.2',
    ])
  })
})
