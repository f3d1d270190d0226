import { describe, expect, test } from 'vitest'
import { type NorFlash, PowerLoss, type Tear } from '../../../src/world/chips/nor-flash.ts'
import { busyStep, checkPromises, createRig, nothingPromised, open, type Promised } from './rig.ts'

const TEARS: readonly Tear[] = ['none', 'complete', 'prefix', 'bits', 'garbage', 'erase-random']
/** Enough that every ring wraps around several times. */
const STEPS = 320

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

function operationsOf(steps: number): number {
  const { chip } = createRig(0)
  live(chip, nothingPromised(), 0, steps)
  return chip.operations
}

describe('power loss', () => {
  test('without any, the busy script wears every area and never programs over anything', () => {
    const { chip } = createRig(0)
    live(chip, nothingPromised(), 0, STEPS)
    expect(chip.overwrites).toBe(0)
    expect(chip.operations).toBeGreaterThan(STEPS)
    for (const block of [2, 5, 8, 11, 14]) expect(chip.wear[block], `block ${block}`).toBeGreaterThan(1)
  })

  test.each(TEARS)('at every operation, torn as %j: nothing promised is lost', (tear) => {
    const operations = operationsOf(STEPS)
    for (let cut = 1; cut <= operations; cut++) {
      const { chip } = createRig(cut)
      const promised = nothingPromised()
      try {
        chip.cutAt(cut, tear)
        const step = live(chip, promised, 0, STEPS)
        expect(chip.powered).toBe(false)
        chip.powerOn()
        live(chip, promised, step, step + 25)
        expect(chip.overwrites).toBe(0)
      } catch (error) {
        throw new Error(`operation ${cut}`, { cause: error })
      }
    }
  })

  test.each(TEARS)('again at every operation of the recovery, torn as %j', (tear) => {
    const operations = operationsOf(140)
    for (let cut = 1; cut <= operations; cut += 3) {
      const first = createRig(cut)
      const promised = nothingPromised()
      first.chip.cutAt(cut, TEARS[cut % TEARS.length])
      const step = live(first.chip, promised, 0, 140)
      const image = first.memory.image()
      const before = structuredClone(promised)
      // Recovery and the steps after it, cut at each of their operations, until a run gets through.
      for (let second = 1; ; second++) {
        const { chip } = createRig(cut * 1000 + second, image)
        const again = structuredClone(before)
        chip.cutAt(second, tear)
        const reached = live(chip, again, step, step + 4)
        if (chip.powered) break
        chip.powerOn()
        try {
          live(chip, again, reached, reached + 12)
        } catch (error) {
          throw new Error(`operation ${cut}, then ${second}`, { cause: error })
        }
        expect(chip.overwrites).toBe(0)
      }
    }
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
    const operations = operationsOf(STEPS)
    for (let drop = 1; drop <= operations; drop++) {
      const { chip } = createRig(drop)
      const promised = nothingPromised()
      chip.cutAt(drop, 'dropped')
      try {
        let storage = open(chip)
        let restarted = false
        for (let step = 0; step < STEPS; step++) {
          busyStep(storage, promised, step)
          if (restarted || chip.operations < drop) continue
          // At once, before the next changes cover up what is missing.
          restarted = true
          storage = open(chip)
          checkPromises(storage, promised, 1)
        }
        checkPromises(open(chip), promised, 1)
        expect(chip.overwrites).toBe(0)
      } catch (error) {
        throw new Error(`operation ${drop}`, { cause: error })
      }
    }
  })
})
