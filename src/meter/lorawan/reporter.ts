import type { Random } from '../../../hal/api/crypto.ts'
import { DecodeError } from '../../lib/bytes.ts'
import type { Downlink, LoRaWanLink, UplinkResult } from '../../lib/lorawan-link.ts'
import { REQUEST_PORT } from '../../protocols/meter-request/codec.ts'
import { FRAGMENT_PORT } from '../../protocols/schc/message.ts'
import { type Command, decodeCommands } from '../../protocols/yobiiq/commands.ts'
import { type MeasurementName, Port } from '../../protocols/yobiiq/types-table.ts'
import type { MeterCore } from '../core.ts'
import { ifFlashTakesIt } from '../secrets.ts'
import type { LoRaWanConfig } from './config.ts'
import type { PayloadFormat, Uplink } from './payload.ts'
import { Requests } from './requests.ts'
import { Transfer } from './transfer.ts'

/** Setting: sequence of the next profile entry to report. */
const CURSOR_KEY = 'lorawan.cursor'
/** Bytes of an uplink where nobody says how many. */
const ROOM = 51
/** Uplinks that wait beside the profile; older ones of the same kind are dropped. */
const URGENT_MAX = 8
const DAY_S = 86_400
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
  readonly format: PayloadFormat
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
  #report: Uplink[] = []
  /** A message that is sent in fragments. */
  #transfer: Transfer | undefined
  /** What the network asked for; made when it asks for the first time. */
  #requests: Requests | undefined
  /** None was acknowledged: what needs fragments waits for the next interval. */
  #unheard = false
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
    this.#transfer = undefined
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
    if (acknowledged === false && sent.urgent === true) this.#urgent.unshift(sent)
    if (acknowledged !== false) sent.told?.()
  }

  /** What a report holds now. */
  get names(): readonly MeasurementName[] {
    return this.#names
  }

  onDownlink({ fPort, payload }: Downlink): void {
    if (fPort === FRAGMENT_PORT) {
      this.#transfer?.onAcknowledgement(payload)
      return
    }
    if (fPort === REQUEST_PORT) {
      this.#requests ??= new Requests(this.#options.core, this.#options.format)
      this.#requests.take(payload)
      return
    }
    if (fPort !== Port.info && fPort !== Port.measurement) return
    let done = false
    try {
      done = decodeCommands(payload)
        .map((command) => this.#obey(command))
        .every((result) => result)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
    }
    this.#push(this.#options.format.result(done))
  }

  #watchRelay(): void {
    const closed = this.#options.target.relayClosed()
    if (closed === this.#closed) return
    if (this.#closed !== undefined) this.#push(this.#options.format.relay(closed === true))
    this.#closed = closed
  }

  /** The supply failed, or is back. */
  onSupply(good: boolean): void {
    this.#push(this.#options.format.supply(good))
  }

  /** An uplink that does not wait for the interval. */
  send(fPort: number, payload: Uint8Array): void {
    this.#push({ fPort, payload })
  }

  #push(uplink: Uplink): void {
    if (this.#urgent.length >= URGENT_MAX) this.#urgent.shift()
    this.#urgent.push({ ...uplink, urgent: true })
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
    this.#unheard = false
    this.#report = this.#options.format.report(now_s, this.#names, this.#link?.payload_max ?? ROOM)
  }

  #sendNext(link: LoRaWanLink, now_s: number): void {
    if (this.#options.config.syncTime && now_s - this.#timeAsked_s >= DAY_S) {
      this.#timeAsked_s = now_s
      link.requestTime()
    }
    const room = link.payload_max ?? ROOM
    const uplink =
      this.#nextUrgent(room, now_s) ??
      this.#nextFragment(room, now_s) ??
      this.#nextPiece(room) ??
      this.#nextAnswer(room, now_s) ??
      this.#nextEntry(room)
    if (uplink === undefined) return
    if (uplink.payload.length > room) {
      if (uplink.fragments !== true) return
      this.#transfer = new Transfer(uplink)
      this.#sendNext(link, now_s)
      return
    }
    this.#current = uplink
    link.send(uplink.fPort, uplink.payload, this.#confirmed && uplink.fPort !== FRAGMENT_PORT)
  }

  #nextUrgent(room: number, now_s: number): Uplink | undefined {
    const [first] = this.#urgent
    // Answers to the network may take the room: something short takes them along.
    if (first !== undefined && first.payload.length > room) return this.#options.format.moment(now_s)
    return this.#urgent.shift()
  }

  #nextFragment(room: number, now_s: number): Uplink | undefined {
    const transfer = this.#transfer
    if (transfer === undefined) return undefined
    const payload = transfer.next(room, now_s)
    if (payload !== undefined) return { fPort: FRAGMENT_PORT, payload }
    if (transfer.waits) return undefined
    if (transfer.over) {
      this.#transfer = undefined
      this.#unheard = !transfer.done
      if (transfer.done) transfer.told?.()
      return undefined
    }
    // Answers to the network take the room of a fragment.
    return this.#options.format.moment(now_s)
  }

  #nextAnswer(room: number, now_s: number): Uplink | undefined {
    if (this.#transfer !== undefined || this.#unheard) return undefined
    return this.#requests?.next(room, now_s)
  }

  #nextPiece(room: number): Uplink | undefined {
    // Made for another data rate: what does not fit any more is left to the next interval.
    this.#report = this.#report.filter((piece) => piece.payload.length <= room || (piece.fragments === true && !this.#unheard))
    const [first] = this.#report
    if (first === undefined || (this.#transfer !== undefined && first.payload.length > room)) return undefined
    return this.#report.shift()
  }

  /** The oldest profile entries that were not reported, as one uplink; entries older than the ring are gone. */
  #nextEntry(room: number): Uplink | undefined {
    const { profile } = this.#options.core
    const { log } = profile
    // With the report of its interval, not at the full quarter of an hour, when all meters capture.
    if (!this.#active || this.#due_s !== Number.POSITIVE_INFINITY || this.#cursor >= log.nextSequence) return undefined
    if (this.#transfer !== undefined || this.#unheard) return undefined
    const uplink = this.#options.format.entries(Math.max(this.#cursor, log.firstSequence), log.nextSequence, room)
    return uplink && { ...uplink, told: () => this.#saveCursor(uplink.cursor ?? this.#cursor) }
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
