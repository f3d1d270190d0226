import type { TimerHandle } from '../../../hal/api/time.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { toHex } from '../../lib/hex.ts'
import type { LoRaWanLink, UplinkResult } from '../../lib/lorawan-link.ts'
import type { Command, Dialect, ModemOptions, Refusal, Sink } from './dialect.ts'
import { DownlinkParts } from './downlink-parts.ts'
import { LinePort } from './line-port.ts'
import { nameOf, Script } from './script.ts'

/** Pause before the module is tried again, and the longest one. */
const REST_MIN_MS = 1000
const REST_MAX_MS = 300_000
/** Between two attempts to join, and at random up to twice of it; it doubles. The module keeps to the duty cycle by itself. */
const JOIN_PAUSE_MS = 10_000
const JOIN_PAUSE_MAX_MS = 600_000
/** From the request to the end of the last window, with an uplink at SF12. */
const JOIN_WAIT_MS = 40_000
/** An uplink is over when nothing was heard for so long: with all its repetitions, and their pauses for the duty cycle when it is confirmed. */
const UPLINK_WAIT_MS = 60_000
const CONFIRMED_WAIT_MS = 900_000
/** After the acknowledgement only the end of the windows is to come. */
const END_WAIT_MS = 15_000
/** A module that is busy, or has no free channel, is asked again. */
const BUSY_MIN_MS = 2000
const BUSY_MAX_MS = 60_000
const BUSY_TRIES = 100
/** However long it says that it has to wait. */
const ASK_AGAIN_MS = 3_600_000
/** A silent module is asked whether it is still there, still joined, and what fits into an uplink now. */
const IDLE_MS = 300_000
/** It starts again while it is being set up: so often that is borne. */
const RESTARTS_MAX = 10
const PORT_MAX = 223
/** The smallest payload of any region and data rate. */
const ROOM_MIN = 11

interface Uplink {
  readonly fPort: number
  readonly hex: string
  readonly length: number
  readonly confirmed: boolean
  readonly time: boolean
  readonly linkCheck: boolean
}

/** A join or an uplink. */
interface Exchange {
  readonly uplink: Uplink | undefined
  /** The module has said that it takes it. */
  accepted: boolean
  left: boolean
  acknowledged: boolean | undefined
  tries: number
  /** Of an uplink that is over. */
  result: UplinkResult | undefined
}

type State = 'starting' | 'ready' | 'resting' | 'closed'

/**
 * LoRaWAN by a module that has the MAC inside and is told what to do by lines of text. What a line means is the business of a `Dialect`; that lines come in another order, twice, late
 * or never, that the module starts again or falls silent, is the business of this class.
 */
export class ModemLink implements LoRaWanLink {
  readonly #options: ModemOptions
  readonly #dialect: Dialect
  readonly #script: Script
  readonly #parts: DownlinkParts
  readonly #sink: Sink
  readonly #bauds: readonly number[]
  #port: LinePort | undefined
  #baud = 0
  #state: State = 'starting'
  #joined = false
  #joinWanted = false
  #joinAt_ms = 0
  #joinPause_ms = JOIN_PAUSE_MS
  #exchange: Exchange | undefined
  /** To be asked when the uplink is over. */
  #questions: readonly Command[] = []
  #wantTime = false
  #wantLinkCheck = false
  #dataRate: number
  #room: number | undefined
  /** What was refused for its length was longer than this. */
  #refusedRoom = Number.POSITIVE_INFINITY
  /** The module tells the end of uplinks. */
  #tellsEnd = false
  #ailing = false
  #restarts = 0
  #rest_ms = REST_MIN_MS
  #timer: TimerHandle | undefined

  /** The constructor of the port may throw. */
  constructor(dialect: Dialect, options: ModemOptions) {
    this.#options = options
    this.#dialect = dialect
    this.#dataRate = options.dataRate
    const { timer, ticks_ms, events, serial } = options
    this.#bauds = serial.baud === undefined ? dialect.bauds : [serial.baud, ...dialect.bauds.filter((baud) => baud !== serial.baud)]
    this.#script = new Script(timer, (text) => this.#port?.write(text))
    this.#parts = new DownlinkParts(timer, ticks_ms, (downlink) => events.onDownlink(downlink))
    this.#sink = this.#createSink()
    this.#open()
    this.#later(0, () => this.#start())
  }

  get joined(): boolean {
    return this.#joined
  }

  get busy(): boolean {
    return this.#state !== 'ready' || this.#exchange !== undefined || this.#joinWanted
  }

  get payload_max(): number | undefined {
    const known = this.#room ?? this.#options.payloadMax?.(this.#dataRate)
    if (known === undefined) return undefined
    return Math.max(0, Math.min(known, this.#refusedRoom) - (this.#wantTime ? 1 : 0) - (this.#wantLinkCheck ? 1 : 0))
  }

  join(): void {
    if (this.#state === 'closed' || this.#joined || this.#joinWanted) return
    this.#joinWanted = true
    this.#joinAt_ms = this.#options.ticks_ms()
    this.#soon()
  }

  send(fPort: number, payload: Uint8Array, confirmed: boolean): void {
    if (fPort < 1 || fPort > PORT_MAX) throw new RangeError(`port ${fPort}, allowed is 1 to ${PORT_MAX}`)
    if (!this.#joined) throw new FerrarisError('LORAWAN_NOT_JOINED', 'the device has not joined a network')
    if (this.busy) throw new FerrarisError('LORAWAN_BUSY', 'an uplink is under way, or the module is being set up')
    const room = this.payload_max
    if (room !== undefined && payload.length > room) {
      throw new FerrarisError('LORAWAN_LENGTH', `${payload.length} bytes, ${room} fit at data rate ${this.#dataRate}`)
    }
    const time = this.#wantTime && this.#dialect.requestTime !== undefined
    const linkCheck = this.#wantLinkCheck && this.#dialect.requestLinkCheck !== undefined
    this.#wantTime = false
    this.#wantLinkCheck = false
    this.#expect({ fPort, hex: toHex(payload), length: payload.length, confirmed, time, linkCheck })
    this.#soon()
  }

  requestTime(): void {
    this.#wantTime = this.#dialect.requestTime !== undefined
  }

  requestLinkCheck(): void {
    this.#wantLinkCheck = this.#dialect.requestLinkCheck !== undefined
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#cancel()
    this.#script.stop()
    this.#parts.clear()
    this.#port?.close()
  }

  // The module

  /** Opens the line at the next speed. */
  #open(): void {
    this.#port?.close()
    const { io, ...wiring } = this.#options.serial
    const options = { bits: 8, parity: 'none', stop: 1, ...wiring, baud: this.#bauds[this.#baud] } as const
    this.#port = new LinePort(io, options, (line) => this.#onLine(line))
  }

  #onLine(line: string): void {
    const { open } = this.#script
    // Some modules repeat what they are told.
    if (line !== open?.text) this.#dialect.line(line, open, this.#sink)
  }

  #start(): void {
    this.#state = 'starting'
    this.#cancel()
    const { probe } = this.#dialect
    this.#script.run([probe], {
      onDone: () => this.#run(this.#dialect.inspect, () => this.#configure()),
      onRefused: () => this.#run(this.#dialect.inspect, () => this.#configure()),
      onSilence: () => this.#tryNextBaud(),
    })
  }

  #tryNextBaud(): void {
    this.#baud = (this.#baud + 1) % this.#bauds.length
    const all = this.#baud === 0
    if (this.#bauds.length > 1) this.#open()
    if (all) this.#fail(`does not answer at ${this.#bauds.join(', ')} baud`)
    else this.#start()
  }

  #configure(): void {
    this.#run(this.#dialect.configure(), () => this.#run(this.#dialect.after({ time: false, linkCheck: false }), () => this.#ready()))
  }

  #ready(): void {
    this.#state = 'ready'
    this.#ailing = false
    this.#restarts = 0
    this.#work()
  }

  /** Commands of which each has to work. */
  #run(commands: readonly Command[], then: () => void): void {
    this.#script.run(commands, {
      onDone: then,
      onRefused: (_refusal, reason) => this.#fail(reason),
      onSilence: (command) => this.#fail(`does not answer to ${nameOf(command)}`),
    })
  }

  /** The module does not work: a pause, and all over again. */
  #fail(reason: string): void {
    if (this.#state === 'closed') return
    this.#state = 'resting'
    this.#script.stop()
    this.#later(this.#rest_ms, () => this.#start())
    this.#rest_ms = Math.min(2 * this.#rest_ms, REST_MAX_MS)
    this.#complain(reason)
    this.#abandon()
  }

  #complain(reason: string): void {
    if (this.#ailing) return
    this.#ailing = true
    this.#options.events.onError(`${this.#dialect.name}: ${reason}`)
  }

  /** What was under way did not come to its end. */
  #abandon(): void {
    const exchange = this.#exchange
    this.#exchange = undefined
    if (exchange?.uplink !== undefined) this.#options.events.onSent(exchange.result ?? resultOf(exchange, false))
  }

  #onRestarted(): void {
    if (this.#state === 'closed' || this.#state === 'resting') return
    if (this.#state === 'starting') {
      if (++this.#restarts > RESTARTS_MAX) this.#fail('starts again and again')
      else this.#later(0, () => this.#start())
      return
    }
    this.#loseSession()
    this.#complain('has started again by itself')
    this.#begin()
  }

  /** A new start, without a pause. */
  #begin(): void {
    this.#state = 'starting'
    this.#script.stop()
    this.#later(0, () => this.#start())
    this.#abandon()
  }

  #loseSession(): void {
    if (!this.#joined) return
    this.#joined = false
    this.#joinWanted = true
    this.#joinAt_ms = this.#options.ticks_ms()
  }

  // Work

  #soon(): void {
    if (this.#state === 'ready' && !this.#script.running) this.#later(0, () => this.#work())
  }

  #work(): void {
    if (this.#state !== 'ready' || this.#script.running) return
    const { ticks_ms } = this.#options
    const now_ms = ticks_ms()
    if (this.#exchange !== undefined) this.#attempt(this.#exchange)
    else if (this.#joinWanted && now_ms >= this.#joinAt_ms) {
      this.#expect(undefined)
      this.#work()
    } else {
      const wait_ms = this.#joinWanted ? this.#joinAt_ms - now_ms : IDLE_MS
      this.#later(wait_ms, () =>
        this.#joinWanted
          ? this.#work()
          : this.#run([...this.#dialect.session, ...this.#dialect.after({ time: false, linkCheck: false })], () => this.#work()),
      )
    }
  }

  #expect(uplink: Uplink | undefined): void {
    this.#exchange = { uplink, accepted: false, left: false, acknowledged: undefined, tries: 0, result: undefined }
  }

  #attempt(exchange: Exchange): void {
    this.#cancel()
    this.#script.run(this.#commandsOf(exchange), {
      onDone: (sure) => this.#accepted(exchange, sure),
      onRefused: (refusal, reason, wait_ms) => this.#onRefused(exchange, refusal, reason, wait_ms),
      onSilence: (command) => this.#fail(`does not answer to ${nameOf(command)}`),
    })
  }

  #commandsOf({ uplink, tries }: Exchange): readonly Command[] {
    const { join, requestTime, requestLinkCheck } = this.#dialect
    if (uplink === undefined) return join
    const requests = tries > 0 ? [] : [...((uplink.time && requestTime) || []), ...((uplink.linkCheck && requestLinkCheck) || [])]
    return [...requests, ...this.#dialect.uplink(uplink.fPort, uplink.hex, uplink.confirmed)]
  }

  #accepted(exchange: Exchange, sure: boolean): void {
    exchange.accepted = sure
    const { uplink } = exchange
    if (uplink === undefined) this.#later(JOIN_WAIT_MS, () => this.#joinOverdue())
    else {
      const patience_ms = this.#tellsEnd ? UPLINK_WAIT_MS : this.#dialect.settle_ms
      const wait_ms = exchange.acknowledged === true ? END_WAIT_MS : uplink.confirmed ? CONFIRMED_WAIT_MS : patience_ms
      this.#later(wait_ms, () => this.#overdue(exchange))
    }
  }

  #onRefused(exchange: Exchange, refusal: Refusal, reason: string, wait_ms: number | undefined): void {
    const { uplink } = exchange
    if (refusal === 'busy' && exchange.tries < BUSY_TRIES) {
      const pause_ms = Math.min(ASK_AGAIN_MS, wait_ms ?? Math.min(BUSY_MAX_MS, BUSY_MIN_MS * 2 ** Math.min(exchange.tries, 8)))
      exchange.tries++
      exchange.accepted = false
      this.#later(pause_ms, () => this.#work())
    } else if (uplink === undefined) {
      this.#joinFailed()
      if (refusal !== 'other') return
      this.#complain(reason)
      this.#begin()
    } else if (refusal === 'length') {
      this.#refusedRoom = Math.max(ROOM_MIN, uplink.length - 1)
      this.#finish(exchange, false)
    } else {
      if (refusal === 'notJoined') this.#loseSession()
      else this.#complain(reason)
      this.#begin()
    }
  }

  /** The end of an uplink was not told. A module that tells it otherwise may have refused it, and the refusal was lost. */
  #overdue(exchange: Exchange): void {
    const sent = exchange.left || (exchange.accepted && !this.#tellsEnd)
    this.#run([this.#dialect.probe], () => this.#finish(exchange, sent))
  }

  #finish(exchange: Exchange, sent: boolean): void {
    const { uplink } = exchange
    if (uplink === undefined || exchange.result !== undefined) return
    exchange.result = resultOf(exchange, sent)
    if (sent) {
      this.#rest_ms = REST_MIN_MS
      this.#refusedRoom = Number.POSITIVE_INFINITY
    }
    this.#cancel()
    const questions = this.#questions
    this.#questions = []
    this.#run([...questions, ...this.#dialect.after(uplink)], () => {
      this.#exchange = undefined
      this.#options.events.onSent(exchange.result as UplinkResult)
      this.#work()
    })
  }

  // Joining

  #onJoined(devAddr: number | undefined): void {
    const asked = this.#exchange !== undefined && this.#exchange.uplink === undefined
    if (!asked && (this.#joined || this.#state !== 'ready')) return
    this.#joined = true
    this.#joinWanted = false
    this.#joinPause_ms = JOIN_PAUSE_MS
    if (asked) this.#exchange = undefined
    this.#cancel()
    this.#run(this.#dialect.after({ time: false, linkCheck: false }), () => {
      this.#options.events.onJoined(devAddr)
      this.#work()
    })
  }

  #joinFailed(): void {
    if (this.#exchange === undefined || this.#exchange.uplink !== undefined) return
    this.#exchange = undefined
    this.#script.stop()
    const { ticks_ms, random, events } = this.#options
    this.#joinAt_ms = ticks_ms() + Math.round(this.#joinPause_ms * (1 + random()))
    this.#joinPause_ms = Math.min(2 * this.#joinPause_ms, JOIN_PAUSE_MAX_MS)
    this.#later(0, () => this.#work())
    events.onJoinFailed()
  }

  /** Neither joined nor failed, as far as was told. */
  #joinOverdue(): void {
    this.#run(this.#dialect.session, () => this.#joinFailed())
  }

  #onSession(joined: boolean): void {
    if (joined && this.#state === 'ready' && !this.#joined) this.#onJoined(undefined)
    else if (joined) {
      this.#joined = true
      this.#joinWanted = false
    } else this.#loseSession()
  }

  // What lines mean

  #createSink(): Sink {
    const { events } = this.#options
    const uplinking = (act: (exchange: Exchange) => void) => {
      const exchange = this.#exchange
      if (exchange?.uplink !== undefined && exchange.result === undefined) act(exchange)
    }
    return {
      done: () => this.#script.done(),
      refused: (refusal, reason, wait_ms) => {
        if (this.#script.open !== undefined) this.#script.refused(refusal, reason, wait_ms)
        // An answer that comes late is one too.
        else if (!this.#script.running) uplinking((exchange) => this.#onRefused(exchange, refusal, reason, wait_ms))
      },
      insert: (commands) => this.#insert(commands),
      joined: (devAddr) => this.#onJoined(devAddr),
      joinFailed: () => this.#joinFailed(),
      session: (joined) => this.#onSession(joined),
      left: () =>
        uplinking((exchange) => {
          exchange.left = true
        }),
      acknowledged: (yes) => uplinking((exchange) => this.#onAcknowledged(exchange, yes)),
      over: () =>
        uplinking((exchange) => {
          this.#tellsEnd = true
          exchange.left = true
          this.#finish(exchange, true)
        }),
      failed: () => uplinking((exchange) => this.#finish(exchange, false)),
      payload: (fPort, hex) => this.#parts.payload(fPort, hex),
      signal: (rssi_dBm, snr_dB, window) => this.#parts.signal(rssi_dBm, snr_dB, window),
      multicast: () => this.#parts.multicast(),
      downlinkEnd: () => this.#parts.end(),
      time: (utc_ms) => events.onTime(utc_ms),
      linkCheck: (margin_dB, gateways) => events.onLinkCheck(margin_dB, gateways),
      dataRate: (index) => {
        this.#dataRate = index
      },
      room: (length) => {
        this.#room = length
      },
      restarted: () => this.#onRestarted(),
    }
  }

  /** An answer that asks for another question; at the end of the uplink when one is under way. */
  #insert(commands: readonly Command[]): void {
    if (this.#script.running) this.#script.insert(commands)
    else if (this.#exchange !== undefined) this.#questions = commands
    else if (this.#state === 'ready') this.#run(commands, () => this.#work())
  }

  #onAcknowledged(exchange: Exchange, yes: boolean): void {
    exchange.left = true
    exchange.acknowledged = yes
    if (!this.#script.running) this.#later(END_WAIT_MS, () => this.#overdue(exchange))
  }

  #later(delay_ms: number, callback: () => void): void {
    this.#cancel()
    this.#timer = this.#options.timer.set(
      () => {
        this.#timer = undefined
        if (this.#state !== 'closed') callback()
      },
      Math.max(0, delay_ms),
    )
  }

  #cancel(): void {
    if (this.#timer !== undefined) this.#options.timer.clear(this.#timer)
    this.#timer = undefined
  }
}

function resultOf({ uplink, acknowledged }: Exchange, sent: boolean): UplinkResult {
  const confirmed = uplink?.confirmed === true
  return {
    fCnt: undefined,
    acknowledged: confirmed ? sent && acknowledged === true : sent ? undefined : false,
    transmissions: 1,
    airtime_us: undefined,
  }
}
