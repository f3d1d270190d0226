/**
 * A DLMS/COSEM server with logical name referencing over the TCP wrapper. It owns no socket and no clock: bytes go in, bytes come out.
 *
 * What it speaks: associations without security and with low-level security, release, GET with selective access, SET and ACTION, each normal,
 * with list and in blocks. Every other service gets an exception-response.
 */
import { assert } from '../../lib/assert.ts'
import { DecodeError } from '../../lib/bytes.ts'
import { decodeRlrq, encodeRlre, ReleaseReason } from './acse.ts'
import { ActionService } from './action-service.ts'
import { ApduTag, ExceptionResponse } from './apdu.ts'
import { type Association, answerAarq, type PduSizes, refuseTransient } from './association.ts'
import { ObjectDirectory } from './directory.ts'
import { type FaultHandler, GetService } from './get-service.ts'
import { Output, type Reply } from './output.ts'
import { SetService } from './set-service.ts'
import type { DlmsSource } from './source.ts'
import { type FrameHandler, WRAPPER_HEADER, WrapperParser } from './wrapper.ts'
import type { WriteService } from './write-service.ts'

export interface DlmsServerOptions {
  /** Largest APDU taken from a client, in bytes; a longer one closes the connection. Default 2048. */
  readonly largestReceive?: number
  /** Largest APDU sent, in bytes; a client may ask for less. Default 2048, at most 65535. */
  readonly largestSend?: number
  /** Largest single value or row of a source, and largest value that a client writes in blocks, in bytes. Default 4096. */
  readonly largestValue?: number
  /** Associations that one connection may hold at a time. Default 4. */
  readonly associations?: number
  /** Gets what a source throws while it is read or written; the client gets hardware-fault. Without it the error leaves `receive`. */
  readonly onFault?: FaultHandler
}

/** Takes one complete frame. The bytes are valid only during the call. Returns false when it cannot take another one now. */
export type SendFrame = (bytes: Uint8Array) => boolean

/** What the connections of a server share. */
interface Shared {
  readonly directories: ReadonlyMap<number, ObjectDirectory>
  readonly sizes: PduSizes
  readonly associations: number
  readonly output: Output
  readonly getService: GetService
  readonly setService: WriteService
  readonly actionService: WriteService
}

export class DlmsServer {
  /** Longest frame ever given to `send`, in bytes: a link that has this much room can take one more. */
  readonly largestFrame: number
  readonly #shared: Shared

  /** Throws AssertionError for sizes out of range and for a source that names something twice. */
  constructor(source: DlmsSource, options: DlmsServerOptions = {}) {
    const { largestReceive = 2048, largestSend = 2048, largestValue = 4096, associations = 4, onFault } = options
    assert(largestReceive >= 128 && largestReceive <= 0xffff, 'largestReceive')
    assert(largestSend >= 128 && largestSend <= 0xffff, 'largestSend')
    const directories = new Map<number, ObjectDirectory>()
    for (const device of source.devices) {
      assert(!directories.has(device.sap), `logical device ${device.sap} twice`)
      directories.set(device.sap, new ObjectDirectory(device))
    }
    this.largestFrame = WRAPPER_HEADER + largestSend
    const output = new Output(largestSend + largestValue)
    const sizes = { receive: largestReceive, send: largestSend }
    const writing = { output, onFault, largestValue }
    this.#shared = {
      directories,
      sizes,
      associations,
      output,
      getService: new GetService(output, onFault),
      setService: new SetService(writing),
      actionService: new ActionService(writing),
    }
  }

  /**
   * Starts a connection. `send` must not call back into the server. `close` is called at most once, when the peer broke the framing;
   * the link then drops the connection.
   */
  connect(send: SendFrame, close: () => void): DlmsConnection {
    return new DlmsConnection(this.#shared, send, close)
  }
}

/** An association with the reply address that is its key inside a connection. */
interface Slot extends Reply {
  association: Association | undefined
}

/** One TCP connection, with the associations that live on it. */
export class DlmsConnection implements FrameHandler {
  readonly #shared: Shared
  readonly #send: SendFrame
  readonly #close: () => void
  readonly #parser: WrapperParser
  #slots: Slot[] = []
  #open = true

  constructor(shared: Shared, send: SendFrame, close: () => void) {
    this.#shared = shared
    this.#send = send
    this.#close = close
    this.#parser = new WrapperParser(shared.sizes.receive)
  }

  /** Open associations. */
  get associations(): number {
    return this.#slots.length
  }

  /** Without an association a client that comes again has lost nothing. */
  get spare(): boolean {
    return this.#slots.length === 0
  }

  /**
   * Takes bytes from the peer and answers every complete request in them. Returns how many bytes were consumed: fewer than given only after
   * `send` returned false; offer the rest again when the link can send. Never throws for what the peer sent.
   */
  receive(bytes: Uint8Array): number {
    if (!this.#open) return bytes.length
    const consumed = this.#parser.push(bytes, this)
    if (consumed >= 0) return consumed
    this.closed()
    this.#close()
    return bytes.length
  }

  /** The connection is gone: its associations end with it. */
  closed(): void {
    this.#open = false
    this.#slots = []
  }

  /** Called by the parser with each complete frame. */
  onFrame(clientSap: number, serverSap: number, apdu: Uint8Array): boolean {
    const slot = this.slot(clientSap, serverSap)
    try {
      return this.dispatch(slot, apdu)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      return this.#shared.output.short(slot, ExceptionResponse.malformed)
    }
  }

  private slot(clientSap: number, serverSap: number): Slot {
    for (const slot of this.#slots) if (slot.clientSap === clientSap && slot.serverSap === serverSap) return slot
    return { send: this.#send, clientSap, serverSap, association: undefined }
  }

  private dispatch(slot: Slot, apdu: Uint8Array): boolean {
    const { output, getService, setService, actionService } = this.#shared
    const tag = apdu[0]
    if (tag === ApduTag.aarq) return this.associate(slot, apdu)
    if (slot.association === undefined) return output.short(slot, ExceptionResponse.noAssociation)
    if (tag === ApduTag.getRequest) return getService.handle(slot.association, apdu, slot)
    if (tag === ApduTag.setRequest) return setService.handle(slot.association, apdu, slot)
    if (tag === ApduTag.actionRequest) return actionService.handle(slot.association, apdu, slot)
    if (tag === ApduTag.rlrq) return this.release(slot, apdu)
    return output.short(slot, ExceptionResponse.notSupported)
  }

  /** A second AARQ replaces the association of the same client and server, whatever its outcome. */
  private associate(slot: Slot, apdu: Uint8Array): boolean {
    this.free(slot)
    const { directories, sizes, associations, output } = this.#shared
    const full = this.#slots.length >= associations
    const opening = full ? refuseTransient() : answerAarq(apdu, slot.clientSap, directories.get(slot.serverSap), sizes)
    if (opening.association !== undefined) {
      slot.association = opening.association
      this.#slots.push(slot)
    }
    return opening.aare === undefined ? true : output.short(slot, opening.aare)
  }

  private release(slot: Slot, apdu: Uint8Array): boolean {
    decodeRlrq(apdu)
    this.free(slot)
    return this.#shared.output.short(slot, encodeRlre({ reason: ReleaseReason.normal, userInformation: undefined }))
  }

  private free(slot: Slot): void {
    const index = this.#slots.indexOf(slot)
    if (index >= 0) this.#slots.splice(index, 1)
    slot.association = undefined
  }
}
