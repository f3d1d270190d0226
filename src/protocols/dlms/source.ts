/**
 * What a DLMS server serves. A meter's view implements these interfaces; `objects/` has ready-made interface classes, so that a view mostly
 * lists objects. Nothing here is a copy of meter data: values are written straight into the response when a client asks.
 */
import type { ByteWriter } from '../../lib/bytes.ts'
import type { ActionResult, DataAccessResult } from './apdu.ts'
import type { DataValue } from './axdr.ts'

/** Bits of an attribute's access mode (IEC 62056-6-2, association LN version 1: 0 no access, 1 read only, 2 write only, 3 read and write). */
export const AttributeAccess = Object.freeze({ none: 0, read: 1, write: 2, readWrite: 3 })

/** Access mode of a method (association LN version 1). */
export const MethodAccess = Object.freeze({ none: 0, access: 1 })

/** A client that may associate, known by its service access point. */
export interface DlmsClient {
  readonly sap: number
  /** `Mechanism.none` or `Mechanism.low`. */
  readonly mechanism: number
  /** Bits of `Conformance` offered to this client; what the server cannot do is never negotiated. */
  readonly conformance: number
}

/** One logical device: one server address with its own objects and clients. */
export interface LogicalDevice {
  readonly sap: number
  /** COSEM logical device name: three letters of the manufacturer's FLAG id and up to 13 more ASCII characters. */
  readonly name: string
  readonly clients: readonly DlmsClient[]
  /** In the order of the association's object list. Fixed while the server lives. */
  readonly objects: ObjectList
  /**
   * Is this the secret of a client with low-level security? Must take the same time for every secret (`sameSecret` of src/lib).
   * `secret` is only valid during the call.
   */
  authenticate(clientSap: number, secret: Uint8Array): boolean
}

export interface DlmsSource {
  /** Every service access point once. */
  readonly devices: readonly LogicalDevice[]
}

/** The association in which a request came: objects may answer each client differently. */
export interface AssociationContext {
  readonly client: DlmsClient
  readonly device: LogicalDevice
  /** How many objects the client sees. */
  readonly visible: number
  /** Negotiated bits of `Conformance`. */
  readonly conformance: number
  /** Largest APDU that the server takes. */
  readonly largestReceive: number
  /** Largest APDU that the client takes. */
  readonly largestSend: number
}

/** Selective access: the selector's number and its parameters. */
export interface Selection {
  readonly selector: number
  readonly parameters: DataValue
}

/**
 * A long array that is produced row by row, in constant memory, while a client fetches it block by block. It may be abandoned at any row.
 */
export interface RowStream {
  /** Rows that `next` will write: announced to the client first. */
  readonly count: number
  /** Writes one complete array element and returns true; false when the row is not there any more, which aborts the transfer. */
  next(writer: ByteWriter): boolean
}

/** The objects of a logical device. An array is one that has them all; `MadeObjects` makes each when a client asks for it. */
export interface ObjectList {
  /** Places, empty ones included. */
  readonly length: number
  /** The object at a place, counted from 0; undefined at an empty one. It may live as long as the request: what has to last is kept in its source. */
  at(place: number): CosemObject | undefined
}

/** An instance of an interface class. */
export interface CosemObject {
  readonly classId: number
  readonly version: number
  /** 'a.b.c.d.e.f' */
  readonly logicalName: string
  /** Attributes are numbered 1 to this. Attribute 1, the logical name, is answered by the server. */
  readonly attributes: number
  readonly methods: number
  /** `AttributeAccess` of a client; an object without any is not in the client's object list. */
  attributeAccess(attribute: number, client: DlmsClient): number
  /** `MethodAccess` of a client. */
  methodAccess(method: number, client: DlmsClient): number
  /** Selectors that `get` understands for an attribute; the server refuses others. */
  selectors?(attribute: number): readonly number[]
  /**
   * Reads attribute 2 or higher. Either writes one complete encoded value and returns `DataAccessResult.success`, or writes nothing and
   * returns another result or the rows of an array. `selection.parameters` are only valid during the call.
   */
  get(attribute: number, selection: Selection | undefined, context: AssociationContext, writer: ByteWriter): DataAccessResult | RowStream
  /**
   * Writes attribute 2 or higher, for clients with write access. `value` is only valid during the call. A DecodeError that it throws is the
   * client's "type unmatched". Nothing can be written without this method.
   */
  set?(attribute: number, value: DataValue, context: AssociationContext): DataAccessResult
  /**
   * Invokes a method, for clients with access to it; `parameter` is undefined when the client sent none, and only valid during the call.
   * A DecodeError that it throws is the client's "type unmatched". Nothing can be invoked without this method.
   */
  action?(method: number, parameter: DataValue | undefined, context: AssociationContext): ActionResult
}
