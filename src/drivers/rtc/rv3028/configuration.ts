import { FerrarisError } from '../../../lib/errors.ts'
import type { RegisterBus } from '../rtc-driver.ts'
import { Backup, Control1, EECommand, OFFSET_STEP_PPM, Register, Status, Switchover, TRICKLE_OHM } from './registers.ts'

export interface RV3028Configuration {
  /** When the chip goes over to VBACKUP: `level` below 2 V (for a store that the supply charges), `direct` below VBACKUP. Default `level`. */
  readonly switchover?: 'off' | 'direct' | 'level'
  /** Series resistor of the trickle charger, for a capacitor or a rechargeable cell at VBACKUP; without it nothing is charged. */
  readonly trickle_ohm?: 3000 | 5000 | 9000 | 15_000
  /** Correction of the frequency in ppm, positive for a faster clock: -244.1 to 243.2, in steps of 0.954. Default: left as it is. */
  readonly trim_ppm?: number
}

/** Registers 36h and 37h; bits of `keep` stay as they are. */
export interface Image {
  readonly offset: number | undefined
  readonly backup: number
}

/** So often the EEPROM is asked, each time after so long: the slowest of what happens here takes 66 ms. */
const BUSY_POLLS = 20
const BUSY_STEP_MS = 5

/** EEOffset, nine bits in two's complement, as the two registers hold it. Throws RangeError. */
export function imageOf(options: RV3028Configuration): Image {
  const { switchover = 'level', trickle_ohm, trim_ppm } = options
  const mode: number | undefined = Switchover[switchover]
  if (mode === undefined) throw new RangeError(`switchover: found ${switchover}`)
  const resistor = trickle_ohm === undefined ? 0 : TRICKLE_OHM.indexOf(trickle_ohm)
  if (resistor < 0) throw new RangeError(`trickle_ohm: allowed is ${TRICKLE_OHM.join(', ')}`)
  const backup = mode | Backup.FEDE | (trickle_ohm === undefined ? 0 : Backup.TCE | resistor)
  if (trim_ppm === undefined) return { offset: undefined, backup }
  const steps = Math.round(trim_ppm / OFFSET_STEP_PPM)
  if (!(steps >= -256 && steps <= 255)) throw new RangeError('trim_ppm: allowed is -244.1 to 243.2')
  return { offset: (steps >> 1) & 0xff, backup: backup | ((steps & 1) << 7) }
}

/** Correction in ppm of both registers. */
export function trimOf(registers: { readonly offset: number; readonly backup: number }): number {
  const steps = (registers.offset << 1) | (registers.backup >> 7)
  return (steps > 255 ? steps - 512 : steps) * OFFSET_STEP_PPM
}

/** The EEPROM behind registers 30h to 37h. */
export class ConfigurationMemory {
  readonly #bus: RegisterBus
  readonly #wait_ms: ((duration_ms: number) => void) | undefined
  readonly #byte = new Uint8Array(1)
  readonly #pair = new Uint8Array(2)

  constructor(bus: RegisterBus, wait_ms: ((duration_ms: number) => void) | undefined) {
    this.#bus = bus
    this.#wait_ms = wait_ms
  }

  /** What is in force. Until the chip has copied its EEPROM after a start this is not the configuration yet. */
  mirror(): { readonly offset: number; readonly backup: number } | undefined {
    if (!this.#ready() || !this.#bus.read(Register.EEPROMOffset, this.#pair)) return undefined
    return { offset: this.#pair[0], backup: this.#pair[1] }
  }

  /**
   * The registers get the switchover from the EEPROM only, so registers that are right show that the EEPROM is. When the supply fails between the steps the
   * next start finds the old or the new EEPROM, and comes here again.
   */
  store(image: Image): void {
    const old = this.mirror()
    if (old === undefined) throw failed()
    const offset = image.offset ?? old.offset
    const backup = image.offset === undefined ? image.backup | (old.backup & Backup.EEOffset0) : image.backup
    if (old.offset === offset && old.backup === backup) return
    const stored = this.#unlock(backup) && this.#program(Register.EEPROMOffset, offset) && this.#program(Register.EEPROMBackup, backup)
    const refreshed = stored && this.#command(EECommand.refreshAll)
    // Also after a failure: without refreshes a disturbed register would stay disturbed.
    const locked = this.#setRefresh(true)
    const now = this.mirror()
    if (!refreshed || !locked || now?.offset !== offset || now.backup !== backup) throw failed()
  }

  /** [EEPROM read/write conditions] No refresh may come between, and the switchover has to be off. */
  #unlock(backup: number): boolean {
    return this.#setRefresh(false) && this.#bus.write(Register.EEPROMBackup, backup & ~Backup.BSM) && this.#ready()
  }

  #setRefresh(on: boolean): boolean {
    if (!this.#bus.read(Register.Control1, this.#byte)) return false
    const control = on ? this.#byte[0] & ~Control1.EERD : this.#byte[0] | Control1.EERD
    return this.#bus.write(Register.Control1, control) && this.#ready()
  }

  /** Writes one byte unless it is there already, and reads it back. */
  #program(address: number, byte: number): boolean {
    if (this.#holds(address, byte)) return true
    const { write } = EECommand
    if (!this.#bus.write(Register.EEAddress, address) || !this.#bus.write(Register.EEData, byte) || !this.#command(write)) return false
    return this.#holds(address, byte)
  }

  #holds(address: number, byte: number): boolean {
    const bus = this.#bus
    // The opposite of the answer first, so that a command which was not taken shows.
    const asked = bus.write(Register.EEAddress, address) && bus.write(Register.EEData, byte ^ 0xff) && this.#command(EECommand.read)
    return asked && bus.read(Register.EEData, this.#byte) && this.#byte[0] === byte
  }

  #command(command: number): boolean {
    const bus = this.#bus
    return bus.write(Register.EECommand, EECommand.first) && bus.write(Register.EECommand, command) && this.#ready()
  }

  /** Waits until the EEPROM is not busy; false when it never is. */
  #ready(): boolean {
    for (let poll = 0; poll < BUSY_POLLS; poll++) {
      if (this.#bus.read(Register.Status, this.#byte) && (this.#byte[0] & Status.EEbusy) === 0) return true
      this.#wait_ms?.(BUSY_STEP_MS)
    }
    return false
  }
}

function failed(): FerrarisError {
  return new FerrarisError('CONFIGURATION', 'the RV-3028-C7 does not take its configuration')
}
