import { machine } from './machine.ts'

interface Options {
  readonly signal: number
  readonly rising: 0 | 1
  readonly pull: 0 | 1 | 2
  readonly filter: number
}

/** Of the glitch filter: 1023 periods of 12.5 ns. */
const FILTER_MAX_NS = 12_787

/** `ferraris/pulse-count`, as `hal/esp32/native/pulse-count/ferraris-pulse-count.c` behaves. */
export default class PulseCounter {
  readonly #machine = machine()
  readonly #options: Options
  readonly #unwatch: () => void
  /** Level that the filter has let through, and the one that is on the wire since a time. */
  #passed: 0 | 1
  #level: 0 | 1
  #since_us: number
  #count = 0
  #open = true

  constructor(options: Options) {
    const { signal, filter } = options
    this.#machine.usePins([signal])
    if (filter > FILTER_MAX_NS) {
      this.#machine.freePins([signal])
      throw new RangeError('filter')
    }
    this.#options = options
    const { level, watchers } = this.#machine.wire(signal)
    this.#passed = this.#level = level
    this.#since_us = this.#machine.scheduler.now_us
    const watcher = (level: 0 | 1) => {
      this.#settle()
      this.#level = level
      this.#since_us = this.#machine.scheduler.now_us
    }
    watchers.add(watcher)
    this.#unwatch = () => watchers.delete(watcher)
  }

  read(): number {
    if (!this.#open) throw new TypeError('this: not a host object')
    this.#settle()
    return this.#count
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#unwatch()
    this.#machine.freePins([this.#options.signal])
  }

  /** A level that has stood for the time of the filter is one. */
  #settle(): void {
    const stood_ns = 1000 * (this.#machine.scheduler.now_us - this.#since_us)
    if (this.#level === this.#passed || stood_ns < this.#options.filter) return
    this.#passed = this.#level
    if (this.#level === this.#options.rising) this.#count++
  }
}
