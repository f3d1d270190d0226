/** The GET service of a server: normal, next block, with list (IEC 62056-5-3 clause 7.3.2 and 9). */
import type { ByteWriter } from '../../lib/bytes.ts'
import { DataAccessResult, ExceptionResponse } from './apdu.ts'
import type { Association } from './association.ts'
import { writeArray, writeLength } from './axdr.ts'
import {
  type AttributeDescriptor,
  BLOCK_HEADER,
  blockError,
  blockLengthBytes,
  decodeGetRequest,
  type InvokeIdAndPriority,
  LIST_HEADER,
  NORMAL_HEADER,
  normalError,
  setBlockHeader,
  setListHeader,
  setNormalHeader,
} from './get.ts'
import { Conformance } from './initiate.ts'
import { writeLogicalName } from './logical-name.ts'
import type { Output, Reply } from './output.ts'
import { AttributeAccess, type CosemObject, type RowStream } from './source.ts'
import { LongGet, type Pieces, Progress, pump, RowPieces } from './transfer.ts'

/** Second byte of a get-request with list. */
const LIST_REQUEST = 3
/** Choices of Get-Data-Result. */
const DATA = 0
const RESULT = 1

/** Told about an error that an object threw while it was read; the client gets `hardware-fault`. */
export type FaultHandler = (error: unknown) => void

/** The access rules of one attribute: `success` when the client may read it so. */
function permission(object: CosemObject, descriptor: AttributeDescriptor, association: Association): DataAccessResult {
  const { attribute, selection } = descriptor
  if (attribute < 1 || attribute > object.attributes) return DataAccessResult.objectUndefined
  if ((object.attributeAccess(attribute, association.client) & AttributeAccess.read) === 0) return DataAccessResult.readWriteDenied
  if (selection === undefined) return DataAccessResult.success
  const known = association.negotiated(Conformance.selectiveAccess) && object.selectors?.(attribute).includes(selection.selector)
  return known ? DataAccessResult.success : DataAccessResult.scopeOfAccessViolated
}

/** The results of a get-request with list, one after the other. */
class ListPieces implements Pieces {
  readonly #service: GetService
  readonly #association: Association
  readonly #descriptors: readonly AttributeDescriptor[]
  #index = 0
  #rows: RowPieces | undefined

  constructor(service: GetService, association: Association, descriptors: readonly AttributeDescriptor[]) {
    this.#service = service
    this.#association = association
    this.#descriptors = descriptors
  }

  next(writer: ByteWriter): Progress {
    if (this.#rows !== undefined) {
      const progress = this.#rows.next(writer)
      if (progress !== Progress.done) return progress
      this.#rows = undefined
    }
    if (this.#index === this.#descriptors.length) return Progress.done
    const descriptor = this.#descriptors[this.#index++] as AttributeDescriptor
    const mark = writer.length
    writer.uint8(DATA)
    const value = this.#service.read(this.#association, descriptor, writer)
    if (typeof value === 'object') {
      this.#rows = new RowPieces(value)
    } else if (value !== DataAccessResult.success) {
      writer.truncate(mark)
      writer.uint8(RESULT)
      writer.uint8(value)
    }
    return Progress.more
  }
}

export class GetService {
  readonly #output: Output
  readonly #onFault: FaultHandler | undefined

  constructor(output: Output, onFault: FaultHandler | undefined) {
    this.#output = output
    this.#onFault = onFault
  }

  /** Answers a get-request; throws DecodeError when it is malformed. */
  handle(association: Association, apdu: Uint8Array, reply: Reply): boolean {
    // The selections of a list are used until its last block, long after the receive buffer has new content.
    const request = decodeGetRequest(apdu[1] === LIST_REQUEST ? apdu.slice() : apdu)
    if (request.type === 'next') return this.nextBlock(association, request.invoke, request.block, reply)
    // A new request gives up the transfer before it.
    association.longGet = undefined
    if (request.type === 'normal') return this.normal(association, request.invoke, request.descriptor, reply)
    if (!association.negotiated(Conformance.multipleReferences)) return this.#output.short(reply, ExceptionResponse.notNegotiated)
    const writer = this.#output.begin()
    writeLength(writer, request.descriptors.length)
    const pieces = new ListPieces(this, association, request.descriptors)
    return this.first(association, request.invoke, pieces, LIST_HEADER, reply)
  }

  /** Writes a value, or the array header of the rows that it returns, or nothing but says why. */
  read(association: Association, descriptor: AttributeDescriptor, writer: ByteWriter): DataAccessResult | RowStream {
    const object = association.directory.find(descriptor.classId, descriptor.instance)
    if (object === undefined) return DataAccessResult.objectUndefined
    const mark = writer.length
    try {
      const allowed = permission(object, descriptor, association)
      if (allowed !== DataAccessResult.success) return allowed
      if (descriptor.attribute === 1) {
        writeLogicalName(writer, object.logicalName)
        return DataAccessResult.success
      }
      const value = object.get(descriptor.attribute, descriptor.selection, association, writer)
      if (typeof value === 'object') writeArray(writer, value.count)
      return value
    } catch (error) {
      this.fault(error)
      writer.truncate(mark)
      return DataAccessResult.hardwareFault
    }
  }

  private fault(error: unknown): void {
    if (this.#onFault === undefined) throw error
    this.#onFault(error)
  }

  private normal(association: Association, invoke: InvokeIdAndPriority, descriptor: AttributeDescriptor, reply: Reply): boolean {
    const value = this.read(association, descriptor, this.#output.begin())
    if (typeof value === 'object') return this.first(association, invoke, new RowPieces(value), NORMAL_HEADER, reply)
    if (value !== DataAccessResult.success) return this.#output.short(reply, normalError(invoke, value))
    return this.first(association, invoke, undefined, NORMAL_HEADER, reply)
  }

  /** Sends the value whose beginning has been written: whole when it fits, else its first block. */
  private first(association: Association, invoke: InvokeIdAndPriority, pieces: Pieces | undefined, header: number, reply: Reply): boolean {
    const output = this.#output
    const end = output.start + association.largestSend - header
    const progress = this.pump(pieces, end)
    if (progress === Progress.done) {
      const at = output.start - header
      if (header === NORMAL_HEADER) setNormalHeader(output.writer, at, invoke)
      else setListHeader(output.writer, at, invoke)
      return output.seal(reply, at)
    }
    if (progress === Progress.broken || !association.negotiated(Conformance.blockTransferWithGet)) {
      return this.cannot(invoke, header, progress, reply)
    }
    const longGet = new LongGet(pieces)
    longGet.keep(output.writer, this.blockEnd(association))
    association.longGet = longGet
    return this.sendBlock(invoke, longGet.block, false, reply)
  }

  /** The value ended too early, or is too long for a client without block transfer. */
  private cannot(invoke: InvokeIdAndPriority, header: number, progress: Progress, reply: Reply): boolean {
    if (header === LIST_HEADER) return this.#output.short(reply, ExceptionResponse.tooLong)
    const result = progress === Progress.broken ? DataAccessResult.temporaryFailure : DataAccessResult.otherReason
    return this.#output.short(reply, normalError(invoke, result))
  }

  private nextBlock(association: Association, invoke: InvokeIdAndPriority, block: number, reply: Reply): boolean {
    const output = this.#output
    const longGet = association.longGet
    if (longGet === undefined) return output.short(reply, blockError(invoke, block, DataAccessResult.noLongGetInProgress))
    if (block !== longGet.block) {
      association.longGet = undefined
      return output.short(reply, blockError(invoke, block, DataAccessResult.dataBlockNumberInvalid))
    }
    output.begin()
    const progress = this.fill(longGet, this.blockEnd(association))
    longGet.block++
    if (progress !== Progress.more) association.longGet = undefined
    if (progress === Progress.broken) return output.short(reply, blockError(invoke, longGet.block, DataAccessResult.longGetAborted))
    return this.sendBlock(invoke, longGet.block, progress === Progress.done, reply)
  }

  /** Rows come from the source: what it throws breaks the transfer, not the server. */
  private pump(pieces: Pieces | undefined, end: number): Progress {
    try {
      return pump(this.#output.writer, pieces, end)
    } catch (error) {
      this.fault(error)
      return Progress.broken
    }
  }

  private fill(longGet: LongGet, end: number): Progress {
    try {
      return longGet.fill(this.#output.writer, end)
    } catch (error) {
      this.fault(error)
      return Progress.broken
    }
  }

  /** Where the payload of a full block ends. */
  private blockEnd(association: Association): number {
    const size = association.largestSend
    return this.#output.start + size - BLOCK_HEADER - blockLengthBytes(size)
  }

  private sendBlock(invoke: InvokeIdAndPriority, block: number, last: boolean, reply: Reply): boolean {
    const output = this.#output
    const length = output.writer.length - output.start
    const at = output.start - BLOCK_HEADER - blockLengthBytes(length)
    setBlockHeader(output.writer, at, invoke, last, block, length)
    return output.seal(reply, at)
  }
}
