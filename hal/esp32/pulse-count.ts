import PulseCounter from 'ferraris/pulse-count'
import { checkCallbacks, closedError } from '../../src/lib/check.ts'
import { checkCount, counterSettings } from '../../src/lib/pulse-count.ts'
import type { PulseCount, PulseCountConstructor, PulseCountOptions } from '../api/io.ts'
import type { Timer, TimerHandle } from '../api/time.ts'
import { checkPin } from './pin.ts'

/** Ten bits of a clock of 80 MHz (ESP32 technical reference manual, chapter "Pulse Count Controller", glitch filter). */
const FILTER_MAX_NS = 12_787
/** How often the counter is looked at for `onReadable`. */
const LOOK_MS = 10
const PULLS = Object.freeze({ Input: 0, InputPullUp: 1, InputPullDown: 2 } as const)

/**
 * `PulseCount` on the pulse counter of an ESP32 or ESP32-S3; the C3, C6 and H2 have none or none that this uses: `digitalPulseCount()` of `hal/portable` counts there, and
 * wherever a contact bounces for longer than the filter of the counter (12.8 µs).
 *
 * The counter counts by itself, also while the flash is erased. `onReadable` comes within 10 ms of a pulse.
 */
export function esp32PulseCount(timer: Timer): PulseCountConstructor {
  return class implements PulseCount {
    #io: PulseCounter | undefined
    #look: TimerHandle | undefined
    /** What is added to the count of the counter. */
    #base = 0
    #seen = 0

    constructor(options: PulseCountOptions) {
      checkCallbacks(options, ['onReadable'])
      const { edge, mode, filter_ns } = counterSettings(options, FILTER_MAX_NS)
      const { onReadable } = options
      const signal = checkPin('signal', options.signal)
      this.#io = new PulseCounter({ signal, rising: edge === 'rising' ? 1 : 0, pull: PULLS[mode], filter: filter_ns })
      if (onReadable !== undefined) this.#look = timer.set(() => this.#lookAt(onReadable), LOOK_MS, LOOK_MS)
    }

    read(): number {
      return (this.#open().read() + this.#base) | 0
    }

    write(count: number): void {
      const io = this.#open()
      checkCount(count)
      this.#base = (count - io.read()) | 0
    }

    close(): void {
      if (this.#look !== undefined) timer.clear(this.#look)
      this.#look = undefined
      this.#io?.close()
      this.#io = undefined
    }

    #lookAt(onReadable: () => void): void {
      const count = this.#io?.read() ?? this.#seen
      if (count === this.#seen) return
      this.#seen = count
      onReadable()
    }

    #open(): PulseCounter {
      if (this.#io === undefined) throw closedError('PulseCount')
      return this.#io
    }
  }
}
