/**
 * DS3231: RTC with a temperature-compensated crystal, I2C up to 400 kHz, its battery at VBAT.
 * Datasheet: Maxim 19-5170 Rev 10; quoted names are its headings.
 */
import { FerrarisError } from '../../../lib/errors.ts'
import { RtcDriver, type RtcDriverOptions } from '../rtc-driver.ts'
import { hourOf, ILLEGAL, type TimeFields, toBCD, utcOf } from '../time-registers.ts'
import { AGING_STEP_PPM, Control, Register, Status, Time } from './registers.ts'

export interface DS3231Configuration {
  /** Correction of the frequency in ppm, positive for a faster clock: -12.7 to 12.8, in steps of about 0.1 ("Aging Offset"). Default: left as it is. */
  readonly trim_ppm?: number
}

const ADDRESS = 0x68
const CLOSE_PPM = AGING_STEP_PPM / 2

export class DS3231 extends RtcDriver {
  /** What a correction is rounded to. */
  readonly trimStep_ppm: number = AGING_STEP_PPM
  readonly #time = new Uint8Array(8)

  constructor(options: RtcDriverOptions) {
    super(options, { model: 'DS3231', address: ADDRESS, registers: Register.TemperatureLSB + 1, marker: Register.Alarm1Seconds })
  }

  /** Throws RangeError for a correction out of range, FerrarisError `CONFIGURATION` when the chip does not take it. */
  configure(options: DS3231Configuration = {}): void {
    this.open()
    const { trim_ppm } = options
    const steps = trim_ppm === undefined ? undefined : -Math.round(trim_ppm / AGING_STEP_PPM)
    if (steps !== undefined && !(steps >= -128 && steps <= 127)) throw new RangeError('trim_ppm: allowed is -12.7 to 12.8')
    // The oscillator runs on the battery too, and pin INT/SQW is quiet.
    let taken = this.bus.write(Register.Control, Control.INTCN)
    if (steps !== undefined && taken) {
      // A conversion lets a new aging offset take effect at once.
      taken = this.bus.write(Register.AgingOffset, steps & 0xff) && this.bus.write(Register.Control, Control.INTCN | Control.CONV)
      taken = taken && Math.abs((this.trim_ppm ?? Number.NaN) - (trim_ppm ?? 0)) <= CLOSE_PPM * 1.001
    }
    if (!taken) throw new FerrarisError('CONFIGURATION', 'the DS3231 does not take its configuration')
  }

  /** Correction that is in force, in ppm; undefined when the chip does not answer. */
  get trim_ppm(): number | undefined {
    this.open()
    if (!this.bus.read(0, this.registers)) return undefined
    const byte = this.registers[Register.AgingOffset]
    return -(byte > 127 ? byte - 256 : byte) * AGING_STEP_PPM
  }

  protected override decode(registers: Uint8Array, reading: { utc_s: number; lost: boolean; temperature_C: number | undefined }): void {
    const hours = registers[Register.Hours]
    const month = registers[Register.MonthCentury]
    const hour = hourOf(hours & 0x3f, (hours & Time.twelveHours) !== 0)
    // A century that has passed is beyond what the meter can keep, and year 00 would be taken for 2000.
    const utc_s =
      (month & Time.century) !== 0
        ? ILLEGAL
        : utcOf(
            registers[Register.Year],
            month & 0x7f,
            registers[Register.Date],
            hour,
            registers[Register.Minutes],
            registers[Register.Seconds],
          )
    reading.utc_s = utc_s
    reading.lost = (registers[Register.ControlStatus] & Status.OSF) !== 0
    const msb = registers[Register.TemperatureMSB]
    reading.temperature_C = (msb > 127 ? msb - 256 : msb) + (registers[Register.TemperatureLSB] >> 6) / 4
  }

  /** "Clock and Calendar": a write of the seconds resets the countdown chain, and the rest must follow within a second, as one transfer does. */
  protected override writeTime(fields: TimeFields): boolean {
    const time = this.#time
    time[0] = Register.Seconds
    time[1] = toBCD(fields.second)
    time[2] = toBCD(fields.minute)
    time[3] = toBCD(fields.hour)
    time[4] = fields.weekday + 1
    time[5] = toBCD(fields.day)
    time[6] = toBCD(fields.month)
    time[7] = toBCD(fields.year)
    return this.bus.writeAll(time) && this.bus.write(Register.ControlStatus, 0)
  }
}
