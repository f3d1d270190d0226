import type { PulseCount, PulseCountConstructor, PulseCountOptions } from '../../../hal/api/io.ts'
import { PulseRate } from '../../lib/pulse-rate.ts'

/** Pulse outputs are of 24 bits here at the most; so is the position that a meter keeps. */
const POSITION_MASK = 0xffffff
/** A step of more than half a turn is a counter that has begun again. */
const STEP_MAX = 0x800000

export interface PulseChannelOptions extends PulseCountOptions {
  readonly io: PulseCountConstructor
}

/** One pulse output of a meter: pulses since the last look, and how fast they come. */
export class PulseChannel {
  /** The counter began again since the last `take`: pulses before that may be missing. */
  restarted = false
  readonly #counter: PulseCount
  readonly #rate: PulseRate
  readonly #ticks_ms: () => number
  /** Reading up to which pulses have been taken. */
  #taken: number

  constructor({ io, ...options }: PulseChannelOptions, ticks_ms: () => number, idle_ms: number) {
    this.#ticks_ms = ticks_ms
    this.#rate = new PulseRate(idle_ms)
    this.#counter = new io({ ...options, onReadable: () => this.#rate.pulse(this.#counter.read(), ticks_ms()) })
    this.#taken = this.#counter.read()
  }

  /** Low 24 bits of the reading up to which pulses have been taken. */
  get position(): number {
    return this.#taken & POSITION_MASK
  }

  /** All pulses up to `position` were taken by somebody else; what came since is taken next. Returns how many those are. */
  resume(position: number): number {
    const reading = this.#counter.read()
    const since = (reading - position) & POSITION_MASK
    if (since < STEP_MAX) {
      this.#taken = (reading - since) | 0
      return since
    }
    // It begins with 0 when its battery was changed: what it shows has come since.
    this.restarted = true
    this.#taken = 0
    return reading
  }

  /** Pulses since the last call. */
  take(): number {
    const reading = this.#counter.read()
    const since = (reading - this.#taken) | 0
    this.#taken = reading
    if (since >= 0) return since
    this.restarted = true
    return 0
  }

  /** Pulses per hour, now. */
  get perHour(): number {
    return this.#rate.perHour(this.#ticks_ms())
  }

  close(): void {
    this.#counter.close()
  }
}
