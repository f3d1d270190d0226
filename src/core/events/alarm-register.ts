import { getUint32, setUint32 } from '../storage/format.ts'
import { ALARM_RULES } from './alarms-table.ts'
import { LogId, StandardEvent } from './codes.ts'

const LENGTH = 12

export interface AlarmRegisterOptions {
  /** 1: 0.0.97.98.0, .10 and .20; 2: 0.0.97.98.1, .11 and .21. */
  readonly register: 1 | 2
  readonly settings: {
    get(key: string): Uint8Array | undefined
    set(key: string, value: Uint8Array): void
  }
  /** `EventLogs.add`. */
  readonly log: (log: number, code: number, utc_s: number, parameter: number) => void
  /** Bits came up that were not set before: something to be pushed. */
  readonly onAlarm?: (bits: number) => void
}

/** Bit sets of 32 bits are unsigned everywhere. */
function unsigned(bits: number): number {
  return bits >>> 0
}

/**
 * Alarm register, filter and descriptor (DSMR, IDIS). A relevant event sets its bit if the filter lets it through, in the register and in the descriptor;
 * the end of the cause takes it out of the register. The descriptor says what has not been fetched yet: only the management takes bits out
 * of it. All three survive a restart; the flash is written only when one of them changes.
 */
export class AlarmRegister {
  readonly #options: AlarmRegisterOptions
  readonly #key: string
  #register = 0
  #filter = 0xffffffff
  #descriptor = 0

  constructor(options: AlarmRegisterOptions) {
    this.#options = options
    this.#key = `alarm.${options.register}`
    const stored = options.settings.get(this.#key)
    if (stored?.length !== LENGTH) return
    this.#register = getUint32(stored, 0)
    this.#filter = getUint32(stored, 4)
    this.#descriptor = getUint32(stored, 8)
  }

  get register(): number {
    return this.#register
  }

  /** A bit that is 0 keeps its alarm out of register and descriptor. */
  get filter(): number {
    return this.#filter
  }

  get descriptor(): number {
    return this.#descriptor
  }

  /** Takes an event of one of the logs. Errors: as `Settings.set`. */
  event(log: number, code: number): void {
    const { register } = this.#options
    for (const rule of ALARM_RULES) {
      if (rule.register === register && rule.log === log && rule.code === code) this.apply(1 << rule.bit, rule.set)
    }
  }

  /** By the management: bits that are 0 in `value` are taken out; none can be set. Logged. Errors: those of `log` and `Settings.set`. */
  writeRegister(value: number, utc_s: number): void {
    const cleared = unsigned(this.#register & ~value)
    if (cleared === 0) return
    // Logged first: whoever clears and is cut off has cleared nothing.
    this.#options.log(LogId.standard, StandardEvent.alarmRegisterCleared, utc_s, cleared)
    this.store(unsigned(this.#register & value), this.#filter, this.#descriptor)
  }

  /** By the management, as `writeRegister`, but without an event: it was fetched, nothing more. */
  writeDescriptor(value: number): void {
    this.store(this.#register, this.#filter, unsigned(this.#descriptor & value))
  }

  /** By the management. What is in the register already stays. */
  writeFilter(value: number): void {
    this.store(this.#register, unsigned(value), this.#descriptor)
  }

  private apply(bit: number, set: boolean): void {
    if (!set) {
      this.store(unsigned(this.#register & ~bit), this.#filter, this.#descriptor)
      return
    }
    const bits = unsigned(bit & this.#filter)
    const fresh = unsigned(bits & ~this.#register)
    this.store(unsigned(this.#register | bits), this.#filter, unsigned(this.#descriptor | bits))
    if (fresh !== 0) this.#options.onAlarm?.(fresh)
  }

  private store(register: number, filter: number, descriptor: number): void {
    if (register === this.#register && filter === this.#filter && descriptor === this.#descriptor) return
    this.#register = register
    this.#filter = filter
    this.#descriptor = descriptor
    const bytes = new Uint8Array(LENGTH)
    setUint32(bytes, 0, register)
    setUint32(bytes, 4, filter)
    setUint32(bytes, 8, descriptor)
    this.#options.settings.set(this.#key, bytes)
  }
}
