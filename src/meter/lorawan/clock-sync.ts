import type { Random } from '../../../hal/api/crypto.ts'
import { type ClockDownlink, decodeClockDownlink, encodeClockUplink } from '../../protocols/lorawan-app/clock-sync.ts'
import { CLOCK_SYNC, gpsOfUtc } from '../../protocols/lorawan-app/package.ts'
import type { MeterCore } from '../core.ts'
import type { PackageContext } from './packages.ts'
import { below } from './spread.ts'

/** A request every 128 * 2^period s, up to 30 s more or less. */
const PERIOD_S = 128
const JITTER_S = 30
/** Between requests that the server wants at once: each gets its answer or not. */
const RESYNC_PAUSE_S = 10

/** Asks an application server for the time when the network does not tell it, TS003-1.0.0. The server decides when: by a period, or at once. */
export class ClockSync {
  readonly #core: MeterCore
  readonly #context: PackageContext
  readonly #random: Random
  #token = 0
  #period_s: number | undefined
  #due_s = Number.POSITIVE_INFINITY
  #transmissions = 0

  constructor(context: PackageContext) {
    this.#core = context.core
    this.#context = context
    this.#random = context.random
  }

  /** DecodeError for what is no message of the package. */
  take(payload: Uint8Array): void {
    for (const downlink of decodeClockDownlink(payload)) this.#obey(downlink)
  }

  second(now_s: number): void {
    if (now_s < this.#due_s) return
    if (this.#transmissions > 0) this.#transmissions--
    this.#schedule(now_s)
    this.#context.send(
      CLOCK_SYNC.port,
      encodeClockUplink({ type: 'time-request', gps_s: gpsOfUtc(now_s), token: this.#token, answerRequired: false }),
    )
  }

  #schedule(now_s: number): void {
    if (this.#transmissions > 0) this.#due_s = now_s + RESYNC_PAUSE_S
    else if (this.#period_s === undefined) this.#due_s = Number.POSITIVE_INFINITY
    else this.#due_s = now_s + this.#period_s - JITTER_S + below(this.#random, 2 * JITTER_S)
  }

  #obey(downlink: ClockDownlink): void {
    const { send } = this.#context
    const now_s = this.#core.clock.now_s()
    if (downlink.type === 'version-request') {
      send(CLOCK_SYNC.port, encodeClockUplink({ type: 'version-answer', ...CLOCK_SYNC }))
    } else if (downlink.type === 'periodicity-request') {
      this.#period_s = PERIOD_S * 2 ** downlink.period
      this.#schedule(now_s)
      send(CLOCK_SYNC.port, encodeClockUplink({ type: 'periodicity-answer', notSupported: false, gps_s: gpsOfUtc(now_s) }))
    } else if (downlink.type === 'resync-request') {
      this.#transmissions = downlink.transmissions
      if (this.#transmissions > 0) this.#due_s = now_s
    } else if (downlink.token === this.#token) {
      // An answer counts once.
      this.#token = (this.#token + 1) & 15
      this.#transmissions = 0
      this.#schedule(now_s)
      this.#core.setClock(this.#core.clock.now_ms() + 1000 * downlink.correction_s)
    }
  }
}
