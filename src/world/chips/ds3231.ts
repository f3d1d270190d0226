/**
 * DS3231, RTC with a temperature-compensated crystal, at register level. Datasheet: Maxim 19-5170 Rev 10; the quoted names are its headings.
 * Not emulated: alarms and the square-wave output.
 */
import { fromTwelveHours, RtcChip, type RtcChipOptions, twelveHours } from './rtc-chip.ts'
import { Field, fromBCD } from './rtc-counter.ts'
import { compensated } from './rtc-crystal.ts'

const ADDRESS = 0x68
const REGISTERS = 0x13
const TIME_END = 0x07
const CONTROL = 0x0e
const STATUS = 0x0f
const AGING = 0x10
const TEMPERATURE_MSB = 0x11
const TEMPERATURE_LSB = 0x12
/** Bits. */
const EOSC = 0x80
const CONV = 0x20
const CONTROL_RESET = 0x1c
const OSF = 0x80
const EN32KHZ = 0x08
const FLAGS = 0x03
const CENTURY = 0x80
const TWELVE = 0x40
/** "Temperature Registers": updated every 64 s, and with the conversion the aging offset takes effect. */
const CONVERSION_US = 64_000_000
/** "Aging Offset": about 0.1 ppm per step at 25 °C; positive values slow the oscillator. */
const AGING_PPM = -0.1

export class DS3231 extends RtcChip {
  #twelve = false
  #converted_us: number

  /** The default crystal is half way to the limit of the datasheet: +1 ppm from 0 to 40 °C. */
  constructor(options: RtcChipOptions) {
    super(options, ADDRESS, REGISTERS, compensated())
    this.#converted_us = this.now_us()
    this.#reset()
  }

  protected override settle(): void {
    super.settle()
    if (this.now_us() - this.#converted_us >= CONVERSION_US) this.#convert()
  }

  /** "the current time is transferred to a second set of registers" on a START and when the pointer comes to 00h. */
  protected override onWrap(): void {
    this.settle()
    this.latch()
  }

  protected override latch(): void {
    const { fields, weekday, century } = this.counter
    const { registers } = this
    registers[0x00] = fields[Field.second]
    registers[0x01] = fields[Field.minute]
    registers[0x02] = this.#twelve ? TWELVE | twelveHours(fromBCD(fields[Field.hour])) : fields[Field.hour] & 0x3f
    registers[0x03] = weekday + 1
    registers[0x04] = fields[Field.day] & 0x3f
    registers[0x05] = (fields[Field.month] & 0x1f) | (century === 0 ? 0 : CENTURY)
    registers[0x06] = fields[Field.year]
  }

  protected override store(register: number, byte: number): void {
    if (register < TIME_END) this.#storeTime(register, byte)
    else if (register === CONTROL) {
      this.registers[CONTROL] = byte & ~CONV
      this.oscillator.backed = (byte & EOSC) === 0
      if ((byte & CONV) !== 0) this.#convert()
    } else if (register === STATUS) {
      // OSF and the alarm flags can only be cleared.
      const kept = this.registers[STATUS] & byte & (OSF | FLAGS)
      this.registers[STATUS] = kept | (byte & EN32KHZ)
    } else if (register < TEMPERATURE_MSB) this.registers[register] = byte
  }

  protected override onSet(): void {
    this.registers[STATUS] &= ~OSF
  }

  protected override onStopped(): void {
    this.counter.reset()
    this.#reset()
  }

  protected override onPowerOn(): void {
    this.#convert()
  }

  #storeTime(register: number, byte: number): void {
    const { counter } = this
    const { fields } = counter
    if (register === 0x00) {
      fields[Field.second] = byte & 0x7f
      // "The countdown chain is reset whenever the seconds register is written."
      this.oscillator.restart()
    } else if (register === 0x01) fields[Field.minute] = byte & 0x7f
    else if (register === 0x02) {
      this.#twelve = (byte & TWELVE) !== 0
      fields[Field.hour] = this.#twelve ? fromTwelveHours(byte) : byte & 0x3f
    } else if (register === 0x03) counter.weekday = ((byte & 0x07) + 6) % 7
    else if (register === 0x04) fields[Field.day] = byte & 0x3f
    else if (register === 0x05) {
      fields[Field.month] = byte & 0x1f
      counter.century = (byte & CENTURY) === 0 ? 0 : 1
    } else fields[Field.year] = byte
  }

  /** "Special-Purpose Registers": what they hold after power is first applied. */
  #reset(): void {
    const { registers } = this
    registers.fill(0)
    registers[CONTROL] = CONTROL_RESET
    registers[STATUS] = OSF | EN32KHZ
    this.#twelve = false
    this.oscillator.backed = true
    this.oscillator.restart()
    this.#convert()
  }

  /** Ten bits of 0.25 °C, two's complement, left-aligned. */
  #convert(): void {
    const { registers } = this
    this.#converted_us = this.now_us()
    const quarters = Math.round(this.oscillator.temperature_C * 4)
    registers[TEMPERATURE_MSB] = (quarters >> 2) & 0xff
    registers[TEMPERATURE_LSB] = (quarters & 3) << 6
    const aging = registers[AGING] > 127 ? registers[AGING] - 256 : registers[AGING]
    this.oscillator.trim_ppm = aging * AGING_PPM
  }
}
