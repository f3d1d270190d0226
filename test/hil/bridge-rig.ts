import type { SerialConstructor } from '../../hal/api/io.ts'
import { Bridge } from '../../src/hil/bridge/bridge.ts'
import { FrameReader, FrameWriter } from '../../src/hil/bridge/frame.ts'
import { Command, Kind, writeOptions } from '../../src/hil/bridge/protocol-table.ts'
import type { BridgeEvent } from '../../src/hil/client.ts'
import type { BridgeCalls } from '../../src/hil/register-target.ts'
import { ByteWriter } from '../../src/lib/bytes.ts'
import { SerialWire } from '../../src/world/serial-wire.ts'
import { EmulatedBoard } from './emulated-board.ts'

const FORMAT = { baud: 921_600 }

/** A bridge in the world, in its time, and a PC that sends single frames. */
export class BridgeRig implements BridgeCalls {
  readonly board = new EmulatedBoard()
  readonly events: { readonly event: number; readonly time_us: number; readonly handle: number; readonly data: readonly number[] }[] = []
  readonly answers: { readonly sequence: number; readonly bytes: readonly number[] }[] = []
  readonly #writer = new FrameWriter()
  readonly #send: (bytes: Uint8Array) => void
  readonly #listeners = new Map<number, (event: BridgeEvent) => void>()
  #sequence = 0

  constructor() {
    const wire = new SerialWire(this.board.scheduler, { transmit_bytes: 4096, receive_bytes: 4096, bursts: true })
    new Bridge({ board: this.board.board, line: { io: wire.end(0), ...FORMAT } })
    const reader = new FrameReader((kind, sequence, body) => this.#heard(kind, sequence, body))
    const PC: SerialConstructor = wire.end(1)
    const serial = new PC({ ...FORMAT, onReadable: () => reader.push(serial.read() ?? new Uint8Array(0)) })
    this.#send = (bytes) => serial.write(bytes)
    this.pass(1000)
    this.ask(Command.hello, 1, 0)
  }

  pass(duration_us: number): void {
    this.board.scheduler.run(this.board.scheduler.now_us + duration_us)
  }

  /** Sends a command; gives its status and the rest of its answer. */
  ask(
    command: number,
    ...body: readonly (number | Uint8Array)[]
  ): { readonly status: number; readonly rest: readonly number[]; readonly text: string } {
    const bytes = Uint8Array.from(body.flatMap((part) => (typeof part === 'number' ? [part] : [...part])))
    this.repeat(command, this.#sequence++, bytes)
    const answer = this.answers.at(-1)
    if (answer?.sequence !== ((this.#sequence - 1) & 0xff)) throw new Error('no answer')
    const rest = answer.bytes.slice(1)
    return { status: answer.bytes[0], rest, text: String.fromCharCode(...rest) }
  }

  repeat(command: number, sequence: number, body: Uint8Array): void {
    this.#send(this.#writer.frame(command, sequence & 0xff, body).slice())
    this.pass(20_000)
  }

  open(handle: number, peripheral: number, options: Parameters<typeof writeOptions>[1]): number {
    const body = new ByteWriter()
    writeOptions(body, options)
    return this.ask(Command.open, handle, peripheral, body.copy()).status
  }

  // --- as a bridge for what runs on the PC ---

  call(command: number, body: Uint8Array): Uint8Array {
    const { status, rest, text } = this.ask(command, body)
    if (status !== 0) throw new Error(text)
    return Uint8Array.from(rest)
  }

  claim(listener: (event: BridgeEvent) => void = () => {}): number {
    const handle = 100 + this.#listeners.size
    this.#listeners.set(handle, listener)
    return handle
  }

  release(handle: number): void {
    this.#listeners.delete(handle)
  }

  #heard(kind: number, sequence: number, body: Uint8Array): void {
    if (kind === Kind.answer) this.answers.push({ sequence, bytes: [...body] })
    else {
      const view = new DataView(body.buffer, body.byteOffset)
      const event = { event: body[0], time_us: Number(view.getBigUint64(1)), handle: body[9], data: body.slice(10) }
      this.events.push({ ...event, data: [...event.data] })
      this.#listeners.get(event.handle)?.(event)
    }
  }
}
