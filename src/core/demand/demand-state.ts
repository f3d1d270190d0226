import { assert } from '../../lib/assert.ts'
import { getUint32, setUint32 } from '../storage/format.ts'
import type { Settings } from '../storage/settings.ts'
import { putVarint, VARINT_MAX, VarintReader } from '../storage/varint.ts'

/** Rates that a meter can have. */
export const RATES_MAX = 8

const VERSION = 1
/** Version, count of registers, generation. */
const FIXED = 6
/** W(4), time(4), status(1), cumulative W(5). */
const PER_REGISTER = 14
/** No value of a setting is longer. */
const VALUE_MAX = 240
/** Largest demand that is kept, and largest cumulative one, in W. */
const DEMAND_MAX = 0xffffffff
const CUMULATIVE_MAX = 2 ** 40 - 1

const place = (register: number): number => FIXED + PER_REGISTER * register
const key = (name: string, quantity: number): string => `demand.${name}.${quantity}`

/**
 * The maxima of one quantity in one entry of the settings: total and rates. The entry always has the same length, so that it cannot fill
 * the settings later.
 *
 * Endurance: an entry is written when one of its maxima rises at the end of a period, and once at each reset. A maximum of random periods rises about
 * ln(n) + 0.6 times in n of them: 8.6 times a month at 15 minutes. Four quantities with four rates each: at most 20 * 8.6 writes a month, 41,000 in 20
 * years, of 112 bytes each, 18 to a half-filled block: 570 erases for each of the 4 blocks. A load that rises in every period of 20 years: 4 * 701,280
 * writes, 39,000 erases. The flash bears 100,000.
 */
export class MaximumState {
  readonly registers: number
  /** In memory only. */
  dirty = true
  /** The entry as it is stored: the values are read from it. */
  readonly #bytes: Uint8Array
  readonly #key: string
  readonly #settings: Settings

  /** `registers`: the total and the rates. Reads what is stored; another count of rates keeps what both have. */
  constructor(settings: Settings, quantity: number, registers: number) {
    assert(registers >= 1 && registers <= RATES_MAX + 1, 'total and up to eight rates')
    this.#settings = settings
    this.#key = key('maximum', quantity)
    this.registers = registers
    this.#bytes = new Uint8Array(FIXED + PER_REGISTER * registers)
    const stored = settings.get(this.#key)
    if (stored !== undefined) this.decode(stored)
    this.#bytes[0] = VERSION
    this.#bytes[1] = registers
  }

  /** Number of the last reset that these maxima took part in. */
  get generation(): number {
    return getUint32(this.#bytes, 2)
  }

  watts(register: number): number {
    return getUint32(this.#bytes, place(register))
  }

  utc_s(register: number): number {
    return getUint32(this.#bytes, place(register) + 4)
  }

  status(register: number): number {
    return this.#bytes[place(register) + 8]
  }

  cumulative_W(register: number): number {
    const at = place(register) + 9
    return this.#bytes[at] * 0x100000000 + getUint32(this.#bytes, at + 1)
  }

  /** A maximum with time and status, if it is one. The first of equals stays. */
  raise(register: number, watts: number, utc_s: number, status: number): void {
    const kept = Math.min(watts, DEMAND_MAX)
    if (kept <= this.watts(register)) return
    this.put(register, kept, utc_s, status)
    this.dirty = true
  }

  /**
   * Adds the maxima to the cumulative ones and begins again; once for each number, however often it is called. `total_W` knows better what the
   * cumulative maximum of a register has become.
   */
  reset(generation: number, total_W?: (register: number) => number | undefined): void {
    if (generation <= this.generation) return
    for (let i = 0; i < this.registers; i++) {
      const sum_W = Math.min(total_W?.(i) ?? this.cumulative_W(i) + this.watts(i), CUMULATIVE_MAX)
      const at = place(i) + 9
      this.#bytes[at] = Math.floor(sum_W / 0x100000000)
      setUint32(this.#bytes, at + 1, sum_W % 0x100000000)
      this.put(i, 0, 0, 0)
    }
    setUint32(this.#bytes, 2, generation)
    this.dirty = true
  }

  /** Writes the entry when it changed. Errors: as `Settings.set`; it stays to be written then. */
  store(): void {
    if (!this.dirty) return
    this.#settings.set(this.#key, this.#bytes)
    this.dirty = false
  }

  private put(register: number, watts: number, utc_s: number, status: number): void {
    const at = place(register)
    setUint32(this.#bytes, at, watts)
    setUint32(this.#bytes, at + 4, utc_s)
    this.#bytes[at + 8] = status
  }

  private decode(bytes: Uint8Array): void {
    if (bytes.length < FIXED || bytes[0] !== VERSION || bytes.length !== FIXED + PER_REGISTER * bytes[1]) return
    this.#bytes.set(bytes.subarray(0, Math.min(bytes.length, this.#bytes.length)))
    this.dirty = bytes[1] !== this.registers
  }
}

/** Version, registers, sub-intervals, status, start(4), period(4). */
const HELD_FIXED = 12

/** The running window of one quantity, kept over an outage. Counts are absolute: what is added after the entry was written is not lost. */
export interface HeldWindow {
  /** Start of the running sub-interval. */
  start_s: number
  /** Length of a sub-interval; a window of another length is not taken. */
  readonly period_s: number
  status: number
  /** Register counts at the start. */
  readonly base: Float64Array
  /** Energies of the sub-intervals before it, the newest first: [sub-interval * registers + register]. */
  readonly energies: Float64Array
  /** Their status. */
  readonly statuses: Uint8Array
}

/** Writes the window of one quantity. False when it is too long for an entry: then there is none, and the period restarts after the outage. */
export function holdWindow(settings: Settings, quantity: number, window: HeldWindow): boolean {
  const { base, energies, statuses } = window
  const bytes = new Uint8Array(HELD_FIXED + statuses.length + VARINT_MAX * (base.length + energies.length))
  bytes.set([VERSION, base.length, statuses.length, window.status])
  setUint32(bytes, 4, window.start_s)
  setUint32(bytes, 8, window.period_s)
  bytes.set(statuses, HELD_FIXED)
  let at = HELD_FIXED + statuses.length
  for (const value of base) at = putVarint(bytes, at, value)
  for (const value of energies) at = putVarint(bytes, at, value)
  if (at > VALUE_MAX) return false
  settings.set(key('running', quantity), bytes.subarray(0, at))
  return true
}

/** Reads into `window`; false when there is no entry of its shape. */
export function heldWindow(settings: Settings, quantity: number, window: HeldWindow): boolean {
  const bytes = settings.get(key('running', quantity))
  const { base, energies, statuses, period_s } = window
  if (bytes === undefined || bytes.length < HELD_FIXED || bytes[0] !== VERSION) return false
  if (bytes[1] !== base.length || bytes[2] !== statuses.length || getUint32(bytes, 8) !== period_s) return false
  window.status = bytes[3]
  window.start_s = getUint32(bytes, 4)
  statuses.set(bytes.subarray(HELD_FIXED, HELD_FIXED + statuses.length))
  const reader = new VarintReader(bytes, HELD_FIXED + statuses.length)
  for (let i = 0; i < base.length; i++) base[i] = reader.next()
  for (let i = 0; i < energies.length; i++) energies[i] = reader.next()
  return true
}
