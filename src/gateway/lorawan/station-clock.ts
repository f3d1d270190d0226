import type { Concentrator } from '../../lib/lora-gateway.ts'

const TMST_RANGE = 2 ** 32
const SESSION_SHIFT = 2 ** 48
const SESSIONS = 31

/**
 * `xtime` of a Basics Station: the concentrator's clock without its wrap in 48 bits, and above it a number of the session that is not 0. The session has five bits
 * here, so that an `xtime` is an integer that every JSON reader holds exactly.
 */
export class StationClock {
  readonly #concentrator: Concentrator
  readonly #session: number
  #last_us: number

  constructor(concentrator: Concentrator, random: (bytes: Uint8Array) => void) {
    this.#concentrator = concentrator
    const bytes = new Uint8Array(1)
    random(bytes)
    this.#session = 1 + (bytes[0] % SESSIONS)
    this.#last_us = concentrator.tmst_us
  }

  /** Must be asked more often than the clock wraps, which is once in 71 minutes. */
  get now_us(): number {
    const ahead_us = (this.#concentrator.tmst_us - (this.#last_us % TMST_RANGE) + TMST_RANGE) % TMST_RANGE
    this.#last_us += ahead_us
    return this.#last_us
  }

  /** Of a frame that was heard just now. */
  xtimeOf(tmst_us: number): number {
    const now_us = this.now_us
    return this.xtime(now_us - (((now_us % TMST_RANGE) - tmst_us + TMST_RANGE) % TMST_RANGE))
  }

  xtime(clock_us: number): number {
    return this.#session * SESSION_SHIFT + clock_us
  }

  /** Without the session; undefined for an `xtime` of another one. */
  clockOf(xtime: bigint): number | undefined {
    const clock_us = Number(BigInt.asUintN(48, xtime))
    return BigInt(this.xtime(clock_us)) === xtime ? clock_us : undefined
  }

  tmst_us(clock_us: number): number {
    return clock_us % TMST_RANGE
  }
}
