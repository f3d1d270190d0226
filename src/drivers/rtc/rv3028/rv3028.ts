/**
 * RV-3028-C7: RTC module with a trimmed crystal, 45 nA, I2C up to 400 kHz, its store at VBACKUP.
 * Micro Crystal, RV-3028-C7 Application Manual Rev. 1.4. What is in brackets are its sections and headings.
 */
import { RtcDriver, type RtcDriverOptions } from '../rtc-driver.ts'
import { hourOf, type TimeFields, toBCD, utcOf } from '../time-registers.ts'
import { ConfigurationMemory, imageOf, type RV3028Configuration, trimOf } from './configuration.ts'
import { Control2, OFFSET_STEP_PPM, Register, Status } from './registers.ts'

export interface RV3028Options extends RtcDriverOptions {
  /** Blocks for a time: the EEPROM takes some. Without it `configure` asks without a pause. */
  readonly wait_ms?: (duration_ms: number) => void
}

const ADDRESS = 0x52

export class RV3028 extends RtcDriver {
  /** What a correction is rounded to. */
  readonly trimStep_ppm: number = OFFSET_STEP_PPM
  readonly #memory: ConfigurationMemory
  readonly #time = new Uint8Array(8)

  constructor(options: RV3028Options) {
    super(options, { model: 'RV-3028-C7', address: ADDRESS, registers: Register.Control2 + 1, marker: Register.MinutesAlarm })
    this.#memory = new ConfigurationMemory(this.bus, options.wait_ms)
  }

  /**
   * Switchover, trickle charger and correction. The chip copies its EEPROM over the registers at each change of date, so what has to last must be in the
   * EEPROM; it is only written when it differs, because it does not bear many writes. While it is written the switchover is off.
   * Throws RangeError for a value that does not fit (nothing is written then), FerrarisError `CONFIGURATION` when the chip does not take it.
   */
  configure(options: RV3028Configuration = {}): void {
    this.open()
    this.#memory.store(imageOf(options))
  }

  /** Correction that is in force, in ppm; undefined when the chip does not answer. */
  get trim_ppm(): number | undefined {
    this.open()
    const image = this.#memory.mirror()
    return image === undefined ? undefined : trimOf(image)
  }

  /** The chip has run from its store since this was last asked. False as well when it does not answer. */
  takeSwitched(): boolean {
    this.open()
    if (!this.bus.read(0, this.registers) || (this.registers[Register.Status] & Status.BSF) === 0) return false
    return this.bus.write(Register.Status, ~Status.BSF & 0xff)
  }

  protected override decode(registers: Uint8Array, reading: { utc_s: number; lost: boolean; temperature_C: number | undefined }): void {
    const twelve = (registers[Register.Control2] & Control2.twelveHours) !== 0
    reading.utc_s = utcOf(
      registers[Register.Year],
      registers[Register.Month],
      registers[Register.Date],
      hourOf(registers[Register.Hours], twelve),
      registers[Register.Minutes],
      registers[Register.Seconds],
    )
    reading.lost = (registers[Register.Status] & Status.PORF) !== 0
  }

  /** [Seconds register] A write of the seconds clears the prescaler. The flag is taken back last. */
  protected override writeTime(fields: TimeFields): boolean {
    const { bus, registers } = this
    const time = this.#time
    time[0] = Register.Seconds
    time[1] = toBCD(fields.second)
    time[2] = toBCD(fields.minute)
    time[3] = toBCD(fields.hour)
    time[4] = fields.weekday
    time[5] = toBCD(fields.day)
    time[6] = toBCD(fields.month)
    time[7] = toBCD(fields.year)
    if (!bus.read(0, registers)) return false
    const control = registers[Register.Control2] & ~Control2.twelveHours
    return bus.write(Register.Control2, control) && bus.writeAll(time) && bus.write(Register.Status, ~Status.PORF & 0xff)
  }
}
