import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ByteReader, ByteWriter, DecodeError } from '../../../src/lib/bytes.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { decodeAare, decodeAarq, encodeAare, encodeAarq } from '../../../src/protocols/dlms/acse.ts'
import { ApduTag } from '../../../src/protocols/dlms/apdu.ts'
import { DataTag, type DataValue, readLength, writeData, writeLength } from '../../../src/protocols/dlms/axdr.ts'
import { readData } from '../../../src/protocols/dlms/axdr-decode.ts'
import {
  decodeInitiateError,
  decodeInitiateRequest,
  decodeInitiateResponse,
  encodeInitiateError,
  encodeInitiateRequest,
  encodeInitiateResponse,
  InitiateError,
} from '../../../src/protocols/dlms/initiate.ts'

interface Vector {
  readonly id: string
  readonly framing: string
  readonly hex: string
  readonly facts: {
    readonly plaintext?: string
    readonly decoded?: {
      readonly long_invoke_id: string
      readonly date_time: string
      readonly body?: unknown
      readonly body_error?: string
    }
  }
}

const file = new URL('../../vectors/dlms/vectors.json', import.meta.url)
const vectors: readonly Vector[] = JSON.parse(readFileSync(file, 'utf8')).vectors

/** The APDU inside whole HDLC frames: format, two addresses that end with a set low bit, control, check; LLC in the first one. */
function fromHdlc(bytes: Uint8Array): Uint8Array {
  const parts: number[] = []
  for (let at = 0; at < bytes.length; ) {
    expect(bytes[at]).toBe(0x7e)
    const length = ((bytes[at + 1] & 0x07) << 8) | bytes[at + 2]
    let position = at + 3
    for (let address = 0; address < 2; address++) while ((bytes[position++] & 1) === 0);
    parts.push(...bytes.subarray(position + 3, at + 1 + length - 2))
    at += length + 2
    if (bytes[at - 1] !== 0x7e) throw new Error('no closing flag')
  }
  return Uint8Array.from(parts)
}

function withoutLlc(bytes: Uint8Array): Uint8Array {
  return toHex(bytes.subarray(0, 3)) === 'e6e700' ? bytes.subarray(3) : bytes
}

function notificationOf(vector: Vector): Uint8Array {
  if (vector.facts.plaintext !== undefined) return fromHex(vector.facts.plaintext)
  const bytes = fromHex(vector.hex)
  return withoutLlc(vector.framing === 'hdlc' ? fromHdlc(bytes) : bytes)
}

interface Notification {
  readonly invoke: string
  readonly tagged: boolean
  readonly dateTime: string
  readonly body: DataValue
}

function decodeNotification(bytes: Uint8Array): Notification {
  const reader = new ByteReader(bytes)
  if (reader.uint8() !== ApduTag.dataNotification) throw new DecodeError('not a data-notification')
  const invoke = toHex(reader.take(4))
  // Kaifa writes the tag of an octet-string where the field has none; no date-time has nine bytes.
  const tagged = reader.peek() === DataTag.octetString
  if (tagged) reader.uint8()
  const dateTime = toHex(reader.take(readLength(reader)))
  const body = readData(reader, { depth: 6, elements: 1000 })
  if (reader.remaining !== 0) throw new DecodeError('bytes left over')
  return { invoke, tagged, dateTime, body }
}

/** The notation of the vectors: octet-strings as 'x:…', containers as lists, the rest as plain values. */
function plain(data: DataValue): unknown {
  if (data.tag === DataTag.array || data.tag === DataTag.structure) return data.value.map(plain)
  if (data.value instanceof Uint8Array) return `x:${toHex(data.value)}`
  return data.value
}

function reencode(notification: Notification): string {
  const writer = new ByteWriter(1024)
  writer.uint8(ApduTag.dataNotification)
  writer.write(fromHex(notification.invoke))
  const dateTime = fromHex(notification.dateTime)
  if (notification.tagged) writer.uint8(DataTag.octetString)
  writeLength(writer, dateTime.length)
  writer.write(dateTime)
  writeData(writer, notification.body)
  return toHex(writer.copy())
}

/** Outcome of a decoder as text, for comparing a vector with its twin. */
function outcome(decode: () => unknown): string {
  try {
    return JSON.stringify(decode(), (_key, value) => {
      if (value instanceof Uint8Array) return toHex(value)
      // JSON has neither 64-bit integers, nor infinities and NaN.
      return typeof value === 'bigint' || typeof value === 'number' ? String(value) : value
    })
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError)
    return `refused: ${(error as DecodeError).message}`
  }
}

/** Every single flipped bit has to be refused or to give something else. */
function expectTwinsToDiffer(bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown): void {
  const original = outcome(() => decode(bytes))
  for (let at = 0; at < bytes.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const twin = bytes.slice()
      twin[at] = (twin[at] as number) ^ (1 << bit)
      expect(
        outcome(() => decode(twin)),
        `byte ${at} bit ${bit}`,
      ).not.toBe(original)
    }
  }
}

describe('data-notifications of real meters', () => {
  const readable = vectors.filter((vector) => vector.facts.decoded?.body !== undefined)

  test('there are seven or more', () => expect(readable.length).toBeGreaterThanOrEqual(7))

  test.each(readable.map((vector) => [vector.id, vector] as const))('%s', (_id, vector) => {
    const decoded = vector.facts.decoded
    const bytes = notificationOf(vector)
    const notification = decodeNotification(bytes)
    expect(notification.invoke).toBe(decoded?.long_invoke_id)
    expect(notification.dateTime).toBe(decoded?.date_time)
    expect(plain(notification.body)).toEqual(decoded?.body)
    expect(reencode(notification)).toBe(toHex(bytes))
    expectTwinsToDiffer(bytes, decodeNotification)
  })

  test('a body without type tags is refused', () => {
    const vector = vectors.find((candidate) => candidate.id === 'esph-raw_sagecom_xt211') as Vector
    expect(() => decodeNotification(notificationOf(vector))).toThrow(DecodeError)
  })
})

function vector(id: string): Uint8Array {
  return fromHex((vectors.find((candidate) => candidate.id === id) as Vector).hex)
}

describe('Green Book examples', () => {
  test.each(['gb-aarq-none', 'gb-aarq-lls', 'gb-aarq-hls5', 'gb-aarq-lls-cipher'])('%s decodes and re-encodes', (id) => {
    const bytes = vector(id)
    const aarq = decodeAarq(bytes)
    expect(toHex(encodeAarq(aarq))).toBe(toHex(bytes))
    expectTwinsToDiffer(bytes, (twin) => encodeAarq(decodeAarq(twin)))
  })

  test('gb-aarq-lls says what it should', () => {
    const aarq = decodeAarq(vector('gb-aarq-lls'))
    expect(aarq).toMatchObject({ version1: true, context: 1, authentication: true, mechanism: 1 })
    expect(toHex(aarq.authenticationValue as Uint8Array)).toBe('3132333435363738')
    const request = decodeInitiateRequest(aarq.userInformation as Uint8Array)
    expect(request).toMatchObject({ responseAllowed: true, version: 6, conformance: 0x007e1f, largestReceive: 0x04b0 })
    expect(toHex(encodeInitiateRequest(request))).toBe(toHex(aarq.userInformation as Uint8Array))
  })

  test.each([
    ['gb-aare-ok', { context: 1, result: 0, diagnosticSource: 'user', diagnostic: 0 }],
    ['gb-aare-rej-ctx', { context: 1, result: 1, diagnosticSource: 'user', diagnostic: 2 }],
    ['gb-aare-rej-ver', { context: 1, result: 1, diagnosticSource: 'user', diagnostic: 1 }],
    ['gb-aare-hls5', { context: 1, result: 0, diagnosticSource: 'user', diagnostic: 14, mechanism: 5 }],
  ] as const)('%s decodes and re-encodes byte for byte', (id, expected) => {
    const bytes = vector(id)
    const aare = decodeAare(bytes)
    expect(aare).toMatchObject(expected)
    expect(toHex(encodeAare(aare))).toBe(toHex(bytes))
    expectTwinsToDiffer(bytes, (twin) => encodeAare(decodeAare(twin)))
  })

  test('the xDLMS part of the AAREs re-encodes', () => {
    const information = decodeAare(vector('gb-aare-ok')).userInformation as Uint8Array
    const response = decodeInitiateResponse(information)
    expect(response).toEqual({ qualityOfService: undefined, version: 6, conformance: 0x00501f, largestReceive: 0x01f4, vaaName: 7 })
    expect(toHex(encodeInitiateResponse(response))).toBe(toHex(information))
    const error = decodeAare(vector('gb-aare-rej-ver')).userInformation as Uint8Array
    expect(decodeInitiateError(error)).toBe(InitiateError.dlmsVersionTooLow)
    expect(toHex(encodeInitiateError(InitiateError.dlmsVersionTooLow))).toBe(toHex(error))
  })
})
