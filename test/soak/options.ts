/** What `npm run soak` was asked for. */
export interface SoakOptions {
  readonly mode: 'fleet' | 'power' | 'wear'
  readonly seed: number
  readonly json: boolean
  /** Simulated hours of the fleet; 0: until interrupted. */
  readonly hours: number
  readonly meters: number
  readonly cuts: number
  readonly years: number
  /** Seconds of the script that is cut. */
  readonly length_s: number
  readonly warm_s: number
  /** A single fault to be seen again, as a failure names it. */
  readonly fault: ReadonlyMap<string, string>
}

/** Options with a number, and what they are without one. */
const NUMBERS: ReadonlyMap<string, number> = new Map([
  ['hours', 24],
  ['meters', 4],
  ['cuts', 100_000],
  ['years', 20],
  ['length', 86_400],
  ['warm', 5400],
])
const SWITCHES = ['power', 'wear', 'json'] as const
/** Words of a failure's message. */
const FAULT = ['cut', 'tear', 'fault', 'again', 'tear2', 'reorder', 'drop'] as const

export const USAGE = `npm run soak -- [--hours N] [--meters M] [--seed S] [--json]     a fleet with faults on all layers
npm run soak -- --power [--cuts N] [--seed S]                    a scripted day, cut at random
npm run soak -- --wear [--years N]                               the wear of the flash
A failure prints the words that show it again.`

/** Errors: RangeError for words that nobody knows. */
export function parseOptions(words: readonly string[], seed: number): SoakOptions {
  const values = new Map<string, string>()
  const switches = new Set<string>()
  const known = (name: string): boolean => NUMBERS.has(name) || name === 'seed' || FAULT.some((word) => word === name)
  for (let i = 0; i < words.length; i++) {
    const name = words[i].replace(/^--/, '')
    if (SWITCHES.some((word) => word === name)) switches.add(name)
    else if (known(name) && i + 1 < words.length) values.set(name, words[++i])
    else throw new RangeError(`unknown or unfinished option ${words[i]}`)
  }
  const number = (name: string): number => {
    const value = Number(values.get(name) ?? (name === 'seed' ? seed : NUMBERS.get(name)))
    if (!Number.isFinite(value) || value < 0) throw new RangeError(`--${name}: a number expected`)
    return value
  }
  return {
    mode: switches.has('power') ? 'power' : switches.has('wear') ? 'wear' : 'fleet',
    seed: number('seed'),
    json: switches.has('json'),
    hours: number('hours'),
    meters: number('meters'),
    cuts: number('cuts'),
    years: number('years'),
    length_s: number('length'),
    warm_s: number('warm'),
    fault: new Map([...values].filter(([name]) => FAULT.some((word) => word === name))),
  }
}
