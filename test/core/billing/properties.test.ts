import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BillingReason } from '../../../src/core/billing/billing.ts'
import { ProfileStatus } from '../../../src/core/events/codes.ts'
import { monthly } from '../../../src/core/profile/schedule.ts'
import { BillingRig, localOffset, utc } from './rig.ts'

const START = utc('2024-01-10T12:00:00')
const DAY_S = 86_400
const SCHEDULE = monthly(localOffset)

type Action = Partial<{ days: number; add: number; set_s: number; outage_s: number; command: number }>

const ACTION: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ days: fc.integer({ min: 1, max: 40 }), add: fc.nat(10_000) }) },
  { weight: 2, arbitrary: fc.record({ set_s: fc.integer({ min: -70 * DAY_S, max: 70 * DAY_S }) }) },
  { weight: 2, arbitrary: fc.record({ outage_s: fc.integer({ min: 0, max: 100 * DAY_S }) }) },
  { weight: 1, arbitrary: fc.record({ command: fc.constantFrom<number>(BillingReason.command, BillingReason.button) }) },
)

/** Runs the actions; where the clock only goes forward, `instants` are the ends that there must be. */
function run(actions: readonly Action[]): { rig: BillingRig; instants: Set<number>; turned: boolean } {
  const rig = new BillingRig(START, { blockOut_s: 900 })
  rig.start('first')
  rig.second(START)
  const instants = new Set<number>()
  let turned = false
  const pass = (from_s: number, to_s: number): void => {
    if (SCHEDULE.floor(to_s) > from_s) instants.add(SCHEDULE.floor(to_s))
  }
  for (const { days = 0, add = 0, set_s = 0, outage_s, command } of actions) {
    rig.add(add)
    for (let quarter = 0; quarter < 4 * days; quarter++) {
      pass(rig.now_s, rig.now_s + DAY_S / 4)
      rig.second(rig.now_s + DAY_S / 4)
    }
    const before_s = rig.now_s
    if (set_s !== 0) rig.setClock(before_s + set_s)
    if (outage_s !== undefined) {
      rig.now_s += outage_s
      rig.start()
    }
    if (rig.now_s < before_s) turned = true
    else pass(before_s, rig.now_s)
    rig.second(rig.now_s)
    if (command !== undefined) rig.billing.end(rig.now_s, command, 0)
  }
  return { rig, instants, turned }
}

test('whatever happens to clock and supply: numbers without gap, no time stamp twice, registers never decrease, each maximum once', () => {
  fc.assert(
    fc.property(fc.array(ACTION, { maxLength: 14 }), (actions) => {
      const { rig, instants, turned } = run(actions)
      const { billing, demand } = rig
      const snapshots = Array.from({ length: billing.count }, (_, i) => billing.read(billing.count - i)!)
      expect(snapshots.map(({ number }) => number)).toEqual(snapshots.map((_, i) => billing.counter - billing.count + i + 1))
      expect(new Set(snapshots.map(({ utc_s }) => utc_s)).size).toBe(snapshots.length)
      for (const { reason, utc_s } of snapshots) if (reason === BillingReason.scheduled) expect(SCHEDULE.floor(utc_s)).toBe(utc_s)
      for (let i = 1; i < snapshots.length; i++) {
        const [before, after] = [snapshots[i - 1], snapshots[i]]
        for (const e of [0, 1, 2]) expect(after.energy(1, e)).toBeGreaterThanOrEqual(before.energy(1, e) ?? 0)
        expect(after.find(1, 2, 0)?.value).toBe((before.find(1, 2, 0)?.value ?? 0) + (before.find(1, 6, 0)?.value ?? 0))
        // Without a mark it was made within a minute of when it should be.
        const late = ProfileStatus.powerDown | ProfileStatus.clockAdjusted
        if ((after.status & late) === 0) expect(after.made_s - after.utc_s).toBeLessThanOrEqual(60)
      }
      const last = snapshots.at(-1)
      expect(demand.cumulative_W(0)).toBe((last?.find(1, 2, 0)?.value ?? 0) + (last?.find(1, 6, 0)?.value ?? 0))
      if (turned) return
      // A clock that only goes forward: one end for each instant passed, several in one go made one.
      const scheduled = snapshots.filter(({ reason }) => reason === BillingReason.scheduled).map(({ utc_s }) => utc_s)
      expect(scheduled).toEqual([...instants].sort((a, b) => a - b).slice(-scheduled.length))
      if (billing.counter === billing.count) expect(scheduled.length).toBe(instants.size)
    }),
    { numRuns: 200 },
  )
})
