import { StandardEvent } from '../events/codes.ts'
import { Edge, HoldOffs } from '../events/hold-off.ts'

/** Limits; 0 switches a watch off. Volumes and flows are in thousandths of the meter's unit (ml, mWh, J) and those per hour. */
export interface FlowLimits {
  /** A leak: for so long there was no pause... */
  readonly leak_ms: number
  /** ...of this length without a pulse. */
  readonly pause_ms: number
  /** A burst pipe: a flow from this on... */
  readonly burst: number
  /** ...for so long. */
  readonly burst_ms: number
  /** Backflow: so much flowed back since something last flowed forwards. */
  readonly backflow: number
  /** Nothing for so long: the meter is blocked, or nobody lives there. */
  readonly still_ms: number
}

export interface FlowMonitorOptions {
  readonly limits: FlowLimits
  /** `code` is one of `StandardEvent`. Parameter of a beginning: the flow in whole units per hour; of an end: how long it lasted, in seconds. */
  readonly log: (code: number, parameter: number) => void
}

/** A flow that falls by a tenth below the limit is no burst any more. */
const BURST_END = 0.9
const BURST_END_MS = 60_000

/**
 * Watches what flows: leaks, bursts, backflow, and meters in which nothing moves. Times are monotonic and begin with the firmware: after a start a leak needs
 * its full time again.
 */
export class FlowMonitor {
  readonly #options: FlowMonitorOptions
  /** One condition. */
  readonly #burst: HoldOffs
  /** Last pulse in either direction. */
  #moved_ms: number
  /** First pulse after the last pause; undefined in a pause. */
  #flowing_ms: number | undefined
  #leaking = false
  #back = 0
  #backflow_ms: number | undefined
  #still = false

  constructor(options: FlowMonitorOptions, ticks_ms: number) {
    this.#options = options
    this.#moved_ms = ticks_ms
    this.#burst = new HoldOffs([{ startHold_ms: options.limits.burst_ms, endHold_ms: BURST_END_MS }])
  }

  get leaking(): boolean {
    return this.#leaking
  }

  get bursting(): boolean {
    return this.#burst.active(0)
  }

  get flowingBack(): boolean {
    return this.#backflow_ms !== undefined
  }

  get still(): boolean {
    return this.#still
  }

  /** Once a second: what flowed forwards and back since the last call, and the flow now. Errors: those of `log`. */
  second(forward: number, back: number, flow: number, ticks_ms: number): void {
    if (forward > 0 || back > 0) this.moved(ticks_ms)
    this.watchLeak(flow, ticks_ms)
    this.watchBurst(flow, ticks_ms)
    this.watchBackflow(forward, back, ticks_ms)
    this.watchStill(ticks_ms)
  }

  private moved(ticks_ms: number): void {
    if (this.#still) this.log(StandardEvent.noFlowEnded, (ticks_ms - this.#moved_ms) / 1000)
    this.#still = false
    this.#moved_ms = ticks_ms
    this.#flowing_ms ??= ticks_ms
  }

  private watchLeak(flow: number, ticks_ms: number): void {
    const { leak_ms, pause_ms } = this.#options.limits
    const since_ms = this.#flowing_ms
    if (leak_ms === 0 || since_ms === undefined) return
    if (ticks_ms - this.#moved_ms >= pause_ms) {
      this.#flowing_ms = undefined
      if (this.#leaking) this.log(StandardEvent.leakEnded, (this.#moved_ms - since_ms) / 1000)
      this.#leaking = false
    } else if (!this.#leaking && ticks_ms - since_ms >= leak_ms) {
      this.#leaking = true
      this.log(StandardEvent.leakSuspected, flow / 1000)
    }
  }

  private watchBurst(flow: number, ticks_ms: number): void {
    const { burst } = this.#options.limits
    if (burst === 0) return
    const edge = this.#burst.update(0, flow >= burst, flow < burst * BURST_END, ticks_ms)
    if (edge === Edge.started) this.log(StandardEvent.burst, flow / 1000)
    else if (edge === Edge.ended) this.log(StandardEvent.burstEnded, this.#burst.duration_ms(0) / 1000)
  }

  private watchBackflow(forward: number, back: number, ticks_ms: number): void {
    const { backflow } = this.#options.limits
    if (backflow === 0) return
    if (forward > 0) {
      this.#back = 0
      const since_ms = this.#backflow_ms
      this.#backflow_ms = undefined
      if (since_ms !== undefined) this.log(StandardEvent.backflowEnded, (ticks_ms - since_ms) / 1000)
      return
    }
    this.#back += back
    if (this.#backflow_ms !== undefined || this.#back < backflow) return
    this.#backflow_ms = ticks_ms
    this.log(StandardEvent.backflow, this.#back / 1000)
  }

  private watchStill(ticks_ms: number): void {
    const { still_ms } = this.#options.limits
    if (still_ms === 0 || this.#still || ticks_ms - this.#moved_ms < still_ms) return
    this.#still = true
    this.log(StandardEvent.noFlow, 0)
  }

  private log(code: number, parameter: number): void {
    this.#options.log(code, Math.min(0xffffffff, Math.floor(Math.abs(parameter))))
  }
}
