import { Counter } from '../src/core/storage/counters.ts'
import { Area } from '../src/core/storage/format.ts'
import { extentOf } from '../src/core/storage/layout.ts'
import { openStorage, type Storage } from '../src/core/storage/storage.ts'
import { StorageWorkload, type WorkloadStore } from '../src/world/storage-workload.ts'
import { type Bench, type Figure, rate } from './harness.ts'
import { busy_ms, CountingFlash, difference, type FlashCounts, type FlashTiming, MAXIMUM, TYPICAL } from './storage-flash.ts'
import { type PeerBuffers, peer } from './storage-peer.ts'

/** The partition of the virtual board. */
const BLOCKS = 512
const DAYS = 400
/** Before the workload begins. */
const START_S = 1_600_000_000
const LIFETIME_DAYS = 20 * 365.25
const ZERO: FlashCounts = { programs: 0, pages: 0, programmed_bytes: 0, erases: 0, reads: 0, read_bytes: 0 }

/** As many steps of background work as a minute has seconds. */
function idle(storage: Storage): void {
  for (let second = 0; second < 60 && storage.prepare(); second++);
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

/** Takes every ring round once, so that from now on each block that is opened costs an erase, as in all but the first months of a life. */
function turnAll(flash: CountingFlash, storage: Storage): void {
  const { registers, profile, events, powerFailures, counters, settings } = storage
  const values = new Float64Array(registers.count)
  let step = 0
  const turn = (area: number, work: () => void) => {
    const { firstBlock, blocks } = extentOf(storage.layout, area)
    while (flash.wear.subarray(firstBlock, firstBlock + blocks).includes(0)) {
      step++
      work()
      storage.prepare()
    }
  }
  turn(Area.profile, () => profile.append(1, 0, START_S, new Uint8Array(32)))
  turn(Area.events, () => events.append(1, 0, START_S, new Uint8Array(4)))
  turn(Area.powerFailures, () => powerFailures.append(1, 0, START_S, new Uint8Array(4)))
  turn(Area.settings, () => settings.set('turn', Uint8Array.of(step, step >>> 8)))
  turn(Area.counters, () => counters.next(Counter.boot))
  turn(Area.registers, () => {
    values[0] = step
    registers.save(values, START_S)
  })
}

interface Life {
  readonly flash: CountingFlash
  readonly storage: Storage
  readonly workload: StorageWorkload
  readonly store: WorkloadStore
}

/** A meter whose logs have been full for long. */
function oldMeter(): Life {
  const flash = new CountingFlash(BLOCKS)
  const storage = openStorage(flash)
  turnAll(flash, storage)
  const workload = new StorageWorkload()
  const store = storeOf(storage)
  workload.day(store)
  return { flash, storage, workload, store }
}

interface Years extends Life {
  readonly counts: FlashCounts
  readonly worstSave: FlashCounts
  readonly worstEntry: FlashCounts
  readonly wear: Uint32Array
}

/** Keeps the operation that kept the chip busy for longest. */
function worse(flash: CountingFlash, worst: FlashCounts, work: () => void): FlashCounts {
  const before = { ...flash.counts }
  work()
  const delta = difference(flash.counts, before)
  return busy_ms(delta, TYPICAL) > busy_ms(worst, TYPICAL) ? delta : worst
}

let lived: Years | undefined

/** More than a year of an old meter, once for all figures: the largest ring comes round in it. */
function live(): Years {
  if (lived !== undefined) return lived
  const life = oldMeter()
  const { flash, workload, store } = life
  const before = { ...flash.counts }
  const wearBefore = flash.wear.slice()
  let worstSave = ZERO
  let worstEntry = ZERO
  const watched: WorkloadStore = {
    ...store,
    save: (values, utc_s) => {
      worstSave = worse(flash, worstSave, () => store.save(values, utc_s))
    },
    capture: (utc_s, payload) => {
      worstEntry = worse(flash, worstEntry, () => store.capture(utc_s, payload))
    },
  }
  for (let day = 0; day < DAYS; day++) workload.day(watched)
  const wear = flash.wear.map((count, block) => count - wearBefore[block])
  lived = { ...life, counts: difference(flash.counts, before), worstSave, worstEntry, wear }
  return lived
}

/** Less is better: the ratio says how many times less. */
function less(value: number, other: number | undefined): Figure {
  return other === undefined ? { value } : { value, peer: other, ratio: other / value }
}

function perDay(name: keyof FlashCounts, buffers: PeerBuffers = 'ample'): Figure {
  const figures = peer(buffers)
  return less(live().counts[name] / DAYS, figures && figures.totals[name] / figures.days)
}

/** Erases of each block of an area in twenty years: the wear of a ring is even to one erase. */
function wearOf(area: number): number {
  const { storage, wear } = live()
  const { firstBlock, blocks } = extentOf(storage.layout, area)
  const erases = wear.subarray(firstBlock, firstBlock + blocks).reduce((sum, count) => sum + count, 0)
  return ((erases / blocks) * LIFETIME_DAYS) / DAYS
}

function wearFigure(): Figure {
  const figures = peer('ample')
  const most = Math.max(...AREAS.map(([, area]) => wearOf(area)))
  // Of littlefs the mean over all blocks, as if it levelled perfectly: its worst block only shows in a much longer run.
  return less(most, figures && (figures.wear.sum / BLOCKS / figures.days) * LIFETIME_DAYS)
}

function mountCounts(): FlashCounts {
  const { flash } = live()
  const before = { ...flash.counts }
  openStorage(flash)
  return difference(flash.counts, before)
}

/** Time of the slowest save or profile entry there was, by the data sheet of the chip. */
function worst(what: 'worstSave' | 'worstEntry', timing: FlashTiming, buffers: PeerBuffers = 'ample'): Figure {
  const figures = peer(buffers)
  return less(busy_ms(live()[what], timing), figures && busy_ms(figures[what], timing))
}

/** Bytes that a save leaves on the heap: the least of many rounds, because a collection in between hides some. */
function garbagePerSave(): number {
  const collect = (globalThis as { gc?: () => void }).gc
  if (collect === undefined) throw new Error('needs --expose-gc')
  const { workload, store } = oldMeter()
  const saves = 1000
  const bytes: number[] = []
  for (let round = 0; round < 20; round++) {
    collect()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < saves; i++) {
      workload.save(store)
      store.idle()
    }
    bytes.push((process.memoryUsage().heapUsed - before) / saves)
  }
  return bytes.filter((value) => value >= 0).sort((a, b) => a - b)[0] ?? 0
}

/** Fifty flickers in a minute: the meter saves and logs, dies, starts, saves and logs again; it lives for one second of background work. */
function storm(): FlashCounts {
  const { flash, workload, store } = oldMeter()
  const before = { ...flash.counts }
  let meter = store
  for (let flicker = 0; flicker < 50; flicker++) {
    workload.save(meter)
    workload.event(meter)
    const storage = openStorage(flash)
    meter = storeOf(storage)
    workload.event(meter)
    storage.powerFailures.append(1, 0, workload.utc_s, new Uint8Array(4))
    workload.save(meter)
    storage.prepare()
  }
  return difference(flash.counts, before)
}

function stormFigure(measure: (counts: FlashCounts) => number): Figure {
  const figures = peer('ample')
  return less(measure(storm()), figures && measure(figures.storm))
}

const AREAS = Object.entries(Area).filter(([, area]) => area !== Area.superblock)

const daily: Bench[] = [
  { name: 'storage.day.programs', unit: 'programs of a page', run: async () => perDay('pages') },
  { name: 'storage.day.programmed', unit: 'bytes', run: async () => perDay('programmed_bytes') },
  { name: 'storage.day.erases', unit: 'erases', run: async () => perDay('erases') },
  { name: 'storage.day.read', unit: 'bytes', run: async () => perDay('read_bytes') },
]

const wear: Bench[] = [
  { name: 'storage.wear', unit: 'erases of the worst block in 20 years', run: async () => wearFigure() },
  ...AREAS.map(([name, area]) => ({
    name: `storage.wear.${name}`,
    unit: 'erases of the worst block in 20 years',
    run: async () => ({ value: wearOf(area) }),
  })),
]

const mount: Bench[] = [
  {
    name: 'storage.mount.time',
    unit: 'ms at full flash',
    run: async () => {
      const { flash } = live()
      const perSecond = rate(() => {
        openStorage(flash)
        return 1
      })
      return { value: 1000 / perSecond }
    },
  },
  {
    name: 'storage.mount.read',
    unit: 'bytes at full flash',
    run: async () => less(mountCounts().read_bytes, peer('ample')?.mount.read_bytes),
  },
  {
    name: 'storage.mount.bus',
    unit: 'ms on SPI at 20 MHz',
    run: async () => {
      const figures = peer('ample')
      return less(busy_ms(mountCounts(), TYPICAL), figures && busy_ms(figures.mount, TYPICAL))
    },
  },
]

const save: Bench[] = [
  {
    name: 'storage.save.time',
    unit: 'µs of CPU',
    run: async () => {
      const { workload, store } = oldMeter()
      const perSecond = rate(() => {
        for (let i = 0; i < 100; i++) {
          workload.save(store)
          store.idle()
        }
        return 100
      })
      return { value: 1e6 / perSecond }
    },
  },
  { name: 'storage.save.garbage', unit: 'bytes', isolated: true, run: async () => ({ value: garbagePerSave() }) },
  {
    name: 'storage.save.worst.programs',
    unit: 'programs of a page',
    run: async () => less(live().worstSave.pages, peer('ample')?.worstSave.pages),
  },
  {
    name: 'storage.save.worst.programmed',
    unit: 'bytes',
    run: async () => less(live().worstSave.programmed_bytes, peer('ample')?.worstSave.programmed_bytes),
  },
  { name: 'storage.save.worst.typical', unit: 'ms', run: async () => worst('worstSave', TYPICAL) },
  { name: 'storage.save.worst.maximum', unit: 'ms', run: async () => worst('worstSave', MAXIMUM) },
  { name: 'storage.entry.worst.typical', unit: 'ms', run: async () => worst('worstEntry', TYPICAL) },
  { name: 'storage.entry.worst.maximum', unit: 'ms', run: async () => worst('worstEntry', MAXIMUM) },
]

/** The same against littlefs with the small buffers of Moddable's port. */
const moddable: Bench[] = [
  { name: 'storage.moddable.erases', unit: 'erases per day', run: async () => perDay('erases', 'moddable') },
  { name: 'storage.moddable.programs', unit: 'programs of a page per day', run: async () => perDay('pages', 'moddable') },
  { name: 'storage.moddable.worst', unit: 'ms for a save, typical', run: async () => worst('worstSave', TYPICAL, 'moddable') },
]

const storms: Bench[] = [
  { name: 'storage.storm.erases', unit: 'erases for 50 flickers', run: async () => stormFigure(({ erases }) => erases) },
  { name: 'storage.storm.programmed', unit: 'bytes for 50 flickers', run: async () => stormFigure((counts) => counts.programmed_bytes) },
  { name: 'storage.storm.busy', unit: 'ms for 50 flickers, typical', run: async () => stormFigure((counts) => busy_ms(counts, TYPICAL)) },
]

export const benches: readonly Bench[] = [...daily, ...wear, ...mount, ...save, ...moddable, ...storms]
