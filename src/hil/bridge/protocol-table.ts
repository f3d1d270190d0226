import { type ByteReader, type ByteWriter, DecodeError } from '../../lib/bytes.ts'

/** Version of the protocol: the bridge and the PC refuse each other when the first number differs. */
export const PROTOCOL = Object.freeze({ major: 1, minor: 0 })

/** Bytes of one transfer, so that an answer fits into a frame. */
export const TRANSFER_MAX = 1024

/** What the PC asks for. Bodies stand in docs/bridge.md. */
export const Command = Object.freeze({
  hello: 0x01,
  reset: 0x02,
  time: 0x03,
  open: 0x10,
  close: 0x11,
  digitalRead: 0x20,
  digitalWrite: 0x21,
  spiTransfer: 0x30,
  spiWrite: 0x31,
  spiRead: 0x32,
  i2cRead: 0x40,
  i2cWrite: 0x41,
  serialWrite: 0x50,
  countRead: 0x60,
  countWrite: 0x61,
  script: 0x70,
  pulses: 0x71,
  stop: 0x72,
  registersDefine: 0x80,
  registersSet: 0x81,
  registersAdd: 0x82,
  registersGet: 0x83,
} as const)

export type CommandCode = (typeof Command)[keyof typeof Command]

/** Kinds of frames beside the commands. An answer has the sequence of its command, events count for themselves. */
export const Kind = Object.freeze({ answer: 0xfe, event: 0xfd } as const)

/** First byte of an answer. Everything but `ok` is followed by a text. */
export const Status = Object.freeze({
  ok: 0,
  /** The bridge does not know the command. */
  unknown: 1,
  /** The body ends too early or says something impossible. */
  malformed: 2,
  /** This bridge has no such peripheral. */
  unsupported: 3,
  /** RangeError of the peripheral: an option or a length that it refuses. */
  range: 4,
  /** TypeError of the peripheral. */
  type: 5,
  /** No such handle, or one of another kind. */
  handle: 6,
  /** The peripheral failed: no acknowledgement on I2C, a pin in use. */
  failed: 7,
  /** Too many handles are open, or a script still runs. */
  busy: 8,
} as const)

/** First byte of an event; the time in µs (8 bytes) and the handle (1 byte) follow. */
export const EventCode = Object.freeze({
  /** An edge at a Digital, or pulses at a PulseCount: the level, or the count (4 bytes). */
  edge: 1,
  count: 2,
  /** Bytes that a Serial received. */
  received: 3,
  /** So many bytes (2 bytes) can be written to a Serial. */
  writable: 4,
  /** A text: what `onError` of a Serial said. */
  error: 5,
  /** A script or a train of pulses is over: operations or pulses that were done (4 bytes). */
  done: 6,
  /** A transaction of the device under test with a register table: flags (1: write), register (2 bytes), value (4 bytes). */
  access: 7,
  /** Events were lost because the line was too slow: how many (2 bytes). */
  lost: 8,
} as const)

/** Peripherals that can be opened. */
export const Peripheral = Object.freeze({
  digital: 1,
  spi: 2,
  i2c: 3,
  serial: 4,
  pulseCount: 5,
  spiTarget: 6,
  i2cTarget: 7,
} as const)

export type PeripheralCode = (typeof Peripheral)[keyof typeof Peripheral]

export const PERIPHERAL_NAMES = Object.freeze(Object.keys(Peripheral)) as readonly (keyof typeof Peripheral)[]

/** Options of all peripherals: a tag (1 byte) and an integer (8 bytes). */
const OPTION_TAGS = Object.freeze({
  hz: 1,
  mode: 2,
  select: 3,
  active: 4,
  clock: 5,
  in: 6,
  out: 7,
  port: 8,
  address: 9,
  data: 10,
  baud: 11,
  bits: 12,
  parity: 13,
  stop: 14,
  transmit: 15,
  receive: 16,
  pin: 17,
  edge: 18,
  initialValue: 19,
  signal: 20,
  filter: 21,
  pull: 22,
  /** Wants events. */
  events: 23,
} as const)

/** Options that are words in the API and numbers on the line. */
const WORDS: Readonly<Record<string, readonly string[]>> = Object.freeze({
  parity: Object.freeze(['none', 'even', 'odd']),
  edge: Object.freeze(['rising', 'falling', 'both']),
  pull: Object.freeze(['Input', 'InputPullUp', 'InputPullDown', 'Output', 'OutputOpenDrain']),
})
const NAMES: readonly string[] = Object.freeze(Object.keys(OPTION_TAGS))
const OPTIONS_MAX = 24

export type Options = Readonly<Record<string, number | string | undefined>>

/**
 * Writes the options that the line knows. A value that is no integer, or a word that does not exist, is left to the receiver to refuse: it gets -1,
 * which no peripheral takes.
 */
export function writeOptions(writer: ByteWriter, options: Options): void {
  const given = NAMES.filter((name) => options[name] !== undefined)
  writer.uint8(given.length)
  for (const name of given) {
    writer.uint8(OPTION_TAGS[name as keyof typeof OPTION_TAGS])
    const value = options[name]
    const number = typeof value === 'string' ? (WORDS[name] ?? []).indexOf(value) : value
    writer.int64(Number.isSafeInteger(number) ? (number as number) : -1)
  }
}

/** Throws DecodeError for what is no list of options; a word that does not exist becomes the text `?`. */
export function readOptions(reader: ByteReader): Record<string, number | string> {
  const count = reader.uint8()
  if (count > OPTIONS_MAX) throw new DecodeError(`${count} options`)
  const options: Record<string, number | string> = {}
  for (let i = 0; i < count; i++) {
    const tag = reader.uint8()
    const name = NAMES[tag - 1]
    if (name === undefined) throw new DecodeError(`option ${tag}`)
    const value = readInt64(reader)
    const words = WORDS[name]
    options[name] = words === undefined ? value : (words[value] ?? '?')
  }
  return options
}

/** An integer of up to 53 bits. */
export function readInt64(reader: ByteReader): number {
  const high = reader.uint32() | 0
  return high * 0x100000000 + reader.uint32()
}
