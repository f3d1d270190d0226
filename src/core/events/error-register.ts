import { getUint32, setUint32 } from '../storage/format.ts'
import { LogId, ProfileStatus, StandardEvent } from './codes.ts'

/** Bits of the error register (F.F, OBIS 0.0.97.97.0): in the places of the alarm register of DSMR; IDIS has the same, from memory. */
export const MeterError = Object.freeze({
  clockInvalid: 0,
  replaceBattery: 1,
  programMemory: 8,
  ram: 9,
  nonVolatileMemory: 10,
  measurementSystem: 11,
  watchdog: 12,
})
export type MeterError = (typeof MeterError)[keyof typeof MeterError]

/** Go by themselves when their cause is over; the others stay until the management has seen them. */
const TRANSIENT = (1 << MeterError.clockInvalid) | (1 << MeterError.replaceBattery)
/** Values that come from here cannot be relied on. */
const INVALIDATING = (1 << MeterError.programMemory) | (1 << MeterError.ram) | (1 << MeterError.measurementSystem)
/** The hardware needs somebody to look at it. */
const CRITICAL = INVALIDATING | (1 << MeterError.nonVolatileMemory)

/** Code of the standard log for the begin of an error. */
const CODES: ReadonlyMap<number, number> = new Map([
  [MeterError.clockInvalid, StandardEvent.clockInvalid],
  [MeterError.replaceBattery, StandardEvent.replaceBattery],
  [MeterError.programMemory, StandardEvent.memoryProgramError],
  [MeterError.ram, StandardEvent.memoryRamError],
  [MeterError.nonVolatileMemory, StandardEvent.memoryNonVolatileError],
  [MeterError.measurementSystem, StandardEvent.measurementSystemError],
  [MeterError.watchdog, StandardEvent.watchdog],
])

const KEY = 'errors'

export interface ErrorRegisterOptions {
  readonly settings: {
    get(key: string): Uint8Array | undefined
    set(key: string, value: Uint8Array): void
  }
  /** `EventLogs.add`. */
  readonly log: (log: number, code: number, utc_s: number, parameter: number) => void
}

/**
 * Error register F.F. A fault has a cause that lasts (`active`) and a bit that stays until the management clears it; a bit whose cause
 * lasts comes back at once.
 */
export class ErrorRegister {
  readonly #options: ErrorRegisterOptions
  #bits = 0
  #active = 0

  constructor(options: ErrorRegisterOptions) {
    this.#options = options
    const stored = options.settings.get(KEY)
    this.#bits = stored?.length === 4 ? getUint32(stored, 0) : 0
  }

  get bits(): number {
    return this.#bits
  }

  /** Bits whose cause lasts, as far as is known since the start. */
  get active(): number {
    return this.#active
  }

  /** A critical error has not been cleared. */
  get critical(): boolean {
    return (this.#bits & CRITICAL) !== 0
  }

  /**
   * Bits of `ProfileStatus` that every entry gets: `dataNotValid` while the cause of an invalidating error lasts, `criticalError` from a critical error
   * until the management has cleared it, `clockInvalid` while the clock is.
   */
  get profileStatus(): number {
    const invalid = (this.#active & INVALIDATING) !== 0 ? ProfileStatus.dataNotValid : 0
    const critical = this.critical ? ProfileStatus.criticalError : 0
    const clock = (this.#active & (1 << MeterError.clockInvalid)) !== 0 ? ProfileStatus.clockInvalid : 0
    return invalid | critical | clock
  }

  /**
   * An error was found, or its cause is over. `told`: somebody else has logged it. Does nothing when nothing changed. Errors: those of `log` and
   * `Settings.set`; the bit counts all the same.
   */
  set(error: MeterError, failed: boolean, utc_s: number, parameter = 0, told = false): void {
    const bit = 1 << error
    const fresh = failed && (this.#bits & bit) === 0
    this.#active = failed ? this.#active | bit : this.#active & ~bit
    const gone = !failed && (TRANSIENT & bit) !== 0
    const code = CODES.get(error)
    const bits = failed ? this.#bits | bit : gone ? this.#bits & ~bit : this.#bits
    // In memory first: a flash that takes no more must not hide the error.
    const changed = bits !== this.#bits
    this.#bits = bits
    if (fresh && !told && code !== undefined) this.#options.log(LogId.standard, code, utc_s, parameter)
    if (changed) this.store()
  }

  /** By the management: takes out the bits that are 0 in `value`, but not those whose cause lasts. Logged. Errors: those of `log` and `Settings.set`. */
  write(value: number, utc_s: number): void {
    const cleared = this.#bits & ~value & ~this.#active
    if (cleared === 0) return
    this.#options.log(LogId.standard, StandardEvent.errorRegisterCleared, utc_s, cleared)
    this.#bits &= ~cleared
    this.store()
  }

  private store(): void {
    const bytes = new Uint8Array(4)
    setUint32(bytes, 0, this.#bits)
    this.#options.settings.set(KEY, bytes)
  }
}
