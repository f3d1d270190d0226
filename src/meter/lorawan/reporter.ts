import type { Random } from '../../../hal/api/crypto.ts'
import { profileValue } from '../../core/profile/load-profile.ts'
import { DecodeError } from '../../lib/bytes.ts'
import type { Downlink, LoRaWanLink, UplinkResult } from '../../lib/lorawan-link.ts'
import { type Command, decodeCommands } from '../../protocols/yobiiq/commands.ts'
import { encodeReadings, type Reading, splitReadings } from '../../protocols/yobiiq/encode.ts'
import { Channel, Info, type MeasurementName, Port } from '../../protocols/yobiiq/types-table.ts'
import type { MeterCore } from '../core.ts'
import { ifFlashTakesIt } from '../secrets.ts'
import type { LoRaWanConfig } from './config.ts'
import { readMeter } from './readings.ts'

/** Setting: sequence of the next profile entry to report. */
const CURSOR_KEY = 'lorawan.cursor'
/** Uplinks that wait beside the profile; older ones of the same kind are dropped. */
const URGENT_MAX = 8
const DAY_S = 86_400
/** Less room than this in an uplink, and a report is cut to so many of them. */
const NARROW = 20
const PIECES_NARROW = 2
const PROFILE_READINGS: readonly (readonly [MeasurementName, number])[] = Object.freeze([
  Object.freeze(['activeImportT1', 0] as const),
  Object.freeze(['activeExportT1', 1] as const),
  Object.freeze(['reactiveImportT1', 2] as const),
  Object.freeze(['reactiveExportT1', 3] as const),
])

/** What commands of the network do; `false`: it could not be done. */
export interface CommandTarget {
  relay(closed: boolean): boolean
  restart(): boolean
  limit_W(limit_W: number): boolean
  /** Undefined on a meter without a relay. */
  relayClosed(): boolean | undefined
}

export interface ReporterOptions {
  readonly core: MeterCore
  readonly config: LoRaWanConfig
  readonly random: Random
  readonly target: CommandTarget
}

interface Uplink {
  readonly fPort: number
  readonly payload: Uint8Array
  /** When it has left, the profile has been reported up to here. */
  readonly cursor?: number
}

/**
 * What a meter tells over LoRaWAN and when: its values at each interval, every profile entry in between that has not been told yet, oldest first, changes of relay and
 * supply at once; and what it does when it is told something.
 */
export class Reporter {
  readonly #options: ReporterOptions
  #link: LoRaWanLink | undefined
  readonly #urgent: Uplink[] = []
  /** The report of the interval, in pieces. */
  #report: Uint8Array[] = []
  #current: Uplink | undefined
  /** Position of the relay that was told last. */
  #closed: boolean | undefined
  #confirmed: boolean
  #interval_s: number
  #names: readonly MeasurementName[]
  #active = true
  #lastInterval = -1
  /** Second at which the report of this interval leaves. */
  #due_s = Number.POSITIVE_INFINITY
  #cursor: number
  #joinAt_s: number | undefined
  #timeAsked_s = Number.NEGATIVE_INFINITY

  constructor(options: ReporterOptions) {
    this.#options = options
    const { interval_min, measurements, confirmed } = options.config
    this.#interval_s = 60 * interval_min
    this.#names = measurements
    this.#confirmed = confirmed
    this.#cursor = this.#loadCursor()
  }

  /** The link is there, or gone. */
  attach(link: LoRaWanLink | undefined): void {
    this.#link = link
    this.#current = undefined
    this.#joinAt_s = undefined
  }

  /** Second of the next report, before its random delay is known the earliest. */
  get next_s(): number {
    return Number.isFinite(this.#due_s) ? this.#due_s : (this.#lastInterval + 1) * this.#interval_s
  }

  /** Profile entries that were not told yet. */
  get backlog(): number {
    const { nextSequence, firstSequence } = this.#options.core.profile.log
    return Math.max(0, nextSequence - Math.max(this.#cursor, firstSequence))
  }

  /** Messages that wait for the next free moment. */
  get urgent(): number {
    return this.#urgent.length
  }

  /** Once a second. Nothing is allocated unless something is to be sent. */
  second(now_s: number): void {
    const link = this.#link
    if (link === undefined) return
    this.#watchRelay()
    this.#joinSometime(link, now_s)
    this.#schedule(now_s)
    if (now_s >= this.#due_s) this.#takeReport(now_s)
    if (this.#current === undefined && link.joined && !link.busy) this.#sendNext(link, now_s)
  }

  onSent({ acknowledged }: UplinkResult): void {
    const sent = this.#current
    this.#current = undefined
    if (sent === undefined) return
    // What nobody acknowledged is sent again when there is time; values and profile are in flash anyway.
    if (acknowledged === false && sent.fPort !== Port.measurement) this.#urgent.unshift(sent)
    if (acknowledged !== false && sent.cursor !== undefined) this.#saveCursor(sent.cursor)
  }

  onDownlink({ fPort, payload }: Downlink): void {
    if (fPort !== Port.info && fPort !== Port.measurement) return
    let done = false
    try {
      done = decodeCommands(payload)
        .map((command) => this.#obey(command))
        .every((result) => result)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
    }
    // As the published codecs read it: 0 is success, 1 is failure.
    this.#push({ fPort: Port.info, payload: Uint8Array.of(done ? 0 : 1) })
  }

  #watchRelay(): void {
    const closed = this.#options.target.relayClosed()
    if (closed === this.#closed) return
    if (this.#closed !== undefined) this.#push({ fPort: Port.change, payload: Uint8Array.of(1, 1, closed === true ? 1 : 0) })
    this.#closed = closed
  }

  /** The supply failed, or is back. */
  onSupply(good: boolean): void {
    this.#push({ fPort: Port.info, payload: Uint8Array.of(Channel.info, Info.power, good ? 1 : 0) })
  }

  #push(uplink: Uplink): void {
    if (this.#urgent.length >= URGENT_MAX) this.#urgent.shift()
    this.#urgent.push(uplink)
  }

  /** Meters that a failure of the mains restarted together do not join together. */
  #joinSometime(link: LoRaWanLink, now_s: number): void {
    if (link.joined || link.busy) return
    this.#joinAt_s ??= now_s + this.#below(1 + Math.min(60, this.#options.config.spread_s))
    if (now_s >= this.#joinAt_s) link.join()
  }

  #schedule(now_s: number): void {
    const interval = Math.floor(now_s / this.#interval_s)
    if (interval === this.#lastInterval) return
    const first = this.#lastInterval < 0
    this.#lastInterval = interval
    const spread_s = Math.min(this.#options.config.spread_s, this.#interval_s - 1)
    this.#due_s = now_s + (first ? 1 : this.#below(1 + spread_s))
  }

  /** The values of this moment; an older report that could not be sent is replaced: its energies are in the profile. */
  #takeReport(now_s: number): void {
    this.#due_s = Number.POSITIVE_INFINITY
    if (!this.#active) return
    const { core } = this.#options
    const room = this.#link?.payload_max ?? 51
    const pieces = splitReadings([['timestamp', now_s]], readMeter(core, this.#names), room)
    // At the slowest rates of some regions a report of many pieces would take all the time on the air: what matters comes first.
    this.#report = room < NARROW ? pieces.slice(0, PIECES_NARROW) : pieces
  }

  #sendNext(link: LoRaWanLink, now_s: number): void {
    const room = link.payload_max ?? 51
    const uplink = this.#urgent.shift() ?? this.#nextPiece(room) ?? this.#nextEntry(room)
    if (uplink === undefined) return
    if (this.#options.config.syncTime && now_s - this.#timeAsked_s >= DAY_S) {
      this.#timeAsked_s = now_s
      link.requestTime()
    }
    if (uplink.payload.length > (link.payload_max ?? room)) {
      // The request for the time took the room, or the data rate has changed: the next second finds what fits.
      if (uplink.cursor === undefined) this.#urgent.unshift(uplink)
      return
    }
    this.#current = uplink
    link.send(uplink.fPort, uplink.payload, this.#confirmed)
  }

  #nextPiece(room: number): Uplink | undefined {
    // Made for another data rate: what does not fit any more is left to the next interval.
    this.#report = this.#report.filter(({ length }) => length <= room)
    const payload = this.#report.shift()
    return payload && { fPort: Port.measurement, payload }
  }

  /** The oldest profile entry that was not reported, as one uplink; entries older than the ring are gone. */
  #nextEntry(room: number): Uplink | undefined {
    const { core } = this.#options
    const { log } = core.profile
    // With the report of its interval, not at the full quarter of an hour, when all meters capture.
    if (!this.#active || this.#due_s !== Number.POSITIVE_INFINITY || this.#cursor >= log.nextSequence) return undefined
    const cursor = core.profile.cursor(Math.max(this.#cursor, log.firstSequence))
    if (!cursor.next()) return undefined
    const { reactive, direction } = core.measured
    const readings: Reading[] = [['loggedTimestamp', cursor.utc_s]]
    for (const [name, column] of PROFILE_READINGS) {
      if ((column === 1 && !direction) || (column > 1 && !reactive)) continue
      readings.push([name, profileValue(cursor.payload, column)])
    }
    // 11 bytes at the slowest data rates of some regions: not even the time and one energy.
    while (readings.length > 2 && encodeReadings(readings).length > room) readings.pop()
    const payload = encodeReadings(readings)
    return payload.length > room ? undefined : { fPort: Port.measurement, payload, cursor: cursor.sequence + 1 }
  }

  #obey(command: Command): boolean {
    const { target } = this.#options
    switch (command.type) {
      case 'relay':
        return target.relay(command.closed)
      case 'restart':
        return target.restart()
      case 'interval':
        this.#interval_s = 60 * command.interval_min
        return true
      case 'periodic':
        this.#active = command.active
        return true
      case 'measurements':
        this.#names = command.names
        return true
      case 'powerLimit':
        return target.limit_W(command.limit_W)
      default:
        return false
    }
  }

  #loadCursor(): number {
    const { storage, profile } = this.#options.core
    const stored = storage.settings.get(CURSOR_KEY)
    // A new device does not tell its past.
    return stored?.length === 4 ? uint32(stored) : profile.log.nextSequence
  }

  #saveCursor(cursor: number): void {
    this.#cursor = cursor
    const { settings } = this.#options.core.storage
    const bytes = Uint8Array.of(cursor >>> 24, cursor >>> 16, cursor >>> 8, cursor)
    ifFlashTakesIt(() => settings.set(CURSOR_KEY, bytes))
  }

  #below(limit: number): number {
    const bytes = new Uint8Array(2)
    this.#options.random(bytes)
    return Math.floor(((bytes[0] * 256 + bytes[1]) / 65_536) * limit)
  }
}

function uint32(bytes: Uint8Array): number {
  return bytes[0] * 0x1000000 + bytes[1] * 0x10000 + bytes[2] * 0x100 + bytes[3]
}
