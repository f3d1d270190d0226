/**
 * ACSE: opening and closing an application association (IEC 62056-5-3 clause 8, after ISO/IEC 15954; BER).
 * Titles, keys and challenges of ciphered associations are carried as bytes, so that ciphering can be added above this codec.
 */
import { ByteReader, DecodeError } from '../../lib/bytes.ts'
import { ApduTag } from './apdu.ts'
import { readBer, readBerLength, tlv } from './ber.ts'

/** Last arc of the application context name 2.16.756.5.8.1.x. */
export const ApplicationContext = Object.freeze({
  logicalName: 1,
  shortName: 2,
  logicalNameCiphered: 3,
  shortNameCiphered: 4,
})

/** Last arc of the authentication mechanism name 2.16.756.5.8.2.x. */
export const Mechanism = Object.freeze({
  none: 0,
  low: 1,
  high: 2,
  highMD5: 3,
  highSHA1: 4,
  highGMAC: 5,
  highSHA256: 6,
  highECDSA: 7,
})

/** A name of another organisation, or of a number that the standard does not know. */
const FOREIGN_NAME = -1

export const AssociationResult = Object.freeze({ accepted: 0, rejectedPermanent: 1, rejectedTransient: 2 })

/** result-source-diagnostic, acse-service-user [1]. */
export const UserDiagnostic = Object.freeze({
  null: 0,
  noReasonGiven: 1,
  applicationContextNameNotSupported: 2,
  callingApTitleNotRecognized: 3,
  callingApInvocationIdentifierNotRecognized: 4,
  callingAeQualifierNotRecognized: 5,
  callingAeInvocationIdentifierNotRecognized: 6,
  calledApTitleNotRecognized: 7,
  calledApInvocationIdentifierNotRecognized: 8,
  calledAeQualifierNotRecognized: 9,
  calledAeInvocationIdentifierNotRecognized: 10,
  mechanismNameNotRecognised: 11,
  mechanismNameRequired: 12,
  authenticationFailure: 13,
  authenticationRequired: 14,
})

/** result-source-diagnostic, acse-service-provider [2]. */
export const ProviderDiagnostic = Object.freeze({ null: 0, noReasonGiven: 1, noCommonAcseVersion: 2 })

/** joint-iso-ccitt(2) country(16) country-name(756) identified-organisation(5) DLMS-UA(8). */
const DLMS_UA = Object.freeze([0x60, 0x85, 0x74, 0x05, 0x08])
const CONTEXT_ARC = 1
const MECHANISM_ARC = 2

export interface Aarq {
  /** False when the client names ACSE versions and version 1 is not among them. */
  readonly version1: boolean
  /** `ApplicationContext` or FOREIGN_NAME. */
  readonly context: number
  readonly callingApTitle: Uint8Array | undefined
  readonly callingAeInvocationIdentifier: number | undefined
  /** The authentication functional unit is asked for. */
  readonly authentication: boolean
  /** `Mechanism` or FOREIGN_NAME; undefined when no name is given. */
  readonly mechanism: number | undefined
  /** The secret or the challenge. */
  readonly authenticationValue: Uint8Array | undefined
  /** The xDLMS InitiateRequest, plain or ciphered. */
  readonly userInformation: Uint8Array | undefined
}

export interface Aare {
  readonly context: number
  readonly result: number
  readonly diagnosticSource: 'user' | 'provider'
  readonly diagnostic: number
  readonly respondingApTitle?: Uint8Array | undefined
  /** Given together with the mechanism: the authentication functional unit is in use. */
  readonly mechanism?: number | undefined
  readonly authenticationValue?: Uint8Array | undefined
  readonly userInformation: Uint8Array | undefined
}

function encodeName(arc: number, value: number): Uint8Array {
  return Uint8Array.of(...DLMS_UA, arc, value)
}

function decodeName(bytes: Uint8Array, arc: number): number {
  if (bytes.length !== 7 || bytes[5] !== arc) return FOREIGN_NAME
  for (let i = 0; i < 5; i++) if (bytes[i] !== DLMS_UA[i]) return FOREIGN_NAME
  return bytes[6]
}

function decodeInteger(bytes: Uint8Array): number {
  const content = readBer(new ByteReader(bytes), 0x02)
  if (content.length === 0 || content.length > 4) throw new DecodeError('integer length')
  let value = 0
  for (const byte of content) value = value * 0x100 + byte
  return value
}

/** Authentication-value ::= CHOICE { charstring [0], bitstring [1] }; the bit string without its count of unused bits. */
function decodeAuthenticationValue(bytes: Uint8Array): Uint8Array {
  const reader = new ByteReader(bytes)
  const tag = reader.uint8()
  const content = reader.take(readBerLength(reader))
  if (reader.remaining !== 0 || (tag !== 0x80 && tag !== 0x81)) throw new DecodeError('authentication value')
  return tag === 0x81 ? content.subarray(1) : content
}

/** ACSE-requirements: a BIT STRING of one bit, the authentication functional unit. */
function decodeRequirements(bytes: Uint8Array): boolean {
  if (bytes.length !== 2 || bytes[0] !== 7 || (bytes[1] & 0x7f) !== 0) throw new DecodeError('ACSE requirements')
  return bytes[1] === 0x80
}

/** The fields of an ACSE APDU by tag. A field that occurs twice is refused. */
function readFields(bytes: Uint8Array, tag: number): Map<number, Uint8Array> {
  const outer = new ByteReader(bytes)
  const reader = new ByteReader(readBer(outer, tag))
  if (outer.remaining !== 0) throw new DecodeError(`${outer.remaining} bytes left over`)
  const fields = new Map<number, Uint8Array>()
  while (reader.remaining > 0) {
    const field = reader.uint8()
    if (fields.has(field)) throw new DecodeError(`field ${field} twice`)
    fields.set(field, reader.take(readBerLength(reader)))
  }
  return fields
}

function octets(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : readBer(new ByteReader(bytes), 0x04)
}

function name(bytes: Uint8Array | undefined): number {
  if (bytes === undefined) throw new DecodeError('no application context name')
  return decodeName(readBer(new ByteReader(bytes), 0x06), CONTEXT_ARC)
}

function optional<Value>(bytes: Uint8Array | undefined, decode: (bytes: Uint8Array) => Value): Value | undefined {
  return bytes === undefined ? undefined : decode(bytes)
}

function decodeMechanism(bytes: Uint8Array): number {
  return decodeName(bytes, MECHANISM_ARC)
}

/** Throws DecodeError. Fields without a use here (qualifiers, invocation identifiers, implementation information) are skipped. */
export function decodeAarq(bytes: Uint8Array): Aarq {
  const fields = readFields(bytes, ApduTag.aarq)
  const version = fields.get(0x80)
  return {
    version1: version === undefined || (version.length === 2 && (version[1] & 0x80) !== 0),
    context: name(fields.get(0xa1)),
    callingApTitle: octets(fields.get(0xa6)),
    callingAeInvocationIdentifier: optional(fields.get(0xa9), decodeInteger),
    authentication: optional(fields.get(0x8a), decodeRequirements) ?? false,
    mechanism: optional(fields.get(0x8b), decodeMechanism),
    authenticationValue: optional(fields.get(0xac), decodeAuthenticationValue),
    userInformation: octets(fields.get(0xbe)),
  }
}

export function encodeAarq(aarq: Aarq): Uint8Array {
  const parts = [tlv(0xa1, tlv(0x06, encodeName(CONTEXT_ARC, aarq.context)))]
  if (!aarq.version1) parts.unshift(tlv(0x80, [0x06, 0x40]))
  if (aarq.callingApTitle !== undefined) parts.push(tlv(0xa6, tlv(0x04, aarq.callingApTitle)))
  if (aarq.callingAeInvocationIdentifier !== undefined) parts.push(tlv(0xa9, tlv(0x02, [aarq.callingAeInvocationIdentifier])))
  if (aarq.authentication) parts.push(tlv(0x8a, [0x07, 0x80]))
  if (aarq.mechanism !== undefined) parts.push(tlv(0x8b, encodeName(MECHANISM_ARC, aarq.mechanism)))
  if (aarq.authenticationValue !== undefined) parts.push(tlv(0xac, tlv(0x80, aarq.authenticationValue)))
  if (aarq.userInformation !== undefined) parts.push(tlv(0xbe, tlv(0x04, aarq.userInformation)))
  return tlv(ApduTag.aarq, ...parts)
}

export function decodeAare(bytes: Uint8Array): Aare {
  const fields = readFields(bytes, ApduTag.aare)
  const result = fields.get(0xa2)
  const diagnostic = fields.get(0xa3)
  if (result === undefined || diagnostic === undefined) throw new DecodeError('AARE without a result')
  const mechanism = optional(fields.get(0x89), decodeMechanism)
  const authentication = optional(fields.get(0x88), decodeRequirements) ?? false
  if (authentication !== (mechanism !== undefined)) throw new DecodeError('mechanism name and ACSE requirements disagree')
  const reader = new ByteReader(diagnostic)
  const source = reader.uint8()
  if (source !== 0xa1 && source !== 0xa2) throw new DecodeError('diagnostic source')
  return {
    context: name(fields.get(0xa1)),
    result: decodeInteger(result),
    diagnosticSource: source === 0xa1 ? 'user' : 'provider',
    diagnostic: decodeInteger(reader.take(readBerLength(reader))),
    respondingApTitle: octets(fields.get(0xa4)),
    mechanism,
    authenticationValue: optional(fields.get(0xaa), decodeAuthenticationValue),
    userInformation: octets(fields.get(0xbe)),
  }
}

export function encodeAare(aare: Aare): Uint8Array {
  const source = aare.diagnosticSource === 'user' ? 0xa1 : 0xa2
  const parts = [
    tlv(0xa1, tlv(0x06, encodeName(CONTEXT_ARC, aare.context))),
    tlv(0xa2, tlv(0x02, [aare.result])),
    tlv(0xa3, tlv(source, tlv(0x02, [aare.diagnostic]))),
  ]
  if (aare.respondingApTitle !== undefined) parts.push(tlv(0xa4, tlv(0x04, aare.respondingApTitle)))
  if (aare.mechanism !== undefined) {
    parts.push(tlv(0x88, [0x07, 0x80]), tlv(0x89, encodeName(MECHANISM_ARC, aare.mechanism)))
  }
  if (aare.authenticationValue !== undefined) parts.push(tlv(0xaa, tlv(0x80, aare.authenticationValue)))
  if (aare.userInformation !== undefined) parts.push(tlv(0xbe, tlv(0x04, aare.userInformation)))
  return tlv(ApduTag.aare, ...parts)
}

/** Release reasons. */
export const ReleaseReason = Object.freeze({ normal: 0, urgent: 1, userDefined: 30 })

export interface Release {
  readonly reason: number | undefined
  readonly userInformation: Uint8Array | undefined
}

function decodeRelease(bytes: Uint8Array, tag: number): Release {
  const fields = readFields(bytes, tag)
  const reason = fields.get(0x80)
  if (reason !== undefined && reason.length !== 1) throw new DecodeError('release reason')
  return { reason: reason?.[0], userInformation: octets(fields.get(0xbe)) }
}

function encodeRelease(release: Release, tag: number): Uint8Array {
  const parts: Uint8Array[] = []
  if (release.reason !== undefined) parts.push(tlv(0x80, [release.reason]))
  if (release.userInformation !== undefined) parts.push(tlv(0xbe, tlv(0x04, release.userInformation)))
  return tlv(tag, ...parts)
}

export function decodeRlrq(bytes: Uint8Array): Release {
  return decodeRelease(bytes, ApduTag.rlrq)
}
export function encodeRlrq(release: Release): Uint8Array {
  return encodeRelease(release, ApduTag.rlrq)
}
export function decodeRlre(bytes: Uint8Array): Release {
  return decodeRelease(bytes, ApduTag.rlre)
}
export function encodeRlre(release: Release): Uint8Array {
  return encodeRelease(release, ApduTag.rlre)
}
