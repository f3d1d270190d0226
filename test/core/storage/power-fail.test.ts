import { describe, expect, test } from 'vitest'
import type { Storage } from '../../../src/core/storage/storage.ts'
import { HELD_BACK, type NorFlash, PowerLoss, type Tear } from '../../../src/world/chips/nor-flash.ts'
import { checkRecent, History } from './history.ts'
import { busyStep, checkPromises, createRig, nothingPromised, open, type Promised } from './rig.ts'

/** What a chip without a write cache does when its supply ends. */
const TEARS: readonly Tear[] = ['none', 'complete', 'prefix', 'bits', 'garbage', 'erase-random']
/** Enough that every ring wraps around several times. */
const STEPS = 320
/** Lives begin at an image of every so many steps, so that no cut needs the whole script. */
const STRIDE = 40

interface Start {
  readonly step: number
  readonly image: Uint8Array
  readonly promised: Promised
  /** Operations from here to the next start. */
  readonly operations: number
}

/** Opens the storage and lives from step `from` to `to`. Returns the step that power loss ended, or `to`. */
function live(chip: NorFlash, promised: Promised, from: number, to: number, perBlock = 3): number {
  let step = from
  try {
    const storage = open(chip)
    // Nothing that the power did may look like damage, or a meter would report a fault after every outage.
    if (storage.report.damaged !== 0) expect(storage.report).toEqual({})
    checkPromises(storage, promised, perBlock)
    for (; step < to; step++) busyStep(storage, promised, step)
    checkPromises(storage, promised, perBlock)
  } catch (error) {
    if (!(error instanceof PowerLoss)) throw error
    // The step that was cut is over: a meter does not do the same thing again, it does the next one.
    return Math.min(step + 1, to)
  }
  return step
}

/** One long life, as images along its way: the empty flash first. */
function starts(): Start[] {
  const { chip, memory } = createRig(0)
  const images = [memory.image()]
  const promises = [nothingPromised()]
  const storage = open(chip)
  const promised = nothingPromised()
  for (let step = 0; step < STEPS; step++) {
    busyStep(storage, promised, step)
    if (step % STRIDE !== STRIDE - 1) continue
    images.push(memory.image())
    promises.push(structuredClone(promised))
  }
  return images.slice(0, -1).map((image, i) => {
    const rig = createRig(0, image)
    live(rig.chip, structuredClone(promises[i]), i * STRIDE, (i + 1) * STRIDE)
    return { step: i * STRIDE, image, promised: promises[i], operations: rig.chip.operations }
  })
}

/** Calls `run` for each operation of the long life, with a rig that is going to lose its power there. */
function atEveryOperation(tear: Tear, run: (rig: ReturnType<typeof createRig>, start: Start, cut: number) => void, every = 1): void {
  for (const start of STARTS) {
    for (let cut = 1; cut <= start.operations; cut += every) {
      const rig = createRig(cut, start.image)
      rig.chip.cutAt(cut, tear)
      try {
        run(rig, start, cut)
        expect(rig.chip.overwrites).toBe(0)
      } catch (error) {
        throw new Error(`step ${start.step}, operation ${cut}`, { cause: error })
      }
    }
  }
}

const STARTS = starts()

describe('power loss', () => {
  test('without any, the busy script wears every area, and never programs over anything', () => {
    const { chip } = createRig(0)
    live(chip, nothingPromised(), 0, STEPS)
    expect(chip.overwrites).toBe(0)
    expect(chip.operations).toBeGreaterThan(STEPS)
    for (const block of [2, 5, 8, 11, 14, 21]) expect(chip.wear[block], `block ${block}`).toBeGreaterThan(1)
  })

  test.each(TEARS)('at every operation, torn as %j: nothing promised is lost', (tear) => {
    atEveryOperation(tear, ({ chip }, start) => {
      const promised = structuredClone(start.promised)
      const step = live(chip, promised, start.step, start.step + STRIDE)
      expect(chip.powered).toBe(false)
      chip.powerOn()
      live(chip, promised, step, step + 16)
    })
  })

  test.each(TEARS)('again at every operation of the recovery, torn as %j', (tear) => {
    const first = (rig: ReturnType<typeof createRig>, start: Start, cut: number) => {
      const promised = structuredClone(start.promised)
      const step = live(rig.chip, promised, start.step, start.step + STRIDE)
      const image = rig.memory.image()
      // Recovery and the steps after it, cut at each of their operations, until a run gets through.
      for (let second = 1; ; second++) {
        const { chip } = createRig(cut * 1000 + second, image)
        const again = structuredClone(promised)
        chip.cutAt(second, tear)
        const reached = live(chip, again, step, step + 4)
        if (chip.powered) break
        chip.powerOn()
        live(chip, again, reached, reached + 8)
        expect(chip.overwrites).toBe(0)
      }
    }
    atEveryOperation(TEARS[(TEARS.indexOf(tear) + 1) % TEARS.length], first, 11)
  })

  test('a storm: power lost every few operations, a thousand times', () => {
    const { chip } = createRig(99)
    const promised = nothingPromised()
    let step = 0
    let seed = 1
    for (let storm = 0; storm < 1000; storm++) {
      seed = (seed * 48271) % 0x7fffffff
      chip.cutAt(chip.operations + 1 + (seed % 9), TEARS[seed % TEARS.length])
      // Torn records take room: a block may be full of them.
      step = live(chip, promised, step, step + 50, 1)
      chip.powerOn()
    }
    expect(chip.overwrites).toBe(0)
    expect(promised.logs.profile.entries.length).toBeGreaterThan(100)
  })

  test('a chip that ignores one command, whichever: noticed by reading back, nothing lost', () => {
    atEveryOperation('dropped', ({ chip }, start, drop) => {
      const promised = structuredClone(start.promised)
      let storage = open(chip)
      let restarted = false
      for (let step = start.step; step < start.step + STRIDE + 20; step++) {
        busyStep(storage, promised, step)
        if (restarted || chip.operations < drop) continue
        // At once, before the next changes cover up what is missing.
        restarted = true
        storage = open(chip)
        checkPromises(storage, promised, 1)
      }
      checkPromises(open(chip), promised, 1)
    })
  })
})

describe('a chip with a write cache', () => {
  /** Lives on until the cut; what was promised after each step stays known. */
  function liveRemembering(chip: NorFlash, promised: Promised, from: number, to: number): History {
    const history = new History(promised)
    try {
      const storage = open(chip)
      checkPromises(storage, promised)
      history.note(chip.operations)
      for (let step = from; step < to; step++) {
        busyStep(storage, promised, step)
        history.note(chip.operations)
      }
    } catch (error) {
      if (!(error instanceof PowerLoss)) throw error
      // What the step had finished when it was cut, in the erase after it perhaps.
      history.note(chip.operations)
    }
    return history
  }

  /** After a cut: what was there before the last operations is there, what is newer is there or not, and life goes on. */
  function checkAfter(chip: NorFlash, promised: Promised, history: History, step: number): void {
    const cut = chip.operations
    chip.powerOn()
    const storage: Storage = open(chip)
    checkRecent(storage, promised, history.since(cut - 1 - HELD_BACK))
    for (let next = step; next < step + 20; next++) busyStep(storage, promised, next)
    checkPromises(open(chip), promised, 1)
  }

  test('at every operation: at most the last four are missing, in any order', () => {
    atEveryOperation('reordered', ({ chip }, start) => {
      const promised = structuredClone(start.promised)
      const history = liveRemembering(chip, promised, start.step, start.step + STRIDE)
      checkAfter(chip, promised, history, start.step + STRIDE)
    })
  })

  test('at every operation of the recovery from another cut', () => {
    const first = (rig: ReturnType<typeof createRig>, start: Start, cut: number) => {
      const promised = structuredClone(start.promised)
      const step = live(rig.chip, promised, start.step, start.step + STRIDE)
      const image = rig.memory.image()
      for (let second = 1; ; second++) {
        const { chip } = createRig(cut * 1000 + second, image)
        const again = structuredClone(promised)
        chip.cutAt(second, 'reordered')
        const history = liveRemembering(chip, again, step, step + 4)
        if (chip.powered) break
        checkAfter(chip, again, history, step + 4)
        expect(chip.overwrites).toBe(0)
      }
    }
    atEveryOperation('garbage', first, 11)
  })
})
