import { beforeEach, describe, expect, test } from 'vitest'
import type { Digital, DigitalConstructor, DigitalOptions } from '../../hal/api/io.ts'

/** A pin and the world's end of its wire. */
export interface DigitalUnderTest {
  readonly Digital: DigitalConstructor
  /** A free pin. */
  readonly pin: number
  /** Sets the level of the wire from outside; absent where nothing can. */
  drive?(level: 0 | 1): void
  /** The level that the pin puts on the wire. */
  level?(): 0 | 1
  /** Lets due callbacks run. */
  settle(): void | Promise<void>
}

interface DrivenInput {
  readonly input: Digital
  readonly drive: (level: 0 | 1) => void
  /** How often the input told an edge. */
  readonly calls: () => number
}

/** The rules of ECMA-419 section 10.2 as `hal/api/io.ts` states them. */
export function digitalContract(name: string, open: () => DigitalUnderTest | Promise<DigitalUnderTest>): void {
  describe(`digital: ${name}`, () => {
    let wire: DigitalUnderTest
    beforeEach(async () => {
      wire = await open()
    })

    test('options are validated, not modified, and a refused constructor leaves the pin free', () => {
      const { Digital, pin } = wire
      const wrong: unknown[] = [
        { pin: -1, mode: 'Input' },
        { pin: 1.5, mode: 'Input' },
        { mode: 'Input' },
        { pin, mode: 'Sideways' },
        { pin },
        { pin, mode: 'Input', onReadable: () => {} },
      ]
      for (const options of wrong) expect(() => new Digital(options as DigitalOptions), JSON.stringify(options)).toThrow()
      const options = Object.freeze({ pin, mode: 'Output', initialValue: 0 } as const)
      new Digital(options).close()
    })

    test('an output drives its wire from the constructor on', () => {
      const { Digital, pin } = wire
      const output = new Digital({ pin, mode: 'Output', initialValue: 1 })
      expect(output.read()).toBe(1)
      if (wire.level) expect(wire.level()).toBe(1)
      output.write(0)
      expect(output.read()).toBe(0)
      if (wire.level) expect(wire.level()).toBe(0)
      output.close()
    })

    test('close may be called twice, other methods throw afterwards, the pin is free again', () => {
      const { Digital, pin } = wire
      const output: Digital = new Digital({ pin, mode: 'Output' })
      output.close()
      output.close()
      expect(() => output.read()).toThrow()
      expect(() => output.write(1)).toThrow()
      new Digital({ pin, mode: 'Output' }).close()
    })

    test('a pin in use is refused', () => {
      const { Digital, pin } = wire
      const first = new Digital({ pin, mode: 'Output' })
      expect(() => new Digital({ pin, mode: 'Output' })).toThrow()
      first.close()
    })

    /** An input on a wire that starts low. Nothing is tested where nothing drives the wire. */
    function testDriven(title: string, edge: 'rising' | 'both', run: (driven: DrivenInput) => Promise<void>): void {
      test(title, async () => {
        const { Digital, pin } = wire
        if (wire.drive === undefined) {
          console.log(`skipped: nothing drives the pin of ${name}`)
          return
        }
        wire.drive(0)
        let calls = 0
        const input = new Digital({ pin, mode: 'Input', edge, onReadable: () => calls++ })
        await wire.settle()
        await run({ input, drive: (level) => wire.drive?.(level), calls: () => calls })
      })
    }

    testDriven('an input follows its wire and tells edges, never from inside a method', 'rising', async ({ input, drive, calls }) => {
      expect([input.read(), calls()]).toEqual([0, 0])
      drive(1)
      const inside = calls()
      expect(input.read()).toBe(1)
      expect(calls()).toBe(inside)
      await wire.settle()
      expect(calls()).toBe(1)
      drive(0)
      await wire.settle()
      expect(calls()).toBe(1)
      input.close()
    })

    testDriven('after close no edge is told, not even one that was on its way', 'both', async ({ input, drive, calls }) => {
      drive(1)
      const before = calls()
      input.close()
      await wire.settle()
      drive(0)
      await wire.settle()
      expect(calls()).toBe(before)
    })
  })
}
