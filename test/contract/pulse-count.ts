import { beforeEach, describe, expect, test } from 'vitest'
import type { PulseCountConstructor, PulseCountOptions } from '../../hal/api/io.ts'

/** A pulse counter and the world's end of its wire. */
export interface PulseCountUnderTest {
  readonly PulseCount: PulseCountConstructor
  /** A free pin. */
  readonly signal: number
  /** Filter in nanoseconds that this counter has. */
  readonly filter: number
  /** One that it does not have. */
  readonly tooLong: number
  /** Sets the level of the wire from outside; absent where nothing can. */
  drive?(level: 0 | 1): void
  /** Shortest level that `drive` can make. Default: any. */
  readonly shortest_us?: number
  /** Lets so much time pass, and due callbacks run. */
  pass(duration_us: number): void | Promise<void>
}

/** The rules of ECMA-419 section 10.5 as `hal/api/io.ts` states them. */
export function pulseCountContract(name: string, open: () => PulseCountUnderTest | Promise<PulseCountUnderTest>): void {
  describe(`pulse count: ${name}`, () => {
    let wire: PulseCountUnderTest
    beforeEach(async () => {
      wire = await open()
    })

    test('options are validated, not modified, and a refused constructor leaves the pin free', () => {
      const { PulseCount, signal, tooLong } = wire
      const wrong: unknown[] = [
        { signal: -1 },
        { signal: 1.5 },
        {},
        { signal, edge: 'both' },
        { signal, mode: 'Output' },
        { signal, filter: -1 },
        { signal, filter: tooLong },
      ]
      for (const options of wrong) expect(() => new PulseCount(options as PulseCountOptions), JSON.stringify(options)).toThrow()
      new PulseCount(Object.freeze({ signal, edge: 'rising' } as const)).close()
    })

    test('close may be called twice, other methods throw afterwards, the pin is free again', () => {
      const { PulseCount, signal } = wire
      const counter = new PulseCount({ signal })
      expect(() => new PulseCount({ signal })).toThrow()
      counter.close()
      counter.close()
      expect(() => counter.read()).toThrow()
      expect(() => counter.write(0)).toThrow()
      new PulseCount({ signal }).close()
    })

    test('the count can be set, and wraps as 32 bits with a sign', () => {
      const { PulseCount, signal } = wire
      const counter = new PulseCount({ signal })
      counter.write(-5)
      expect(counter.read()).toBe(-5)
      for (const count of [0.5, 2 ** 31, -(2 ** 31) - 1, Number.NaN]) expect(() => counter.write(count), `${count}`).toThrow(RangeError)
      expect(counter.read()).toBe(-5)
      counter.close()
    })

    test('the chosen edge is counted and told, never from inside a method', async () => {
      const { PulseCount, signal, filter, drive } = wire
      if (drive === undefined) return console.log(`skipped: nothing drives the pin of ${name}`)
      for (const edge of ['falling', 'rising'] as const) {
        const [active, idle] = edge === 'falling' ? ([0, 1] as const) : ([1, 0] as const)
        drive(idle)
        await wire.pass(100_000)
        let calls = 0
        const counter = new PulseCount({ signal, edge, filter, onReadable: () => calls++ })
        const before = counter.read()
        expect(calls).toBe(0)
        for (let i = 1; i <= 3; i++) {
          drive(active)
          const inside = calls
          counter.read()
          expect(calls).toBe(inside)
          await wire.pass(20_000)
          expect([counter.read() - before, calls]).toEqual([i, i])
          drive(idle)
          await wire.pass(20_000)
          expect([counter.read() - before, calls]).toEqual([i, i])
        }
        counter.write(0x7fffffff)
        drive(active)
        await wire.pass(20_000)
        expect(counter.read()).toBe(-0x80000000)
        counter.close()
        drive(idle)
        await wire.pass(20_000)
        drive(active)
        await wire.pass(20_000)
        expect(calls).toBe(4)
      }
    })

    test('levels shorter than the filter are not counted, and do not lengthen what was there', async () => {
      const { PulseCount, signal, filter, drive } = wire
      if (drive === undefined) return console.log(`skipped: nothing drives the pin of ${name}`)
      const short_us = Math.floor(filter / 2000)
      if (short_us < (wire.shortest_us ?? 0)) return console.log(`skipped: nothing makes levels of ${short_us} us at the pin of ${name}`)
      drive(1)
      await wire.pass(100_000)
      const counter = new PulseCount({ signal, filter })
      const before = counter.read()
      for (let i = 0; i < 5; i++) {
        drive(0)
        await wire.pass(short_us)
        drive(1)
        await wire.pass(short_us)
      }
      expect(counter.read()).toBe(before)
      drive(0)
      await wire.pass(50_000)
      // A gap in the middle of a pulse.
      drive(1)
      await wire.pass(short_us)
      drive(0)
      await wire.pass(50_000)
      expect(counter.read()).toBe(before + 1)
      counter.close()
    })
  })
}
