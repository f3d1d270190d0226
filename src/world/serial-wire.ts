import type { Bytes, Serial, SerialConstructor, SerialOptions } from '../../hal/api/io.ts'
import { checkBytes, checkCallbacks, closedError } from '../lib/check.ts'
import { type SerialFormat, serialFormat } from '../lib/serial-format.ts'
import type { Scheduler, Task } from './scheduler.ts'

/** Length of both FIFOs of an ESP32's UART (ESP32 Technical Reference Manual, chapter "UART Controller"). */
const FIFO_BYTES = 128
const FIFO_BYTES_MAX = 65_536
/** The ESP32's UART goes up to 5 MBaud. */
const BAUD_MAX = 5_000_000

export interface SerialWireOptions {
  /** Bytes that may wait to be sent at each end, 1 to 65,536. Default 128, as on an ESP32. */
  readonly transmit_bytes?: number
  /** Bytes that may wait to be read at each end, 1 to 65,536. Default 128, as on an ESP32. */
  readonly receive_bytes?: number
  /**
   * What waits to be sent goes as one burst, and the receiver is told of it when its last frame is over, as by a UART with a FIFO that interrupts when the
   * line is idle. Default: after each byte. Bursts cost a fraction of the time.
   */
  readonly bursts?: boolean
}

/** What the two ends share. */
interface Cable {
  readonly scheduler: Scheduler
  readonly transmit_bytes: number
  readonly receive_bytes: number
  readonly bursts: boolean
  readonly open: [WireEnd | undefined, WireEnd | undefined]
  cut: boolean
}

/**
 * A null-modem cable between two processors, or a processor and an emulated modem. What is written at one end arrives at the other after its
 * real time on the wire: start bit, data bits, parity and stop bits at the sender's baud. `transmit`, `receive`, `port` and `device` of the
 * options mean nothing here: the cable is already plugged in.
 *
 * - The room for writing is announced after opening, when half the transmit queue has become free since, and when it is empty.
 * - A byte that finds the receive FIFO full is dropped; `onError` tells it once until the reader has made room.
 * - The receiver samples each frame in the middle of its own bits, as a UART does. So a few per cent of difference in baud do no harm, 7E1 read as
 *   8N1 has the parity in bit 7, and other differences give wrong bytes, "framing error" or "parity error" (the byte is dropped), always
 *   the same ones. Only the first stop bit is checked. Each frame is taken alone, as if the line were idle after it.
 * - A byte reaches only an end that was open, over a wire that was whole, from its start bit to its last stop bit. The sender notices nothing:
 *   three wires have no carrier detect.
 * - `close` ends the transmission at once; what has not left is lost.
 */
export class SerialWire {
  readonly #cable: Cable

  /** RangeError for a FIFO length out of range. */
  constructor(scheduler: Scheduler, options: SerialWireOptions = {}) {
    const { transmit_bytes = FIFO_BYTES, receive_bytes = FIFO_BYTES, bursts = false } = options
    for (const length of [transmit_bytes, receive_bytes])
      if (!Number.isInteger(length) || length < 1 || length > FIFO_BYTES_MAX)
        throw new RangeError(`FIFO length: found ${length}, allowed is 1 to ${FIFO_BYTES_MAX}`)
    this.#cable = { scheduler, transmit_bytes, receive_bytes, bursts, open: [undefined, undefined], cut: false }
  }

  /** `Serial` for the firmware at this end. Its constructor throws Error while another instance of the same end is open. */
  end(which: 0 | 1): SerialConstructor {
    const cable = this.#cable
    return class extends WireEnd {
      constructor(options: SerialOptions) {
        super(options, cable, which)
      }
    }
  }

  /** Cuts or mends both directions. Bytes on the wire at the moment of the cut are lost. */
  cut(cut: boolean): void {
    this.#cable.cut = cut
    if (!cut) return
    for (const end of this.#cable.open) end?.lose()
  }

  /** The processor at this end lost its supply: nobody owns the end any more, and its next start finds it free. */
  release(which: 0 | 1): void {
    this.#cable.open[which]?.close()
  }
}

function checkFormat(options: SerialOptions): SerialFormat {
  checkCallbacks(options, ['onReadable', 'onWritable', 'onError'])
  const format = serialFormat(options)
  if (format.baud > BAUD_MAX) throw new RangeError(`baud: ${format.baud}`)
  return format
}

/** Bits from the start bit up to, without the stop bits. */
function headBits(format: SerialFormat): number {
  return 1 + format.bits + (format.parity === 'none' ? 0 : 1)
}

function parityBit(byte: number, parity: 'even' | 'odd'): 0 | 1 {
  let ones = parity === 'odd' ? 1 : 0
  for (let rest = byte; rest !== 0; rest >>= 1) ones ^= rest & 1
  return ones === 1 ? 1 : 0
}

/** A frame as levels of the line, first bit lowest: start bit 0, data, parity, then 1 for the stop bits and the idle line. */
function encode(byte: number, format: SerialFormat): number {
  const data = byte & ((1 << format.bits) - 1)
  let line = -1 << headBits(format)
  line |= data << 1
  if (format.parity !== 'none') line |= parityBit(data, format.parity) << (1 + format.bits)
  return line
}

/** First bit after `from` where the line falls; -1 when it stays idle up to bit `length`. */
function fallingEdge(line: number, from: number, length: number): number {
  for (let i = from + 1; i < length; i++) if (((line >> i) & 1) === 0 && ((line >> (i - 1)) & 1) === 1) return i
  return -1
}

/** Bytes in their order, in a ring of fixed size. */
class Fifo {
  readonly #bytes: Uint8Array
  #first = 0
  length = 0

  constructor(size: number) {
    this.#bytes = new Uint8Array(size)
  }

  /** False when it is full. */
  push(byte: number): boolean {
    const size = this.#bytes.length
    if (this.length === size) return false
    this.#bytes[(this.#first + this.length++) % size] = byte
    return true
  }

  get first(): number {
    return this.#bytes[this.#first]
  }

  shift(): number {
    const byte = this.first
    this.#first = (this.#first + 1) % this.#bytes.length
    this.length--
    return byte
  }
}

/** One UART at an end of the cable. */
class WireEnd implements Serial {
  readonly #cable: Cable
  readonly #which: 0 | 1
  readonly #format: SerialFormat
  readonly #options: SerialOptions
  readonly #transmit: Fifo
  readonly #receive: Fifo
  readonly #burst: Uint8Array
  /** What may still be written: the room last announced, less what was written since. */
  #room = 0
  /** A burst is a row of frames without a gap: frame number n ends n frame times after its start, so that fractions of a microsecond do not add up. */
  #burst_us = 0
  #burstFrames = 0
  /** End of the last frame. */
  #end_us = -1
  #sending: Task | undefined
  /** Frames on the wire: one, or those of a burst. */
  #frames = 0
  /** Who hears the frames on the wire; undefined when nobody does. */
  #hearer: WireEnd | undefined
  #overrun = false
  #closed = false

  constructor(options: SerialOptions, cable: Cable, which: 0 | 1) {
    this.#format = checkFormat(options)
    if (cable.open[which] !== undefined) throw new Error(`end ${which} of the wire is in use`)
    this.#options = { ...options }
    this.#cable = cable
    this.#which = which
    this.#transmit = new Fifo(cable.transmit_bytes)
    this.#receive = new Fifo(cable.receive_bytes)
    this.#burst = new Uint8Array(cable.bursts ? cable.transmit_bytes : 0)
    cable.open[which] = this
    this.#announce()
  }

  read(count = Number.POSITIVE_INFINITY): Bytes | undefined {
    this.#check()
    const wanted = Math.floor(Math.min(count, this.#receive.length))
    if (!(wanted > 0)) return undefined
    const bytes = new Uint8Array(wanted)
    for (let i = 0; i < wanted; i++) bytes[i] = this.#receive.shift()
    this.#overrun = false
    return bytes
  }

  write(buffer: Bytes): void {
    this.#check()
    checkBytes(buffer)
    if (buffer.length > this.#room) throw new RangeError(`${buffer.length} bytes given, ${this.#room} writable`)
    this.#room -= buffer.length
    for (let i = 0; i < buffer.length; i++) this.#transmit.push(buffer[i])
    if (buffer.length > 0 && this.#sending === undefined) this.#send()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#cable.open[this.#which] = undefined
    if (this.#sending !== undefined) this.#cable.scheduler.cancel(this.#sending)
    this.#sending = undefined
    this.#hearer = undefined
  }

  /** What is on the wire does not arrive. */
  lose(): void {
    this.#hearer = undefined
  }

  /** Puts the first byte of the queue on the wire, or all of them. They keep their place in the queue until the last stop bit is out. */
  #send(): void {
    const { scheduler, open, cut, bursts } = this.#cable
    const { baud, stop } = this.#format
    const bits = headBits(this.#format) + stop
    if (scheduler.now_us > this.#end_us) {
      this.#burst_us = scheduler.now_us
      this.#burstFrames = 0
    } else if (this.#burstFrames === baud) {
      // As many frames as the baud take a whole number of seconds: a new count from here is exact, and the count stays small.
      this.#burst_us += bits * 1_000_000
      this.#burstFrames = 0
    }
    this.#frames = bursts ? Math.min(this.#transmit.length, baud - this.#burstFrames) : 1
    this.#burstFrames += this.#frames
    this.#end_us = this.#burst_us + Math.ceil((this.#burstFrames * bits * 1_000_000) / baud)
    this.#hearer = cut ? undefined : open[this.#which === 0 ? 1 : 0]
    this.#sending = scheduler.at(this.#end_us, this.#sent)
  }

  readonly #sent = (): void => {
    const hearer = this.#hearer
    const frames = this.#frames
    const byte = this.#transmit.first
    if (frames > 1) for (let i = 0; i < frames; i++) this.#burst[i] = this.#transmit.shift()
    else this.#transmit.shift()
    const left = this.#transmit.length
    this.#sending = undefined
    this.#hearer = undefined
    if (left > 0) this.#send()
    // The second condition is for a steady sender, whose queue is never empty at this moment.
    const regained = this.#cable.transmit_bytes - left - this.#room
    if (left === 0 || regained >= this.#cable.transmit_bytes / 2) this.#announce()
    // Last, because what the other end does with it may throw.
    if (frames > 1) hearer?.hearBurst(this.#burst, frames, this.#format)
    else hearer?.hear(byte, this.#format)
  }

  #announce(): void {
    this.#cable.scheduler.after(0, () => {
      if (this.#closed) return
      this.#room = this.#cable.transmit_bytes - this.#transmit.length
      this.#options.onWritable?.(this.#room)
    })
  }

  /** Frames without a gap have passed the wire. */
  hearBurst(bytes: Uint8Array, count: number, sender: SerialFormat): void {
    const { baud, bits, parity } = this.#format
    const alike = sender.baud === baud && sender.bits === bits && sender.parity === parity
    if (!alike || this.#receive.length + count > this.#cable.receive_bytes) {
      for (let i = 0; i < count; i++) this.hear(bytes[i], sender)
      return
    }
    if (this.#closed) return
    for (let i = 0; i < count; i++) this.#receive.push(bytes[i] & ((1 << bits) - 1))
    this.#options.onReadable?.(this.#receive.length)
  }

  /** A frame has passed the wire. Called from the task in which its last bit ends. */
  hear(byte: number, sender: SerialFormat): void {
    const { baud, bits, parity } = this.#format
    if (sender.baud === baud && sender.bits === bits && sender.parity === parity) this.#accept(byte & ((1 << bits) - 1))
    else this.#sample(encode(byte, sender), headBits(sender) + sender.stop, sender.baud)
  }

  /**
   * Samples a frame of `length` bits at the sender's `baud` with this end's own format. Time is counted in units in which both ends' bits are
   * whole numbers: a bit of the sender is 2 * own baud, a bit of this end 2 * sender's baud long.
   */
  #sample(line: number, length: number, baud: number): void {
    const { bits, parity } = this.#format
    const level = (time: number) => (line >> this.#bitAt(time)) & 1
    for (let edge = 0; edge >= 0; ) {
      const start = edge * 2 * this.#format.baud
      // A start bit that is over before its middle is taken for a disturbance.
      let end = start + baud
      if (level(end) === 0) {
        let byte = 0
        for (let i = 0; i < bits; i++) byte |= level(start + (2 * i + 3) * baud) << i
        const parityWrong = parity !== 'none' && level(start + (2 * bits + 3) * baud) !== parityBit(byte, parity)
        end = start + (2 * headBits(this.#format) + 1) * baud
        if (level(end) === 0) this.#fail('framing error')
        else if (parityWrong) this.#fail('parity error')
        else this.#accept(byte)
      }
      edge = fallingEdge(line, this.#bitAt(end), length)
    }
  }

  /** Which bit of the sender is on the wire at `time`; bit 31 stands for the idle line after the frame. */
  #bitAt(time: number): number {
    return Math.min(31, Math.floor(time / (2 * this.#format.baud)))
  }

  #accept(byte: number): void {
    if (this.#closed) return
    if (this.#receive.push(byte)) this.#options.onReadable?.(this.#receive.length)
    else if (!this.#overrun) {
      this.#overrun = true
      this.#fail('receive overrun')
    }
  }

  #fail(reason: string): void {
    if (!this.#closed) this.#options.onError?.(reason)
  }

  #check(): void {
    if (this.#closed) throw closedError('Serial')
  }
}
