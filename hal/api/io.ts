/**
 * Pins and buses, shaped like ECMA-419 (2nd edition, section 9 "IO Class Pattern").
 *
 * Rules that every implementation keeps, and that the contract suites in `test/contract` check:
 * - the options object is validated completely before a resource is taken, and is not modified;
 * - no callback is called from inside a constructor or a method of the same instance;
 * - `close()` may be called twice; every other method throws afterwards.
 */

/** Bytes as they cross a bus. Views are taken as they are: offset and length count. */
export type Bytes = Uint8Array

export interface SPIOptions {
  /** Clock in hertz. */
  readonly hz: number
  /** SPI mode 0..3 (CPOL * 2 + CPHA). Default 0. */
  readonly mode?: 0 | 1 | 2 | 3
  /** Chip select pin; asserted (low) around each call unless `active` is 1. */
  readonly select?: number
  readonly active?: 0 | 1
  readonly clock?: number
  readonly in?: number
  readonly out?: number
  readonly port?: number
}

/** ECMA-419 section 10.6 "SPI". One call is one transaction: select, clock `length * 8` bits, deselect. */
export interface SPI {
  /** Full duplex in place: the buffer is sent and overwritten with what the peripheral shifted out. */
  transfer(buffer: Bytes): void
  write(buffer: Bytes): void
  read(buffer: Bytes): void
  close(): void
}

export type SPIConstructor = new (options: SPIOptions) => SPI

export type DigitalMode = 'Input' | 'InputPullUp' | 'InputPullDown' | 'Output' | 'OutputOpenDrain'
export type DigitalEdge = 'rising' | 'falling' | 'both'

export interface DigitalOptions {
  readonly pin: number
  readonly mode: DigitalMode
  /** Needed with `onReadable`. */
  readonly edge?: DigitalEdge
  readonly initialValue?: 0 | 1
  /** Called after an edge, never from inside `read` or `write`. */
  readonly onReadable?: () => void
}

/** ECMA-419 section 10.2 "Digital". */
export interface Digital {
  read(): 0 | 1
  write(value: 0 | 1): void
  close(): void
}

export type DigitalConstructor = new (options: DigitalOptions) => Digital

export interface PulseCountOptions {
  /** Pin whose edges are counted. */
  readonly signal: number
  /** The edge that counts. Default `falling`: a contact to ground that closes. */
  readonly edge?: 'rising' | 'falling'
  /** Pull resistor of the input. Default `InputPullUp`. */
  readonly mode?: 'Input' | 'InputPullUp' | 'InputPullDown'
  /**
   * Levels that last shorter are no levels, in nanoseconds. Default 1000. An implementation that cannot filter for so long throws RangeError: a
   * hardware counter knows some microseconds, and a bouncing contact needs milliseconds.
   */
  readonly filter?: number
  /** The count has changed. */
  readonly onReadable?: () => void
}

/**
 * ECMA-419 section 10.5 "PulseCount" with one signal; `filter` as in Moddable's implementation, `edge` and `mode` are ours. The count is a signed integer of
 * 32 bits that wraps: `(now - before) | 0` is right for up to 2^31 - 1 pulses in between.
 */
export interface PulseCount {
  read(): number
  /** Sets the count. */
  write(count: number): void
  close(): void
}

export type PulseCountConstructor = new (options: PulseCountOptions) => PulseCount

export interface SerialOptions {
  readonly baud: number
  /** Data bits, parity and stop bits. An implementation that cannot do a format throws RangeError. Default 8, none, 1. */
  readonly bits?: 7 | 8
  readonly parity?: 'none' | 'even' | 'odd'
  readonly stop?: 1 | 2
  readonly transmit?: number
  readonly receive?: number
  readonly port?: number
  /** Path of a host's device (`/dev/ttyUSB0`); only where the host has paths. */
  readonly device?: string
  /** `count` bytes can be read at once. */
  readonly onReadable?: (count: number) => void
  /** `count` bytes can be written at once. */
  readonly onWritable?: (count: number) => void
  readonly onError?: (reason: string) => void
}

/** ECMA-419 section 10.7 "Serial", with `format: "buffer"`. */
export interface Serial {
  /** Reads at most `count` bytes (default: all); undefined when nothing is waiting. */
  read(count?: number): Bytes | undefined
  /** Throws when more is given than `onWritable` last announced. */
  write(buffer: Bytes): void
  close(): void
}

export type SerialConstructor = new (options: SerialOptions) => Serial
