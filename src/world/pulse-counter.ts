import type { PulseCount, PulseCountConstructor, PulseCountOptions } from '../../hal/api/io.ts'
import { type CounterSettings, checkCount, counterSettings } from '../lib/pulse-count.ts'
import { PINS, type PinBank } from './pins.ts'
import type { Scheduler, Task } from './scheduler.ts'

/** The glitch filter of the pulse counter of an ESP32: 1023 cycles of its 80 MHz bus clock (ESP32 technical reference manual, chapter "PCNT"). */
const FILTER_MAX_NS = 12_787

type Level = 0 | 1

export interface CounterUnitOptions {
  readonly scheduler: Scheduler
  readonly pins: PinBank
  /** Longest filter that the hardware has. Default: that of the pulse counter of an ESP32. */
  readonly filterMax_ns?: number
  /**
   * The counter has a battery of its own, as the low-power core of an ESP32 may have: it counts while the rest of the board is dark, and a new instance
   * finds the count of the old one. Without it a new instance begins with 0.
   */
  readonly retained?: boolean
}

/** The counting part of a pin: what is left of it when nobody looks. */
class EdgeCounter {
  count = 0
  onCount: (() => void) | undefined
  readonly #scheduler: Scheduler
  #settings: CounterSettings
  /** As the filter sees it. */
  #level: Level
  #raw: Level
  #settling: Task | undefined

  constructor(scheduler: Scheduler, level: Level, settings: CounterSettings) {
    this.#scheduler = scheduler
    this.#level = level
    this.#raw = level
    this.#settings = settings
  }

  configure(settings: CounterSettings): void {
    this.#settings = settings
  }

  edge(raw: Level): void {
    this.#raw = raw
    const filter_us = Math.floor(this.#settings.filter_ns / 1000)
    if (this.#settling !== undefined) this.#scheduler.cancel(this.#settling)
    this.#settling = undefined
    if (raw === this.#level) return
    if (filter_us === 0) this.#settle()
    else this.#settling = this.#scheduler.after(filter_us, () => this.#settle())
  }

  #settle(): void {
    this.#settling = undefined
    this.#level = this.#raw
    if (this.#level !== this.#settings.active) return
    this.count = (this.count + 1) | 0
    this.onCount?.()
  }
}

/** The pulse counters of an emulated processor, one for each pin. */
export class CounterUnit {
  readonly #options: CounterUnitOptions
  readonly #counters = new Map<number, EdgeCounter>()
  readonly #busy = new Set<number>()

  constructor(options: CounterUnitOptions) {
    this.#options = options
  }

  /** The battery of the counters is taken out: they begin again with 0. */
  loseBattery(): void {
    for (const counter of this.#counters.values()) counter.count = 0
  }

  /** `PulseCount` for the firmware of this processor. */
  constructorFor(): PulseCountConstructor {
    const open = (options: PulseCountOptions) => this.#open(options)
    const { scheduler } = this.#options
    return class implements PulseCount {
      readonly #signal: number
      readonly #counter: EdgeCounter
      readonly #release: () => void
      #open = true

      constructor(options: PulseCountOptions) {
        const { counter, release } = open(options)
        const { signal, onReadable } = options
        this.#signal = signal
        this.#counter = counter
        this.#release = release
        counter.onCount = onReadable && (() => scheduler.after(0, () => this.#open && onReadable()))
      }

      read(): number {
        this.#check()
        return this.#counter.count
      }

      write(count: number): void {
        this.#check()
        checkCount(count)
        this.#counter.count = count
      }

      close(): void {
        if (!this.#open) return
        this.#open = false
        this.#counter.onCount = undefined
        this.#release()
      }

      #check(): void {
        if (!this.#open) throw new Error(`counter of pin ${this.#signal} is closed`)
      }
    }
  }

  #open(options: PulseCountOptions): { counter: EdgeCounter; release: () => void } {
    const { scheduler, pins, filterMax_ns = FILTER_MAX_NS, retained = false } = this.#options
    const settings = counterSettings(options, filterMax_ns)
    const { mode } = settings
    const { signal } = options
    if (!Number.isInteger(signal) || signal < 0 || signal >= PINS) {
      throw new RangeError(`signal: found ${signal}, allowed is 0 to ${PINS - 1}`)
    }
    if (this.#busy.has(signal)) throw new Error(`pin ${signal} is in use`)
    this.#busy.add(signal)
    if (mode !== 'Input') pins.pull(signal, mode === 'InputPullUp' ? 1 : 0)
    const known = retained ? this.#counters.get(signal) : undefined
    const counter = known ?? new EdgeCounter(scheduler, pins.level(signal), settings)
    counter.configure(settings)
    let unwatch: (() => void) | undefined
    if (known === undefined) unwatch = pins.watch(signal, (level) => counter.edge(level))
    this.#counters.set(signal, counter)
    return {
      counter,
      release: () => {
        this.#busy.delete(signal)
        if (retained) return
        unwatch?.()
        this.#counters.delete(signal)
      },
    }
  }
}
