import { Edge, HoldOff } from '../events/hold-off.ts'
import type { QualityParameter } from './parameters-table.ts'

/** One quantity leaves its limits and comes back: hold-offs, hysteresis, and the extreme value on the way. */
export class Excursion {
  readonly #hold: HoldOff
  readonly #start: number
  readonly #end: number
  readonly #below: boolean
  #extreme = 0

  /** `nominal`: the value that the thousandths of the parameter refer to. */
  constructor(parameter: QualityParameter, nominal: number) {
    this.#hold = new HoldOff(parameter)
    this.#start = (parameter.start * nominal) / 1000
    this.#end = (parameter.end * nominal) / 1000
    this.#below = parameter.start < parameter.end
  }

  get active(): boolean {
    return this.#hold.active
  }

  /** As `HoldOff.idle`. */
  get idle(): boolean {
    return this.#hold.idle
  }

  /** Furthest value since it began. */
  get extreme(): number {
    return this.#extreme
  }

  get duration_ms(): number {
    return this.#hold.duration_ms
  }

  elapsed_ms(ticks_ms: number): number {
    return this.#hold.elapsed_ms(ticks_ms)
  }

  /** One observation; `flagged`: the metering IC says that it is beyond, whatever the value. Gives one of `Edge`. */
  update(value: number, ticks_ms: number, flagged = false): number {
    const hold = this.#hold
    const beyond = flagged || (this.#below ? value < this.#start : value > this.#start)
    const within = !flagged && (this.#below ? value >= this.#end : value <= this.#end)
    const fresh = !hold.active && !hold.pending
    const edge = hold.update(beyond, within, ticks_ms)
    // Values after the end belong to nothing.
    if (edge === Edge.ended || within) return edge
    if (fresh || (this.#below ? value < this.#extreme : value > this.#extreme)) this.#extreme = value
    return edge
  }

  unknown(): void {
    this.#hold.unknown()
  }

  resume(begin_ms: number, extreme: number): void {
    this.#hold.resume(begin_ms)
    this.#extreme = extreme
  }
}
