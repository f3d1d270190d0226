/** xDLMS APDUs: their tags, results and errors (IEC 62056-5-3, clause 8 "Abstract syntax of COSEM PDUs"). */

/** First byte of an APDU. */
export const ApduTag = Object.freeze({
  initiateRequest: 0x01,
  initiateResponse: 0x08,
  confirmedServiceError: 0x0e,
  dataNotification: 0x0f,
  gloInitiateRequest: 0x21,
  aarq: 0x60,
  aare: 0x61,
  rlrq: 0x62,
  rlre: 0x63,
  getRequest: 0xc0,
  setRequest: 0xc1,
  eventNotification: 0xc2,
  actionRequest: 0xc3,
  getResponse: 0xc4,
  setResponse: 0xc5,
  actionResponse: 0xc7,
  exceptionResponse: 0xd8,
  accessRequest: 0xd9,
  generalGloCiphering: 0xdb,
  generalBlockTransfer: 0xe0,
})

/** Data-Access-Result. */
export const DataAccessResult = Object.freeze({
  success: 0,
  hardwareFault: 1,
  temporaryFailure: 2,
  readWriteDenied: 3,
  objectUndefined: 4,
  objectClassInconsistent: 9,
  objectUnavailable: 11,
  typeUnmatched: 12,
  scopeOfAccessViolated: 13,
  dataBlockUnavailable: 14,
  longGetAborted: 15,
  noLongGetInProgress: 16,
  longSetAborted: 17,
  noLongSetInProgress: 18,
  dataBlockNumberInvalid: 19,
  otherReason: 250,
})
export type DataAccessResult = (typeof DataAccessResult)[keyof typeof DataAccessResult]

/** Action-Result. */
export const ActionResult = Object.freeze({
  success: 0,
  hardwareFault: 1,
  temporaryFailure: 2,
  readWriteDenied: 3,
  objectUndefined: 4,
  objectClassInconsistent: 9,
  objectUnavailable: 11,
  typeUnmatched: 12,
  scopeOfAccessViolated: 13,
  dataBlockUnavailable: 14,
  longActionAborted: 15,
  noLongActionInProgress: 16,
  otherReason: 250,
})
export type ActionResult = (typeof ActionResult)[keyof typeof ActionResult]

/** `state-error` of an exception-response. */
const StateError = Object.freeze({ serviceNotAllowed: 1, serviceUnknown: 2 })

/** `service-error` of an exception-response. */
const ServiceError = Object.freeze({
  operationNotPossible: 1,
  serviceNotSupported: 2,
  otherReason: 3,
  pduTooLong: 4,
  decipheringError: 5,
  invocationCounterError: 6,
})

/** The complete exception-responses that a server without ciphering sends. */
export const ExceptionResponse = Object.freeze({
  /** No association: D8 01 01. */
  noAssociation: Object.freeze([ApduTag.exceptionResponse, StateError.serviceNotAllowed, ServiceError.operationNotPossible]),
  /** Known service, but not part of what the association negotiated. */
  notNegotiated: Object.freeze([ApduTag.exceptionResponse, StateError.serviceNotAllowed, ServiceError.serviceNotSupported]),
  /** A service that is not built: D8 02 02. */
  notSupported: Object.freeze([ApduTag.exceptionResponse, StateError.serviceUnknown, ServiceError.serviceNotSupported]),
  /** Bytes that cannot be decoded. */
  malformed: Object.freeze([ApduTag.exceptionResponse, StateError.serviceUnknown, ServiceError.otherReason]),
  /** The answer does not fit the client's largest PDU, and block transfer was not negotiated. */
  tooLong: Object.freeze([ApduTag.exceptionResponse, StateError.serviceNotAllowed, ServiceError.otherReason]),
})
export type ExceptionResponse = (typeof ExceptionResponse)[keyof typeof ExceptionResponse]
