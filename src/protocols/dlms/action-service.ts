/** The ACTION service: normal, with list, and both with parameters in blocks (IEC 62056-5-3 clause 7.3.4, 8 and 9). Methods return no data. */
import { ByteReader, type ByteWriter, DecodeError } from '../../lib/bytes.ts'
import { ActionResult, ApduTag } from './apdu.ts'
import type { Association } from './association.ts'
import { type DataValue, readLength, writeLength } from './axdr.ts'
import type { InvokeIdAndPriority } from './get.ts'
import { Conformance } from './initiate.ts'
import { MethodAccess } from './source.ts'
import { readBlock, readRest, type WriteRequest, type WriteTarget } from './write.ts'
import { type TransferError, WriteService, type WriteServiceOptions } from './write-service.ts'

const RequestType = Object.freeze({ normal: 1, nextBlock: 2, list: 3, firstBlock: 4, listAndFirstBlock: 5, block: 6 })
const ResponseType = Object.freeze({ normal: 1, block: 2, list: 3, nextBlock: 4 })

/** Class, instance and method. */
const DESCRIPTOR = 9
const NO_RETURN_PARAMETERS = 0

/** A block with a wrong number has no result of its own in this service. */
const ERRORS: Readonly<Record<TransferError, number>> = Object.freeze({
  notInProgress: ActionResult.noLongActionInProgress,
  wrongNumber: ActionResult.longActionAborted,
  aborted: ActionResult.longActionAborted,
})

/** Cosem-Method-Descriptor. */
function readMethod(reader: ByteReader): WriteTarget {
  const classId = reader.uint16()
  const instance = reader.uint16() * 0x100000000 + reader.uint32()
  return { classId, instance, attribute: (reader.uint8() << 24) >> 24, selection: undefined }
}

function readMethods(reader: ByteReader): WriteTarget[] {
  const count = readLength(reader)
  if (count === 0 || count * DESCRIPTOR > reader.remaining) throw new DecodeError(`list of ${count} methods`)
  const methods: WriteTarget[] = []
  for (let i = 0; i < count; i++) methods.push(readMethod(reader))
  return methods
}

/** The optional parameter of a normal request. */
function readParameter(reader: ByteReader): Uint8Array | undefined {
  const present = reader.uint8()
  if (present > 1 || (present === 0 && reader.remaining !== 0)) throw new DecodeError('presence flag')
  return present === 1 ? readRest(reader) : undefined
}

/** Decodes an action-request; throws DecodeError. A request for the next block of a response is never right: responses are short. */
function decodeActionRequest(apdu: Uint8Array): WriteRequest {
  const reader = new ByteReader(apdu, 1)
  const type = reader.uint8()
  const invoke = reader.uint8()
  if (type < RequestType.normal || type > RequestType.block || type === RequestType.nextBlock)
    throw new DecodeError(`action-request ${type}`)
  const list = type === RequestType.list || type === RequestType.listAndFirstBlock
  const targets = type === RequestType.block ? [] : list ? readMethods(reader) : [readMethod(reader)]
  if (type === RequestType.normal) return { type: 'whole', invoke, targets, list, value: readParameter(reader) }
  if (type === RequestType.list) return { type: 'whole', invoke, targets, list, value: readRest(reader) }
  const block = readBlock(reader)
  if (reader.remaining !== 0) throw new DecodeError(`${reader.remaining} bytes left over`)
  return type === RequestType.block ? { type: 'block', invoke, block } : { type: 'first', invoke, targets, list, block }
}

export class ActionService extends WriteService {
  constructor(options: WriteServiceOptions) {
    super(options, Conformance.action, Conformance.blockTransferWithAction, 2)
  }

  protected decode(apdu: Uint8Array): WriteRequest {
    return decodeActionRequest(apdu)
  }

  protected perform(target: WriteTarget, value: DataValue | undefined, association: Association): ActionResult {
    const method = target.attribute
    const object = association.directory.find(target.classId, target.instance)
    if (object === undefined || method < 1 || method > object.methods) return ActionResult.objectUndefined
    const allowed = object.methodAccess(method, association.client) === MethodAccess.access
    if (!allowed || object.action === undefined) return ActionResult.readWriteDenied
    return object.action(method, value, association)
  }

  protected respond(writer: ByteWriter, invoke: InvokeIdAndPriority, results: readonly number[], list: boolean): void {
    writeHeader(writer, list ? ResponseType.list : ResponseType.normal, invoke)
    if (list) writeLength(writer, results.length)
    for (const result of results) {
      writer.uint8(result)
      writer.uint8(NO_RETURN_PARAMETERS)
    }
  }

  protected acknowledge(writer: ByteWriter, invoke: InvokeIdAndPriority, block: number): void {
    writeHeader(writer, ResponseType.nextBlock, invoke)
    writer.uint32(block)
  }

  protected refuse(writer: ByteWriter, invoke: InvokeIdAndPriority, _block: number, error: TransferError): void {
    this.respond(writer, invoke, [ERRORS[error]], false)
  }
}

function writeHeader(writer: ByteWriter, type: number, invoke: InvokeIdAndPriority): void {
  writer.uint8(ApduTag.actionResponse)
  writer.uint8(type)
  writer.uint8(invoke)
}
