/**
 * PCF8563 and what is compatible with it (BM8563, AiP8563): RTC for a bare crystal, I2C up to 400 kHz. It has no switchover: the board feeds it from mains
 * supply or store. It has no correction either, so its crystal decides; `ClockDiscipline` of the core can learn and correct the drift.
 * Datasheet: NXP PCF8563 Rev. 10. Numbers in brackets are its sections.
 */
import { RtcDriver, type RtcDriverOptions } from '../rtc-driver.ts'
import { hourOf, ILLEGAL, type TimeFields, toBCD, utcOf } from '../time-registers.ts'
import { Control, Register, Time } from './registers.ts'

const ADDRESS = 0x51

export class PCF8563 extends RtcDriver {
  /** [8.10]: the first second after STOP ends 0.5078 s later, so it must be 0.4922 s old then. */
  override readonly setPhase_ms = 492
  readonly #time = new Uint8Array(8)

  constructor(options: RtcDriverOptions) {
    super(options, { model: 'PCF8563', address: ADDRESS, registers: Register.Minute_alarm + 1, marker: Register.Minute_alarm })
  }

  protected override decode(registers: Uint8Array, reading: { utc_s: number; lost: boolean; temperature_C: number | undefined }): void {
    const seconds = registers[Register.VL_seconds]
    const months = registers[Register.Century_months]
    reading.utc_s =
      (months & Time.C) !== 0
        ? ILLEGAL
        : utcOf(
            registers[Register.Years],
            months & 0x1f,
            registers[Register.Days] & 0x3f,
            hourOf(registers[Register.Hours] & 0x3f, false),
            registers[Register.Minutes] & 0x7f,
            seconds & 0x7f,
          )
    // A chip that was stopped to be set, or is in test mode, does not count.
    const stopped = (registers[Register.Control_status_1] & (Control.STOP | Control.TEST1)) !== 0
    reading.lost = (seconds & Time.VL) !== 0 || stopped
  }

  /** [8.10]: stopped, set, released. */
  protected override writeTime(fields: TimeFields): boolean {
    const time = this.#time
    time[0] = Register.VL_seconds
    time[1] = toBCD(fields.second)
    time[2] = toBCD(fields.minute)
    time[3] = toBCD(fields.hour)
    time[4] = toBCD(fields.day)
    time[5] = fields.weekday
    time[6] = toBCD(fields.month)
    time[7] = toBCD(fields.year)
    const { bus } = this
    return bus.write(Register.Control_status_1, Control.STOP) && bus.writeAll(time) && bus.write(Register.Control_status_1, 0)
  }
}
