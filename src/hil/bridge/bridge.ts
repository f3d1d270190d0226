import type { Serial, SerialConstructor, SerialOptions } from '../../../hal/api/io.ts'
import { ByteReader, ByteWriter, DecodeError } from '../../lib/bytes.ts'
import { crc32 } from '../../lib/crc.ts'
import type { BridgeBoard } from './board.ts'
import { BODY_MAX, FrameReader, FrameWriter } from './frame.ts'
import { Command, type CommandCode, EventCode, Kind, PERIPHERAL_NAMES, PROTOCOL, readOptions, Status } from './protocol-table.ts'
import { asciiOf, DigitalResource, openResource, type Resource, UnsupportedError } from './resources.ts'
import { PulseTrain, type Running, Script } from './script.ts'

/** Handles that may be open at once. */
const HANDLES_MAX = 32
/** Scripts and trains of pulses that may run at once. */
const RUNNING_MAX = 4
/** Bytes that wait for the line. What an answer needs is kept free of events. */
const QUEUE_BYTES = 8192
const RESERVE_BYTES = 2048
const COMMANDS: ReadonlySet<number> = new Set(Object.values(Command))

export interface BridgeOptions {
  readonly board: BridgeBoard
  /** The line to the PC. */
  readonly line: SerialOptions & { readonly io: SerialConstructor }
}

class HandleError extends Error {
  override name = 'HandleError'
}

class BusyError extends Error {
  override name = 'BusyError'
}

function statusOf(error: unknown): number {
  if (error instanceof HandleError) return Status.handle
  if (error instanceof BusyError) return Status.busy
  if (error instanceof UnsupportedError) return Status.unsupported
  if (error instanceof DecodeError) return Status.malformed
  if (error instanceof RangeError) return Status.range
  if (error instanceof TypeError) return Status.type
  return Status.failed
}

/**
 * The firmware of a bridge board: carries out what the PC asks for at its own pins and buses, and tells what happens there, with time stamps.
 * Protocol: docs/bridge.md.
 *
 * A command that arrives again with its sequence (its answer was lost) is answered again and not carried out twice.
 */
export class Bridge {
  readonly #board: BridgeBoard
  readonly #line: Serial
  readonly #reader = new FrameReader((kind, sequence, body) => this.#command(kind, sequence, body))
  readonly #writer = new FrameWriter()
  readonly #answer = new ByteWriter(128, BODY_MAX)
  readonly #event = new ByteWriter(64, BODY_MAX)
  readonly #resources = new Map<number, Resource>()
  readonly #running = new Map<number, Running>()
  readonly #queue = new Uint8Array(QUEUE_BYTES)
  #waiting = 0
  #room = 0
  #eventSequence = 0
  #lost = 0
  /** Of the last command. */
  #lastSequence = -1
  #lastCrc = 0

  constructor({ board, line: { io, ...options } }: BridgeOptions) {
    this.#board = board
    this.#line = new io({
      ...options,
      onReadable: () => {
        const bytes = this.#line.read()
        if (bytes !== undefined) this.#reader.push(bytes)
      },
      onWritable: (count) => {
        this.#room = count
        this.#pump()
      },
    })
  }

  close(): void {
    this.#reset()
    this.#line.close()
  }

  #command(kind: number, sequence: number, body: Uint8Array): void {
    if (kind === Kind.answer || kind === Kind.event) return
    const crc = crc32(body)
    // The answer of the last command is still in its writer.
    if (sequence !== this.#lastSequence || crc !== this.#lastCrc || kind === Command.hello) {
      this.#answer.reset()
      this.#answer.uint8(Status.ok)
      try {
        this.#run(kind, new ByteReader(body))
      } catch (error) {
        this.#answer.reset()
        this.#answer.uint8(statusOf(error))
        this.#answer.write(asciiOf(error instanceof Error ? error.message : String(error)))
      }
      this.#lastSequence = sequence
      this.#lastCrc = crc
    }
    this.#send(this.#writer.frame(Kind.answer, sequence, this.#answer.view()), 0)
  }

  #run(command: number, reader: ByteReader): void {
    if (!COMMANDS.has(command)) {
      this.#answer.reset()
      this.#answer.uint8(Status.unknown)
      this.#answer.write(asciiOf(`command ${command}`))
    } else if (command === Command.hello) this.#hello(reader)
    else if (command === Command.reset) this.#reset()
    else if (command === Command.time) this.#answer.int64(this.#board.now_us())
    else if (command === Command.open) this.#open(reader)
    else if (command === Command.close) this.#close(reader.uint8())
    else if (command === Command.script || command === Command.pulses) this.#start(command, reader)
    else if (command === Command.stop) this.#stop(reader.uint8())
    else this.#use(command as CommandCode, reader)
  }

  /** Whoever says hello begins anew: what somebody before left open is closed. */
  #hello(reader: ByteReader): void {
    const major = reader.uint8()
    if (major !== PROTOCOL.major) throw new RangeError(`protocol ${major}, this bridge speaks ${PROTOCOL.major}`)
    this.#reset()
    const board = this.#board
    this.#answer.uint8(PROTOCOL.major)
    this.#answer.uint8(PROTOCOL.minor)
    let features = 0
    for (const [index, name] of PERIPHERAL_NAMES.entries()) if (board[name] !== undefined) features |= 1 << index
    this.#answer.uint16(features)
    this.#answer.uint16(BODY_MAX)
    this.#answer.uint32(board.pulsePeriodMin_us)
    this.#answer.write(asciiOf(board.name))
  }

  #open(reader: ByteReader): void {
    const handle = reader.uint8()
    if (this.#resources.has(handle)) throw new BusyError(`handle ${handle} is open`)
    if (this.#resources.size >= HANDLES_MAX) throw new BusyError(`${HANDLES_MAX} handles are open`)
    const peripheral = reader.uint8()
    const options = readOptions(reader)
    this.#resources.set(
      handle,
      openResource(this.#board, peripheral, options, (event, data) => this.#tell(event, handle, data)),
    )
  }

  #close(handle: number): void {
    this.#find(handle).close()
    this.#resources.delete(handle)
  }

  #use(command: CommandCode, reader: ByteReader): void {
    const resource = this.#find(reader.uint8())
    if (!resource.run(command, reader, this.#answer)) throw new HandleError('another peripheral')
  }

  #find(handle: number): Resource {
    const resource = this.#resources.get(handle)
    if (resource === undefined) throw new HandleError(`handle ${handle}`)
    return resource
  }

  #output(handle: number): DigitalResource {
    const resource = this.#find(handle)
    if (!(resource instanceof DigitalResource)) throw new HandleError(`handle ${handle} is no pin`)
    return resource
  }

  #start(command: number, reader: ByteReader): void {
    const id = reader.uint8()
    if (this.#running.has(id)) throw new BusyError(`script ${id} runs`)
    if (this.#running.size >= RUNNING_MAX) throw new BusyError(`${RUNNING_MAX} scripts run`)
    const Runner = command === Command.script ? Script : PulseTrain
    const done = (count: number): void => {
      this.#running.delete(id)
      this.#tell(EventCode.done, id, Uint8Array.of(count >>> 24, count >>> 16, count >>> 8, count))
    }
    this.#running.set(id, new Runner(this.#board, reader, (handle) => this.#output(handle), done))
  }

  #stop(id: number): void {
    this.#running.get(id)?.stop()
    this.#running.delete(id)
  }

  #reset(): void {
    for (const id of [...this.#running.keys()]) this.#stop(id)
    for (const resource of this.#resources.values()) resource.close()
    this.#resources.clear()
  }

  #tell(event: number, handle: number, data: Uint8Array): void {
    const time_us = this.#board.now_us()
    if (this.#lost > 0 && this.#sendEvent(EventCode.lost, 0, Uint8Array.of(this.#lost >> 8, this.#lost), time_us)) this.#lost = 0
    if (this.#lost > 0 || !this.#sendEvent(event, handle, data, time_us)) this.#lost = Math.min(0xffff, this.#lost + 1)
  }

  #sendEvent(event: number, handle: number, data: Uint8Array, time_us: number): boolean {
    const body = this.#event
    body.reset()
    body.uint8(event)
    body.int64(time_us)
    body.uint8(handle)
    body.write(data)
    const sequence = this.#eventSequence
    if (!this.#send(this.#writer.frame(Kind.event, sequence, body.view()), RESERVE_BYTES)) return false
    this.#eventSequence = (sequence + 1) & 0xff
    return true
  }

  /** Queues a frame; false when less than `reserve` bytes would stay free. */
  #send(frame: Uint8Array, reserve: number): boolean {
    if (this.#waiting + frame.length + reserve > QUEUE_BYTES) return false
    this.#queue.set(frame, this.#waiting)
    this.#waiting += frame.length
    this.#pump()
    return true
  }

  #pump(): void {
    const count = Math.min(this.#room, this.#waiting)
    if (count === 0) return
    this.#room -= count
    const bytes = this.#queue.slice(0, count)
    this.#queue.copyWithin(0, count, this.#waiting)
    this.#waiting -= count
    this.#line.write(bytes)
  }
}
