import { expect, test } from 'vitest'
import { BillingReason } from '../../../src/core/billing/billing.ts'
import { HELD_BACK, PowerLoss, type Tear } from '../../../src/world/chips/nor-flash.ts'
import { BillingRig, utc } from './rig.ts'

const TEARS: readonly Tear[] = ['none', 'complete', 'prefix', 'bits', 'garbage', 'erase-random', 'reordered']
const START = utc('2024-01-31T22:30:00')
/** Seconds at which something happens: period ends around the end of the month, a command, and the next two ends. */
const STEPS = [
  START,
  utc('2024-01-31T22:45:00'),
  utc('2024-01-31T23:00:00'),
  utc('2024-01-31T23:15:00'),
  utc('2024-02-10T10:00:00'),
  utc('2024-02-10T10:15:00'),
  utc('2024-02-29T23:00:00'),
  utc('2024-03-31T22:00:00'),
]
const COMMAND = STEPS[5]

/** One step of the script; `add` only the first time, because the energy is counted whatever the flash does. */
function step(rig: BillingRig, index: number): void {
  rig.second(STEPS[index])
  // A meter writes other things too: a chip that holds operations back has them behind it when the first period ends.
  if (index === 0) for (let i = 0; i < HELD_BACK; i++) rig.settings.set('other', Uint8Array.of(i))
  if (STEPS[index] === COMMAND && rig.billing.allowed(COMMAND)) rig.billing.end(COMMAND, BillingReason.command, 0)
}

/** Runs the script on a chip that may lose power once; then starts again and goes on with the same step. Returns the operations. */
function run(cut?: { operation: number; tear: Tear; again?: number }): BillingRig {
  const rig = new BillingRig(START, {}, cut?.operation ?? 1)
  if (cut !== undefined) rig.chip.cutAt(cut.operation, cut.tear)
  let again = cut?.again
  let begun = -1
  for (let index = 0, restart = true; index < STEPS.length; ) {
    try {
      rig.now_s = STEPS[index]
      if (restart) rig.start(index === 0 ? 'first' : 'power')
      restart = false
      if (begun < index) {
        begun = index
        rig.add(100 * (index + 1))
        rig.add(10 * (10 - index), 1, 2)
      }
      step(rig, index)
      index++
    } catch (error) {
      if (!(error instanceof PowerLoss)) throw error
      rig.chip.powerOn()
      if (again !== undefined) rig.chip.cutAt(rig.chip.operations + again, cut?.tear)
      again = undefined
      restart = true
    }
  }
  rig.chip.powerOn()
  rig.start()
  return rig
}

/** What must hold whatever happened. */
function check(rig: BillingRig, name: string): void {
  const { billing, demand } = rig
  const numbers: number[] = []
  const stamps: number[] = []
  const cumulative = [0, 0]
  const energy = [0, 0]
  for (let index = billing.count; index >= 1; index--) {
    const snapshot = billing.read(index)
    if (snapshot === undefined) throw new Error(`${name}: snapshot ${index} is missing`)
    numbers.push(snapshot.number)
    stamps.push(snapshot.utc_s)
    for (const [quantity, c] of [
      [0, 1],
      [1, 2],
    ]) {
      // Each maximum went into the cumulative one exactly once: the value before this end is the sum of the maxima of all snapshots before it.
      expect(snapshot.find(c, 2, 0)?.value, `${name}: cumulative of ${snapshot.number}`).toBe(cumulative[quantity])
      cumulative[quantity] += snapshot.find(c, 6, 0)?.value ?? 0
      const counts = snapshot.energy(c, 0) ?? 0
      expect(counts, name).toBeGreaterThanOrEqual(energy[quantity])
      energy[quantity] = counts
    }
  }
  for (const quantity of [0, 1]) expect(demand.cumulative_W(quantity), name).toBe(cumulative[quantity])
  // Four ends, each once, whatever was repeated.
  expect(numbers, name).toEqual([1, 2, 3, 4])
  expect(stamps, name).toEqual([STEPS[2], COMMAND, STEPS[6], STEPS[7]])
  expect(billing.counter, name).toBe(4)
}

test('a power cut at every flash operation loses no end of billing, repeats none, and takes each maximum into account once', () => {
  const whole = run()
  check(whole, 'without a cut')
  expect([whole.chip.overwrites, whole.log.ring.lateErases]).toEqual([0, 0])
  for (let operation = 1; operation <= whole.chip.operations; operation++) {
    for (const tear of TEARS) {
      check(run({ operation, tear }), `${tear} at ${operation}`)
      // And once more in what follows.
      for (const again of [1, 2, 3, 5, 8, 13]) check(run({ operation, tear, again }), `${tear} at ${operation} and ${again}`)
    }
  }
})
