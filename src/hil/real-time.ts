import type { SerialConstructor, SerialOptions } from '../../hal/api/io.ts'
import { Scheduler } from '../world/scheduler.ts'

const IDLE_MS = 50

/** A world whose time is the PC's: chips of the world that a real processor talks to live in it. */
export class RealTimeWorld {
  readonly scheduler: Scheduler
  readonly #began_ms = performance.now()
  readonly #start_us: number
  #timeout: NodeJS.Timeout | undefined
  #running = false
  #stopped = false

  /** `start_ms`: the world's time now, a whole number. */
  constructor(start_ms = 0) {
    this.#start_us = start_ms * 1000
    this.scheduler = new Scheduler(this.#start_us)
    this.#plan()
  }

  /** Since the beginning, in ms. */
  get elapsed_ms(): number {
    return performance.now() - this.#began_ms
  }

  /** Brings the world to the present. */
  advance(): void {
    if (this.#running || this.#stopped) return
    this.#running = true
    try {
      this.scheduler.run(this.#start_us + Math.floor(this.elapsed_ms * 1000))
    } finally {
      this.#running = false
    }
    this.#plan()
  }

  /** The same line; what comes in finds the time of the world as it is now, and what follows from it happens at once. */
  line(io: SerialConstructor, fixed: Partial<SerialOptions> = {}): SerialConstructor {
    const advance = (): void => this.advance()
    return class extends io {
      constructor(options: SerialOptions) {
        const around = (call: (() => void) | undefined) => (): void => {
          advance()
          call?.()
          advance()
        }
        super({
          ...options,
          ...fixed,
          onReadable: (count) => around(() => options.onReadable?.(count))(),
          onWritable: (count) => around(() => options.onWritable?.(count))(),
        })
      }
    }
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timeout)
  }

  #plan(): void {
    clearTimeout(this.#timeout)
    if (this.#stopped) return
    const wait_ms = (this.scheduler.next_us - this.#start_us) / 1000 - this.elapsed_ms
    this.#timeout = setTimeout(() => this.advance(), Math.min(IDLE_MS, Math.max(0, wait_ms)))
  }
}
