import { expect } from 'vitest'
import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { COUNTER_BATCH } from '../../../src/core/storage/counters.ts'
import { Area } from '../../../src/core/storage/format.ts'
import type { Layout } from '../../../src/core/storage/layout.ts'
import type { RecordLog } from '../../../src/core/storage/record-log.ts'
import { openStorage, type Storage } from '../../../src/core/storage/storage.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import { NorFlash } from '../../../src/world/chips/nor-flash.ts'

/** Blocks and rings so small that everything wraps around within a few dozen steps. */
export const SMALL = { blocks: 24, blockLength: 256, writeAlign: 16 } as const
export const SMALL_LAYOUT: Layout = {
  areas: [
    { area: Area.settings, firstBlock: 2, blocks: 3 },
    { area: Area.registers, firstBlock: 5, blocks: 3 },
    { area: Area.events, firstBlock: 8, blocks: 3 },
    { area: Area.powerFailures, firstBlock: 11, blocks: 3 },
    { area: Area.profile, firstBlock: 14, blocks: 7 },
    { area: Area.counters, firstBlock: 21, blocks: 3 },
  ],
}
export const REGISTERS = 8
export const LOGS = ['profile', 'events', 'powerFailures'] as const
type LogName = (typeof LOGS)[number]

export interface Entry {
  readonly type: number
  readonly status: number
  readonly utc_s: number
  readonly payload: string
}

/** Entries by sequence number; undefined where one is known to be missing. */
interface LogPromise {
  readonly entries: (Entry | undefined)[]
  attempted: Entry | undefined
}

/** What the storage has promised: everything that returned, and at most one thing that was tried and cut off. */
export interface Promised {
  saved: number[]
  saved_s: number
  attempted: number[]
  attempted_s: number
  readonly logs: Record<LogName, LogPromise>
  readonly settings: Map<string, string>
  attemptedSetting: { key: string; value: string | undefined } | undefined
  /** The highest number that each counter has given. */
  readonly counters: number[]
}

export function nothingPromised(): Promised {
  const none = new Array(REGISTERS).fill(0)
  const log = () => ({ entries: [], attempted: undefined })
  return {
    saved: none,
    saved_s: 0,
    attempted: none,
    attempted_s: 0,
    logs: { profile: log(), events: log(), powerFailures: log() },
    settings: new Map(),
    attemptedSetting: undefined,
    counters: COUNTER_BATCH.map(() => 0),
  }
}

export function open(flash: NorFlash): Storage {
  return openStorage(flash, { layout: SMALL_LAYOUT, registers: REGISTERS })
}

export const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

function append(log: RecordLog, promised: LogPromise, utc_s: number, random: SeededRandom): void {
  const payload = new Uint8Array(random.below(40))
  random.fill(payload)
  const entry = { type: random.below(256), status: random.below(256), utc_s, payload: text(payload) }
  promised.attempted = entry
  const sequence = log.append(entry.type, entry.status, utc_s, payload)
  promised.entries.push(entry)
  promised.attempted = undefined
  expect(sequence).toBe(promised.entries.length)
}

function save(storage: Storage, promised: Promised, utc_s: number, random: SeededRandom): void {
  promised.attempted = promised.saved.map((value) => value + (random.below(3) === 0 ? 0 : random.below(100_000)))
  promised.attempted_s = utc_s
  storage.registers.save(Float64Array.from(promised.attempted), utc_s)
  promised.saved = promised.attempted
  promised.saved_s = utc_s
}

function change(storage: Storage, promised: Promised, random: SeededRandom): void {
  const key = `key${random.below(4)}`
  const value = random.below(5) === 0 ? undefined : `value ${random.below(10_000)}`
  promised.attemptedSetting = { key, value }
  if (value === undefined) storage.settings.delete(key)
  else
    storage.settings.set(
      key,
      Uint8Array.from(value, (c) => c.charCodeAt(0)),
    )
  if (value === undefined) promised.settings.delete(key)
  else promised.settings.set(key, value)
  promised.attemptedSetting = undefined
}

function count(storage: Storage, promised: Promised, random: SeededRandom): void {
  // Some counters more often than others, so that batches are used up.
  const id = random.below(2) * random.below(promised.counters.length)
  for (let i = random.below(8); i >= 0; i--) {
    const number = storage.counters.next(id)
    if (number <= promised.counters[id]) expect(number, `counter ${id}`).toBe('more')
    promised.counters[id] = number
  }
}

/** Step number `step` of a busy meter. The same step always does the same. The owner prepares in time, mostly. */
export function busyStep(storage: Storage, promised: Promised, step: number): void {
  const random = new SeededRandom(step, 11)
  const utc_s = 1_700_000_000 + 60 * step
  const choice = step % 8
  if (choice === 2 || choice === 5) append(storage.profile, promised.logs.profile, utc_s, random)
  else if (choice === 3) append(storage.events, promised.logs.events, utc_s, random)
  else if (choice === 4) append(storage.powerFailures, promised.logs.powerFailures, utc_s, random)
  else if (choice === 6) change(storage, promised, random)
  else if (choice === 7) count(storage, promised, random)
  else save(storage, promised, utc_s, random)
  if (random.below(4) > 0) storage.prepare()
}

/** What the storage holds must be what was promised; `perBlock` entries of a log fit into a block for sure. Afterwards the attempted step counts as done or not, as it turned out. */
export function checkPromises(storage: Storage, promised: Promised, perBlock = 3): void {
  checkRegisters(storage, promised)
  for (const name of LOGS) checkLog(storage[name], promised.logs[name], name, perBlock)
  checkSettings(storage, promised)
  checkCounters(storage, promised)
}

export function checkCounters(storage: Storage, promised: Promised): void {
  for (const [id, number] of promised.counters.entries()) {
    if (storage.counters.last(id) < number) expect(storage.counters.last(id), `counter ${id}`).toBe(`at least ${number}`)
  }
}

function checkRegisters(storage: Storage, promised: Promised): void {
  const values = new Float64Array(REGISTERS)
  const utc_s = storage.registers.load(values)?.utc_s ?? 0
  const image = [...values]
  const { saved, attempted } = promised
  // Not merely between the two: an image must be one or the other, or registers would not belong together.
  if (utc_s !== promised.saved_s || image.some((value, i) => value !== saved[i])) {
    expect({ utc_s, image }).toEqual({ utc_s: promised.attempted_s, image: attempted })
  }
  promised.saved = promised.attempted = image
  promised.saved_s = promised.attempted_s = utc_s
}

function checkLog(log: RecordLog, promised: LogPromise, name: string, perBlock: number): void {
  const { entries, attempted } = promised
  if (attempted !== undefined && log.nextSequence === entries.length + 2) entries.push(attempted)
  promised.attempted = undefined
  expect(log.nextSequence, name).toBe(entries.length + 1)
  const cursor = log.cursor()
  let expected = log.firstSequence
  while (cursor.next()) {
    const { type, status, utc_s, payload, sequence } = cursor
    while (expected < sequence && entries[expected - 1] === undefined) expected++
    if (sequence !== expected) expect(sequence, name).toBe(expected)
    const entry = entries[expected - 1]
    const same =
      entry !== undefined && type === entry.type && status === entry.status && utc_s === entry.utc_s && text(payload) === entry.payload
    if (!same) expect({ type, status, utc_s, payload: text(payload) }, `${name} ${expected}`).toEqual(entry)
    expected++
  }
  while (expected <= entries.length && entries[expected - 1] === undefined) expected++
  expect(expected, name).toBe(log.nextSequence)
  // Only age takes entries away: the ring keeps all blocks but the erased one and, just then, the one dropped for it.
  const kept = (log.ring.extent.blocks - 2) * perBlock
  expect(log.count, name).toBeGreaterThanOrEqual(Math.min(entries.length, kept))
}

function checkSettings(storage: Storage, promised: Promised): void {
  const { settings, attemptedSetting } = promised
  if (attemptedSetting !== undefined) {
    const { key, value } = attemptedSetting
    const found = storage.settings.get(key)
    if ((found && text(found)) === value) {
      if (value === undefined) settings.delete(key)
      else settings.set(key, value)
    }
    promised.attemptedSetting = undefined
  }
  const found = new Map(storage.settings.keys().map((key) => [key, text(storage.settings.get(key) ?? new Uint8Array(0))]))
  const same = found.size === settings.size && [...found].every(([key, value]) => settings.get(key) === value)
  if (!same) expect(Object.fromEntries(found)).toEqual(Object.fromEntries(settings))
}

export interface Rig {
  readonly memory: MemoryFlash
  readonly chip: NorFlash
}

export function createRig(seed: number, image?: Uint8Array): Rig {
  const memory = new MemoryFlash(SMALL)
  if (image !== undefined) memory.load(image)
  return { memory, chip: new NorFlash(memory, { random: new SeededRandom(seed, 5) }) }
}
