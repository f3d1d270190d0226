/** The common part of the services SET and ACTION of a server. */
import { type ByteWriter, DecodeError } from '../../lib/bytes.ts'
import { DataAccessResult, ExceptionResponse } from './apdu.ts'
import type { Association } from './association.ts'
import type { DataValue } from './axdr.ts'
import { readData } from './axdr-decode.ts'
import type { InvokeIdAndPriority } from './get.ts'
import type { FaultHandler } from './get-service.ts'
import { Conformance } from './initiate.ts'
import type { Output, Reply } from './output.ts'
import { checkedValues, LongWrite, type ReceivedBlock, type WriteRequest, type WriteTarget } from './write.ts'

/** Bit 6 of invoke-id-and-priority: the client waits for a response. */
const CONFIRMED = 0x40

/** Longest response without its results: tag, type, invoke id, count of results, block number. */
const LIST_OVERHEAD = 10

/** Why a transfer in blocks ends early. */
export type TransferError = 'notInProgress' | 'wrongNumber' | 'aborted'

export interface WriteServiceOptions {
  readonly output: Output
  readonly onFault: FaultHandler | undefined
  /** Longest encoded value that is collected from blocks, in bytes. */
  readonly largestValue: number
}

export abstract class WriteService {
  readonly #output: Output
  readonly #onFault: FaultHandler | undefined
  readonly #largestValue: number
  readonly #conformance: number
  readonly #blockConformance: number
  readonly #resultLength: number

  /** Bits of `Conformance` for the service and for its blocks, and bytes of one result in a response. */
  constructor(options: WriteServiceOptions, conformance: number, blockConformance: number, resultLength: number) {
    this.#output = options.output
    this.#onFault = options.onFault
    this.#largestValue = options.largestValue
    this.#conformance = conformance
    this.#blockConformance = blockConformance
    this.#resultLength = resultLength
  }

  /** Throws DecodeError. */
  protected abstract decode(apdu: Uint8Array): WriteRequest
  /** Checks the client's rights and writes, or invokes. */
  protected abstract perform(target: WriteTarget, value: DataValue | undefined, association: Association): number
  /** Writes the final response. `block` is the number of the last block, undefined for a request that came whole. */
  protected abstract respond(
    writer: ByteWriter,
    invoke: InvokeIdAndPriority,
    results: readonly number[],
    list: boolean,
    block: number | undefined,
  ): void
  /** Writes what asks for the next block. */
  protected abstract acknowledge(writer: ByteWriter, invoke: InvokeIdAndPriority, block: number): void
  /** Writes what ends a transfer. */
  protected abstract refuse(writer: ByteWriter, invoke: InvokeIdAndPriority, block: number, error: TransferError): void

  /** Answers a request; throws DecodeError when it is malformed. */
  handle(association: Association, apdu: Uint8Array, reply: Reply): boolean {
    const output = this.#output
    if (!association.negotiated(this.#conformance)) return output.short(reply, ExceptionResponse.notNegotiated)
    const request = this.decode(apdu)
    if (request.type === 'block') return this.next(association, request.invoke, request.block, reply)
    // A new request gives up the transfer before it.
    association.longWrite = undefined
    const { invoke, targets, list } = request
    const inBlocks = request.type === 'first'
    const allowed =
      (!list || association.negotiated(Conformance.multipleReferences)) && (!inBlocks || association.negotiated(this.#blockConformance))
    if (!allowed) return output.short(reply, ExceptionResponse.notNegotiated)
    // Before anything is done: a client that cannot be told the results must not cause them.
    if (targets.length * this.#resultLength + LIST_OVERHEAD > association.largestSend) {
      return output.short(reply, ExceptionResponse.tooLong)
    }
    if (request.type === 'whole') {
      const results = this.results(association, targets, list, request.value)
      if ((invoke & CONFIRMED) === 0) return true
      return this.send(reply, (writer) => this.respond(writer, invoke, results, list, undefined))
    }
    const transfer = new LongWrite(this, targets, list, this.#largestValue)
    association.longWrite = transfer
    return this.block(association, transfer, invoke, request.block, reply)
  }

  private next(association: Association, invoke: InvokeIdAndPriority, block: ReceivedBlock, reply: Reply): boolean {
    const transfer = association.longWrite
    if (transfer?.owner === this) return this.block(association, transfer, invoke, block, reply)
    return this.send(reply, (writer) => this.refuse(writer, invoke, block.number, 'notInProgress'))
  }

  private block(association: Association, transfer: LongWrite, invoke: InvokeIdAndPriority, block: ReceivedBlock, reply: Reply): boolean {
    const { number } = block
    const error = number !== transfer.block + 1 ? 'wrongNumber' : transfer.add(block) ? undefined : 'aborted'
    if (error === undefined && !block.last) return this.send(reply, (writer) => this.acknowledge(writer, invoke, number))
    association.longWrite = undefined
    if (error !== undefined) return this.send(reply, (writer) => this.refuse(writer, invoke, number, error))
    const { targets, list, value } = transfer
    const results = this.results(association, targets, list, value)
    return this.send(reply, (writer) => this.respond(writer, invoke, results, list, number))
  }

  private send(reply: Reply, write: (writer: ByteWriter) => void): boolean {
    const output = this.#output
    write(output.begin())
    return output.seal(reply, output.start)
  }

  private results(association: Association, targets: readonly WriteTarget[], list: boolean, value: Uint8Array | undefined): number[] {
    const reader = value === undefined ? undefined : checkedValues(value, targets.length, list)
    return targets.map((target) => this.result(association, target, reader === undefined ? undefined : readData(reader)))
  }

  /** A parameter of the wrong shape is the client's mistake; anything else that is thrown is ours. Both results have one number in SET and ACTION. */
  private result(association: Association, target: WriteTarget, value: DataValue | undefined): number {
    try {
      return this.perform(target, value, association)
    } catch (error) {
      if (error instanceof DecodeError) return DataAccessResult.typeUnmatched
      if (this.#onFault === undefined) throw error
      this.#onFault(error)
      return DataAccessResult.hardwareFault
    }
  }
}
