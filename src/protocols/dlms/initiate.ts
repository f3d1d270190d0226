/** xDLMS initiate service: what client and server agree on (IEC 62056-5-3 clause 7.3 and 8, A-XDR). */
import { ByteReader, ByteWriter, DecodeError } from '../../lib/bytes.ts'
import { ApduTag } from './apdu.ts'
import { readLength } from './axdr.ts'

export const DLMS_VERSION = 6

/** Bits of the conformance block (24 bits, bit 0 is sent first), as a number. Services that only short names have are left out. */
export const Conformance = Object.freeze({
  generalProtection: 1 << 22,
  generalBlockTransfer: 1 << 21,
  deltaValueEncoding: 1 << 17,
  attribute0WithSet: 1 << 15,
  priorityManagement: 1 << 14,
  attribute0WithGet: 1 << 13,
  blockTransferWithGet: 1 << 12,
  blockTransferWithSet: 1 << 11,
  blockTransferWithAction: 1 << 10,
  multipleReferences: 1 << 9,
  dataNotification: 1 << 7,
  access: 1 << 6,
  get: 1 << 4,
  set: 1 << 3,
  selectiveAccess: 1 << 2,
  eventNotification: 1 << 1,
  action: 1 << 0,
})

/** What a client that only reads needs. */
export const READING_CONFORMANCE =
  Conformance.priorityManagement |
  Conformance.blockTransferWithGet |
  Conformance.multipleReferences |
  Conformance.get |
  Conformance.selectiveAccess

/** What this server can do today; a source offers each client a subset. */
export const SUPPORTED_CONFORMANCE =
  READING_CONFORMANCE |
  Conformance.blockTransferWithSet |
  Conformance.blockTransferWithAction |
  Conformance.dataNotification |
  Conformance.set |
  Conformance.action

/** `initiate` choice of ServiceError in a confirmedServiceError. */
export const InitiateError = Object.freeze({
  other: 0,
  dlmsVersionTooLow: 1,
  incompatibleConformance: 2,
  pduSizeTooShort: 3,
  refusedByVdeHandler: 4,
})

/** The smallest client-max-receive-pdu-size that the standard lets a client ask for; 0 means without limit. */
export const SMALLEST_PDU = 12

/** VAA name of logical name referencing. */
const VAA_NAME_LN = 7

export interface InitiateRequest {
  readonly dedicatedKey: Uint8Array | undefined
  readonly responseAllowed: boolean
  readonly qualityOfService: number | undefined
  readonly version: number
  readonly conformance: number
  /** Largest APDU that the client takes; 0: no limit. */
  readonly largestReceive: number
}

export interface InitiateResponse {
  readonly qualityOfService: number | undefined
  readonly version: number
  readonly conformance: number
  /** Largest APDU that the server takes. */
  readonly largestReceive: number
  readonly vaaName: number
}

/** [APPLICATION 31] IMPLICIT BIT STRING, which A-XDR keeps in BER: tag 5F 1F, length 4, no unused bits, three bytes. */
function writeConformance(writer: ByteWriter, conformance: number): void {
  writer.uint16(0x5f1f)
  writer.uint16(0x0400)
  writer.uint8(conformance >>> 16)
  writer.uint16(conformance)
}

function readConformance(reader: ByteReader): number {
  if (reader.uint8() !== 0x5f) throw new DecodeError('conformance tag')
  // Early clients send the tag in one byte (IEC 62056-5-3 mentions both).
  if (reader.peek() === 0x1f) reader.uint8()
  if (reader.uint16() !== 0x0400) throw new DecodeError('conformance length')
  return reader.uint8() * 0x10000 + reader.uint16()
}

/** `OPTIONAL` and `DEFAULT` of A-XDR: 0 for absent, 1 for present. */
function present(reader: ByteReader): boolean {
  const flag = reader.uint8()
  if (flag > 1) throw new DecodeError('presence flag')
  return flag === 1
}

function finish<Message>(reader: ByteReader, message: Message): Message {
  if (reader.remaining !== 0) throw new DecodeError(`${reader.remaining} bytes left over`)
  return message
}

export function decodeInitiateRequest(bytes: Uint8Array): InitiateRequest {
  const reader = new ByteReader(bytes)
  if (reader.uint8() !== ApduTag.initiateRequest) throw new DecodeError('not an InitiateRequest')
  const dedicatedKey = present(reader) ? reader.take(readLength(reader)) : undefined
  const responseAllowed = present(reader) ? reader.uint8() !== 0 : true
  const qualityOfService = present(reader) ? (reader.uint8() << 24) >> 24 : undefined
  const version = reader.uint8()
  const conformance = readConformance(reader)
  const largestReceive = reader.uint16()
  return finish(reader, { dedicatedKey, responseAllowed, qualityOfService, version, conformance, largestReceive })
}

export function encodeInitiateRequest(request: InitiateRequest): Uint8Array {
  const writer = new ByteWriter(32)
  writer.uint8(ApduTag.initiateRequest)
  writer.uint8(request.dedicatedKey === undefined ? 0 : 1)
  if (request.dedicatedKey !== undefined) {
    writer.uint8(request.dedicatedKey.length)
    writer.write(request.dedicatedKey)
  }
  writer.uint8(request.responseAllowed ? 0 : 1)
  if (!request.responseAllowed) writer.uint8(0)
  writeQualityOfService(writer, request.qualityOfService)
  writer.uint8(request.version)
  writeConformance(writer, request.conformance)
  writer.uint16(request.largestReceive)
  return writer.copy()
}

function writeQualityOfService(writer: ByteWriter, value: number | undefined): void {
  writer.uint8(value === undefined ? 0 : 1)
  if (value !== undefined) writer.uint8(value)
}

export function decodeInitiateResponse(bytes: Uint8Array): InitiateResponse {
  const reader = new ByteReader(bytes)
  if (reader.uint8() !== ApduTag.initiateResponse) throw new DecodeError('not an InitiateResponse')
  const qualityOfService = present(reader) ? (reader.uint8() << 24) >> 24 : undefined
  const version = reader.uint8()
  const conformance = readConformance(reader)
  const largestReceive = reader.uint16()
  const vaaName = reader.uint16()
  return finish(reader, { qualityOfService, version, conformance, largestReceive, vaaName })
}

export function encodeInitiateResponse(response: InitiateResponse): Uint8Array {
  const writer = new ByteWriter(16)
  writer.uint8(ApduTag.initiateResponse)
  writeQualityOfService(writer, response.qualityOfService)
  writer.uint8(response.version)
  writeConformance(writer, response.conformance)
  writer.uint16(response.largestReceive)
  writer.uint16(response.vaaName)
  return writer.copy()
}

/** The InitiateResponse of a server that refers to objects by logical names. */
export function initiateResponse(conformance: number, largestReceive: number): InitiateResponse {
  return { qualityOfService: undefined, version: DLMS_VERSION, conformance, largestReceive, vaaName: VAA_NAME_LN }
}

/** confirmedServiceError: initiateError [1], ServiceError initiate [6]: 0E 01 06 xx. */
export function encodeInitiateError(error: number): Uint8Array {
  return Uint8Array.of(ApduTag.confirmedServiceError, 1, 6, error)
}

/** The `initiate` error of a confirmedServiceError; throws DecodeError for any other. */
export function decodeInitiateError(bytes: Uint8Array): number {
  if (bytes.length !== 4 || bytes[0] !== ApduTag.confirmedServiceError || bytes[1] !== 1 || bytes[2] !== 6) {
    throw new DecodeError('not an initiate error')
  }
  return bytes[3]
}
