import type { I2C, I2CConstructor, I2COptions } from '../../../hal/api/i2c.ts'
import { FerrarisError } from '../../lib/errors.ts'
import type { RtcSample } from './rtc-sample.ts'
import { fieldsOf, ILLEGAL, type TimeFields } from './time-registers.ts'

export interface RtcDriverOptions {
  /** The bus: `hz` and `address` have defaults, a board may override them. */
  readonly clock: Partial<I2COptions> & { readonly io: I2CConstructor }
}

/** What a chip's registers say. */
interface Reading {
  utc_s: number
  /** The chip's flag: the oscillator stood still. */
  lost: boolean
  temperature_C: number | undefined
}

/** Readings of which two in a row must agree. */
const ATTEMPTS = 4
const SET_ATTEMPTS = 2
/**
 * Stands in an unused alarm register while the time is written: when the supply fails in the middle, what is half written is not taken for a time.
 * Bit 7 keeps the alarm of all these chips from comparing.
 */
const WRITING = 0xa5
const IDLE = 0x80

/** Registers behind a pointer: one buffer for all transfers, exceptions of the bus become false. */
export class RegisterBus {
  readonly #io: I2C
  readonly #pointer = new Uint8Array(1)
  readonly #pair = new Uint8Array(2)

  constructor(io: I2C) {
    this.#io = io
  }

  read(register: number, into: Uint8Array): boolean {
    this.#pointer[0] = register
    try {
      this.#io.write(this.#pointer, false)
      this.#io.read(into)
      return true
    } catch {
      return false
    }
  }

  /** `bytes[0]` is the register. */
  writeAll(bytes: Uint8Array): boolean {
    try {
      this.#io.write(bytes)
      return true
    } catch {
      return false
    }
  }

  write(register: number, byte: number): boolean {
    this.#pair[0] = register
    this.#pair[1] = byte
    return this.writeAll(this.#pair)
  }
}

/**
 * What the drivers of the RTCs share: reading until two readings agree, and setting so that a supply that fails in the middle leaves a clock that knows
 * that it is wrong. A chip adds its registers.
 */
export abstract class RtcDriver {
  readonly identification: { readonly model: string }
  /** Time that has passed of the running second when `set` is called, so that the chip's seconds begin with the world's. */
  readonly setPhase_ms: number = 0
  protected readonly bus: RegisterBus
  /** Registers 0 to the last that `sample` looks at. */
  protected readonly registers: Uint8Array
  readonly #marker: number
  #io: I2C | undefined
  readonly #reading: Reading = { utc_s: 0, lost: false, temperature_C: undefined }
  readonly #sample: RtcSample = { state: 'fault', utc_s: 0, temperature_C: undefined }

  /** Throws FerrarisError `NO_DEVICE` when nobody answers; what the bus's constructor throws goes through. */
  constructor(options: RtcDriverOptions, chip: { model: string; address: number; registers: number; marker: number }) {
    const { io: Bus, ...wiring } = options.clock
    const io = new Bus({ hz: 400_000, address: chip.address, ...wiring })
    this.identification = Object.freeze({ model: chip.model })
    this.registers = new Uint8Array(chip.registers)
    this.#marker = chip.marker
    this.bus = new RegisterBus(io)
    let found = false
    for (let attempt = 0; attempt < ATTEMPTS && !found; attempt++) found = this.bus.read(0, this.registers)
    if (!found) {
      io.close()
      throw new FerrarisError('NO_DEVICE', `no ${chip.model} answers on the bus`)
    }
    this.#io = io
  }

  /** Reads the time. The object belongs to the driver and changes with the next call. Never throws for what the chip does. */
  sample(): RtcSample {
    this.open()
    const sample = this.#sample
    sample.state = 'fault'
    sample.utc_s = 0
    if (!this.#agreed()) return sample
    const { utc_s, lost, temperature_C } = this.#reading
    const writing = this.registers[this.#marker] === WRITING
    sample.state = lost || writing || utc_s === ILLEGAL ? 'lost' : 'set'
    sample.utc_s = sample.state === 'set' ? utc_s : 0
    sample.temperature_C = temperature_C
    return sample
  }

  /**
   * Sets the time: second `utc_s` of UTC has begun `setPhase_ms` ago. Reads it back. False when the chip does not take it; its time is then lost, or the
   * old one. Throws RangeError outside 2000 to 2099.
   */
  set(utc_s: number): boolean {
    this.open()
    const fields = fieldsOf(utc_s)
    for (let attempt = 0; attempt < SET_ATTEMPTS; attempt++) {
      const written = this.bus.write(this.#marker, WRITING) && this.writeTime(fields) && this.#shows(utc_s)
      if (written && this.bus.write(this.#marker, IDLE) && this.sample().state === 'set') return true
    }
    return false
  }

  /** Closes the bus; may be called twice. */
  close(): void {
    this.#io?.close()
    this.#io = undefined
  }

  protected open(): void {
    if (this.#io === undefined) throw new Error('closed')
  }

  /** Reads single registers of `sample` from `registers`. */
  protected abstract decode(registers: Uint8Array, reading: Reading): void

  /** Writes the time and takes back the flag of a lost one. False when the bus fails. */
  protected abstract writeTime(fields: TimeFields): boolean

  #shows(utc_s: number): boolean {
    if (!this.#agreed()) return false
    const passed_s = this.#reading.utc_s - utc_s
    return !this.#reading.lost && passed_s >= 0 && passed_s <= 1
  }

  /** Two readings in a row say the same, or the second one is the next second. A disturbed transfer gives what no other does. */
  #agreed(): boolean {
    const reading = this.#reading
    let known = false
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { utc_s, lost } = reading
      if (!this.bus.read(0, this.registers)) {
        known = false
        continue
      }
      this.decode(this.registers, reading)
      const passed_s = reading.utc_s - utc_s
      if (known && lost === reading.lost && (passed_s === 0 || (utc_s !== ILLEGAL && passed_s === 1))) return true
      known = true
    }
    return false
  }
}
