import type { Mains } from '../mains.ts'
import type { Scheduler } from '../scheduler.ts'
import type { Load } from './load.ts'
import type { Trace } from './trace.ts'

export interface TraceLoadOptions {
  readonly scheduler: Scheduler
  readonly mains: Mains
  readonly trace: Trace
  /** Local standard time ahead of UTC: where in the recording a moment lies. */
  readonly standardOffset_min: number
  /** All of the house hangs on L1, where the supply has one phase only. Default 3: as recorded. */
  readonly phases?: 1 | 3
}

/**
 * Replays a recorded house. The recording is laid over local standard time and repeated: one of whole weeks keeps its weekdays and hours for
 * ever, whatever the date.
 */
export class TraceLoad implements Load {
  readonly active_W = new Float64Array(3)
  readonly reactive_var = new Float64Array(3)
  readonly #options: TraceLoadOptions
  readonly #single: boolean

  constructor(options: TraceLoadOptions) {
    this.#options = options
    this.#single = options.phases === 1
    const { scheduler, trace } = options
    const period_us = trace.period_ms * 1000
    const into_us = this.#position_us() % period_us
    this.#apply()
    scheduler.after(period_us - into_us, () => this.#apply(), period_us)
  }

  /** Row of the recording that is valid now. */
  get row(): number {
    return Math.floor(this.#position_us() / (this.#options.trace.period_ms * 1000))
  }

  /** Microseconds since the start of the running repetition. */
  #position_us(): number {
    const { scheduler, trace, standardOffset_min } = this.#options
    const length_us = trace.rows * trace.period_ms * 1000
    const since_us = scheduler.now_us + standardOffset_min * 60_000_000 - trace.start_ms * 1000
    return since_us - length_us * Math.floor(since_us / length_us)
  }

  #apply(): void {
    const { trace, mains } = this.#options
    const row = this.row
    const total_W = trace.active_W[3 * row] + trace.active_W[3 * row + 1] + trace.active_W[3 * row + 2]
    for (let phase = 0; phase < 3; phase++) {
      const active_W = this.#single ? (phase === 0 ? total_W : 0) : trace.active_W[3 * row + phase]
      this.active_W[phase] = active_W
      this.reactive_var[phase] = total_W === 0 ? 0 : (trace.reactive_var[row] * active_W) / total_W
    }
    const voltage_cV = trace.voltage_cV[row]
    if (voltage_cV > 0) mains.setVoltage(voltage_cV / 100)
    mains.update()
  }
}
