import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex } from '../../src/lib/hex.ts'
import { DlmsServer } from '../../src/protocols/dlms/server.ts'
import { wrap } from '../protocols/dlms/bytes.ts'
import { aarq, TestClient } from '../protocols/dlms/client.ts'
import { memorySource, READER, SECRET } from '../protocols/dlms/memory-source.ts'

const LARGEST_SEND = 2048
const LARGEST_FRAME = new DlmsServer(memorySource(), { largestSend: LARGEST_SEND }).largestFrame

/** Valid requests of real clients: the ground that mutations start from. */
const requests: readonly Uint8Array[] = ['gurux-dlms', 'dlms-cosem'].flatMap((peer) => {
  const file = new URL(`../vectors/dlms/transcript-${peer}.json`, import.meta.url)
  const { sessions } = JSON.parse(readFileSync(file, 'utf8')) as { sessions: { request: string }[][] }
  const unique = new Set(sessions.flat().map((exchange) => exchange.request))
  return [...unique].map(fromHex)
})

/** Any throw ends the test. Checks that responses are bounded in size and in number. */
class Guarded {
  readonly #connection
  frames = 0
  bytes = 0

  constructor() {
    this.#connection = new DlmsServer(memorySource({ rows: 50 }), { largestSend: LARGEST_SEND }).connect(
      (bytes) => {
        expect(bytes.length).toBeLessThanOrEqual(LARGEST_FRAME)
        this.frames++
        return true
      },
      () => undefined,
    )
  }

  receive(bytes: Uint8Array): void {
    this.bytes += bytes.length
    expect(this.#connection.receive(bytes)).toBe(bytes.length)
    // A frame takes eight bytes at least and gets one response at most.
    expect(this.frames).toBeLessThanOrEqual(this.bytes / 8)
  }
}

const anyBytes = fc.uint8Array({ maxLength: 300 })

describe('hostile clients', () => {
  test('random streams', () => {
    fc.assert(
      fc.property(fc.array(anyBytes, { maxLength: 10 }), (pieces) => {
        const guarded = new Guarded()
        for (const piece of pieces) guarded.receive(piece)
      }),
      { numRuns: 500 },
    )
  })

  test('random APDUs in an association', () => {
    const user = new Guarded()
    fc.assert(
      fc.property(
        anyBytes,
        fc.constantFrom(0xc0, 0xc0, 0xc1, 0xc3, 0x60, 0x62, 0xd9, 0xe0),
        fc.integer({ min: 1, max: 3 }),
        (apdu, tag, type) => {
          user.receive(wrap(aarq({ secret: SECRET }), READER))
          user.receive(wrap(Uint8Array.of(tag, type, ...apdu), READER))
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('mutated sessions', () => {
    const mutation = fc.record({
      request: fc.nat(requests.length - 1),
      at: fc.nat(2000),
      value: fc.integer({ min: 0, max: 255 }),
      how: fc.constantFrom('keep', 'set', 'flip', 'cut', 'insert', 'body'),
    })
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 30 }), (mutations) => {
        const guarded = new Guarded()
        guarded.receive(wrap(aarq({ secret: SECRET, largestPdu: 200 }), READER))
        for (const { request, at, value, how } of mutations) guarded.receive(mutate(requests[request] as Uint8Array, at, value, how))
      }),
      { numRuns: 1000 },
    )
  })

  test('after anything in whole frames, a good client is served', () => {
    const server = new DlmsServer(memorySource())
    fc.assert(
      fc.property(anyBytes, (apdu) => {
        const user = new TestClient(server)
        user.connection.receive(wrap(apdu, READER))
        user.open()
        expect(user.closed).toBe(0)
      }),
    )
  })
})

function mutate(bytes: Uint8Array, position: number, value: number, how: string): Uint8Array {
  const at = position % bytes.length
  const copy = bytes.slice()
  if (how === 'set') copy[at] = value
  // The wrapper stays whole, so that the APDU is reached.
  else if (how === 'flip') copy[8 + (position % (bytes.length - 8))] ^= 1 << (value & 7)
  else if (how === 'cut') return bytes.subarray(0, at)
  else if (how === 'insert') return Uint8Array.of(...bytes.subarray(0, at), value, ...bytes.subarray(at))
  else if (how === 'body') return wrap(bytes.subarray(8, 8 + Math.max(1, at - 8)), READER)
  return copy
}
