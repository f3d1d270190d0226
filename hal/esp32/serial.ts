import UART from 'ferraris/uart'
import { checkBytes, checkCallbacks, closedError } from '../../src/lib/check.ts'
import type { Bytes, Serial, SerialConstructor, SerialOptions } from '../api/io.ts'
import { checkPin } from './pin.ts'

/** 5 Mbit/s: the fastest of every ESP32 (datasheets, chapter "UART"). */
const BAUD_MAX = 5_000_000
/** UART 0 is that of the USB bridge on most boards. */
const DEFAULT_PORT = 1
const PARITIES = Object.freeze({ none: 0, even: 1, odd: 2 } as const)

type Settings = ConstructorParameters<typeof UART>[0]

function formatOf({ baud, bits = 8, parity = 'none', stop = 1, port = DEFAULT_PORT }: SerialOptions): Settings {
  if (typeof baud !== 'number') throw new TypeError('baud: number expected')
  if (!Number.isInteger(baud) || baud < 50 || baud > BAUD_MAX) throw new RangeError(`baud: ${baud}`)
  if (bits !== 7 && bits !== 8) throw new RangeError(`bits: ${bits}`)
  if (!Object.hasOwn(PARITIES, parity)) throw new RangeError(`parity: ${parity}`)
  if (stop !== 1 && stop !== 2) throw new RangeError(`stop: ${stop}`)
  if (!Number.isInteger(port) || port < 0) throw new RangeError(`port: ${port}`)
  return { baud, bits, parity: PARITIES[parity], stop, port }
}

/**
 * A UART of the ESP32, with a buffer of 1 KB in each direction. A damaged byte (parity, frame) and an overrun are told by `onError`; the line stays open.
 *
 * Errors of the constructor: TypeError and RangeError for options, Error for a port or a pin that is in use.
 */
class Esp32SerialPort implements Serial {
  #io: UART | undefined
  /** What `onWritable` announced and was not written yet. */
  #room = 0

  constructor(options: SerialOptions, driverEnable?: number) {
    checkCallbacks(options, ['onReadable', 'onWritable', 'onError'])
    const { transmit, receive, onReadable, onWritable, onError } = options
    const wanted = formatOf(options)
    if (transmit === undefined && receive === undefined) throw new TypeError('transmit or receive expected')
    if (transmit !== undefined) wanted.transmit = checkPin('transmit', transmit)
    if (receive !== undefined) wanted.receive = checkPin('receive', receive)
    if (driverEnable !== undefined) wanted.driverEnable = checkPin('driverEnable', driverEnable)
    if (onReadable !== undefined) wanted.onReadable = (count) => this.#io !== undefined && onReadable(count)
    if (onError !== undefined) wanted.onError = (reason) => this.#io !== undefined && onError(reason)
    wanted.onWritable = (count) => {
      if (this.#io === undefined) return
      this.#room = count
      onWritable?.(count)
    }
    this.#io = new UART(wanted)
  }

  read(count?: number): Bytes | undefined {
    const io = this.#open()
    const length = Math.min(io.readable, count ?? Number.POSITIVE_INFINITY)
    if (length <= 0) return undefined
    const bytes = new Uint8Array(length)
    io.read(bytes)
    return bytes
  }

  write(buffer: Bytes): void {
    const io = this.#open()
    checkBytes(buffer)
    if (buffer.length > this.#room) throw new RangeError(`${buffer.length} bytes given, ${this.#room} writable`)
    io.write(buffer)
    this.#room -= buffer.length
  }

  close(): void {
    this.#io?.close()
    this.#io = undefined
  }

  #open(): UART {
    if (this.#io === undefined) throw closedError('Serial')
    return this.#io
  }
}

export const Esp32Serial: SerialConstructor = Esp32SerialPort

/** An RS-485 line in half duplex: the pin `driverEnable` (DE and /RE of the line driver) is high while bytes are sent. */
export function rs485Serial(driverEnable: number): SerialConstructor {
  checkPin('driverEnable', driverEnable)
  return class extends Esp32SerialPort {
    constructor(options: SerialOptions) {
      super(options, driverEnable)
    }
  }
}
