import { beforeEach, describe, expect, test } from 'vitest'
import type { SPI, SPIConstructor, SPIOptions } from '../../hal/api/io.ts'

/** A bus with a peripheral, and what one transaction with it does. */
export interface SPIUnderTest {
  readonly SPI: SPIConstructor
  /** Options that this peripheral works with. */
  readonly options: SPIOptions
  /** Options that must be refused, each with what is wrong. */
  readonly refused?: readonly (readonly [string, Partial<SPIOptions>])[]
  /** A transaction without side effects: what is sent, and what comes back; undefined bytes may be anything. */
  readonly exchange: { readonly send: readonly number[]; readonly receive: readonly (number | undefined)[] }
}

function expectReceived(buffer: Uint8Array, receive: readonly (number | undefined)[]): void {
  for (let i = 0; i < receive.length; i++) if (receive[i] !== undefined) expect(buffer[i], `byte ${i}`).toBe(receive[i])
}

/** The rules of ECMA-419 section 10.6 as `hal/api/io.ts` states them. */
export function spiContract(name: string, open: () => SPIUnderTest | Promise<SPIUnderTest>): void {
  describe(`spi: ${name}`, () => {
    let bus: SPIUnderTest
    beforeEach(async () => {
      bus = await open()
    })

    test('options are validated and not modified', () => {
      const { SPI, options } = bus
      const wrong: (readonly [string, Partial<SPIOptions>])[] = [
        ['no clock', { hz: 0 }],
        ['a clock that is no number', { hz: Number.NaN }],
        ['mode 4', { mode: 4 as 3 }],
        ...(bus.refused ?? []),
      ]
      for (const [what, change] of wrong) expect(() => new SPI({ ...options, ...change }), what).toThrow()
      new SPI(Object.freeze({ ...options })).close()
    })

    test('transfer is full duplex in place', () => {
      const { SPI, options, exchange } = bus
      const spi = new SPI(options)
      const buffer = Uint8Array.from(exchange.send)
      spi.transfer(buffer)
      expectReceived(buffer, exchange.receive)
      spi.close()
    })

    test('offset and length of a view count', () => {
      const { SPI, options, exchange } = bus
      const spi = new SPI(options)
      const memory = new Uint8Array(exchange.send.length + 8).fill(0xa5)
      const view = memory.subarray(4, 4 + exchange.send.length)
      view.set(exchange.send)
      spi.transfer(view)
      expectReceived(view, exchange.receive)
      expect([...memory.subarray(0, 4), ...memory.subarray(-4)]).toEqual(new Array(8).fill(0xa5))
      spi.close()
    })

    test('write does not change its buffer', () => {
      const { SPI, options, exchange } = bus
      const spi = new SPI(options)
      const buffer = Uint8Array.from(exchange.send)
      spi.write(buffer)
      expect([...buffer]).toEqual([...exchange.send])
      spi.close()
    })

    test('close may be called twice, other methods throw afterwards', () => {
      const { SPI, options, exchange } = bus
      const spi: SPI = new SPI(options)
      spi.close()
      spi.close()
      const buffer = Uint8Array.from(exchange.send)
      expect(() => spi.transfer(buffer)).toThrow()
      expect(() => spi.write(buffer)).toThrow()
      expect(() => spi.read(buffer)).toThrow()
      expect([...buffer]).toEqual([...exchange.send])
    })
  })
}
