/**
 * PCF8563 (and BM8563, AiP8563, which have the same registers), RTC for a bare crystal, at register level. Datasheet: NXP PCF8563 Rev. 10; numbers in
 * brackets are its sections. Not emulated: alarm, timer, clock output, test modes.
 */
import { RtcChip, type RtcChipOptions } from './rtc-chip.ts'
import { Field } from './rtc-counter.ts'
import { tuningFork } from './rtc-crystal.ts'

const ADDRESS = 0x51
const REGISTERS = 0x10
const CONTROL_STATUS_1 = 0x00
const SECONDS = 0x02
const YEARS = 0x08
const CLKOUT_CONTROL = 0x0d
const TIMER_CONTROL = 0x0e
const STOP = 0x20
const TESTC = 0x08
const VL = 0x80
const CENTURY = 0x80
/** [8.10]: the first increment comes 0.507813 s after STOP is released. */
const STOPPED_US = 1_000_000 - 507_813
const SECOND_US = 1_000_000
const NONE = -1

export class PCF8563 extends RtcChip {
  #low = true
  /** START of the transfer that blocks the counters. */
  #blocked_us = NONE

  /** The default crystal has +5 ppm: one of the better selections. */
  constructor(options: RtcChipOptions) {
    super(options, ADDRESS, REGISTERS, tuningFork({ offset_ppm: 5 }))
    this.#reset()
  }

  override start(reading: boolean, repeated: boolean): boolean {
    const acknowledged = super.start(reading, repeated)
    if (acknowledged && this.#blocked_us === NONE) this.#blocked_us = this.now_us()
    return acknowledged
  }

  /** [8.5]: the counters wait during a transfer, and one pending second is kept: of a transfer that is too long all others are lost. */
  override stop(): void {
    const from_us = this.#blocked_us
    this.#blocked_us = NONE
    if (from_us === NONE || this.now_us() - from_us < SECOND_US) return
    const before = this.oscillator.ticks()
    if (before > 0) super.count(1)
  }

  /** Between START and STOP the counters stand still; a second that was due is counted afterwards. */
  protected override settle(): void {
    if (this.#blocked_us === NONE) super.settle()
  }

  protected override latch(): void {
    const { fields, weekday, century } = this.counter
    const { registers } = this
    registers[0x02] = (fields[Field.second] & 0x7f) | (this.#low ? VL : 0)
    registers[0x03] = fields[Field.minute] & 0x7f
    registers[0x04] = fields[Field.hour] & 0x3f
    registers[0x05] = fields[Field.day] & 0x3f
    registers[0x06] = weekday
    registers[0x07] = (fields[Field.month] & 0x1f) | (century === 0 ? 0 : CENTURY)
    registers[0x08] = fields[Field.year]
  }

  protected override store(register: number, byte: number): void {
    if (register === CONTROL_STATUS_1) this.#control(byte)
    else if (register < SECONDS || register > YEARS) this.registers[register] = byte
    else this.#storeTime(register, byte)
  }

  protected override onSet(): void {
    this.#low = false
  }

  protected override onStopped(): void {
    this.counter.reset()
    this.#reset()
  }

  #control(byte: number): void {
    const stopped = (this.registers[CONTROL_STATUS_1] & STOP) !== 0
    this.registers[CONTROL_STATUS_1] = byte & 0xa8
    if ((byte & STOP) !== 0) {
      this.oscillator.held = true
      this.oscillator.restart(STOPPED_US)
    } else if (stopped) {
      // Time that passed while it was held is gone.
      this.oscillator.ticks()
      this.oscillator.held = false
    }
  }

  #storeTime(register: number, byte: number): void {
    const { counter } = this
    const { fields } = counter
    if (register === SECONDS) {
      fields[Field.second] = byte & 0x7f
      this.#low = (byte & VL) !== 0
    } else if (register === 0x03) fields[Field.minute] = byte & 0x7f
    else if (register === 0x04) fields[Field.hour] = byte & 0x3f
    else if (register === 0x05) fields[Field.day] = byte & 0x3f
    else if (register === 0x06) counter.weekday = (byte & 0x07) % 7
    else if (register === 0x07) {
      fields[Field.month] = byte & 0x1f
      counter.century = (byte & CENTURY) === 0 ? 0 : 1
    } else fields[Field.year] = byte
  }

  /** [8.11] "Reset". */
  #reset(): void {
    const { registers } = this
    registers.fill(0)
    registers[CONTROL_STATUS_1] = TESTC
    registers[0x09] = 0x80
    registers[0x0a] = 0x80
    registers[0x0b] = 0x80
    registers[0x0c] = 0x80
    registers[CLKOUT_CONTROL] = 0x80
    registers[TIMER_CONTROL] = 0x03
    this.#low = true
    this.#blocked_us = NONE
    this.oscillator.held = false
    this.oscillator.restart()
  }
}
