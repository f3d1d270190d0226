import type { Bytes } from './io.ts'

/**
 * I2C, shaped like ECMA-419 (2nd edition, IO class "I2C"). The rules of `io.ts` hold: options are validated before anything else happens and are not
 * modified, `close()` may be called twice, every other method throws afterwards.
 */

export interface I2COptions {
  /** Seven bits, without the direction: 0x08 to 0x77 (the others are reserved: NXP UM10204, section 3.1.12). */
  readonly address: number
  /** Clock in hertz, at most 1 MHz. */
  readonly hz: number
  /** Pin SDA. */
  readonly data?: number
  /** Pin SCL. */
  readonly clock?: number
  readonly port?: number
}

/**
 * One peripheral on the bus. One call is one transfer: START, address, bytes, and STOP unless `stop` is false; then the next transfer begins with a
 * repeated START.
 *
 * A byte that nobody acknowledges, the address included, throws Error, as does a bus that somebody holds; the bus is free afterwards. Which of the
 * bytes arrived is then unknown.
 */
export interface I2C {
  /** Fills the buffer. */
  read(buffer: Bytes, stop?: boolean): void
  /** Gives `count` bytes. */
  read(count: number, stop?: boolean): Bytes
  write(buffer: Bytes, stop?: boolean): void
  close(): void
}

export type I2CConstructor = new (options: I2COptions) => I2C
