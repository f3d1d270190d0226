import { beforeEach, describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { Conformance, SUPPORTED_CONFORMANCE } from '../../../src/protocols/dlms/initiate.ts'
import { DlmsServer } from '../../../src/protocols/dlms/server.ts'
import { concat } from './bytes.ts'
import { block, descriptor, getNormal, list, octetString, setList, setNormal, TestClient } from './client.ts'
import { MANAGER, MANAGER_SECRET, ManagedMeter, NOTE, OTHER_NOTE } from './managed-source.ts'
import { PUBLIC, READER } from './memory-source.ts'

const HELLO = '090568656c6c6f'
const NOTE_2 = descriptor(1, NOTE, 2)
const OTHER_2 = descriptor(1, OTHER_NOTE, 2)

let meter: ManagedMeter
let manager: TestClient
let faults: unknown[]

function server(): DlmsServer {
  return new DlmsServer(meter, { onFault: (error) => faults.push(error) })
}

beforeEach(() => {
  meter = new ManagedMeter()
  faults = []
  manager = new TestClient(server(), MANAGER).open({ secret: MANAGER_SECRET })
})

describe('set-request-normal', () => {
  test('writes', () => {
    expect(manager.exchange(setNormal(1, NOTE, 2, HELLO))).toBe('c501c100')
    expect(manager.exchange(getNormal(1, NOTE, 2))).toBe(`c401c100${HELLO}`)
  })

  test.each<[string, Uint8Array, number]>([
    ['an unknown object', setNormal(1, '0.0.96.50.9.255', 2, HELLO), 4],
    ['another class', setNormal(3, NOTE, 2, HELLO), 4],
    ['an unknown attribute', setNormal(1, NOTE, 3, HELLO), 4],
    ['all attributes at once', setNormal(1, NOTE, 0, HELLO), 4],
    ['the logical name', setNormal(1, NOTE, 1, '09060000603200ff'), 3],
    ['a value that can only be read', setNormal(1, '0.0.42.0.0.255', 2, HELLO), 3],
    ['the secret of the association', setNormal(15, '0.0.40.0.0.255', 7, HELLO), 3],
    ['a part of a value', setNormal(1, NOTE, 2, HELLO, '0100'), 13],
    ['another type', setNormal(1, NOTE, 2, '1200ff'), 12],
    ['null', setNormal(1, NOTE, 2, '00'), 12],
    ['what makes the meter fail', setNormal(1, NOTE, 2, '09057468726f77'), 1],
  ])('%s is refused', (_name, request, result) => {
    expect(manager.exchange(request)).toBe(`c501c1${result.toString(16).padStart(2, '0')}`)
    expect(meter.notes[0].value).toEqual(new Uint8Array(0))
    expect(faults.length).toBe(result === 1 ? 1 : 0)
  })

  test('a fault that nobody wants to hear of leaves the server', () => {
    const user = new TestClient(new DlmsServer(meter), MANAGER).open({ secret: MANAGER_SECRET })
    expect(() => user.exchange(setNormal(1, NOTE, 2, '09057468726f77'))).toThrow('worn out')
  })

  test('a client that may only read writes nothing', () => {
    expect(new TestClient(server(), READER).open().exchange(setNormal(1, NOTE, 2, HELLO))).toBe('c501c103')
    expect(new TestClient(server(), PUBLIC).open().exchange(setNormal(1, NOTE, 2, HELLO))).toBe('d80102')
  })

  test('an unconfirmed request gets no response', () => {
    expect(manager.exchange(concat(fromHex('c10181'), NOTE_2, fromHex(HELLO)))).toBeUndefined()
    expect(toHex(meter.notes[0].value)).toBe('68656c6c6f')
  })

  test.each(['c101c1', 'c100c1', 'c106c1', `c101c1${toHex(NOTE_2)}`, `c101c1${toHex(NOTE_2)}${HELLO}00`, `c101c1${toHex(NOTE_2)}0905`])(
    'malformed %s',
    (apdu) => expect(manager.exchange(apdu)).toBe('d80203'),
  )
})

describe('set-request-with-list', () => {
  test('writes each, and each has its result', () => {
    const request = setList([NOTE_2, descriptor(1, '0.0.42.0.0.255', 2), OTHER_2], [HELLO, HELLO, '090101'])
    expect(manager.exchange(request)).toBe('c505c103000300')
    expect(meter.notes.map(({ value }) => toHex(value))).toEqual(['68656c6c6f', '01'])
  })

  test('a list that is broken at its end changes nothing', () => {
    for (const request of [
      setList([NOTE_2, OTHER_2], [HELLO, '0905']),
      setList([NOTE_2, OTHER_2], [HELLO]),
      setList([NOTE_2], [HELLO, HELLO]),
      setList([], []),
      concat(setList([NOTE_2], [HELLO]), Uint8Array.of(0)),
    ]) {
      expect(manager.exchange(request)).toBe('d80203')
    }
    expect(meter.notes[0].value).toEqual(new Uint8Array(0))
  })

  test('nothing is done when the results would not fit, or lists were not negotiated', () => {
    manager.open({ secret: MANAGER_SECRET, largestPdu: 12 })
    expect(manager.exchange(setList([NOTE_2, OTHER_2], [HELLO, HELLO]))).toBe('c505c1020000')
    expect(manager.exchange(setList([NOTE_2, OTHER_2, OTHER_2], ['0900', '0900', '0900']))).toBe('d80103')
    manager.open({ secret: MANAGER_SECRET, conformance: SUPPORTED_CONFORMANCE & ~Conformance.multipleReferences })
    expect(manager.exchange(setList([NOTE_2], ['0900']))).toBe('d80102')
    expect(toHex(meter.notes[0].value)).toBe('68656c6c6f')
  })
})

describe('set-request in blocks', () => {
  const LONG = Uint8Array.from({ length: 1000 }, (_, i) => i & 0xff)
  const first = (piece: Uint8Array) => concat(fromHex('c102c1'), NOTE_2, piece)
  const next = (piece: Uint8Array) => concat(fromHex('c103c1'), piece)

  function pieces(data: string, bytes: number): string[] {
    const parts: string[] = []
    for (let at = 0; at < data.length; at += 2 * bytes) parts.push(data.slice(at, at + 2 * bytes))
    return parts
  }

  function number(value: number): string {
    return value.toString(16).padStart(8, '0')
  }

  test.each([1, 100, 333, 2000])('of %i bytes', (size) => {
    const parts = pieces(octetString(LONG), size)
    parts.forEach((part, index) => {
      const last = index === parts.length - 1
      const piece = block(index + 1, last, part)
      const response = manager.exchange(index === 0 ? first(piece) : next(piece))
      expect(response).toBe(last ? `c503c100${number(index + 1)}` : `c502c1${number(index + 1)}`)
    })
    expect(meter.notes[0].value).toEqual(LONG)
  })

  test('a list', () => {
    const values = toHex(list(octetString(LONG), HELLO))
    const [one, two] = pieces(values, 600)
    expect(manager.exchange(concat(fromHex('c105c1'), list(NOTE_2, OTHER_2), block(1, false, one)))).toBe('c502c100000001')
    expect(manager.exchange(next(block(2, true, two)))).toBe('c504c102000000000002')
    expect(meter.notes[0].value).toEqual(LONG)
    expect(toHex(meter.notes[1].value)).toBe('68656c6c6f')
  })

  test('the result of the whole comes with the last block', () => {
    expect(manager.exchange(first(block(1, false, '12')))).toBe('c502c100000001')
    expect(manager.exchange(next(block(2, true, '0001')))).toBe('c503c10c00000002')
  })

  test('a wrong number ends it', () => {
    expect(manager.exchange(first(block(1, false, '0902')))).toBe('c502c100000001')
    expect(manager.exchange(next(block(3, true, 'aaaa')))).toBe('c503c11300000003')
    expect(manager.exchange(next(block(2, true, 'aaaa')))).toBe('c503c11200000002')
    expect(manager.exchange(first(block(2, false, '0902')))).toBe('c503c11300000002')
    expect(meter.notes[0].value).toEqual(new Uint8Array(0))
  })

  test('more than the meter takes ends it', () => {
    const user = new TestClient(new DlmsServer(meter, { largestValue: 1000 }), MANAGER).open({ secret: MANAGER_SECRET })
    expect(user.exchange(first(block(1, false, '00'.repeat(600))))).toBe('c502c100000001')
    expect(user.exchange(next(block(2, false, '00'.repeat(401))))).toBe('c503c11100000002')
    expect(user.exchange(next(block(3, true, '00')))).toBe('c503c11200000003')
  })

  test('another request gives it up', () => {
    manager.exchange(first(block(1, false, '0902')))
    expect(manager.exchange(setNormal(1, OTHER_NOTE, 2, HELLO))).toBe('c501c100')
    expect(manager.exchange(next(block(2, true, 'aaaa')))).toBe('c503c11200000002')
  })

  test('a value that is broken at its end is malformed, and the transfer over', () => {
    manager.exchange(first(block(1, false, '0905')))
    expect(manager.exchange(next(block(2, true, 'aa')))).toBe('d80203')
    expect(manager.exchange(next(block(2, true, 'aa')))).toBe('c503c11200000002')
  })

  test('only for a client that negotiated it', () => {
    manager.open({ secret: MANAGER_SECRET, conformance: SUPPORTED_CONFORMANCE & ~Conformance.blockTransferWithSet })
    expect(manager.exchange(first(block(1, true, HELLO)))).toBe('d80102')
  })

  test.each([`c102c1${toHex(NOTE_2)}02`, `c102c1${toHex(NOTE_2)}000000000105aa`, 'c103c10000000001', 'c103c1000000000101aabb'])(
    'malformed %s',
    (apdu) => expect(manager.exchange(apdu)).toBe('d80203'),
  )
})
