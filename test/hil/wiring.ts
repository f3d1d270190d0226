import { readFileSync } from 'node:fs'
import { boardData } from '../../scripts/device/boards.mjs'
import { array, type Infer, integer, object, optional, string } from '../../src/lib/schema.ts'
import { validate } from '../../src/lib/schema-validate.ts'
import type { Wiring } from './suites.ts'

const PIN = integer({ min: 0, max: 63 })
const BYTES = array(integer({ min: 0, max: 255 }), { minItems: 1, maxItems: 64 })

/** What is connected to a bridge board, as the JSON file of `npm run test:hil -- --wiring FILE` says it. */
const WIRING = object({
  jumper: optional(object({ output: PIN, input: PIN })),
  counter: optional(
    object({
      filter_ns: integer({ min: 0, max: 1e9 }),
      tooLong_ns: integer({ min: 1, max: 1e12 }),
      shortest_us: optional(integer({ min: 1, max: 1e6 })),
    }),
  ),
  serial: optional(
    object({ baud: integer({ min: 300, max: 3_000_000 }), transmit: optional(PIN), receive: optional(PIN), port: optional(PIN) }),
  ),
  spi: optional(
    object({
      hz: integer({ min: 1000, max: 40_000_000 }),
      select: optional(PIN),
      clock: optional(PIN),
      in: optional(PIN),
      out: optional(PIN),
      port: optional(PIN),
    }),
  ),
  i2c: optional(
    object({
      name: string({ minLength: 1, maxLength: 40 }),
      address: integer({ min: 8, max: 119 }),
      hz: integer({ min: 1000, max: 1_000_000 }),
      data: optional(PIN),
      clock: optional(PIN),
      port: optional(PIN),
      absent: integer({ min: 8, max: 119 }),
      pointer: BYTES,
      gives: BYTES,
      storePointer: integer({ min: 0, max: 255 }),
      stores: BYTES,
    }),
  ),
})

interface BridgeBoard {
  readonly jumper: { readonly from: { readonly pin: number }; readonly to: { readonly pin: number } }
  readonly uart: Infer<typeof WIRING>['serial']
  readonly spi: Omit<NonNullable<Infer<typeof WIRING>['spi']>, 'hz'>
}

/** The board esp32-bridge with its jumpers. */
async function devkit(): Promise<Infer<typeof WIRING>> {
  const { jumper, uart, spi } = (await boardData('esp32-bridge')) as unknown as BridgeBoard
  return {
    jumper: { output: jumper.from.pin, input: jumper.to.pin },
    // Scripts of this board count milliseconds.
    counter: { filter_ns: 12_000, tooLong_ns: 20_000, shortest_us: 1000 },
    serial: uart,
    spi: { hz: 1_000_000, ...spi },
  }
}

/** Reads a file; without one the wiring of the board esp32-bridge. Throws Error with all mistakes. */
export async function readWiring(path: string | undefined): Promise<Wiring> {
  const result = path === undefined ? undefined : validate(WIRING, JSON.parse(readFileSync(path, 'utf8')))
  if (result?.ok === false) throw new Error(result.errors.map(({ text }) => `${path}: ${text}`).join('\n'))
  const { jumper, counter, serial, spi, i2c } = result?.value ?? (await devkit())
  return { jumper, counter, serial, spi: spi && [{ name: 'jumper', options: spi }], i2c: i2c && chip(i2c) }
}

function chip({ name, absent, pointer, gives, storePointer, stores, ...options }: NonNullable<Infer<typeof WIRING>['i2c']>): Wiring['i2c'] {
  return { name, options, absent, exchange: { write: pointer, read: gives }, store: { pointer: storePointer, bytes: stores } }
}
