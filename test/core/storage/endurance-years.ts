import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { Counter } from '../../../src/core/storage/counters.ts'
import { Area } from '../../../src/core/storage/format.ts'
import { extentOf, findExtent } from '../../../src/core/storage/layout.ts'
import { openStorage, type Storage } from '../../../src/core/storage/storage.ts'
import { NorFlash } from '../../../src/world/chips/nor-flash.ts'
import { StorageWorkload, type WorkloadStore } from '../../../src/world/storage-workload.ts'

/** Erase cycles that serial NOR chips usually guarantee. */
export const ENDURANCE = 100_000
/** Before the workload begins. */
const START_S = 1_600_000_000
const LIFETIME_DAYS = 20 * 365.25

/** The superblock is written once. */
const AREAS = Object.entries(Area).filter(([, area]) => area !== Area.superblock)

export interface EnduranceOptions {
  /** Erase blocks of 4096 bytes. */
  readonly blocks: number
  readonly days: number
  readonly seed?: number
  /** Called after each day. */
  readonly onDay?: (day: number) => void
}

export interface AreaWear {
  readonly name: string
  readonly blocks: number
  /** Most and least erases of a block in the days lived through. */
  readonly most: number
  readonly least: number
  /** Erases of all its blocks together. */
  readonly erases: number
  /** Erases of the worst block in twenty years. */
  readonly lifetime: number
}

export interface EnduranceReport {
  readonly blocks: number
  readonly days: number
  readonly areas: readonly AreaWear[]
  readonly operations: number
  readonly programmed_bytes: number
  /** Programs of cells that were not erased: must be 0. */
  readonly overwrites: number
  /** Erases inside a save or an append, because the block ahead was not erased: must be 0. */
  readonly lateErases: number
}

/** The second by second work of a minute in which nothing else is to do. */
function idle(storage: Storage): void {
  for (let second = 0; second < 60; second++) if (!storage.prepare()) return
}

function storeOf(storage: Storage): WorkloadStore {
  const { registers, profile, events, settings, counters } = storage
  return {
    save: (values, utc_s) => registers.save(values, utc_s),
    capture: (utc_s, payload) => void profile.append(1, 0, utc_s, payload),
    event: (code, utc_s, payload) => void events.append(code, 0, utc_s, payload),
    set: (key, value) => settings.set(key, value),
    frame: () => void counters.next(Counter.dlmsInvocation),
    idle: () => idle(storage),
  }
}

/** Entries a day and bytes of each, in the areas that the workload of the registers does not know: what a three-phase meter with four rates writes, and more events than a bad day has. */
const OTHERS = [
  ['powerFailures', 2, 4],
  ['daily', 1, 160],
  ['monthly', 1 / 30, 160],
  ['billing', 1 / 30, 600],
  ['powerQuality', 144, 40],
  ['fraud', 5, 8],
  ['disconnector', 5, 8],
  ['quality', 20, 8],
  ['communication', 10, 8],
] as const

/** The entries of one day in the other areas, as far as the flash has them; each is prepared for, as in a meter that has a second between two. */
function others(storage: Storage, day: number, utc_s: number): void {
  for (const [name, perDay, length] of OTHERS) {
    const log = storage[name]
    const count = perDay >= 1 ? perDay : day % Math.round(1 / perDay) === 0 ? 1 : 0
    for (let i = 0; i < count; i++) {
      log?.append(1, 0, utc_s, new Uint8Array(length))
      idle(storage)
    }
  }
}

/** Takes every ring round once, so that from now on each block that is opened costs an erase, as in all but the first months of a life. */
function turnAll(chip: NorFlash, storage: Storage): void {
  const { registers, profile, events, counters, settings } = storage
  const values = new Float64Array(registers.count)
  let step = 0
  const turn = (area: number, work: () => void) => {
    const { firstBlock, blocks } = extentOf(storage.layout, area)
    while (chip.wear.subarray(firstBlock, firstBlock + blocks).includes(0)) {
      step++
      work()
      storage.prepare()
    }
  }
  turn(Area.profile, () => profile.append(1, 0, START_S, new Uint8Array(32)))
  turn(Area.events, () => events.append(1, 0, START_S, new Uint8Array(4)))
  for (const [name, , length] of OTHERS) {
    const log = storage[name]
    if (log !== undefined) turn(Area[name], () => log.append(1, 0, START_S, new Uint8Array(length)))
  }
  turn(Area.settings, () => settings.set('turn', Uint8Array.of(step, step >>> 8)))
  turn(Area.counters, () => counters.next(Counter.boot))
  turn(Area.registers, () => {
    values[0] = step
    registers.save(values, START_S)
  })
}

/**
 * Lives with full logs under the shipped save policy, day by day, and reports the wear. With `days` of twenty years this is the whole life of a
 * meter; with fewer, the lifetime is scaled from what was seen, which the even wear of a ring allows (it differs by one erase at most).
 */
export function endure(options: EnduranceOptions): EnduranceReport {
  const { blocks, days, seed, onDay } = options
  const chip = new NorFlash(new MemoryFlash({ blocks }))
  const storage = openStorage(chip)
  turnAll(chip, storage)
  const before = { wear: chip.wear.slice(), operations: chip.operations, programmed_bytes: chip.programmed_bytes, late: storage.lateErases }
  const workload = new StorageWorkload(seed)
  const store = storeOf(storage)
  for (let day = 1; day <= days; day++) {
    workload.day(store)
    others(storage, day, workload.utc_s)
    onDay?.(day)
  }
  const wear = chip.wear.map((count, block) => count - before.wear[block])
  const areas = AREAS.flatMap(([name, area]) => {
    const extent = findExtent(storage.layout, area)
    if (extent === undefined) return []
    const { firstBlock, blocks: count } = extent
    const part = wear.subarray(firstBlock, firstBlock + count)
    const erases = part.reduce((sum, value) => sum + value, 0)
    const lifetime = Math.ceil(((erases / count) * LIFETIME_DAYS) / days)
    return [{ name, blocks: count, most: Math.max(...part), least: Math.min(...part), erases, lifetime }]
  })
  return {
    blocks,
    days,
    areas,
    operations: chip.operations - before.operations,
    programmed_bytes: chip.programmed_bytes - before.programmed_bytes,
    overwrites: chip.overwrites,
    lateErases: storage.lateErases - before.late,
  }
}

/** What is wrong with a wear report, one sentence each; empty when all is well. */
export function enduranceFaults(report: EnduranceReport): string[] {
  const faults: string[] = []
  if (report.overwrites > 0) faults.push(`${report.overwrites} programs of cells that were not erased`)
  if (report.lateErases > 0) faults.push(`${report.lateErases} erases inside a save or an append`)
  for (const { name, most, least, lifetime } of report.areas) {
    if (Math.max(most, lifetime) >= ENDURANCE) faults.push(`${name}: ${Math.max(most, lifetime)} erases of a block in twenty years`)
    if (most - least > 1) faults.push(`${name}: wear is uneven, ${least} to ${most} erases`)
  }
  return faults
}

/** The wear as a table to print. */
export function wearTable(report: EnduranceReport): string {
  const { blocks, days, operations, programmed_bytes } = report
  const rows = report.areas.map(({ name, blocks: count, most, erases, lifetime }) => {
    const share = ((100 * lifetime) / ENDURANCE).toFixed(1).padStart(5)
    return `${name.padEnd(14)} ${String(count).padStart(4)} blocks ${String(erases).padStart(7)} erases, worst block ${String(most).padStart(6)}; in 20 years ${String(lifetime).padStart(6)} = ${share} %`
  })
  const head = `${blocks * 4} KiB, ${days} days: ${Math.round(operations / days)} operations and ${Math.round(programmed_bytes / days)} bytes programmed a day`
  return [head, ...rows].join('\n')
}
