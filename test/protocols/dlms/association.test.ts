import { describe, expect, test } from 'vitest'
import { fromHex } from '../../../src/lib/hex.ts'
import { sameSecret } from '../../../src/lib/secret.ts'
import { decodeAare, decodeRlre, encodeRlrq, Mechanism } from '../../../src/protocols/dlms/acse.ts'
import { Conformance, decodeInitiateError, decodeInitiateResponse, READING_CONFORMANCE } from '../../../src/protocols/dlms/initiate.ts'
import { DlmsServer } from '../../../src/protocols/dlms/server.ts'
import { ascii, concat, wrap } from './bytes.ts'
import { type AarqOptions, aarq, getNormal, TestClient } from './client.ts'
import { memorySource, PUBLIC, READER, SECRET } from './memory-source.ts'

const NAME = getNormal(1, '0.0.42.0.0.255', 2)
const NO_ASSOCIATION = 'd80101'
const RELEASE = encodeRlrq({ reason: 0, userInformation: undefined })

function client(sap = READER): TestClient {
  return new TestClient(new DlmsServer(memorySource()), sap)
}

function answer(options: AarqOptions, sap = READER, destination = 1) {
  return decodeAare(fromHex(client(sap).exchange(aarq(options), destination) ?? ''))
}

describe('opening an association', () => {
  test('public client without security', () => {
    const aare = answer({}, PUBLIC)
    expect(aare).toMatchObject({ context: 1, result: 0, diagnosticSource: 'user', diagnostic: 0, mechanism: undefined })
    const response = decodeInitiateResponse(aare.userInformation as Uint8Array)
    expect(response).toMatchObject({ version: 6, conformance: READING_CONFORMANCE, largestReceive: 2048, vaaName: 7 })
  })

  test('reading client with its secret', () => expect(answer({ secret: SECRET })).toMatchObject({ result: 0, diagnostic: 0 }))

  test('conformance is what both sides have', () => {
    const conformance = Conformance.get | Conformance.set | Conformance.action | Conformance.multipleReferences
    const aare = answer({ secret: SECRET, conformance })
    expect(decodeInitiateResponse(aare.userInformation as Uint8Array).conformance).toBe(Conformance.get | Conformance.multipleReferences)
  })

  test.each<[string, AarqOptions, number, number]>([
    ['a wrong secret', { secret: '12345679' }, READER, 13],
    ['a longer secret', { secret: `${SECRET}1` }, READER, 13],
    ['an empty secret', { secret: '' }, READER, 13],
    ['no secret', { mechanism: Mechanism.low }, READER, 13],
    ['no authentication', {}, READER, 14],
    ['authentication without a mechanism', { authentication: true }, READER, 12],
    ['another mechanism', { secret: SECRET, mechanism: Mechanism.highGMAC }, READER, 11],
    ['a secret for a client without security', { secret: SECRET }, PUBLIC, 11],
    ['a ciphered context', { context: 3, secret: SECRET }, READER, 2],
    ['short names', { context: 2, secret: SECRET }, READER, 2],
    ['an unknown client', { secret: SECRET }, 99, 3],
  ])('%s is refused', (_name, options, sap, diagnostic) => {
    expect(answer(options, sap)).toMatchObject({ result: 1, diagnosticSource: 'user', diagnostic, userInformation: undefined })
  })

  test('an unknown server address is refused', () => expect(answer({}, PUBLIC, 2)).toMatchObject({ result: 1, diagnostic: 7 }))

  test('without ACSE version 1', () => {
    expect(answer({ version1: false }, PUBLIC)).toMatchObject({ result: 1, diagnosticSource: 'provider', diagnostic: 2 })
  })

  test.each<[string, AarqOptions, number]>([
    ['an old DLMS version', { version: 5 }, 1],
    ['no common service', { conformance: Conformance.set }, 2],
    ['a PDU below the least', { largestPdu: 11 }, 3],
  ])('%s gives a confirmedServiceError', (_name, options, error) => {
    const aare = answer(options, PUBLIC)
    expect(aare).toMatchObject({ result: 1, diagnostic: 1 })
    expect(decodeInitiateError(aare.userInformation as Uint8Array)).toBe(error)
  })

  test('an AARQ that cannot be decoded is refused', () => {
    expect(decodeAare(fromHex(client().exchange('6003a10109') ?? ''))).toMatchObject({ result: 1, diagnostic: 1 })
  })

  test('without a wanted response there is none, but the association stands', () => {
    const quiet = client(PUBLIC)
    expect(quiet.exchange(aarq({ responseAllowed: false }))).toBeUndefined()
    expect(quiet.exchange(NAME)).toMatch(/^c401c100/)
  })
})

describe('life of an association', () => {
  test('nothing is served before it', () => {
    for (const apdu of [NAME, RELEASE, fromHex('c101c1'), fromHex('')]) expect(client().exchange(apdu)).toBe(NO_ASSOCIATION)
  })

  test('release ends it, and another may follow', () => {
    const user = client().open()
    const rlre = user.exchange(RELEASE) ?? ''
    expect(rlre).toBe('6303800100')
    expect(decodeRlre(fromHex(rlre))).toEqual({ reason: 0, userInformation: undefined })
    expect(user.connection.associations).toBe(0)
    expect(user.exchange(NAME)).toBe(NO_ASSOCIATION)
    user.open()
    expect(user.exchange(NAME)).toMatch(/^c401c100/)
  })

  test('a second AARQ replaces the first', () => {
    const user = client().open().open({ largestPdu: 64 })
    expect(user.connection.associations).toBe(1)
    expect(user.exchange(aarq({ secret: 'wrong' }))).toBeDefined()
    expect(user.connection.associations).toBe(0)
    expect(user.exchange(NAME)).toBe(NO_ASSOCIATION)
  })

  test('two clients on one connection do not disturb each other', () => {
    const user = client().open()
    expect(user.exchange(aarq({}), 1, PUBLIC)).toContain('a203020100')
    expect(user.connection.associations).toBe(2)
    expect(user.exchange(RELEASE, 1, PUBLIC)).toBe('6303800100')
    expect(user.exchange(NAME)).toMatch(/^c401c100/)
    expect(user.exchange(NAME, 1, PUBLIC)).toBe(NO_ASSOCIATION)
  })

  test('a connection holds only so many', () => {
    const server = new DlmsServer(memorySource(), { associations: 1 })
    const user = new TestClient(server).open()
    expect(decodeAare(fromHex(user.exchange(aarq({}), 1, PUBLIC) ?? ''))).toMatchObject({ result: 2, diagnostic: 1 })
    expect(user.open().connection.associations).toBe(1)
  })

  test('connections are apart, and a dropped one frees its associations', () => {
    const server = new DlmsServer(memorySource())
    const [one, two] = [new TestClient(server).open(), new TestClient(server).open()]
    one.connection.closed()
    expect(one.connection.associations).toBe(0)
    expect(one.exchange(NAME)).toBeUndefined()
    expect(two.exchange(NAME)).toMatch(/^c401c100/)
    expect(new TestClient(server).exchange(NAME)).toBe(NO_ASSOCIATION)
  })
})

describe('bad input', () => {
  test.each([
    ['ACCESS', 'd940000000'],
    ['general block transfer', 'e0c00001000000'],
    ['a ciphered GET', 'c80102'],
    ['an APDU of a server', 'c401c10000'],
  ])('%s is not supported', (_name, apdu) => expect(client().open().exchange(apdu)).toBe('d80202'))

  test.each([
    ['SET', 'c101c1000100002a0000ff020011' + '00'],
    ['ACTION', 'c301c1000f0000280000ff0100'],
  ])('%s is not allowed to a client that did not negotiate it', (_name, apdu) => expect(client().open().exchange(apdu)).toBe('d80102'))

  test.each([
    '',
    'c0',
    'c001',
    'c001c1',
    'c001c1000100002a0000ff02',
    'c001c1000100002a0000ff020000',
    'c004c1',
    'c003c100',
    'c003c1ff',
    '6201',
    '62028001',
  ])('malformed %s', (apdu) => expect(client().open().exchange(apdu)).toBe(apdu === '' ? 'd80202' : 'd80203'))

  test('broken framing closes the connection, once', () => {
    const user = client().open()
    user.connection.receive(fromHex('ffff'.repeat(20)))
    user.connection.receive(fromHex('ffff'.repeat(20)))
    expect(user.closed).toBe(1)
    expect(user.connection.associations).toBe(0)
  })

  test('a frame longer than allowed closes the connection before it is collected', () => {
    const user = client()
    user.connection.receive(wrap(new Uint8Array(2049), READER).subarray(0, 20))
    expect(user.closed).toBe(1)
  })
})

test('a link that cannot send holds requests back', () => {
  const sent: number[] = []
  const connection = new DlmsServer(memorySource()).connect(
    (bytes) => {
      sent.push(bytes.length)
      return false
    },
    () => undefined,
  )
  const requests = concat(wrap(aarq({ secret: SECRET }), READER), wrap(NAME, READER), wrap(NAME, READER))
  const first = connection.receive(requests)
  expect(sent).toHaveLength(1)
  const second = connection.receive(requests.subarray(first))
  expect(sent).toHaveLength(2)
  expect(connection.receive(requests.subarray(first + second))).toBe(requests.length - first - second)
  expect(sent).toHaveLength(3)
})

test('secrets are equal only as a whole', () => {
  expect(sameSecret(ascii('abc'), ascii('abc'))).toBe(true)
  for (const other of ['', 'ab', 'abcd', 'abcabc', 'abd']) expect(sameSecret(ascii(other), ascii('abc'))).toBe(false)
  expect(sameSecret(ascii('a'), new Uint8Array(0))).toBe(false)
})
