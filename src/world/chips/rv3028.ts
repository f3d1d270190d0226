/**
 * RV-3028-C7, RTC module with a trimmed crystal and an EEPROM for its configuration, at register level. Micro Crystal, RV-3028-C7 Application Manual
 * Rev. 1.4; what is in brackets are its sections and headings. Not emulated: alarms, timer, time stamps, clock output, trickle charger, passwords.
 */
import { fromTwelveHours, RtcChip, type RtcChipOptions, twelveHours } from './rtc-chip.ts'
import { Field, fromBCD } from './rtc-counter.ts'
import { tuningFork } from './rtc-crystal.ts'

const ADDRESS = 0x52
const REGISTERS = 0x40
const TIME_END = 0x07
const STATUS = 0x0e
const CONTROL_1 = 0x0f
const CONTROL_2 = 0x10
const UNIX_TIME = 0x1b
const EE_ADDRESS = 0x25
const EE_DATA = 0x26
const EE_COMMAND = 0x27
/** Configuration in RAM, mirrored from the EEPROM: 30h to 37h [EEPROM registers]. */
const MIRROR = 0x30
const OFFSET = 0x36
const BACKUP = 0x37
/** Status and control bits [Status and Control registers]. */
const EEBUSY = 0x80
const BSF = 0x20
const PORF = 0x01
const EERD = 0x08
const TWELVE = 0x02
const RESET = 0x01
/** Backup switchover mode [3.15.6], bits 3 and 2: direct (01) and level (11) are on, 00 and 10 are off. */
const BSM_ON = 0x04
const EE_FIRST = 0x00
const EE_UPDATE_ALL = 0x11
const EE_REFRESH_ALL = 0x12
const EE_WRITE = 0x21
const EE_READ = 0x22
/** How long the EEPROM is busy, about. */
const POWER_ON_REFRESH_US = 66_000
const REFRESH_US = 3500
const UPDATE_US = 63_000
const WRITE_US = 16_000
const READ_US = 1400
/** One step of EEOffset [3.15.5]: 1 / (32768 * 32). */
const OFFSET_PPM = 0.953_674_316_406_25

export interface RV3028Options extends RtcChipOptions {
  /** The EEPROM takes its time. Default false: ready at once, for a synchronous driver in a world that stands still meanwhile. */
  readonly datasheetTiming?: boolean
}

export class RV3028 extends RtcChip {
  readonly #timing: boolean
  /** Survives everything. */
  readonly #eeprom = new Uint8Array(0x40)
  #twelve = false
  #unix_s = 0
  #busyUntil_us: number
  /** A program that is under way; a supply that fails before it is done leaves the old byte. */
  #programming: { readonly at: number; readonly byte: number } | undefined
  #command = EE_FIRST

  /** The default crystal is at the limit of the manual: +1 ppm at 25 °C. */
  constructor(options: RV3028Options) {
    super(options, ADDRESS, REGISTERS, tuningFork({ offset_ppm: 1, curvature_ppm_K2: -0.035 }))
    this.#timing = options.datasheetTiming ?? false
    this.#busyUntil_us = this.now_us()
    // Delivered with these: clock output on, FEDE set, switchover off.
    this.#eeprom[0x35] = 0xc0
    this.#eeprom[BACKUP] = 0x10
    this.#reset()
  }

  /** Back door: a byte of the configuration EEPROM. */
  stored(address: number): number {
    return this.#eeprom[address]
  }

  protected override settle(): void {
    const programming = this.#programming
    if (programming !== undefined && this.oscillator.supplied && !this.#busy) {
      this.#programming = undefined
      this.#eeprom[programming.at] = programming.byte
    }
    super.settle()
  }

  /** [Automatic refresh] At each change of the date the configuration is copied from the EEPROM, unless EERD forbids it. What was only in RAM is gone then. */
  protected override count(ticks: number): void {
    const day = this.counter.fields[Field.day]
    super.count(ticks)
    this.#unix_s = (this.#unix_s + ticks) % 0x1_0000_0000
    const changed = day !== this.counter.fields[Field.day] || ticks >= 86_400
    if (changed && this.oscillator.supplied && (this.registers[CONTROL_1] & EERD) === 0) this.#refresh(REFRESH_US)
  }

  override powerOff(): void {
    super.powerOff()
    this.#programming = undefined
  }

  protected override latch(): void {
    const { fields, weekday } = this.counter
    const { registers } = this
    registers[0x00] = fields[Field.second] & 0x7f
    registers[0x01] = fields[Field.minute] & 0x7f
    registers[0x02] = this.#twelve ? twelveHours(fromBCD(fields[Field.hour])) : fields[Field.hour] & 0x3f
    registers[0x03] = weekday
    registers[0x04] = fields[Field.day] & 0x3f
    registers[0x05] = fields[Field.month] & 0x1f
    registers[0x06] = fields[Field.year]
    for (let i = 0; i < 4; i++) registers[UNIX_TIME + i] = (this.#unix_s / 2 ** (8 * i)) & 0xff
    registers[STATUS] = (registers[STATUS] & ~EEBUSY) | (this.#busy ? EEBUSY : 0)
  }

  protected override store(register: number, byte: number): void {
    if (register < TIME_END) this.#storeTime(register, byte)
    else if (register === STATUS) this.registers[STATUS] &= byte | EEBUSY
    else if (register === CONTROL_2) this.#control(byte)
    else if (register >= UNIX_TIME && register < UNIX_TIME + 4) this.#storeUnix(register - UNIX_TIME, byte)
    else if (register === EE_COMMAND) this.#execute(byte)
    else if (register >= MIRROR) this.#configure(register, byte)
    else this.registers[register] = byte
  }

  protected override onSet(): void {
    this.registers[STATUS] &= ~PORF
  }

  protected override onStopped(): void {
    this.counter.reset()
    this.#unix_s = 0
    this.#reset()
  }

  protected override onPowerOn(): void {
    // Without a reset the chip comes from its backup supply, and says so.
    if ((this.registers[STATUS] & PORF) === 0) this.registers[STATUS] |= BSF
  }

  get #busy(): boolean {
    return this.now_us() < this.#busyUntil_us
  }

  #storeTime(register: number, byte: number): void {
    const { counter } = this
    const { fields } = counter
    if (register === 0x00) {
      fields[Field.second] = byte & 0x7f
      // [Seconds register] As the RESET bit does, a write clears the prescaler.
      this.oscillator.restart()
    } else if (register === 0x01) fields[Field.minute] = byte & 0x7f
    else if (register === 0x02) fields[Field.hour] = this.#twelve ? fromTwelveHours(byte) : byte & 0x3f
    else if (register === 0x03) counter.weekday = (byte & 0x07) % 7
    else if (register === 0x04) fields[Field.day] = byte & 0x3f
    else if (register === 0x05) fields[Field.month] = byte & 0x1f
    else fields[Field.year] = byte
  }

  #storeUnix(index: number, byte: number): void {
    const place = 2 ** (8 * index)
    const old = Math.floor(this.#unix_s / place) % 256
    this.#unix_s += (byte - old) * place
  }

  #control(byte: number): void {
    this.registers[CONTROL_2] = byte & ~RESET
    this.#twelve = (byte & TWELVE) !== 0
    if ((byte & RESET) !== 0) this.oscillator.restart()
  }

  #configure(register: number, byte: number): void {
    this.registers[register] = byte
    this.#apply()
  }

  /** [3.15.5, 3.15.6]: what the mirror says takes effect at once. */
  #apply(): void {
    const { registers } = this
    const steps = (registers[OFFSET] << 1) | (registers[BACKUP] >> 7)
    this.oscillator.trim_ppm = (steps > 255 ? steps - 512 : steps) * OFFSET_PPM
    this.oscillator.backed = this.#switching
  }

  get #switching(): boolean {
    return (this.registers[BACKUP] & BSM_ON) !== 0
  }

  /**
   * [EEPROM read/write conditions] A command counts only after 00h, while the EEPROM is not busy, and with the switchover off: a switchover in the middle would spoil the
   * program. This chip then does nothing; what a real one does is not specified.
   */
  #execute(command: number): void {
    const before = this.#command
    this.#command = command
    if (before !== EE_FIRST || this.#busy || this.#switching) return
    const { registers } = this
    const at = registers[EE_ADDRESS] & 0x3f
    if (command === EE_REFRESH_ALL) this.#refresh(REFRESH_US)
    else if (command === EE_READ) {
      registers[EE_DATA] = this.#eeprom[at]
      this.#wait(READ_US)
    } else if (command === EE_WRITE) {
      this.#programming = { at, byte: registers[EE_DATA] }
      this.#wait(WRITE_US)
    } else if (command === EE_UPDATE_ALL) {
      this.#eeprom.set(registers.subarray(MIRROR), MIRROR)
      this.#wait(UPDATE_US)
    }
  }

  #refresh(duration_us: number): void {
    this.registers.set(this.#eeprom.subarray(MIRROR), MIRROR)
    this.#wait(duration_us)
    this.#apply()
  }

  #wait(duration_us: number): void {
    this.#busyUntil_us = this.now_us() + (this.#timing ? duration_us : 0)
  }

  /** [Power on reset] */
  #reset(): void {
    const { registers } = this
    registers.fill(0)
    registers[0x07] = 0x80
    registers[0x08] = 0x80
    registers[0x09] = 0x80
    registers[STATUS] = PORF
    this.#twelve = false
    this.#command = EE_FIRST
    this.oscillator.restart()
    this.#refresh(POWER_ON_REFRESH_US)
  }
}
