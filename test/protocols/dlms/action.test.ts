import { beforeEach, describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { Conformance, SUPPORTED_CONFORMANCE } from '../../../src/protocols/dlms/initiate.ts'
import { DlmsServer } from '../../../src/protocols/dlms/server.ts'
import { concat } from './bytes.ts'
import { actionNormal, block, list, method, octetString, setNormal, TestClient } from './client.ts'
import { MANAGER, MANAGER_SECRET, ManagedMeter, NOTE } from './managed-source.ts'
import { PUBLIC, READER } from './memory-source.ts'

const IMAGE = '0.0.44.0.0.255'
const CLOCK = '0.0.1.0.0.255'
const PUSH = '0.4.25.9.0.255'
const ZERO = '0f00'

let meter: ManagedMeter
let server: DlmsServer
let manager: TestClient

beforeEach(() => {
  meter = new ManagedMeter(1024)
  server = new DlmsServer(meter)
  manager = new TestClient(server, MANAGER).open({ secret: MANAGER_SECRET })
})

describe('action-request-normal', () => {
  test('invokes, with and without a parameter', () => {
    expect(manager.exchange(actionNormal(40, PUSH, 1, ZERO))).toBe('c701c10000')
    expect(manager.exchange(actionNormal(40, PUSH, 1))).toBe('c701c10000')
    expect(meter.pushes).toBe(2)
  })

  test.each<[string, Uint8Array, number]>([
    ['an unknown object', actionNormal(40, '0.5.25.9.0.255', 1, ZERO), 4],
    ['an unknown method', actionNormal(40, PUSH, 2, ZERO), 4],
    ['a method of a vendor', actionNormal(40, PUSH, -1, ZERO), 4],
    ['a class without methods', actionNormal(1, NOTE, 1, ZERO), 4],
    ['a preset time that nobody has set', actionNormal(8, CLOCK, 4, ZERO), 250],
    ['a method of an object that has no actions', actionNormal(15, '0.0.40.0.0.255', 1, ZERO), 3],
    ['another type', actionNormal(40, PUSH, 1, '1200ff'), 12],
    ['a missing parameter', actionNormal(18, IMAGE, 1), 12],
    ['a structure of another form', actionNormal(18, IMAGE, 1, '02010900'), 12],
  ])('%s is refused', (_name, request, result) => {
    expect(manager.exchange(request)).toBe(`c701c1${result.toString(16).padStart(2, '0')}00`)
  })

  test('a client that may only read invokes nothing', () => {
    expect(new TestClient(server, READER).open().exchange(actionNormal(40, PUSH, 1, ZERO))).toBe('c701c10300')
    expect(new TestClient(server, PUBLIC).open().exchange(actionNormal(40, PUSH, 1, ZERO))).toBe('d80102')
    expect(meter.pushes).toBe(0)
  })

  test('an unconfirmed request gets no response', () => {
    const request = actionNormal(40, PUSH, 1, ZERO)
    request[2] = 0x81
    expect(manager.exchange(request)).toBeUndefined()
    expect(meter.pushes).toBe(1)
  })

  test.each([
    'c3',
    'c301c1',
    'c300c1',
    'c302c100000001',
    'c307c1',
    'c301c1001200002c0000ff03',
    'c301c1001200002c0000ff0300ff',
    'c301c1001200002c0000ff0302',
  ])('malformed %s', (apdu) => expect(manager.exchange(apdu)).toBe('d80203'))
})

describe('action-request-with-list', () => {
  const request = (...values: string[]) => concat(fromHex('c303c1'), list(method(40, PUSH, 1), method(18, IMAGE, 4)), list(...values))

  test('invokes each, and each has its result', () => {
    expect(manager.exchange(request(ZERO, ZERO))).toBe('c703c1020000fa00')
    expect(meter.pushes).toBe(1)
  })

  test('a list that is broken at its end does nothing', () => {
    for (const values of [[ZERO], [ZERO, '0f'], [ZERO, ZERO, ZERO]]) expect(manager.exchange(request(...values))).toBe('d80203')
    expect(manager.exchange('c303c100')).toBe('d80203')
    expect(meter.pushes).toBe(0)
  })
})

describe('action-request in blocks', () => {
  const data = Uint8Array.from({ length: 1024 }, (_, i) => i & 0xff)
  const parameter = `0202${'0600000000'}${octetString(data)}`
  const first = (piece: Uint8Array) => concat(fromHex('c304c1'), method(18, IMAGE, 2), piece)
  const next = (piece: Uint8Array) => concat(fromHex('c306c1'), piece)

  beforeEach(() => {
    expect(manager.exchange(actionNormal(18, IMAGE, 1, `0202${'090141'}${'0600000800'}`))).toBe('c701c10000')
  })

  test('carries a parameter that is longer than the PDU', () => {
    const size = 2 * 100
    const count = Math.ceil(parameter.length / size)
    for (let i = 0; i < count; i++) {
      const last = i === count - 1
      const piece = block(i + 1, last, parameter.slice(i * size, (i + 1) * size))
      const response = manager.exchange(i === 0 ? first(piece) : next(piece))
      expect(response).toBe(last ? 'c701c10000' : `c704c1${(i + 1).toString(16).padStart(8, '0')}`)
    }
    expect(meter.image.has(0)).toBe(true)
    expect(meter.image.image.subarray(0, 1024)).toEqual(data)
  })

  test('a list', () => {
    const values = toHex(list(ZERO, parameter))
    const head = concat(fromHex('c305c1'), list(method(40, PUSH, 1), method(18, IMAGE, 2)))
    expect(manager.exchange(concat(head, block(1, false, values.slice(0, 500))))).toBe('c704c100000001')
    expect(manager.exchange(next(block(2, true, values.slice(500))))).toBe('c703c10200000000')
    expect([meter.pushes, meter.image.has(0)]).toEqual([1, true])
  })

  test('a wrong number, too many bytes and a missing beginning end it', () => {
    manager.exchange(first(block(1, false, '0202')))
    expect(manager.exchange(next(block(1, true, '00')))).toBe('c701c10f00')
    expect(manager.exchange(next(block(2, true, '00')))).toBe('c701c11000')
    const user = new TestClient(new DlmsServer(meter, { largestValue: 1000 }), MANAGER).open({ secret: MANAGER_SECRET })
    expect(user.exchange(first(block(1, false, '00'.repeat(1001))))).toBe('c701c10f00')
    expect(user.exchange(next(block(2, true, '00')))).toBe('c701c11000')
  })

  test('a block of a SET is not one of an ACTION', () => {
    manager.exchange(first(block(1, false, '0202')))
    expect(manager.exchange(concat(fromHex('c103c1'), block(2, true, '00')))).toBe('c503c11200000002')
    manager.exchange(setNormal(1, NOTE, 2, '0900'))
    expect(manager.exchange(next(block(2, true, '00')))).toBe('c701c11000')
  })

  test('only for a client that negotiated it', () => {
    manager.open({ secret: MANAGER_SECRET, conformance: SUPPORTED_CONFORMANCE & ~Conformance.blockTransferWithAction })
    expect(manager.exchange(first(block(1, true, parameter)))).toBe('d80102')
  })

  test.each([`c304c1${toHex(method(18, IMAGE, 2))}02`, 'c306c1000000000101aabb'])('malformed %s', (apdu) =>
    expect(manager.exchange(apdu)).toBe('d80203'),
  )
})
