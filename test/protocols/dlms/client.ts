import { ByteReader, ByteWriter } from '../../../src/lib/bytes.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { encodeAarq, Mechanism } from '../../../src/protocols/dlms/acse.ts'
import { readLength, writeLength } from '../../../src/protocols/dlms/axdr.ts'
import { encodeInitiateRequest, SUPPORTED_CONFORMANCE } from '../../../src/protocols/dlms/initiate.ts'
import type { DlmsConnection, DlmsServer } from '../../../src/protocols/dlms/server.ts'
import { ascii, concat, logicalName, wrap } from './bytes.ts'
import { PUBLIC, READER, SECRET } from './memory-source.ts'

export interface AarqOptions {
  readonly context?: number
  readonly secret?: string
  readonly mechanism?: number
  readonly authentication?: boolean
  readonly largestPdu?: number
  readonly conformance?: number
  readonly version?: number
  readonly version1?: boolean
  readonly responseAllowed?: boolean
}

export function aarq(options: AarqOptions = {}): Uint8Array {
  const { secret, mechanism = secret === undefined ? undefined : Mechanism.low, authentication = mechanism !== undefined } = options
  return encodeAarq({
    version1: options.version1 ?? true,
    context: options.context ?? 1,
    callingApTitle: undefined,
    callingAeInvocationIdentifier: undefined,
    authentication,
    mechanism,
    authenticationValue: secret === undefined ? undefined : ascii(secret),
    userInformation: encodeInitiateRequest({
      dedicatedKey: undefined,
      responseAllowed: options.responseAllowed ?? true,
      qualityOfService: undefined,
      version: options.version ?? 6,
      conformance: options.conformance ?? SUPPORTED_CONFORMANCE,
      largestReceive: options.largestPdu ?? 0xffff,
    }),
  })
}

/** Class, instance and attribute, then selective access as hexadecimal text (selector and parameters). */
export function descriptor(classId: number, name: string, attribute: number, selection = ''): Uint8Array {
  const head = Uint8Array.of(classId >> 8, classId & 0xff, ...logicalName(name), attribute & 0xff)
  return concat(head, selection === '' ? Uint8Array.of(0) : concat(Uint8Array.of(1), fromHex(selection)))
}

export function getNormal(classId: number, name: string, attribute: number, selection = ''): Uint8Array {
  return concat(fromHex('c001c1'), descriptor(classId, name, attribute, selection))
}

export function getNext(block: number): Uint8Array {
  return Uint8Array.of(0xc0, 2, 0xc1, 0, 0, block >> 8, block & 0xff)
}

export function getList(...descriptors: Uint8Array[]): Uint8Array {
  const writer = new ByteWriter()
  writer.write(fromHex('c003c1'))
  writeLength(writer, descriptors.length)
  for (const each of descriptors) writer.write(each)
  return writer.copy()
}

/** A list of requests' parts behind its count, which is below 128. */
export function list(...parts: (Uint8Array | string)[]): Uint8Array {
  return concat(Uint8Array.of(parts.length), ...parts.map((part) => (typeof part === 'string' ? fromHex(part) : part)))
}

export function setNormal(classId: number, name: string, attribute: number, value: string, selection = ''): Uint8Array {
  return concat(fromHex('c101c1'), descriptor(classId, name, attribute, selection), fromHex(value))
}

export function setList(descriptors: Uint8Array[], values: string[]): Uint8Array {
  return concat(fromHex('c104c1'), list(...descriptors), list(...values))
}

/** DataBlock-SA. */
export function block(number: number, last: boolean, data: string): Uint8Array {
  const writer = new ByteWriter()
  writer.uint8(last ? 1 : 0)
  writer.uint32(number)
  writeLength(writer, data.length / 2)
  writer.write(fromHex(data))
  return writer.copy()
}

export function method(classId: number, name: string, number: number): Uint8Array {
  return descriptor(classId, name, number).subarray(0, 9)
}

/** `parameter` is an encoded value as hexadecimal text; empty for none. */
export function actionNormal(classId: number, name: string, number: number, parameter = ''): Uint8Array {
  return concat(fromHex('c301c1'), method(classId, name, number), fromHex(parameter === '' ? '00' : `01${parameter}`))
}

/** An encoded octet-string of fewer than 65536 bytes. */
export function octetString(bytes: Uint8Array): string {
  const writer = new ByteWriter(1024, 0x20000)
  writer.uint8(9)
  writeLength(writer, bytes.length)
  writer.write(bytes)
  return toHex(writer.copy())
}

/** A client in the same process: sends an APDU and gives the one that comes back. */
export class TestClient {
  readonly connection: DlmsConnection
  readonly sap: number
  closed = 0
  /** Complete frames, as sent. */
  frames: string[] = []

  constructor(server: DlmsServer, sap = READER) {
    this.sap = sap
    this.connection = server.connect(
      (bytes) => {
        this.frames.push(toHex(bytes))
        return true
      },
      () => {
        this.closed++
      },
    )
  }

  /** The response APDU as hexadecimal text; undefined when there is none. */
  exchange(apdu: Uint8Array | string, destination = 1, source = this.sap): string | undefined {
    this.frames = []
    this.connection.receive(wrap(apdu, source, destination))
    const frame = this.frames[0]
    if (frame === undefined) return undefined
    const bytes = fromHex(frame)
    const header = toHex(Uint8Array.of(0, 1, destination >> 8, destination, source >> 8, source))
    if (toHex(bytes.subarray(0, 6)) !== header || this.frames.length !== 1) throw new Error(`unexpected frames ${this.frames}`)
    if (bytes[6] * 256 + bytes[7] !== bytes.length - 8) throw new Error('wrong length in the wrapper')
    return frame.slice(16)
  }

  open(options: AarqOptions = {}): this {
    const secret = this.sap === PUBLIC ? {} : { secret: SECRET }
    const aare = this.exchange(aarq({ ...secret, ...options }))
    if (aare?.includes('a203020100') !== true) throw new Error(`not accepted: ${aare}`)
    return this
  }

  /** Sends a get-request and fetches all blocks. Gives the value, the number of APDUs and the longest of them. */
  fetch(request: Uint8Array): { data: string; apdus: number; longest: number } {
    let response = fromHex(this.exchange(request) ?? '')
    let data = ''
    let longest = response.length
    for (let apdus = 1; apdus < 10000; apdus++) {
      if (response[0] !== 0xc4) throw new Error(`not a get-response: ${toHex(response)}`)
      if (response[1] === 3) return { data: toHex(response.subarray(3)), apdus, longest }
      if (response[1] === 1) {
        if (response[3] !== 0) throw new Error(`result ${response[4]}`)
        return { data: toHex(response.subarray(4)), apdus, longest }
      }
      const reader = new ByteReader(response, 3)
      const last = reader.uint8() === 1
      const block = reader.uint32()
      if (block !== apdus) throw new Error(`block ${block} instead of ${apdus}`)
      if (reader.uint8() !== 0) throw new Error(`block result ${reader.uint8()}`)
      data += toHex(reader.take(readLength(reader)))
      if (reader.remaining !== 0) throw new Error('bytes after the block')
      if (last) return { data, apdus, longest }
      response = fromHex(this.exchange(getNext(block)) ?? '')
      longest = Math.max(longest, response.length)
    }
    throw new Error('too many blocks')
  }
}
