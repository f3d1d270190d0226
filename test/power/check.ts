import { ProfileStatus, StandardEvent } from '../../src/core/events/codes.ts'
import { profileValue } from '../../src/core/profile/load-profile.ts'
import { ENERGY_VALUES, Quantity } from '../../src/core/registers/energy.ts'
import type { MeterCore } from '../../src/meter/core.ts'
import { LOGS } from './expected.ts'
import type { Life } from './life.ts'
import { must } from './violation.ts'
import { ELEMENTS } from './world.ts'

/** What may be wrong with the flash itself. Without damage the meter may not speak of any. */
export interface Tolerance {
  /** Bits were turned, blocks are worn or commands were ignored: entries may be missing, and the meter may say so. */
  readonly damage: boolean
  /** So much was turned that a promised image, entry or setting may be gone with it. */
  readonly loss?: boolean
  /** What was promised some operations ago is still there for sure, although `loss` says that later things may be gone. */
  readonly floor?: boolean
  /** Counters may repeat: all copies of them may be gone. */
  readonly repeats?: boolean
}

export const WHOLE: Tolerance = Object.freeze({ damage: false })
export const DAMAGED: Tolerance = Object.freeze({ damage: true })
export const LOSSY: Tolerance = Object.freeze({ damage: true, loss: true })
/** The last operations before the cut may be gone, in any order. */
export const REORDERED: Tolerance = Object.freeze({ damage: true, loss: true, floor: true })
/** Every area may have been hit. */
export const ROTTEN: Tolerance = Object.freeze({ damage: true, loss: true, repeats: true })

/** A start reads every header, the newest block of each area twice, and the logs where the clock was set back. */
const MOUNT_FACTOR = 4
/** A damaged block is searched for records at each program unit, and each look reads a whole record. */
const SEARCH_FACTOR = 16
/** A profile entry with one of these does not claim to cover a whole period after the one before it. */
const INTERRUPTED =
  ProfileStatus.powerDown |
  ProfileStatus.clockAdjusted |
  ProfileStatus.clockInvalid |
  ProfileStatus.dataNotValid |
  ProfileStatus.criticalError
const PERIOD_S = 60
const { powerDown, powerUp, memoryNonVolatileError } = StandardEvent

/** What the flash looked like when the meter started. */
export function checkStart(life: Life): void {
  const { tolerance } = life
  const { report } = life.running().storage
  must(tolerance.damage || report.damaged === 0, () => `power loss looks like damage: ${JSON.stringify(report)}`)
  const { size } = life.tap.status()
  const bound = (tolerance.damage ? SEARCH_FACTOR : MOUNT_FACTOR) * size
  must(life.mount_bytes <= bound, () => `the start read ${life.mount_bytes} bytes of a flash of ${size}`)
}

/** Registers are those of one save: the last one that returned, or the one that was cut off. */
export function checkImage(life: Life): void {
  const { tolerance } = life
  const { committed, attempted, read } = life.stage.expected
  const { loaded } = life
  const { truth } = life.stage.world
  if (tolerance.loss !== true) {
    const is = (image: Float64Array): boolean => loaded.every((count, i) => count === image[i])
    const differs = loaded.findIndex((count, i) => count !== committed[i])
    must(is(committed) || is(attempted), () => {
      return `register ${differs}: ${loaded[differs]} after the start, ${committed[differs]} saved, ${attempted[differs]} tried`
    })
    const { powerFailures } = life.running()
    const least = committed[ENERGY_VALUES]
    const most = attempted[ENERGY_VALUES] + 1
    must(powerFailures >= least && powerFailures <= most, () => `${powerFailures} power failures, ${least} saved`)
  }
  const fallen = tolerance.floor === true ? loaded.findIndex((count, i) => count < committed[i]) : -1
  must(fallen < 0, () => `register ${fallen}: ${loaded[fallen]} after the start, ${committed[fallen]} saved before the last operations`)
  must(loaded[0] <= truth[0], () => `register 0: ${loaded[0]} counts, the mains delivered ${truth[0]}`)
  // What a client has read may be gone, but no further back than the save before it; `second` sees to it that those are close enough.
  if (read !== undefined && loaded[0] < read[0]) must(tolerance.loss === true || loaded[0] >= committed[0], () => 'less than was saved')
}

/** Every count since the start arrived once, in the right registers. */
export function checkLife(life: Life): void {
  const { tolerance } = life
  const { world, chip } = life.stage
  const core = life.running()
  const { counts } = core.energy
  for (let element = 0; element < ELEMENTS; element++) {
    const at = (quantity: number): number => counts[quantity * ELEMENTS + element] - life.loaded[quantity * ELEMENTS + element]
    const since = (row: number): number => world.truth[row * ELEMENTS + element] - life.truth[row * ELEMENTS + element]
    const rows = [
      at(Quantity.activeImport),
      at(Quantity.activeExport),
      at(Quantity.reactiveImport),
      at(Quantity.reactiveExport),
      at(Quantity.apparentImport) + at(Quantity.apparentExport),
    ]
    for (const [row, count] of rows.entries()) {
      must(count === since(row), () => `row ${row}, element ${element}: ${count} counted, ${since(row)} delivered`)
    }
    const quadrants = at(Quantity.reactiveQ1) + at(Quantity.reactiveQ2)
    must(quadrants === rows[2], () => `element ${element}: QI + QII = ${quadrants}, +R = ${rows[2]}`)
  }
  const { lateErases } = core.storage.registers.ring
  must(lateErases === 0 || tolerance.damage, () => `${lateErases} saves had to wait for an erase`)
  must(chip.overwrites === 0, () => `${chip.overwrites} units were programmed twice`)
  if (!tolerance.damage) checkEvents(core)
}

/** Entries are whole and in order, and what was returned for is there. */
export function checkLogs(life: Life): void {
  const { tolerance } = life
  const { storage } = life.running()
  for (const [index, name] of LOGS.entries()) {
    const book = life.stage.expected.books[index]
    const log = storage[name]
    const promised = book.next
    // One entry may have been cut off and be there all the same.
    const there = log.nextSequence >= promised && log.nextSequence <= promised + 1
    const floor = tolerance.loss === true && (tolerance.floor !== true || log.nextSequence >= promised)
    must(there || floor, () => `${name}: the next entry is ${log.nextSequence}, promised was ${promised}`)
    if (tolerance.loss === true) book.forget(log.nextSequence)
    book.compare(log, name, tolerance.damage)
  }
  checkProfile(life.running(), life.tolerance)
}

/** Time stamps come once, gaps are marked, energies never fall, and no entry says more than the registers. */
export function checkProfile(core: MeterCore, tolerance: Tolerance, period_s = PERIOD_S): void {
  const { profile } = core.storage
  const stamps = new Set<number>()
  const cursor = profile.cursor()
  let previous_s = -1
  let sequence = 0
  let energy_Wh = 0
  while (cursor.next()) {
    const { utc_s, status } = cursor
    must(!stamps.has(utc_s), () => `profile: the time stamp ${utc_s} comes twice`)
    stamps.add(utc_s)
    const follows = previous_s < 0 || utc_s === previous_s + period_s || (status & INTERRUPTED) !== 0
    must(follows || cursor.sequence !== sequence + 1, () => `profile: ${utc_s} follows ${previous_s} without a mark (status ${status})`)
    const value_Wh = profileValue(cursor.payload, Quantity.activeImport)
    must(value_Wh >= energy_Wh || tolerance.loss === true, () => `profile: ${value_Wh} Wh after ${energy_Wh} Wh`)
    energy_Wh = value_Wh
    previous_s = utc_s
    sequence = cursor.sequence
  }
  const register_Wh = core.energy.value(Quantity.activeImport, 0)
  must(register_Wh >= energy_Wh || tolerance.loss === true, () => `register at ${register_Wh} Wh, a profile entry says ${energy_Wh} Wh`)
}

/** Every failure of the supply has a beginning and an end, and nothing is called damaged. */
export function checkEvents(core: MeterCore): void {
  const log = core.standardLog
  let last = 0
  for (const { code, sequence } of log.newest(log.count).reverse()) {
    must(code !== memoryNonVolatileError, () => `event ${sequence}: a memory error`)
    if (code !== powerDown && code !== powerUp) continue
    must(last !== code, () => `event ${sequence}: ${code === powerDown ? 'power down' : 'power up'} twice in a row`)
    last = code
  }
}

/** The last failure of the supply stands in the log: to be asked some seconds after a start that a power loss brought about. */
export function checkAnnounced(life: Life): void {
  const log = life.running().standardLog
  const last = log.newest(log.count).find(({ code }) => code === powerDown || code === powerUp)
  must(last === undefined || last.code === powerUp, () => 'the supply is back, and the log does not say so')
}

/** Each setting has its old value or the new one. */
export function checkSettings(life: Life): void {
  const { tolerance } = life
  const { expected } = life.stage
  const { settings } = life.running().storage
  const { change } = expected
  const found = (key: string): string | undefined => {
    const bytes = settings.get(key)
    return bytes === undefined ? undefined : String.fromCharCode(...bytes)
  }
  if (change !== undefined && found(change.key) === change.value) expected.changed()
  expected.change = undefined
  if (tolerance.damage) return
  for (const [key, value] of expected.settings) {
    must(found(key) === value, () => `setting ${key}: ${found(key)}, was ${value}`)
  }
}

/** Draws a number; none comes twice, and none is below one that came before. */
export function drawNumber(life: Life, counter: number): void {
  const { expected } = life.stage
  const number = life.running().storage.counters.next(counter)
  const last = expected.numbers.get(counter) ?? 0
  must(number > last || life.tolerance.repeats === true, () => `counter ${counter} gave ${number} after ${last}`)
  expected.numbers = new Map(expected.numbers).set(counter, number)
}
