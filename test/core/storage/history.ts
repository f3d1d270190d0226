import { expect } from 'vitest'
import type { RecordLog } from '../../../src/core/storage/record-log.ts'
import type { Storage } from '../../../src/core/storage/storage.ts'
import { checkCounters, type Entry, LOGS, type Promised, REGISTERS, text } from './rig.ts'

/** What was promised at one moment. */
interface Moment {
  readonly operations: number
  readonly image: string
  readonly counts: readonly number[]
  readonly settings: ReadonlyMap<string, string>
}

const imageOf = (values: readonly number[], utc_s: number): string => JSON.stringify([utc_s, ...values])

/** The promises of a life, step by step: after a cut of a chip with a write cache, any of the last ones may be what is found. */
export class History {
  readonly #moments: Moment[] = []
  readonly #promised: Promised

  constructor(promised: Promised) {
    this.#promised = promised
    // What a cut before this life left open counts as promised or not.
    this.note(0)
  }

  note(operations: number): void {
    const { saved, saved_s, logs, settings } = this.#promised
    const counts = LOGS.map((name) => logs[name].entries.length)
    this.#moments.push({ operations, image: imageOf(saved, saved_s), counts, settings: new Map(settings) })
  }

  /** The last moment that was over with operation `operation`, and all after it. */
  since(operation: number): Moment[] {
    const later = this.#moments.findIndex((moment) => moment.operations > operation)
    return this.#moments.slice(later < 0 ? -1 : Math.max(0, later - 1))
  }
}

/** What is found must be, for each thing by itself, what was promised at one of the moments, or was being done. Counters never go back at all. */
export function checkRecent(storage: Storage, promised: Promised, moments: readonly Moment[]): void {
  checkImage(storage, promised, moments)
  for (const [i, name] of LOGS.entries()) {
    const { entries, attempted } = promised.logs[name]
    checkEntries(storage[name], attempted === undefined ? entries : [...entries, attempted], moments[0].counts[i], name)
    promised.logs[name] = adopt(storage[name], attempted === undefined ? entries : [...entries, attempted])
  }
  checkValues(storage, promised, moments)
  checkCounters(storage, promised)
}

function checkImage(storage: Storage, promised: Promised, moments: readonly Moment[]): void {
  const values = new Float64Array(REGISTERS)
  const utc_s = storage.registers.load(values)?.utc_s ?? 0
  const found = imageOf([...values], utc_s)
  const known = [...moments.map((moment) => moment.image), imageOf(promised.attempted, promised.attempted_s)]
  if (!known.includes(found)) expect(found).toEqual(known)
  promised.saved = promised.attempted = [...values]
  promised.saved_s = promised.attempted_s = utc_s
}

/** Entries up to `sure` are all there, but for those that age has taken; later ones may be missing; none is anything else. */
function checkEntries(log: RecordLog, entries: readonly (Entry | undefined)[], sure: number, name: string): void {
  expect(log.nextSequence, name).toBeGreaterThan(sure)
  let expected = log.firstSequence
  for (const cursor = log.cursor(); cursor.next(); expected = cursor.sequence + 1) {
    const { type, status, utc_s, payload, sequence } = cursor
    for (; expected < sequence; expected++)
      expect(expected <= sure && entries[expected - 1] !== undefined, `${name} ${expected}`).toBe(false)
    expect({ type, status, utc_s, payload: text(payload) }, `${name} ${sequence}`).toEqual(entries[sequence - 1])
  }
  expect(expected, name).toBeGreaterThan(sure)
}

/** From now on what was found is promised; numbers of missing entries stay free. */
function adopt(log: RecordLog, entries: readonly (Entry | undefined)[]): Promised['logs']['events'] {
  const found: (Entry | undefined)[] = entries.slice(0, log.nextSequence - 1)
  const seen = new Set<number>()
  for (const cursor = log.cursor(); cursor.next(); ) seen.add(cursor.sequence)
  for (let sequence = log.firstSequence; sequence <= found.length; sequence++) if (!seen.has(sequence)) found[sequence - 1] = undefined
  return { entries: found, attempted: undefined }
}

function checkValues(storage: Storage, promised: Promised, moments: readonly Moment[]): void {
  const { settings, attemptedSetting } = promised
  for (const key of new Set([...moments.flatMap(({ settings: known }) => [...known.keys()]), ...storage.settings.keys()])) {
    const bytes = storage.settings.get(key)
    const found = bytes === undefined ? undefined : text(bytes)
    const known = moments.map((moment) => moment.settings.get(key))
    if (attemptedSetting?.key === key) known.push(attemptedSetting.value)
    if (!known.includes(found)) expect(found, key).toEqual(known)
    if (found === undefined) settings.delete(key)
    else settings.set(key, found)
  }
  for (const key of [...settings.keys()]) if (storage.settings.get(key) === undefined) settings.delete(key)
  promised.attemptedSetting = undefined
}
