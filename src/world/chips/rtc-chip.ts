import { civilFromDays, weekdayOfDays } from '../../lib/calendar.ts'
import type { I2CPeripheral } from '../i2c-bus.ts'
import { RtcCounter } from './rtc-counter.ts'
import { type BackupOptions, BackupSupply, type CrystalCurve } from './rtc-crystal.ts'
import { Oscillator } from './rtc-oscillator.ts'

export interface RtcChipOptions {
  /** True time in microseconds, an integer that never goes back. */
  readonly now_us: () => number
  readonly crystal?: CrystalCurve
  /** Default: a coin cell that lasts longer than anybody looks, ten years. */
  readonly backup?: BackupOptions
  /** Default 23 °C, at which IEC 62054-21 looks at the accuracy of a clock. */
  readonly temperature_C?: number
}

const COIN_CELL: BackupOptions = Object.freeze({ reserve_s: 315_360_000 })
const REFERENCE_C = 23
const SECOND_US = 1_000_000
const SECONDS_PER_DAY = 86_400

/**
 * What all RTCs on I2C have in common: a register pointer that the first byte of a write sets and that counts on by itself, time counters, a crystal, a
 * backup supply. A chip adds its register map.
 *
 * What a transfer reads of the time is the time of its START, on all three chips, although each does it in its own way (a second set of registers, or
 * counters that wait).
 */
export abstract class RtcChip implements I2CPeripheral {
  readonly address: number
  readonly counter = new RtcCounter()
  protected readonly oscillator: Oscillator
  protected readonly now_us: () => number
  /** The chip's registers, those of the time as they were at the last START. */
  protected readonly registers: Uint8Array
  readonly #backup: BackupSupply
  readonly #wrap: number
  #pointer = 0
  #pointed = false

  /** `registers`: how many there are; the pointer goes from the last one to 0. */
  constructor(options: RtcChipOptions, address: number, registers: number, crystal: CrystalCurve) {
    this.address = address
    this.now_us = options.now_us
    this.registers = new Uint8Array(registers)
    this.#wrap = registers
    this.#backup = new BackupSupply(options.backup ?? COIN_CELL)
    this.oscillator = new Oscillator({
      now_us: options.now_us,
      curve: options.crystal ?? crystal,
      backup: this.#backup,
      temperature_C: options.temperature_C ?? REFERENCE_C,
    })
  }

  // --- back door ---

  /** Of the crystal. Counts up to now with the old one first. */
  setTemperature(temperature_C: number): void {
    this.settle()
    this.oscillator.temperature_C = temperature_C
  }

  /** Sets the time as a factory does that has a better clock, fraction included. Times of 2000 to 2099. */
  setTime(utc_us: number): void {
    this.settle()
    const utc_s = Math.floor(utc_us / SECOND_US)
    const days = Math.floor(utc_s / SECONDS_PER_DAY)
    const { year, month, day } = civilFromDays(days)
    const clock = utc_s - days * SECONDS_PER_DAY
    const fields = [clock % 60, Math.floor(clock / 60) % 60, Math.floor(clock / 3600), day, month, year - 2000]
    for (let i = 0; i < fields.length; i++) this.counter.fields[i] = (Math.floor(fields[i] / 10) << 4) | (fields[i] % 10)
    this.counter.weekday = weekdayOfDays(days) % 7
    this.counter.century = 0
    this.oscillator.restart(utc_us - utc_s * SECOND_US)
    this.onSet()
  }

  /** How full the store is, 0 to 1. */
  get storeLevel(): number {
    this.settle()
    return this.#backup.level
  }

  /** Fault: the store is empty; without mains the oscillator stops at once. */
  emptyStore(): void {
    this.settle()
    this.#backup.stored_s = 0
  }

  get deviation_ppm(): number {
    this.settle()
    return this.oscillator.deviation_ppm
  }

  /** The main supply fails: the chip does not answer any more, and runs on from its backup supply. */
  powerOff(): void {
    this.settle()
    this.oscillator.power(false)
  }

  powerOn(): void {
    if (this.oscillator.supplied) return
    this.settle()
    this.oscillator.power(true)
    if (this.oscillator.takeStopped()) this.onStopped()
    this.onPowerOn()
  }

  /** Fault: the time registers hold what is no time (a disturbance, a cosmic ray); 0xff by default. No flag tells it. */
  garble(byte = 0xff): void {
    this.settle()
    this.counter.fields.fill(byte)
  }

  /** A register as it stands now, without a transfer. */
  peek(register: number): number {
    this.settle()
    this.latch()
    return this.registers[register]
  }

  // --- the bus ---

  start(reading: boolean, _repeated: boolean): boolean {
    if (!this.oscillator.supplied) return false
    this.settle()
    this.latch()
    this.#pointed = reading
    return true
  }

  receive(byte: number): boolean {
    if (!this.#pointed) {
      this.#pointed = true
      this.#pointer = byte % this.#wrap
      return true
    }
    this.store(this.#pointer, byte)
    this.#step()
    return true
  }

  transmit(): number {
    const byte = this.registers[this.#pointer]
    this.#step()
    return byte
  }

  stop(): void {}

  #step(): void {
    this.#pointer = (this.#pointer + 1) % this.#wrap
    if (this.#pointer === 0) this.onWrap()
  }

  // --- what a chip adds ---

  /** Counts up to now. */
  protected settle(): void {
    const ticks = this.oscillator.ticks()
    if (ticks > 0) this.count(ticks)
  }

  protected count(ticks: number): void {
    this.counter.advance(ticks)
  }

  protected onWrap(): void {}

  /** The supply came back, after `onStopped` if the oscillator had no supply at all for a while. */
  protected onPowerOn(): void {}

  /** Shows the counters in the registers. */
  protected abstract latch(): void

  /** The master wrote a register. */
  protected abstract store(register: number, byte: number): void

  /** The time was set by the back door: takes the flag of a lost time back. */
  protected abstract onSet(): void

  /** The oscillator stood still: what the registers hold is not the time. */
  protected abstract onStopped(): void
}

/** Hours of 24 as a register with a 12-hour format shows them: 1 to 12 in BCD, bit 5 for the afternoon. */
export function twelveHours(hour: number): number {
  const shown = hour % 12 === 0 ? 12 : hour % 12
  return (Math.floor(shown / 10) << 4) | (shown % 10) | (hour >= 12 ? 0x20 : 0)
}

/** The inverse, in BCD; what is no such hour comes back as it is. */
export function fromTwelveHours(byte: number): number {
  const low = byte & 0x1f
  const shown = (low >> 4) * 10 + (low & 0x0f)
  if ((low & 0x0f) > 9 || shown < 1 || shown > 12) return byte & 0x3f
  const hour = (shown % 12) + ((byte & 0x20) === 0 ? 0 : 12)
  return (Math.floor(hour / 10) << 4) | (hour % 10)
}
