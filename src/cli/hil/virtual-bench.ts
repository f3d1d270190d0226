import { BOARD } from '../../../boards/virtual/board.ts'
import type { Bench } from '../../hil/bench.ts'
import { FerrarisError } from '../../lib/errors.ts'
import type { AppliedEnergy, Stimulus } from '../../world/stimulus.ts'
import { createV8Engine, type V8Engine } from '../engine-v8.ts'
import type { Plan } from './plan-file.ts'

/** A Monday at noon, in no daylight saving time: every run is the same. */
const START_MS = Date.UTC(2026, 0, 5, 12)

/** Between two looks at real time. */
const SLICE_MS = 5

/**
 * The virtual meter in this process. Its time is the world's: a plan of an hour takes seconds, and the same seed gives the same result. With a real module at a
 * serial port it is real time.
 */
export class VirtualBench implements Bench {
  readonly title: string
  readonly console: Bench['console']
  readonly samples_ms: readonly number[] = []
  readonly #engine: V8Engine
  readonly #realTime: boolean
  readonly #began_ms = performance.now()

  constructor({ setup }: Plan, seed: number) {
    const { radio, device } = setup.world.lorawan
    this.#realTime = setup.meter.lorawan.enabled && device !== undefined
    this.title = `virtual meter (${setup.world.board})${this.#realTime ? `, ${radio} at ${device}` : ''}, V8, seed ${seed}`
    // Nothing listens: the plan is at the service port.
    const meter = { ...setup.meter, dlms: { ...setup.meter.dlms, enabled: false }, face: { ...setup.meter.face, enabled: false } }
    const config = { meter, world: { ...setup.world, consolePort: undefined } }
    this.#engine = createV8Engine({ config, trace: undefined, data: undefined, start_ms: START_MS, seed, speed: Number.POSITIVE_INFINITY })
    this.console = { io: this.#engine.session.machine.board.cable.end(1), baud: BOARD.console.baud }
    this.#engine.session.stimulate(undefined)
  }

  now_ms(): number {
    return this.#engine.session.machine.scheduler.now_us / 1000 - START_MS
  }

  async wait(duration_ms: number): Promise<void> {
    const end_ms = this.now_ms() + duration_ms
    while (this.#realTime && this.#elapsed_ms < end_ms) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(SLICE_MS, end_ms - this.#elapsed_ms)))
      this.#engine.run(START_MS + Math.floor(this.#elapsed_ms))
    }
    // The world keeps whole milliseconds here.
    this.#engine.run(Math.ceil(START_MS + end_ms))
  }

  get #elapsed_ms(): number {
    return performance.now() - this.#began_ms
  }

  apply(stimulus: Stimulus): Promise<void> {
    const { refused } = this.#engine.session.stimulate(stimulus)
    return refused === undefined ? Promise.resolve() : Promise.reject(new FerrarisError('BENCH', refused))
  }

  cut(duration_ms: number): Promise<void> {
    return this.apply({ kind: 'mains', phase: 'all', factor: 0, duration_ms })
  }

  applied(): Promise<AppliedEnergy> {
    return Promise.resolve(this.#engine.session.stimulate(undefined))
  }

  async close(): Promise<void> {
    await this.#engine.stop()
  }
}
