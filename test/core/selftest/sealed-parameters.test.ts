import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { SealedParameters } from '../../../src/core/selftest/sealed-parameters.ts'
import { Counter } from '../../../src/core/storage/counters.ts'
import { openStorage, type Storage } from '../../../src/core/storage/storage.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import { NorFlash, PowerLoss, type Tear } from '../../../src/world/chips/nor-flash.ts'

const NOW_S = 1_767_614_400
const SHAPE = { blocks: 64, blockLength: 4096, writeAlign: 16 } as const
const bytes = (...values: number[]) => Uint8Array.from(values)

function create(storage: Storage, sealOpen: () => boolean = () => true) {
  const changes: [string, number][] = []
  const parameters = new SealedParameters({
    ...{ settings: storage.settings, sealOpen, nextNumber: () => storage.counters.next(Counter.sealedChange) },
    onChange: (name, number) => changes.push([name, number]),
  })
  return { parameters, changes }
}

describe('SealedParameters', () => {
  test('written only with the seal open; each change has its number, and is told', () => {
    let open = false
    const storage = openStorage(new MemoryFlash(SHAPE))
    const { parameters, changes } = create(storage, () => open)
    expect(() => parameters.set('constant', bytes(1), NOW_S)).toThrow(expect.objectContaining({ code: 'SEAL' }))
    expect([parameters.number, parameters.names(), parameters.intact]).toEqual([0, [], true])
    open = true
    expect(parameters.set('constant', bytes(0x03, 0xe8), NOW_S)).toBe(1)
    expect(parameters.set('constant', bytes(0x03, 0xe8), NOW_S + 1)).toBe(1)
    expect(parameters.set('class', bytes(1), NOW_S + 2)).toBe(2)
    expect(changes).toEqual([
      ['constant', 1],
      ['class', 2],
    ])
    const again = create(storage).parameters
    expect([again.get('constant'), again.get('nothing'), again.number, again.changed_s]).toEqual([bytes(3, 0xe8), undefined, 2, NOW_S + 2])
    expect(again.checksum).toBe(parameters.checksum)
    expect(again.intact).toBe(true)
  })

  test('refuses what it cannot store', () => {
    const { parameters } = create(openStorage(new MemoryFlash(SHAPE)))
    expect(() => parameters.set('x'.repeat(25), bytes(1), NOW_S)).toThrow(RangeError)
    expect(() => parameters.set('x', new Uint8Array(228), NOW_S)).toThrow(RangeError)
    expect(parameters.number).toBe(0)
  })

  test('a parameter that is gone, changed behind our back or of another meter is found', () => {
    const storage = openStorage(new MemoryFlash(SHAPE))
    const { parameters } = create(storage)
    parameters.set('a', bytes(1), NOW_S)
    const old = storage.settings.get('sealed.a') ?? bytes()
    parameters.set('a', bytes(2), NOW_S)
    parameters.set('b', bytes(3), NOW_S)
    expect(parameters.intact).toBe(true)
    storage.settings.set('sealed.a', old)
    expect(parameters.intact).toBe(false)
    storage.settings.delete('sealed.a')
    expect(parameters.intact).toBe(false)
    storage.settings.set('sealed.a', bytes(9))
    expect(parameters.intact).toBe(false)
  })

  const TEARS: readonly Tear[] = ['none', 'complete', 'prefix', 'bits', 'garbage', 'erase-random']
  test('power lost at any operation of any change: the state before or after it, intact, and no number twice', () => {
    const change = fc.record({ name: fc.constantFrom('a', 'b', 'c'), value: fc.uint8Array({ maxLength: 5 }) })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 40 }), fc.nat(5), (changes, cut, tear) => {
        const memory = new MemoryFlash(SHAPE)
        const chip = new NorFlash(memory, { random: new SeededRandom(cut, 4) })
        const storage = openStorage(chip)
        const { parameters } = create(storage)
        const numbers: number[] = []
        const states: string[] = ['']
        const state = (of: SealedParameters) =>
          of
            .names()
            .map((name) => `${name}=${of.get(name)}`)
            .join(';')
        chip.cutAt(chip.operations + cut, TEARS[tear])
        let cutOff: string | undefined
        try {
          for (const { name, value } of changes) {
            const next = new Map(parameters.names().map((known) => [known, parameters.get(known)]))
            next.set(name, value)
            cutOff = [...next]
              .sort(([x], [y]) => (x < y ? -1 : 1))
              .map(([known, bytes]) => `${known}=${bytes}`)
              .join(';')
            const number = parameters.set(name, value, NOW_S)
            if (numbers.at(-1) !== number) numbers.push(number)
            states.push(state(parameters))
            cutOff = undefined
          }
        } catch (error) {
          if (!(error instanceof PowerLoss)) throw error
        }
        chip.powerOn()
        const again = create(openStorage(chip)).parameters
        expect([states.at(-1), cutOff]).toContain(state(again))
        expect(again.intact).toBe(true)
        numbers.push(again.set('z', bytes(1), NOW_S))
        for (let i = 1; i < numbers.length; i++) expect(numbers[i]).toBeGreaterThan(numbers[i - 1])
      }),
      { numRuns: 100 },
    )
  })
})
