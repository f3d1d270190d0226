/** One observation of a condition: beyond its limit, back within it, or in the hysteresis between. */
export interface Observation {
  readonly ticks_ms: number
  readonly beyond: boolean
  readonly within: boolean
}

export interface Episode {
  /** Indices of the observations at which start and end are told, -1 for an end that has not come. */
  readonly toldStart: number
  readonly toldEnd: number
  readonly duration_ms: number
  /** First observation beyond, and first one within at the end (or the count of observations). */
  readonly begin: number
  readonly end: number
}

/**
 * Finds the first run of observations, from `from` on, that fulfil `condition` and last `hold_ms`: its first index and the one at which it has lasted. By looking at
 * all pairs, so that it has nothing in common with a state machine.
 */
function firstRun(
  all: readonly Observation[],
  from: number,
  hold_ms: number,
  condition: (o: Observation) => boolean,
): [number, number] | undefined {
  for (let last = from; last < all.length; last++) {
    for (let first = from; first <= last; first++) {
      const run = all.slice(first, last + 1)
      const whole = first === from || !condition(all[first - 1])
      if (whole && run.every(condition) && all[last].ticks_ms - all[first].ticks_ms >= hold_ms) return [first, last]
    }
  }
  return undefined
}

/** What a condition with hold-offs has to tell of a whole history. */
export function episodes(all: readonly Observation[], startHold_ms: number, endHold_ms: number): Episode[] {
  const found: Episode[] = []
  for (let from = 0; ; ) {
    const start = firstRun(all, from, startHold_ms, ({ beyond }) => beyond)
    if (start === undefined) return found
    const end = firstRun(all, start[1] + 1, endHold_ms, ({ within }) => within)
    if (end === undefined) return [...found, { toldStart: start[1], toldEnd: -1, duration_ms: -1, begin: start[0], end: all.length }]
    const duration_ms = all[end[0]].ticks_ms - all[start[0]].ticks_ms
    found.push({ toldStart: start[1], toldEnd: end[1], duration_ms, begin: start[0], end: end[0] })
    from = end[1] + 1
  }
}
