/** What the implementations of `PulseCount` (`hal/api/io.ts`) share: their options and their count. */

const MODES: ReadonlySet<string> = new Set(['Input', 'InputPullUp', 'InputPullDown'])
const FILTER_DEFAULT_NS = 1000

export interface CounterOptions {
  readonly edge?: 'rising' | 'falling'
  readonly mode?: 'Input' | 'InputPullUp' | 'InputPullDown'
  readonly filter?: number
}

export interface CounterSettings {
  readonly edge: 'rising' | 'falling'
  /** Level after the edge that counts. */
  readonly active: 0 | 1
  readonly mode: 'Input' | 'InputPullUp' | 'InputPullDown'
  readonly filter_ns: number
}

/** The options with their defaults. Throws RangeError for one that is not allowed; `filterMax_ns` is what the implementation can do. */
export function counterSettings(options: CounterOptions, filterMax_ns: number): CounterSettings {
  const { edge = 'falling', mode = 'InputPullUp', filter = FILTER_DEFAULT_NS } = options
  if (edge !== 'rising' && edge !== 'falling') throw new RangeError(`edge: found ${edge}`)
  if (!MODES.has(mode)) throw new RangeError(`mode: found ${mode}`)
  if (!(filter >= 0 && filter <= filterMax_ns)) throw new RangeError(`filter: found ${filter} ns, allowed is 0 to ${filterMax_ns} ns`)
  return { edge, active: edge === 'rising' ? 1 : 0, mode, filter_ns: filter }
}

/** Throws RangeError for a number that no signed integer of 32 bits is. */
export function checkCount(count: number): void {
  if (count !== (count | 0)) throw new RangeError(`count: found ${count}, allowed is an integer of 32 bits`)
}
