/** Application associations: who may have one, and what it agreed on (IEC 62056-5-3 clause 7.2 "COSEM-OPEN"). */
import { DecodeError } from '../../lib/bytes.ts'
import {
  type Aarq,
  ApplicationContext,
  AssociationResult,
  decodeAarq,
  encodeAare,
  Mechanism,
  ProviderDiagnostic,
  UserDiagnostic,
} from './acse.ts'
import type { ObjectDirectory } from './directory.ts'
import {
  Conformance,
  DLMS_VERSION,
  decodeInitiateRequest,
  encodeInitiateError,
  encodeInitiateResponse,
  InitiateError,
  type InitiateRequest,
  initiateResponse,
  SMALLEST_PDU,
  SUPPORTED_CONFORMANCE,
} from './initiate.ts'
import type { AssociationContext, DlmsClient, LogicalDevice } from './source.ts'
import type { LongGet } from './transfer.ts'
import type { LongWrite } from './write.ts'

/** One open association of a connection. */
export class Association implements AssociationContext {
  readonly client: DlmsClient
  readonly directory: ObjectDirectory
  readonly conformance: number
  readonly largestReceive: number
  readonly largestSend: number
  /** The block transfer that is under way. */
  longGet: LongGet | undefined
  /** The parameter of a SET or an ACTION that comes in blocks. */
  longWrite: LongWrite | undefined

  constructor(client: DlmsClient, directory: ObjectDirectory, conformance: number, sizes: PduSizes) {
    this.client = client
    this.directory = directory
    this.conformance = conformance
    this.largestReceive = sizes.receive
    this.largestSend = sizes.send
  }

  get device(): LogicalDevice {
    return this.directory.device
  }

  get visible(): number {
    return this.directory.visible(this.client)
  }

  negotiated(bit: number): boolean {
    return (this.conformance & bit) !== 0
  }
}

/** Largest APDUs in bytes, as the server sees them. */
export interface PduSizes {
  readonly receive: number
  readonly send: number
}

/** The answer to an AARQ. */
export interface Opening {
  /** Undefined: the client asked for no response. */
  readonly aare: Uint8Array | undefined
  readonly association: Association | undefined
}

function refuse(diagnostic: number, userInformation?: Uint8Array, source: 'user' | 'provider' = 'user'): Opening {
  const result = AssociationResult.rejectedPermanent
  const context = ApplicationContext.logicalName
  return { aare: encodeAare({ context, result, diagnosticSource: source, diagnostic, userInformation }), association: undefined }
}

/** When the server has no room for another association. */
export function refuseTransient(): Opening {
  const aare = encodeAare({
    context: ApplicationContext.logicalName,
    result: AssociationResult.rejectedTransient,
    diagnosticSource: 'user',
    diagnostic: UserDiagnostic.noReasonGiven,
    userInformation: undefined,
  })
  return { aare, association: undefined }
}

/** The `UserDiagnostic` that speaks against a client's credentials; `null` when there is none. */
function authenticationProblem(aarq: Aarq, client: DlmsClient, device: LogicalDevice): number {
  const asked = aarq.authentication || aarq.mechanism !== undefined
  if (client.mechanism === Mechanism.none) {
    return !asked || aarq.mechanism === Mechanism.none ? UserDiagnostic.null : UserDiagnostic.mechanismNameNotRecognised
  }
  if (!asked) return UserDiagnostic.authenticationRequired
  if (aarq.mechanism === undefined) return UserDiagnostic.mechanismNameRequired
  if (aarq.mechanism !== client.mechanism) return UserDiagnostic.mechanismNameNotRecognised
  const secret = aarq.authenticationValue ?? new Uint8Array(0)
  return device.authenticate(client.sap, secret) ? UserDiagnostic.null : UserDiagnostic.authenticationFailure
}

/** The `InitiateError` that speaks against the proposed xDLMS context; -1 when there is none. */
function initiateProblem(request: InitiateRequest, conformance: number): number {
  if (request.version < DLMS_VERSION) return InitiateError.dlmsVersionTooLow
  if ((conformance & Conformance.get) === 0) return InitiateError.incompatibleConformance
  if (request.largestReceive !== 0 && request.largestReceive < SMALLEST_PDU) return InitiateError.pduSizeTooShort
  return -1
}

function accept(request: InitiateRequest, association: Association): Opening {
  if (!request.responseAllowed) return { aare: undefined, association }
  const aare = encodeAare({
    context: ApplicationContext.logicalName,
    result: AssociationResult.accepted,
    diagnosticSource: 'user',
    diagnostic: UserDiagnostic.null,
    userInformation: encodeInitiateResponse(initiateResponse(association.conformance, association.largestReceive)),
  })
  return { aare, association }
}

function open(aarq: Aarq, clientSap: number, directory: ObjectDirectory | undefined, sizes: PduSizes): Opening {
  if (!aarq.version1) return refuse(ProviderDiagnostic.noCommonAcseVersion, undefined, 'provider')
  if (directory === undefined) return refuse(UserDiagnostic.calledApTitleNotRecognized)
  const client = directory.client(clientSap)
  if (client === undefined) return refuse(UserDiagnostic.callingApTitleNotRecognized)
  if (aarq.context !== ApplicationContext.logicalName) return refuse(UserDiagnostic.applicationContextNameNotSupported)
  // Credentials come before the xDLMS context: an unknown client learns nothing about what the server supports.
  const problem = authenticationProblem(aarq, client, directory.device)
  if (problem !== UserDiagnostic.null) return refuse(problem)
  if (aarq.userInformation === undefined) return refuse(UserDiagnostic.noReasonGiven)
  const request = decodeInitiateRequest(aarq.userInformation)
  const conformance = request.conformance & client.conformance & SUPPORTED_CONFORMANCE
  const error = initiateProblem(request, conformance)
  if (error >= 0) return refuse(UserDiagnostic.noReasonGiven, encodeInitiateError(error))
  const send = request.largestReceive === 0 ? sizes.send : Math.min(request.largestReceive, sizes.send)
  return accept(request, new Association(client, directory, conformance, { receive: sizes.receive, send }))
}

/** Answers an AARQ. `directory` is undefined for a server address that has no logical device. */
export function answerAarq(apdu: Uint8Array, clientSap: number, directory: ObjectDirectory | undefined, sizes: PduSizes): Opening {
  try {
    return open(decodeAarq(apdu), clientSap, directory, sizes)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return refuse(UserDiagnostic.noReasonGiven)
  }
}
