import { beforeEach, describe, expect, test } from 'vitest'
import type { I2C, I2CConstructor, I2COptions } from '../../hal/api/i2c.ts'

/** A bus with a peripheral that has a register pointer, as nearly all have. */
export interface I2CUnderTest {
  readonly I2C: I2CConstructor
  /** Options that this peripheral works with. */
  readonly options: I2COptions
  /** An address at which nobody is. */
  readonly absent: number
  /** Bytes to write (the pointer), and what a read after a repeated START then gives. */
  readonly exchange: { readonly write: readonly number[]; readonly read: readonly number[] }
  /** Registers that keep what is written: pointer and bytes. */
  readonly store: { readonly pointer: number; readonly bytes: readonly number[] }
}

/** The rules of ECMA-419, IO class "I2C", as `hal/api/i2c.ts` states them. */
export function i2cContract(name: string, open: () => I2CUnderTest | Promise<I2CUnderTest>): void {
  describe(`i2c: ${name}`, () => {
    let bus: I2CUnderTest
    beforeEach(async () => {
      bus = await open()
    })

    function withIO(use: (io: I2C) => void, change: Partial<I2COptions> = {}): void {
      const io = new bus.I2C({ ...bus.options, ...change })
      use(io)
      io.close()
    }

    test('options are validated and not modified', () => {
      const { I2C, options } = bus
      const wrong: (readonly [string, Partial<I2COptions>])[] = [
        ['no clock', { hz: 0 }],
        ['a clock that is no number', { hz: Number.NaN }],
        ['a clock beyond the bus', { hz: 50_000_000 }],
        ['eight bits of address', { address: 0xd0 }],
        ['a reserved address', { address: 0x07 }],
        ['half an address', { address: 80.5 }],
      ]
      for (const [what, change] of wrong) expect(() => new I2C({ ...options, ...change }), what).toThrow()
      new I2C(Object.freeze({ ...options })).close()
    })

    test('a read after a write without STOP continues at the pointer, into a buffer or by count', () => {
      const { exchange } = bus
      withIO((io) => {
        io.write(Uint8Array.from(exchange.write), false)
        const buffer = new Uint8Array(exchange.read.length)
        expect(io.read(buffer)).toBeUndefined()
        expect([...buffer]).toEqual([...exchange.read])
        io.write(Uint8Array.from(exchange.write), false)
        expect([...io.read(exchange.read.length)]).toEqual([...exchange.read])
      })
    })

    test('with STOP between them the pointer stays, too', () => {
      const { exchange } = bus
      withIO((io) => {
        io.write(Uint8Array.from(exchange.write))
        expect([...io.read(exchange.read.length)]).toEqual([...exchange.read])
      })
    })

    test('what is written is kept', () => {
      const { pointer, bytes } = bus.store
      withIO((io) => {
        io.write(Uint8Array.from([pointer, ...bytes]))
        io.write(Uint8Array.from([pointer]), false)
        expect([...io.read(bytes.length)]).toEqual([...bytes])
      })
    })

    test('offset and length of a view count, and write does not change its buffer', () => {
      const { exchange } = bus
      withIO((io) => {
        const memory = new Uint8Array(exchange.read.length + 8).fill(0xa5)
        const sent = Uint8Array.from(exchange.write)
        io.write(sent, false)
        io.read(memory.subarray(4, 4 + exchange.read.length))
        expect([...sent]).toEqual([...exchange.write])
        expect([...memory]).toEqual([0xa5, 0xa5, 0xa5, 0xa5, ...exchange.read, 0xa5, 0xa5, 0xa5, 0xa5])
      })
    })

    test('an address that nobody acknowledges throws, and the bus is free for others afterwards', () => {
      const { absent, exchange } = bus
      withIO(
        (io) => {
          expect(() => io.write(Uint8Array.of(0))).toThrow(Error)
          expect(() => io.read(1)).toThrow(Error)
          expect(() => io.read(new Uint8Array(2))).toThrow(Error)
        },
        { address: absent },
      )
      withIO((io) => {
        io.write(Uint8Array.from(exchange.write), false)
        expect([...io.read(exchange.read.length)]).toEqual([...exchange.read])
      })
    })

    test('close may be called twice, other methods throw afterwards', () => {
      const io = new bus.I2C(bus.options)
      io.close()
      io.close()
      expect(() => io.read(1)).toThrow()
      expect(() => io.write(Uint8Array.of(0))).toThrow()
    })
  })
}
