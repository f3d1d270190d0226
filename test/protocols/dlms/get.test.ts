import { describe, expect, test } from 'vitest'
import type { ByteWriter } from '../../../src/lib/bytes.ts'
import { DataAccessResult } from '../../../src/protocols/dlms/apdu.ts'
import { writeOctetString, writeUnsigned } from '../../../src/protocols/dlms/axdr.ts'
import { Conformance, SUPPORTED_CONFORMANCE } from '../../../src/protocols/dlms/initiate.ts'
import { readableBy } from '../../../src/protocols/dlms/objects/access.ts'
import { InterfaceObject } from '../../../src/protocols/dlms/objects/base.ts'
import { DataObject } from '../../../src/protocols/dlms/objects/register.ts'
import { DlmsServer } from '../../../src/protocols/dlms/server.ts'
import type { RowStream } from '../../../src/protocols/dlms/source.ts'
import { type AarqOptions, descriptor, getList, getNext, getNormal, TestClient } from './client.ts'
import { memorySource, PUBLIC, READER } from './memory-source.ts'

const reader = readableBy(READER)

/** Announces three rows of eight bytes and stops after `rows`, or throws. */
class ThreeRows extends InterfaceObject {
  readonly #rows: number
  readonly #throws: boolean

  constructor(logicalName: string, rows: number, throws = false) {
    super({ logicalName, access: reader }, 1, 0, 2, 0)
    this.#rows = rows
    this.#throws = throws
  }

  get(): RowStream {
    let row = 0
    return {
      count: 3,
      next: (writer: ByteWriter) => {
        if (row === this.#rows && this.#throws) throw new Error('flash')
        if (row++ === this.#rows) return false
        writeOctetString(writer, new Uint8Array(6))
        return true
      },
    }
  }
}

const long = new DataObject({
  logicalName: '0.0.1.1.1.255',
  access: reader,
  value: (writer) => writeOctetString(writer, new Uint8Array(300).fill(7)),
})
const faulty = new DataObject({
  logicalName: '0.0.1.1.2.255',
  access: reader,
  value: (writer) => {
    writeUnsigned(writer, 1)
    throw new Error('flash')
  },
})
const shortStream = new ThreeRows('0.0.1.1.3.255', 2)
const faultyStream = new ThreeRows('0.0.1.1.4.255', 2, true)
const extra = [long, faulty, shortStream, faultyStream]

const faults: unknown[] = []
function open(options: AarqOptions = {}, sap = READER): TestClient {
  return new TestClient(new DlmsServer(memorySource({ extra }), { onFault: (error) => faults.push(error) }), sap).open(options)
}

function result(code: number): string {
  return `c401c101${code.toString(16).padStart(2, '0')}`
}

describe('GET normal', () => {
  test('values', () => {
    const user = open()
    expect(user.exchange(getNormal(3, '1.0.1.8.0.255', 2))).toBe('c401c10006000f4240')
    expect(user.exchange(getNormal(3, '1.0.1.8.0.255', 3))).toBe('c401c10002020f00161e')
    expect(user.exchange(getNormal(8, '0.0.1.0.0.255', 2))).toBe('c401c100090c07ea0301070d000000ffc400')
    expect(user.exchange(getNormal(8, '0.0.1.0.0.255', 3))).toBe('c401c10010ffc4')
    expect(user.exchange(getNormal(17, '0.0.41.0.0.255', 2))).toBe('c401c100010102021200010910' + '46455230303030303030303030303031')
  })

  test('the logical name of any object', () => {
    expect(open().exchange(getNormal(7, '1.0.99.1.0.255', 1))).toBe('c401c10009060100630100ff')
  })

  test('invoke id and priority come back', () => {
    const request = getNormal(3, '1.0.1.8.0.255', 2)
    request[2] = 0x4e
    expect(open().exchange(request)).toMatch(/^c4014e00/)
  })

  test('the association object', () => {
    const user = open({ largestPdu: 500 })
    expect(user.exchange(getNormal(15, '0.0.40.0.0.255', 3))).toBe('c401c10002020f11120001')
    expect(user.exchange(getNormal(15, '0.0.40.0.0.255', 4))).toBe('c401c100090760857405080101')
    expect(user.exchange(getNormal(15, '0.0.40.0.0.255', 5))).toBe('c401c10002060418005214' + '12080012' + '01f411060f000900')
    expect(user.exchange(getNormal(15, '0.0.40.0.0.255', 6))).toBe('c401c100090760857405080201')
    expect(user.exchange(getNormal(15, '0.0.40.0.0.255', 7))).toBe(result(DataAccessResult.readWriteDenied))
    expect(user.exchange(getNormal(15, '0.0.40.0.0.255', 8))).toBe('c401c1001602')
    expect(user.exchange(getNormal(15, '0.0.40.0.0.255', 9))).toBe('c401c1000906000000000000')
  })

  test.each([
    ['an unknown instance', getNormal(3, '1.0.99.8.0.255', 2), 4],
    ['another class', getNormal(1, '1.0.1.8.0.255', 2), 4],
    ['attribute 0', getNormal(3, '1.0.1.8.0.255', 0), 4],
    ['an attribute past the last', getNormal(3, '1.0.1.8.0.255', 4), 4],
    ['a negative attribute', getNormal(3, '1.0.1.8.0.255', -1), 4],
    ['a selector where there is none', getNormal(3, '1.0.1.8.0.255', 2, '0100'), 13],
  ])('%s', (_name, request, code) => expect(open().exchange(request)).toBe(result(code)))

  test('a client reads only what it may', () => {
    const user = open({}, PUBLIC)
    expect(user.exchange(getNormal(1, '0.0.42.0.0.255', 2))).toMatch(/^c401c100/)
    expect(user.exchange(getNormal(3, '1.0.1.8.0.255', 2))).toBe(result(DataAccessResult.readWriteDenied))
    expect(user.exchange(getNormal(3, '1.0.1.8.0.255', 1))).toBe(result(DataAccessResult.readWriteDenied))
  })

  test('what an object throws becomes a hardware fault and is reported', () => {
    faults.length = 0
    expect(open().exchange(getNormal(1, '0.0.1.1.2.255', 2))).toBe(result(DataAccessResult.hardwareFault))
    expect(faults).toHaveLength(1)
    const strict = new TestClient(new DlmsServer(memorySource({ extra }))).open()
    expect(() => strict.exchange(getNormal(1, '0.0.1.1.2.255', 2))).toThrow('flash')
  })

  test('rows that are gone', () => {
    expect(open().exchange(getNormal(1, '0.0.1.1.3.255', 2))).toBe(result(DataAccessResult.temporaryFailure))
    expect(open().exchange(getNormal(1, '0.0.1.1.4.255', 2))).toBe(result(DataAccessResult.temporaryFailure))
  })
})

describe('block transfer', () => {
  const list = getNormal(15, '0.0.40.0.0.255', 2)
  const whole = new TestClient(new DlmsServer(memorySource({ extra }), { largestSend: 65535 })).open().fetch(list)

  test('needs none when the client takes it whole', () => expect(whole.apdus).toBe(1))

  test.each([12, 13, 20, 127, 128, 139, 140, 255, 256, 267, 268, 500, 1024, 1500])(
    'PDUs of %i bytes carry the same value',
    (largestPdu) => {
      const { data, apdus, longest } = open({ largestPdu }).fetch(list)
      expect(data).toBe(whole.data)
      expect(apdus).toBeGreaterThan(1)
      expect(longest).toBeLessThanOrEqual(largestPdu)
      expect(longest).toBeGreaterThan(largestPdu - 3)
    },
  )

  test('a long value that is no array', () => {
    for (const largestPdu of [12, 100, 306, 307, 308, 309]) {
      const { data, longest } = open({ largestPdu }).fetch(getNormal(1, '0.0.1.1.1.255', 2))
      expect(data).toBe(`0982012c${'07'.repeat(300)}`)
      expect(longest).toBeLessThanOrEqual(largestPdu)
    }
  })

  test('the largest size of the server holds for a client without limit', () => {
    const user = new TestClient(new DlmsServer(memorySource(), { largestSend: 200 })).open({ largestPdu: 0 })
    expect(user.fetch(list).longest).toBe(200)
  })

  test('a wrong block number ends the transfer', () => {
    const user = open({ largestPdu: 100 })
    expect(user.exchange(list)).toMatch(/^c402c10000000001/)
    expect(user.exchange(getNext(2))).toBe('c402c101000000020113')
    expect(user.exchange(getNext(1))).toBe('c402c101000000010110')
  })

  test('without a transfer there is no next block', () => expect(open().exchange(getNext(1))).toBe('c402c101000000010110'))

  test('another request gives the transfer up', () => {
    const user = open({ largestPdu: 100 })
    user.exchange(list)
    user.exchange(getNormal(3, '1.0.1.8.0.255', 2))
    expect(user.exchange(getNext(1))).toBe('c402c101000000010110')
  })

  test('rows that vanish during the transfer abort it', () => {
    for (const name of ['0.0.1.1.3.255', '0.0.1.1.4.255']) {
      const user = open({ largestPdu: 16 })
      expect(user.exchange(getNormal(1, name, 2))).toMatch(/^c402c10000000001/)
      let response: string | undefined = ''
      for (let block = 1; block <= 3 && !response?.includes('010f'); block++) response = user.exchange(getNext(block))
      expect(response).toMatch(/^c402c1010000000[34]010f$/)
    }
  })

  test('without negotiation a long value is refused', () => {
    const conformance = SUPPORTED_CONFORMANCE & ~Conformance.blockTransferWithGet
    const user = open({ largestPdu: 100, conformance })
    expect(user.exchange(list)).toBe(result(DataAccessResult.otherReason))
    expect(user.exchange(getList(descriptor(15, '0.0.40.0.0.255', 2)))).toBe('d80103')
    expect(user.exchange(getNext(1))).toBe('c402c101000000010110')
  })
})

describe('GET with list', () => {
  const request = getList(
    descriptor(3, '1.0.1.8.0.255', 2),
    descriptor(3, '1.0.1.8.9.255', 2),
    descriptor(7, '1.0.99.1.0.255', 2, '02020406000000010600000001120001120000'),
    descriptor(1, '0.0.1.1.2.255', 2),
    descriptor(3, '1.0.1.8.0.255', 3),
  )
  const expected =
    '0500' +
    '06000f4240' +
    '0104' +
    '00' +
    '01010203' +
    '090c07ea021b050b0f0000ffc400' +
    '06000f4240' +
    '1100' +
    '0101' +
    '00' +
    '02020f00161e'

  test('each value or its result, in order', () => {
    const { data, apdus } = open().fetch(request)
    expect(data).toBe(expected)
    expect(apdus).toBe(1)
  })

  test('in blocks', () => {
    for (const largestPdu of [12, 30, 50]) expect(open({ largestPdu }).fetch(request).data).toBe(expected)
  })

  test('only when negotiated', () => {
    const conformance = SUPPORTED_CONFORMANCE & ~Conformance.multipleReferences
    expect(open({ conformance }).exchange(request)).toBe('d80102')
  })

  test('selections survive until the block that needs them', () => {
    const user = open({ largestPdu: 20 })
    const bytes = request.slice()
    let frame = user.exchange(bytes)
    bytes.fill(0)
    for (let block = 1; frame?.startsWith('c402c100') === true; block++) frame = user.exchange(getNext(block))
    expect(frame).toMatch(/^c402c101/)
  })
})
