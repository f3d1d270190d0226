import { checkCount, counterSettings } from '../../src/lib/pulse-count.ts'
import type { Digital, DigitalConstructor, PulseCount, PulseCountConstructor, PulseCountOptions } from '../api/io.ts'
import type { Timer, TimerHandle } from '../api/time.ts'

/** Longer than any pulse of a meter. */
const FILTER_MAX_NS = 1e9
const NS_PER_MS = 1e6

export interface DigitalPulseCountOptions {
  readonly io: DigitalConstructor
  readonly timer: Timer
}

/**
 * `PulseCount` for processors without such a counter (ESP32-C6, -H2) and for contacts that bounce for longer than a counter's filter: counts the interrupts of
 * a `Digital`. A filter of a millisecond or more is a wait with the timer, in whole milliseconds: the level has to stand still for so long. A
 * shorter one is left to the hardware of the pin: every edge counts.
 */
export function digitalPulseCount({ io, timer }: DigitalPulseCountOptions): PulseCountConstructor {
  return class implements PulseCount {
    readonly #pin: Digital
    readonly #active: 0 | 1
    readonly #filter_ms: number
    readonly #onReadable: (() => void) | undefined
    /** As the filter sees it. */
    #level: 0 | 1
    #count = 0
    #wait: TimerHandle | undefined
    #open = true

    constructor(options: PulseCountOptions) {
      const { edge, active, mode, filter_ns } = counterSettings(options, FILTER_MAX_NS)
      const { signal, onReadable } = options
      this.#active = active
      this.#filter_ms = filter_ns < NS_PER_MS ? 0 : Math.ceil(filter_ns / NS_PER_MS)
      this.#onReadable = onReadable
      const filtered = this.#filter_ms > 0
      this.#pin = new io({ pin: signal, mode, edge: filtered ? 'both' : edge, onReadable: filtered ? this.#onEdge : this.#onPulse })
      this.#level = this.#pin.read()
    }

    read(): number {
      this.#check()
      return this.#count
    }

    write(count: number): void {
      this.#check()
      checkCount(count)
      this.#count = count
    }

    close(): void {
      if (!this.#open) return
      this.#open = false
      if (this.#wait !== undefined) timer.clear(this.#wait)
      this.#pin.close()
    }

    readonly #onPulse = (): void => {
      if (!this.#open) return
      this.#count = (this.#count + 1) | 0
      this.#onReadable?.()
    }

    /** Each edge starts the wait anew: only a level that stands still counts. */
    readonly #onEdge = (): void => {
      if (!this.#open) return
      if (this.#wait !== undefined) timer.clear(this.#wait)
      this.#wait = timer.set(this.#onStill, this.#filter_ms)
    }

    readonly #onStill = (): void => {
      this.#wait = undefined
      if (!this.#open) return
      const level = this.#pin.read()
      if (level === this.#level) return
      this.#level = level
      if (level === this.#active) this.#onPulse()
    }

    #check(): void {
      if (!this.#open) throw new Error('closed')
    }
  }
}
