import { assert } from '../../lib/assert.ts'
import { DecodeError } from '../../lib/bytes.ts'
import type { Fraction } from '../../lib/fraction.ts'
import { ProfileStatus } from '../events/codes.ts'
import type { CaptureSchedule } from '../profile/schedule.ts'
import { getUint32, HELD_BACK, setUint32 } from '../storage/format.ts'
import type { LogCursor, RecordLog } from '../storage/record-log.ts'
import type { Settings } from '../storage/settings.ts'
import { type BillingContent, BillingSnapshot, encodeSnapshot, snapshotLength } from './snapshot.ts'

/** Why a billing period ended; stored as the type of the record. */
export const BillingReason = Object.freeze({
  /** The configured moment. */
  scheduled: 1,
  /** A command over a protocol: script "MDI reset", OBIS 0.0.10.0.1. */
  command: 2,
  /** The reset button of the meter. */
  button: 3,
})

/** Maximum demands that begin again with each end of billing; `Demand` is one. */
export interface MaximumReset {
  /** Number of the last reset that took place. */
  readonly generation: number
  /** Does nothing for a number that was done. `snapshot`: that of the number, when it is made up for. Errors: as `Settings.set`. */
  reset(number: number, snapshot?: BillingSnapshot): void
}

export interface BillingOptions {
  /** A log of its own with a payload of up to 1008 bytes. */
  readonly log: RecordLog
  readonly settings: Settings
  /** When billing periods end by themselves, see `monthly`; none: by command only. */
  readonly schedule?: CaptureSchedule
  readonly content: BillingContent
  /** One count of an energy in mWh. */
  readonly unit: Fraction
  readonly maxima?: MaximumReset
  /** So long after an end of billing no command ends another one. */
  readonly blockOut_s: number
  /** Newest snapshots that can be read. Default: all that the ring keeps. */
  readonly depth?: number
}

const KEY = 'billing.state'
const VERSION = 1
/** Version, flags, number(4), since(4). */
const STATE_LENGTH = 10
/** Flag: `since` means something. */
const KNOWN = 1
/** A scheduled end that is noticed later than this is late even if nobody said that the clock was set. */
const LATE_S = 60

/**
 * Billing periods (data of billing period 1, OBIS 0.0.98.1.0; counter 0.1.0, time stamp 0.1.2): at the end of each a snapshot of all registers is stored,
 * and the maximum demands begin again.
 *
 * Power may end at every moment. The snapshot is the decision: it carries the number of the end, and what follows (reset of the maxima, state) is done
 * or repeated for that number until each part has it. A maximum is in exactly one snapshot, or still running.
 *
 * An instant is looked at only when the clock passes it; what was looked at last is kept. Instants that were passed during an outage, or by setting the
 * clock forward, make one snapshot, stamped with the latest of them and marked. A clock that is set back passes the same instants again: those that
 * have a snapshot get no other. Only instants older than the whole ring could.
 *
 * Storage: a snapshot takes at most `snapshotLength` bytes. An area of b blocks of 4096 bytes keeps at least (b - 2) * floor(4064 / size) + 1 of them, `size` =
 * length + 16 rounded up to 16. Ten energies, four of them and four maxima with rates; lengths are worst cases, numbers are as long as they are large:
 *
 * | rates | length | size | 4 blocks keep | 6 blocks keep |
 * |-------|--------|------|---------------|---------------|
 * |     2 |    407 |  432 |            19 |            37 |
 * |     4 |    599 |  624 |            13 |            25 |
 * |     8 |    983 | 1008 |             9 |            17 |
 *
 * Endurance: 13 ends a year for 20 years are 65 blocks at most.
 */
export class Billing {
  readonly log: RecordLog
  readonly #options: BillingOptions
  #number = 0
  #last_s = 0
  #lastMade_s = -1
  /** Instants up to here have been looked at; undefined before the clock was valid for the first time. */
  #since_s: number | undefined
  #next_s = Number.POSITIVE_INFINITY
  /** Why an instant that is found now is late: bits of `ProfileStatus`. */
  #late: number = ProfileStatus.powerDown

  /** Writes nothing; `start` must follow. */
  constructor(options: BillingOptions) {
    assert(snapshotLength(options.content.sections) <= options.log.maxPayload, 'a snapshot does not fit into a record of the log')
    this.#options = options
    this.log = options.log
  }

  /** Takes up what a power cut interrupted. Registers and maxima must have been restored. Errors: as `RecordLog.append` and `Settings.set`. */
  start(): void {
    const { settings, maxima } = this.#options
    const state = settings.get(KEY)
    if (state?.length === STATE_LENGTH && state[0] === VERSION) {
      this.#number = getUint32(state, 2)
      if ((state[1] & KNOWN) !== 0) this.#since_s = getUint32(state, 6)
    }
    const newest = this.read(1)
    if (newest !== undefined) {
      this.#last_s = newest.utc_s
      this.#lastMade_s = newest.made_s
      // A snapshot that the state does not know yet: power was cut between the two.
      const unknown = newest.number > this.#number || this.#since_s === undefined
      if (unknown && newest.reason === BillingReason.scheduled) this.#since_s = newest.utc_s
      this.#number = Math.max(this.#number, newest.number)
    }
    // Numbers go on even when log and state are lost.
    this.#number = Math.max(this.#number, maxima?.generation ?? 0)
    this.look(this.#since_s)
    if (this.#number > 0) this.finish(newest?.number === this.#number ? newest : undefined)
  }

  /** Billing period counter (0.1.0): ends of billing so far. */
  get counter(): number {
    return this.#number
  }

  /** Time stamp of the last end (0.1.2); 0 before the first. */
  get last_s(): number {
    return this.#last_s
  }

  /** Snapshots that can be read (0.1.1). */
  get count(): number {
    return Math.min(this.log.count, this.#options.depth ?? this.log.count)
  }

  /** Snapshot by index: 1 is the last one (VZ), `count` the oldest. Undefined when there is none, or it cannot be read. */
  read(index: number): BillingSnapshot | undefined {
    if (index < 1 || index > this.count) return undefined
    const sequence = this.log.nextSequence - index
    const cursor = this.log.cursor(sequence)
    if (!cursor.next() || cursor.sequence !== sequence) return undefined
    try {
      return new BillingSnapshot(cursor.payload, cursor.utc_s, cursor.type, cursor.status)
    } catch (error) {
      // Written by a newer firmware that was taken back since.
      if (error instanceof DecodeError) return undefined
      throw error
    }
  }

  /** For views that go through the log themselves, from the oldest snapshot that can be read. */
  cursor(sequence = this.log.nextSequence - this.count): LogCursor {
    return this.log.cursor(sequence)
  }

  /**
   * True when `capture` must follow: the clock passed an instant, or was set back. Only for a valid clock; call once a second, cheap. The image of
   * the registers is to be saved in between: after a cut they must not be older than a snapshot that somebody may have read.
   */
  due(utc_s: number): boolean {
    const since_s = this.#since_s
    const due = since_s === undefined || utc_s >= this.#next_s || utc_s < since_s
    // Awake and up to date: what comes next is not late.
    if (!due) this.#late = 0
    return due
  }

  /** The clock was set: an instant that it passed by that is marked so. */
  clockAdjusted(): void {
    this.#late |= ProfileStatus.clockAdjusted
  }

  /**
   * Ends the billing period if an instant was passed that has no snapshot. `status` are bits of `ProfileStatus`. Returns whether there is a new one.
   * Errors: as `RecordLog.append` and `Settings.set`; the instant is taken up again at the next start then.
   */
  capture(utc_s: number, status: number): boolean {
    const { schedule } = this.#options
    const since_s = this.#since_s
    const instant_s = schedule?.floor(utc_s) ?? utc_s
    // Not before the first valid time: what was before the meter is not made up for.
    const passed = schedule !== undefined && since_s !== undefined && utc_s >= since_s && instant_s > since_s
    const unexplained = utc_s - instant_s > LATE_S ? ProfileStatus.clockAdjusted : 0
    const late = this.#late === 0 ? unexplained : this.#late
    this.#late = 0
    if (passed && !this.has(instant_s)) {
      this.conclude(BillingReason.scheduled, instant_s, utc_s, status | late)
      return true
    }
    this.look(passed ? instant_s : utc_s)
    this.storeState(0)
    return false
  }

  /** False while a command would be refused: too soon after the last end, or in a second that has a snapshot. */
  allowed(utc_s: number): boolean {
    const elapsed_s = utc_s - this.#lastMade_s
    const blocked = this.#lastMade_s >= 0 && elapsed_s >= 0 && elapsed_s < this.#options.blockOut_s
    return !blocked && !this.has(utc_s)
  }

  /**
   * Ends the billing period now, by a command of somebody (`BillingReason`). The image of the registers must have been saved. Returns whether it was
   * allowed. Errors: as `RecordLog.append` and `Settings.set`.
   */
  end(utc_s: number, reason: number, status: number): boolean {
    if (!this.allowed(utc_s)) return false
    this.conclude(reason, utc_s, utc_s, status)
    return true
  }

  private conclude(reason: number, stamp_s: number, made_s: number, status: number): void {
    const { content, unit } = this.#options
    const number = this.#number + 1
    const bytes = this.log.scratch(snapshotLength(content.sections))
    const length = encodeSnapshot(bytes, number, made_s, unit, content)
    this.log.append(reason, status, stamp_s, bytes.subarray(0, length))
    // From here on it has happened.
    try {
      // The maxima must not begin again before the snapshot is past every cache that could still lose it: operations that say nothing new.
      for (let phase = 1; phase <= HELD_BACK; phase++) this.storeState(phase)
    } finally {
      this.#number = number
      this.#last_s = stamp_s
      this.#lastMade_s = made_s
      if (reason === BillingReason.scheduled) this.look(stamp_s)
      this.finish()
    }
  }

  /** What follows from the snapshot with the last number. Costs nothing when it was done. */
  private finish(snapshot?: BillingSnapshot): void {
    this.#options.maxima?.reset(this.#number, snapshot)
    this.storeState(0)
  }

  private look(since_s: number | undefined): void {
    const { schedule } = this.#options
    if (since_s === undefined) return
    this.#since_s = since_s
    this.#next_s = schedule === undefined ? Number.POSITIVE_INFINITY : schedule.next(schedule.floor(since_s))
  }

  /** Always of one length, so that it cannot fill the settings later. `phase` only makes it differ from what is stored. */
  private storeState(phase: number): void {
    const state = new Uint8Array(STATE_LENGTH)
    state[0] = VERSION
    state[1] = (this.#since_s === undefined ? 0 : KNOWN) | (phase << 1)
    setUint32(state, 2, this.#number)
    setUint32(state, 6, this.#since_s ?? 0)
    this.#options.settings.set(KEY, state)
  }

  /** No two snapshots carry the same time stamp. Rare: at ends of billing only. */
  private has(stamp_s: number): boolean {
    const cursor = this.log.cursor()
    while (cursor.next()) if (cursor.utc_s === stamp_s) return true
    return false
  }
}
