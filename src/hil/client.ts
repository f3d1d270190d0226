import type { Serial, SerialConstructor, SerialOptions } from '../../hal/api/io.ts'
import { ByteReader } from '../lib/bytes.ts'
import { FerrarisError } from '../lib/errors.ts'
import { BODY_MAX, FrameReader, FrameWriter } from './bridge/frame.ts'
import { Command, EventCode, Kind, PERIPHERAL_NAMES, PROTOCOL, readInt64, Status } from './bridge/protocol-table.ts'

/** How long an answer may take; then the command is sent again. */
const ANSWER_MS = 1000
const TRIES = 3
/** A board that was opened a moment ago may still start (the lines DTR and RTS reset many ESP32 boards). */
const HELLO_TRIES = 8
const STATUS_NAMES = Object.keys(Status)

/** The bridge refused a command; `status` as in docs/bridge.md. */
export class BridgeError extends FerrarisError {
  override name = 'BridgeError'
  readonly status: number

  constructor(status: number, text: string) {
    super('BRIDGE', `bridge: ${text === '' ? (STATUS_NAMES[status] ?? `status ${status}`) : text}`)
    this.status = status
  }
}

/** Something that happened at the bridge. */
export interface BridgeEvent {
  readonly event: number
  /** Of the bridge's own clock. */
  readonly time_us: number
  readonly handle: number
  readonly data: Uint8Array
}

/** What the bridge said of itself. */
export interface BridgeIdentity {
  readonly name: string
  readonly version: string
  readonly peripherals: readonly (typeof PERIPHERAL_NAMES)[number][]
  readonly body_max: number
  readonly pulsePeriodMin_us: number
}

interface Waiting {
  readonly sequence: number
  readonly resolve: (body: Uint8Array) => void
  readonly reject: (error: Error) => void
}

export interface BridgeClientOptions {
  readonly line: SerialOptions & { readonly io: SerialConstructor }
  readonly onEvent?: (event: BridgeEvent) => void
  readonly answer_ms?: number
}

/**
 * The PC's end of the line to a bridge: one command at a time, repeated when its answer does not come. Errors of all commands: BridgeError when the bridge
 * refuses, FerrarisError `BRIDGE_LINE` when the line is gone or nobody answers.
 */
export class BridgeClient {
  readonly #line: Serial
  readonly #onEvent: ((event: BridgeEvent) => void) | undefined
  readonly #answer_ms: number
  readonly #writer = new FrameWriter()
  readonly #reader = new FrameReader((kind, sequence, body) => this.#frame(kind, sequence, body))
  #queue: Uint8Array[] = []
  #room = 0
  #sequence = 0
  #eventSequence: number | undefined
  #waiting: Waiting | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #gone: string | undefined
  #closed = false
  /** Events that were sent and did not arrive, or found no room at the bridge. */
  lostEvents = 0
  /** Commands that had to be sent again. */
  repeated = 0

  constructor({ line: { io, ...options }, onEvent, answer_ms = ANSWER_MS }: BridgeClientOptions) {
    this.#onEvent = onEvent
    this.#answer_ms = answer_ms
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
      onError: (reason) => this.#lost(reason),
    })
  }

  /** Frames that arrived broken. */
  get broken(): number {
    return this.#reader.broken
  }

  /** Begins a conversation; everything that was open at the bridge is closed. Throws FerrarisError `BRIDGE_VERSION` for another protocol. */
  async hello(): Promise<BridgeIdentity> {
    const body = await this.request(Command.hello, Uint8Array.of(PROTOCOL.major, PROTOCOL.minor), HELLO_TRIES)
    const reader = new ByteReader(body)
    const [major, minor] = [reader.uint8(), reader.uint8()]
    if (major !== PROTOCOL.major)
      throw new FerrarisError('BRIDGE_VERSION', `the bridge speaks protocol ${major}, this program ${PROTOCOL.major}`)
    const features = reader.uint16()
    return {
      version: `${major}.${minor}`,
      peripherals: PERIPHERAL_NAMES.filter((_, index) => features & (1 << index)),
      body_max: reader.uint16(),
      pulsePeriodMin_us: reader.uint32(),
      name: String.fromCharCode(...reader.take(reader.remaining)),
    }
  }

  /** Time of the bridge in µs, and how far the PC's monotonic clock is off it (ms), within half of the round trip. */
  async time(): Promise<{ readonly bridge_us: number; readonly pc_ms: number; readonly uncertainty_ms: number }> {
    const sent_ms = performance.now()
    const bridge_us = readInt64(new ByteReader(await this.request(Command.time)))
    const received_ms = performance.now()
    return { bridge_us, pc_ms: (sent_ms + received_ms) / 2, uncertainty_ms: (received_ms - sent_ms) / 2 }
  }

  /** Sends a command; gives the body of the answer without its status. */
  request(command: number, body: Uint8Array = new Uint8Array(0), tries = TRIES): Promise<Uint8Array> {
    if (body.length > BODY_MAX) return Promise.reject(new RangeError(`${body.length} bytes, allowed are ${BODY_MAX}`))
    const mine = this.#turn.then(() => this.#exchange(command, body, tries))
    this.#turn = mine.catch(() => {})
    return mine
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#lost('closed')
    this.#line.close()
  }

  async #exchange(command: number, body: Uint8Array, tries: number): Promise<Uint8Array> {
    const sequence = this.#sequence
    this.#sequence = (sequence + 1) & 0xff
    for (let attempt = 0; attempt < tries; attempt++) {
      if (attempt > 0) this.repeated++
      const answer = await this.#once(command, sequence, body)
      if (answer === undefined) continue
      if (answer[0] === Status.ok) return answer.subarray(1)
      throw new BridgeError(answer[0], String.fromCharCode(...answer.subarray(1)))
    }
    throw new FerrarisError('BRIDGE_LINE', `the bridge did not answer ${tries} times in ${this.#answer_ms} ms each`)
  }

  /** Undefined: no answer in time. */
  #once(command: number, sequence: number, body: Uint8Array): Promise<Uint8Array | undefined> {
    if (this.#gone !== undefined) return Promise.reject(new FerrarisError('BRIDGE_LINE', `the line to the bridge is gone: ${this.#gone}`))
    return new Promise((resolve, reject) => {
      const timeout = setTimeout(() => {
        this.#waiting = undefined
        resolve(undefined)
      }, this.#answer_ms)
      const over = (): void => {
        clearTimeout(timeout)
        this.#waiting = undefined
      }
      this.#waiting = {
        sequence,
        resolve: (answer) => {
          over()
          resolve(answer)
        },
        reject: (error) => {
          over()
          reject(error)
        },
      }
      this.#send(this.#writer.frame(command, sequence, body).slice())
    })
  }

  #send(frame: Uint8Array): void {
    this.#queue.push(frame)
    this.#pump()
  }

  #pump(): void {
    while (this.#queue.length > 0 && this.#room > 0) {
      const first = this.#queue[0]
      const count = Math.min(this.#room, first.length)
      this.#room -= count
      if (count === first.length) this.#queue.shift()
      else this.#queue[0] = first.subarray(count)
      this.#line.write(first.subarray(0, count))
    }
  }

  #frame(kind: number, sequence: number, body: Uint8Array): void {
    if (kind === Kind.answer) {
      if (this.#waiting?.sequence === sequence && body.length > 0) this.#waiting.resolve(body.slice())
    } else if (kind === Kind.event && body.length >= 10) this.#event(sequence, body)
  }

  #event(sequence: number, body: Uint8Array): void {
    const expected = this.#eventSequence
    if (expected !== undefined) this.lostEvents += (sequence - expected) & 0xff
    this.#eventSequence = (sequence + 1) & 0xff
    const reader = new ByteReader(body)
    const event = reader.uint8()
    const time_us = readInt64(reader)
    const handle = reader.uint8()
    const data = reader.take(reader.remaining).slice()
    if (event === EventCode.lost) this.lostEvents += (data[0] << 8) | data[1]
    else this.#onEvent?.({ event, time_us, handle, data })
  }

  #lost(reason: string): void {
    this.#gone ??= reason
    this.#queue = []
    this.#waiting?.reject(new FerrarisError('BRIDGE_LINE', `the line to the bridge is gone: ${reason}`))
  }
}
