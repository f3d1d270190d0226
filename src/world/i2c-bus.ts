import type { I2C, I2CConstructor, I2COptions } from '../../hal/api/i2c.ts'
import type { Bytes } from '../../hal/api/io.ts'
import { checkBytes, closedError } from '../lib/check.ts'

/** Fast-mode Plus (NXP UM10204). */
const HZ_MAX = 1_000_000
/** The addresses below and above are reserved (UM10204, section 3.1.12). */
const ADDRESS_MIN = 0x08
const ADDRESS_MAX = 0x77
/** A clock that is held low for longer is given up: t TIMEOUT of SMBus. */
const STRETCH_MAX_US = 25_000
/** Longest transfer: more than any chip of the world has registers. */
const TRANSFER_MAX = 4096
const NO_CUT = -1

/** A chip's side of the bus, byte by byte. */
export interface I2CPeripheral {
  /** Seven bits. */
  readonly address: number
  /** START with this chip's address; `repeated` without a STOP before it. False: no acknowledgement. */
  start(reading: boolean, repeated: boolean): boolean
  /** A byte from the master. False: no acknowledgement. */
  receive(byte: number): boolean
  /** The next byte for the master. */
  transmit(): number
  stop(): void
}

/** How the wires can fail for good: somebody holds the data line or the clock line low. */
export type I2CHold = 'data' | 'clock'

/**
 * Two wires with any number of chips on them. A transfer takes no time in this world. One master: all instances of the constructor are ends of the same
 * controller, so a START without a STOP before it is a repeated START even when it comes from another instance.
 */
export class I2CBus {
  readonly #peripherals = new Map<number, I2CPeripheral>()
  /** Addressed and not stopped yet. */
  #active: I2CPeripheral | undefined
  /** There was no STOP since the last START. */
  #held = false
  #hold: I2CHold | undefined
  #stretch_us = 0
  #unacknowledged = 0
  #corruptIn = NO_CUT
  #corruptMask = 0
  #cutIn = NO_CUT
  #onCut: (() => void) | undefined
  /** Back door: transfers that were begun. */
  transfers = 0

  /** RangeError for an address that is reserved or taken. */
  attach(peripheral: I2CPeripheral): void {
    checkAddress(peripheral.address)
    if (this.#peripherals.has(peripheral.address)) throw new RangeError(`address ${hex(peripheral.address)} is taken`)
    this.#peripherals.set(peripheral.address, peripheral)
  }

  /** `I2C` for the firmware at the master's end. */
  constructorFor(): I2CConstructor {
    const bus = this
    return class extends EmulatedI2C {
      constructor(options: I2COptions) {
        super(options, bus)
      }
    }
  }

  /** Fault: the bus cannot be used until `undefined` ends it. */
  hold(line: I2CHold | undefined): void {
    this.#hold = line
  }

  /** Fault: chips stretch the clock by so much at each byte. Beyond 25 ms the master gives up. */
  stretch(duration_us: number): void {
    this.#stretch_us = duration_us
  }

  /** Fault: nobody acknowledges the next `count` addresses. */
  refuse(count: number): void {
    this.#unacknowledged = count
  }

  /** Fault: bits of `mask` flip in the data byte number `index` (from 0) that the master reads from now on. */
  corrupt(index: number, mask: number): void {
    this.#corruptIn = index
    this.#corruptMask = mask
  }

  /** Fault: after so many more data bytes from the master it dies; `onCut` follows at once, and the call throws. `undefined`: it lives on. */
  cutAfter(bytes: number | undefined, onCut?: () => void): void {
    this.#cutIn = bytes ?? NO_CUT
    this.#onCut = onCut
  }

  /** The master lost its supply: what it held is free. */
  release(): void {
    this.stop()
  }

  // --- the master's side, for EmulatedI2C ---

  start(address: number, reading: boolean): I2CPeripheral {
    this.transfers++
    if (this.#hold !== undefined) throw new Error(`I2C: the ${this.#hold} line is held low`)
    if (this.#stretch_us > STRETCH_MAX_US) throw new Error('I2C: the clock is stretched for too long')
    const repeated = this.#held
    if (repeated && this.#active !== undefined && this.#active.address !== address) this.#active.stop()
    this.#held = true
    this.#active = undefined
    const peripheral = this.#peripherals.get(address)
    const refused = this.#unacknowledged > 0
    if (refused) this.#unacknowledged--
    if (refused || peripheral === undefined || !peripheral.start(reading, repeated))
      throw this.#failed(`no acknowledgement of ${hex(address)}`)
    this.#active = peripheral
    return peripheral
  }

  send(peripheral: I2CPeripheral, byte: number): void {
    if (this.#cutIn === 0) this.#cut()
    if (!peripheral.receive(byte)) throw this.#failed('no acknowledgement of a byte')
    if (this.#cutIn > 0) this.#cutIn--
  }

  take(peripheral: I2CPeripheral): number {
    const byte = peripheral.transmit()
    if (this.#corruptIn === NO_CUT || this.#corruptIn-- > 0) return byte
    return byte ^ this.#corruptMask
  }

  stop(): void {
    this.#active?.stop()
    this.#active = undefined
    this.#held = false
  }

  /** A transfer that fails ends with a STOP. */
  #failed(what: string): Error {
    this.stop()
    return new Error(`I2C: ${what}`)
  }

  #cut(): never {
    const onCut = this.#onCut
    this.#cutIn = NO_CUT
    this.#onCut = undefined
    // The lines float high again; for the chips that is a STOP.
    this.stop()
    onCut?.()
    throw new Error('I2C: the master lost its supply')
  }
}

class EmulatedI2C implements I2C {
  readonly #bus: I2CBus
  readonly #address: number
  #closed = false

  constructor(options: I2COptions, bus: I2CBus) {
    const { address, hz } = options
    checkAddress(address)
    if (typeof hz !== 'number') throw new TypeError('hz: number expected')
    if (!(hz > 0 && hz <= HZ_MAX)) throw new RangeError(`hz: found ${hz}, allowed is up to ${HZ_MAX}`)
    this.#address = address
    this.#bus = bus
  }

  read(buffer: Bytes, stop?: boolean): void
  read(count: number, stop?: boolean): Bytes
  read(target: Bytes | number, stop = true): Bytes | undefined {
    this.#check()
    const buffer = typeof target === 'number' ? new Uint8Array(checkCount(target)) : target
    checkBytes(buffer)
    checkCount(buffer.length)
    const peripheral = this.#bus.start(this.#address, true)
    for (let i = 0; i < buffer.length; i++) buffer[i] = this.#bus.take(peripheral)
    if (stop) this.#bus.stop()
    return typeof target === 'number' ? buffer : undefined
  }

  write(buffer: Bytes, stop = true): void {
    this.#check()
    checkBytes(buffer)
    checkCount(buffer.length)
    const peripheral = this.#bus.start(this.#address, false)
    for (let i = 0; i < buffer.length; i++) this.#bus.send(peripheral, buffer[i])
    if (stop) this.#bus.stop()
  }

  close(): void {
    this.#closed = true
  }

  #check(): void {
    if (this.#closed) throw closedError('I2C')
  }
}

function hex(address: number): string {
  return `0x${address.toString(16).padStart(2, '0')}`
}

function checkAddress(address: unknown): void {
  if (typeof address !== 'number') throw new TypeError('address: number expected')
  if (!Number.isInteger(address) || address < ADDRESS_MIN || address > ADDRESS_MAX)
    throw new RangeError(`address: found ${address}, allowed is ${ADDRESS_MIN} to ${ADDRESS_MAX}`)
}

function checkCount(count: number): number {
  if (!Number.isInteger(count) || count < 0 || count > TRANSFER_MAX)
    throw new RangeError(`length: found ${count}, allowed is 0 to ${TRANSFER_MAX}`)
  return count
}
