import type { EnergyRegisters } from '../registers/energy.ts'
import type { LogCursor, RecordLog } from '../storage/record-log.ts'

/** Energies that a load profile entry carries, as indices of `Quantity`: +A, -A, +R, -R. */
const CAPTURED = [0, 1, 2, 3] as const
/** Bytes of an entry's payload: eight for each energy. */
export const PROFILE_PAYLOAD = 8 * CAPTURED.length
const RECORD_TYPE = 1

function putUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / 0x100000000))
  view.setUint32(at + 4, value >>> 0)
}

/** Reads one captured register of a stored entry: Wh or varh at the end of the interval. */
export function profileValue(payload: Uint8Array, index: number): number {
  let value = 0
  for (let i = 8 * index; i < 8 * index + 8; i++) value = value * 256 + payload[i]
  return value
}

export interface LoadProfileOptions {
  readonly log: RecordLog
  readonly period_s: number
}

/**
 * Load profile with period 1 (OBIS 1.0.99.1.0): the energy registers at the end of each capture period, with the AMR status byte of the period.
 * Entries are stamped with the end of their interval. Two entries never carry the same time stamp.
 */
export class LoadProfile {
  readonly period_s: number
  readonly log: RecordLog
  readonly #payload = new Uint8Array(PROFILE_PAYLOAD)
  readonly #view = new DataView(this.#payload.buffer)
  #lastSlot: number
  /** Latest time stamp in the log; a later one cannot be there yet. */
  #latest_s = -1
  #status = 0
  /** AMR status byte of the newest entry. */
  lastStatus = 0

  constructor(options: LoadProfileOptions, utc_s: number) {
    this.log = options.log
    this.period_s = options.period_s
    this.#lastSlot = Math.floor(utc_s / options.period_s)
    if (this.log.count === 0) return
    // In a log that is in order the newest entry is the latest; else all of it has to be looked through.
    const cursor = this.log.cursor(this.log.ring.ordered ? this.log.nextSequence - 1 : this.log.firstSequence)
    while (cursor.next()) {
      this.#latest_s = Math.max(this.#latest_s, cursor.utc_s)
      this.lastStatus = cursor.status
    }
  }

  /** Entries that can be read. */
  get count(): number {
    return this.log.count
  }

  /** Marks the running interval with bits of `ProfileStatus`. */
  mark(status: number): void {
    this.#status |= status
  }

  /** True when the second `utc_s` begins a new interval; then `capture` must follow. */
  due(utc_s: number): boolean {
    return Math.floor(utc_s / this.period_s) !== this.#lastSlot
  }

  /**
   * Stores the registers for the interval that has just ended, stamped with its end. `persistent` are status bits that stay set as long as
   * their cause (clock invalid, daylight saving).
   */
  capture(utc_s: number, energy: EnergyRegisters, persistent: number): void {
    const slot = Math.floor(utc_s / this.period_s)
    const stamp_s = slot * this.period_s
    this.#lastSlot = slot
    if (stamp_s <= this.#latest_s && this.#has(stamp_s)) return
    for (let i = 0; i < CAPTURED.length; i++) putUint64(this.#view, 8 * i, energy.value(CAPTURED[i], 0))
    this.lastStatus = this.#status | persistent
    this.log.append(RECORD_TYPE, this.lastStatus, stamp_s, this.#payload)
    this.#latest_s = Math.max(this.#latest_s, stamp_s)
    this.#status = 0
  }

  /** Rare: only after the clock was set back. Marks and energy stay for the next entry. */
  #has(stamp_s: number): boolean {
    const cursor = this.log.cursor()
    while (cursor.next()) if (cursor.utc_s === stamp_s) return true
    return false
  }

  /** Reads entries from a sequence number on. */
  cursor(sequence: number): LogCursor {
    return this.log.cursor(sequence)
  }
}
