import type { EnergyRegisters } from '../registers/energy.ts'
import type { LogCursor, RecordLog } from '../storage/record-log.ts'
import { type CaptureColumns, CaptureProfile, type CaptureProfileOptions, type ProfileColumn, storedValue } from './capture-profile.ts'
import { PROFILES } from './definitions.ts'
import { periodic } from './schedule.ts'

/** Energies that a load profile entry carries: OBIS code of the sum, by the index of `Quantity`: +A, -A, +R, -R. */
const CAPTURED = ['1.8.0', '2.8.0', '3.8.0', '4.8.0'] as const
const BYTES = 8
/** Bytes of an entry's payload: eight for each energy. */
export const PROFILE_PAYLOAD = BYTES * CAPTURED.length

/** Reads one captured register of a stored entry: Wh or varh at the end of the interval. */
export function profileValue(payload: Uint8Array, index: number): number {
  return storedValue(payload, BYTES * index, BYTES)
}

export interface LoadProfileOptions extends Pick<CaptureProfileOptions, 'depth' | 'fill_max' | 'daylightSaving'> {
  readonly log: RecordLog
  readonly period_s: number
}

/** Slots of an outage that are filled at most, as many as a client of DSMR 4.2.2 expects in the profile: ten days of quarters. */
const FILL_MAX = PROFILES.load.depth

/** The load profile of a meter that is configured so. */
export function loadProfileOf(
  log: RecordLog,
  options: { readonly period_min: number; readonly depth?: number; readonly missing: 'absent' | 'marked' },
  clock: { now_s(): number; daylightSaving(utc_ms: number): boolean },
): LoadProfile {
  const { period_min, depth, missing } = options
  const daylightSaving = (utc_s: number) => clock.daylightSaving(utc_s * 1000)
  const fill_max = missing === 'marked' ? FILL_MAX : 0
  return new LoadProfile({ log, period_s: period_min * 60, depth, fill_max, daylightSaving }, clock.now_s())
}

class CapturedEnergies implements CaptureColumns {
  /** Those of the capture that is going on. */
  energy: EnergyRegisters | undefined

  get count(): number {
    return CAPTURED.length
  }

  column(index: number): ProfileColumn {
    return { code: CAPTURED[index], bytes: BYTES }
  }

  read(index: number): number {
    return this.energy?.value(index, 0) ?? 0
  }
}

/**
 * Load profile with period 1 (OBIS 1.0.99.1.0): the energy registers at the end of each capture period, with the AMR status byte of the period.
 * Entries are stamped with the end of their interval. Two entries never carry the same time stamp.
 */
export class LoadProfile {
  readonly period_s: number
  readonly log: RecordLog
  /** Newest entries that can be read; undefined: all that the ring keeps. */
  readonly depth: number | undefined
  readonly #profile: CaptureProfile
  readonly #columns = new CapturedEnergies()

  constructor(options: LoadProfileOptions, utc_s: number) {
    this.log = options.log
    this.period_s = options.period_s
    this.depth = options.depth
    this.#profile = new CaptureProfile({ ...options, schedule: periodic(options.period_s), columns: this.#columns }, utc_s)
  }

  /** Entries that can be read. */
  get count(): number {
    return this.#profile.count
  }

  /** AMR status byte of the newest entry. */
  get lastStatus(): number {
    return this.#profile.lastStatus
  }

  /** Bits that the running interval is marked with. */
  get marks(): number {
    return this.#profile.marks
  }

  /** Marks the running interval with bits of `ProfileStatus`. */
  mark(status: number): void {
    this.#profile.mark(status)
  }

  /** True when the second `utc_s` begins a new interval; then `capture` must follow. */
  due(utc_s: number): boolean {
    return this.#profile.due(utc_s)
  }

  /**
   * Stores the registers for the interval that has just ended, stamped with its end. `persistent` are status bits that stay set as long as
   * their cause (clock invalid, daylight saving).
   */
  capture(utc_s: number, energy: EnergyRegisters, persistent: number): void {
    this.#columns.energy = energy
    this.#profile.capture(utc_s, persistent)
  }

  /** As `CaptureProfile.recover`. */
  recover(utc_s: number, energy: EnergyRegisters): void {
    this.#columns.energy = energy
    this.#profile.recover(utc_s)
  }

  /** As `CaptureProfile.fill`. */
  fill(): boolean {
    return this.#profile.fill()
  }

  /** Reads entries from a sequence number on. */
  cursor(sequence: number): LogCursor {
    return this.#profile.cursor(sequence)
  }
}
