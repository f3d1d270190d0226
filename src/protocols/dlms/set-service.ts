/** The SET service: normal, with list, and both in blocks (IEC 62056-5-3 clause 7.3.3, 8 and 9). */
import { ByteReader, type ByteWriter, DecodeError } from '../../lib/bytes.ts'
import { ApduTag, DataAccessResult } from './apdu.ts'
import type { Association } from './association.ts'
import { type DataValue, writeLength } from './axdr.ts'
import { type InvokeIdAndPriority, readDescriptor, readDescriptorList } from './get.ts'
import { Conformance } from './initiate.ts'
import { AttributeAccess } from './source.ts'
import { readBlock, readRest, type WriteRequest, type WriteTarget } from './write.ts'
import { type TransferError, WriteService, type WriteServiceOptions } from './write-service.ts'

const RequestType = Object.freeze({ normal: 1, firstBlock: 2, block: 3, list: 4, listAndFirstBlock: 5 })
const ResponseType = Object.freeze({ normal: 1, block: 2, lastBlock: 3, lastBlockWithList: 4, list: 5 })

const ERRORS: Readonly<Record<TransferError, number>> = Object.freeze({
  notInProgress: DataAccessResult.noLongSetInProgress,
  wrongNumber: DataAccessResult.dataBlockNumberInvalid,
  aborted: DataAccessResult.longSetAborted,
})

/** Decodes a set-request; throws DecodeError. */
function decodeSetRequest(apdu: Uint8Array): WriteRequest {
  const reader = new ByteReader(apdu, 1)
  const type = reader.uint8()
  const invoke = reader.uint8()
  if (type === RequestType.block) return { type: 'block', invoke, block: readLastBlock(reader) }
  const list = type === RequestType.list || type === RequestType.listAndFirstBlock
  if (!list && type !== RequestType.normal && type !== RequestType.firstBlock) throw new DecodeError(`set-request type ${type}`)
  const targets = list ? readDescriptorList(reader) : [readDescriptor(reader)]
  if (type === RequestType.normal || type === RequestType.list) return { type: 'whole', invoke, targets, list, value: readRest(reader) }
  return { type: 'first', invoke, targets, list, block: readLastBlock(reader) }
}

/** The block that ends a message. */
function readLastBlock(reader: ByteReader) {
  const block = readBlock(reader)
  if (reader.remaining !== 0) throw new DecodeError(`${reader.remaining} bytes left over`)
  return block
}

export class SetService extends WriteService {
  constructor(options: WriteServiceOptions) {
    super(options, Conformance.set, Conformance.blockTransferWithSet, 1)
  }

  protected decode(apdu: Uint8Array): WriteRequest {
    return decodeSetRequest(apdu)
  }

  protected perform(target: WriteTarget, value: DataValue, association: Association): DataAccessResult {
    const { attribute, selection } = target
    const object = association.directory.find(target.classId, target.instance)
    if (object === undefined || attribute < 1 || attribute > object.attributes) return DataAccessResult.objectUndefined
    const writable = (object.attributeAccess(attribute, association.client) & AttributeAccess.write) !== 0
    if (!writable || object.set === undefined) return DataAccessResult.readWriteDenied
    if (selection !== undefined) return DataAccessResult.scopeOfAccessViolated
    return object.set(attribute, value, association)
  }

  protected respond(
    writer: ByteWriter,
    invoke: InvokeIdAndPriority,
    results: readonly number[],
    list: boolean,
    block: number | undefined,
  ): void {
    const whole = block === undefined
    const type = list ? (whole ? ResponseType.list : ResponseType.lastBlockWithList) : whole ? ResponseType.normal : ResponseType.lastBlock
    writeHeader(writer, type, invoke)
    if (list) writeLength(writer, results.length)
    for (const result of results) writer.uint8(result)
    if (block !== undefined) writer.uint32(block)
  }

  protected acknowledge(writer: ByteWriter, invoke: InvokeIdAndPriority, block: number): void {
    writeHeader(writer, ResponseType.block, invoke)
    writer.uint32(block)
  }

  protected refuse(writer: ByteWriter, invoke: InvokeIdAndPriority, block: number, error: TransferError): void {
    this.respond(writer, invoke, [ERRORS[error]], false, block)
  }
}

function writeHeader(writer: ByteWriter, type: number, invoke: InvokeIdAndPriority): void {
  writer.uint8(ApduTag.setResponse)
  writer.uint8(type)
  writer.uint8(invoke)
}
