import { Edge, HoldOffs } from '../events/hold-off.ts'
import type { QualityParameter } from './parameters-table.ts'

/** Columns of `#levels`. */
const START = 0
const END = 1
const EXTREME = 2
const COLUMNS = 3

/** A quantity that is watched, with the value that the thousandths of its parameter refer to. */
export interface WatchedQuantity {
  readonly parameter: QualityParameter
  readonly nominal: number
}

/** Quantities that leave their limits and come back, by their index: hold-offs, hysteresis, and the extreme value on the way. */
export class Excursions {
  readonly holds: HoldOffs
  /** By quantity: where it starts and ends, and its furthest value since it began. */
  readonly #levels: Float64Array

  constructor(quantities: readonly WatchedQuantity[]) {
    this.holds = new HoldOffs(quantities.map(({ parameter }) => parameter))
    this.#levels = new Float64Array(COLUMNS * quantities.length)
    for (const [index, { parameter, nominal }] of quantities.entries()) {
      this.#levels[COLUMNS * index + START] = (parameter.start * nominal) / 1000
      this.#levels[COLUMNS * index + END] = (parameter.end * nominal) / 1000
    }
  }

  /** Furthest value since it began. */
  extreme(index: number): number {
    return this.#levels[COLUMNS * index + EXTREME]
  }

  /** One observation; `flagged`: the metering IC says that it is beyond, whatever the value. Gives one of `Edge`. */
  update(index: number, value: number, ticks_ms: number, flagged = false): number {
    const { holds } = this
    const levels = this.#levels
    const at = COLUMNS * index
    const start = levels[at + START]
    const end = levels[at + END]
    const below = start < end
    const beyond = flagged || (below ? value < start : value > start)
    const within = !flagged && (below ? value >= end : value <= end)
    const fresh = holds.idle(index)
    const edge = holds.update(index, beyond, within, ticks_ms)
    // Values after the end belong to nothing.
    if (edge === Edge.ended || within) return edge
    if (fresh || (below ? value < levels[at + EXTREME] : value > levels[at + EXTREME])) levels[at + EXTREME] = value
    return edge
  }

  resume(index: number, begin_ms: number, extreme: number): void {
    this.holds.resume(index, begin_ms)
    this.#levels[COLUMNS * index + EXTREME] = extreme
  }
}
