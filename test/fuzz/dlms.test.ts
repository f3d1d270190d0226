import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex } from '../../src/lib/hex.ts'
import { DlmsServer } from '../../src/protocols/dlms/server.ts'
import type { DlmsSource } from '../../src/protocols/dlms/source.ts'
import { concat, wrap } from '../protocols/dlms/bytes.ts'
import { aarq, descriptor, method, TestClient } from '../protocols/dlms/client.ts'
import { MANAGER, MANAGER_SECRET, ManagedMeter, NOTE } from '../protocols/dlms/managed-source.ts'
import { memorySource, READER, SECRET } from '../protocols/dlms/memory-source.ts'

const LARGEST_SEND = 2048
const LARGEST_FRAME = new DlmsServer(memorySource(), { largestSend: LARGEST_SEND }).largestFrame

/** Valid requests of real clients: the ground that mutations start from. */
function requestsOf(...transcripts: string[]): readonly Uint8Array[] {
  return transcripts.flatMap((name) => {
    const file = new URL(`../vectors/dlms/transcript-${name}.json`, import.meta.url)
    const { sessions } = JSON.parse(readFileSync(file, 'utf8')) as { sessions: { request: string }[][] }
    const unique = new Set(sessions.flat().map((exchange) => exchange.request))
    return [...unique].map(fromHex)
  })
}

const readings = requestsOf('gurux-dlms', 'dlms-cosem')
const managements = requestsOf('gurux-dlms-manage', 'gurux-dlms-pieces', 'dlms-cosem-manage', 'jdlms-manage')

/** Any throw ends the test. Checks that responses are bounded in size and in number. */
class Guarded {
  readonly #connection
  frames = 0
  bytes = 0
  /** What the source threw: nothing of what a client sends is a fault of the meter. */
  faults = 0

  constructor(source: DlmsSource = memorySource({ rows: 50 })) {
    this.#connection = new DlmsServer(source, { largestSend: LARGEST_SEND, onFault: () => this.faults++ }).connect(
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
    expect(this.faults).toBe(0)
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

  const mutations = (requests: readonly Uint8Array[]) =>
    fc.array(
      fc.record({
        request: fc.constantFrom(...requests),
        at: fc.nat(2000),
        value: fc.integer({ min: 0, max: 255 }),
        how: fc.constantFrom('keep', 'set', 'flip', 'cut', 'insert', 'body'),
      }),
      { minLength: 1, maxLength: 30 },
    )

  test('mutated sessions', () => {
    fc.assert(
      fc.property(mutations(readings), (steps) => {
        const guarded = new Guarded()
        guarded.receive(wrap(aarq({ secret: SECRET, largestPdu: 200 }), READER))
        for (const { request, at, value, how } of steps) guarded.receive(mutate(request, at, value, how))
      }),
      { numRuns: 1000 },
    )
  })

  test('mutated sessions of a client that may write', () => {
    fc.assert(
      fc.property(mutations(managements), (steps) => {
        const guarded = new Guarded(new ManagedMeter(1000))
        guarded.receive(wrap(aarq({ secret: MANAGER_SECRET, largestPdu: 200 }), MANAGER))
        for (const { request, at, value, how } of steps) guarded.receive(mutate(request, at, value, how, MANAGER))
      }),
      { numRuns: 1000 },
    )
  })

  test('random SET and ACTION of a client that may write', () => {
    const guarded = new Guarded(new ManagedMeter())
    const targets = [
      [1, NOTE, 2],
      [8, '0.0.1.0.0.255', 2],
      [18, '0.0.44.0.0.255', 5],
      [18, '0.0.44.0.0.255', 1],
      [18, '0.0.44.0.0.255', 2],
      [22, '0.0.15.0.2.255', 4],
      [9, '0.0.10.0.107.255', 1],
    ] as const
    guarded.receive(wrap(aarq({ secret: MANAGER_SECRET }), MANAGER))
    fc.assert(
      fc.property(
        fc.constantFrom(...targets),
        anyBytes,
        fc.constantFrom(0xc1, 0xc3),
        fc.integer({ min: 0, max: 7 }),
        (target, data, tag, type) => {
          const [classId, name, number] = target
          const head = tag === 0xc1 ? descriptor(classId, name, number) : method(classId, name, number)
          const parts = type === 3 && tag === 0xc1 ? [] : [head]
          guarded.receive(wrap(concat(Uint8Array.of(tag, type, 0xc1), ...parts, data), MANAGER))
        },
      ),
      { numRuns: 3000 },
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

function mutate(bytes: Uint8Array, position: number, value: number, how: string, sap = READER): Uint8Array {
  const at = position % bytes.length
  const copy = bytes.slice()
  if (how === 'set') copy[at] = value
  // The wrapper stays whole, so that the APDU is reached.
  else if (how === 'flip') copy[8 + (position % (bytes.length - 8))] ^= 1 << (value & 7)
  else if (how === 'cut') return bytes.subarray(0, at)
  else if (how === 'insert') return Uint8Array.of(...bytes.subarray(0, at), value, ...bytes.subarray(at))
  else if (how === 'body') return wrap(bytes.subarray(8, 8 + Math.max(1, at - 8)), sap)
  return copy
}
