import { expect, test } from 'vitest'
import { MemoryFlash } from '../../hal/portable/flash.ts'
import { StandardEvent } from '../../src/core/events/codes.ts'
import type { MeterCore } from '../../src/meter/core.ts'
import { NorFlash } from '../../src/world/chips/nor-flash.ts'
import { checkEvents, checkProfile, WHOLE } from './check.ts'
import { Expected } from './expected.ts'
import { FLASH, Life, type Stage } from './life.ts'
import { PowerWorld } from './world.ts'

function stage(): Stage {
  return { chip: new NorFlash(new MemoryFlash(FLASH)), world: new PowerWorld(), expected: new Expected(48) }
}

/** A life of `seconds`, in which the clock is set by so many seconds at some of them. */
function live(stage: Stage, seconds: number, shifts: ReadonlyMap<number, number> = new Map()): MeterCore {
  const life = new Life(stage)
  life.start()
  for (let second = 1; second <= seconds; second++) {
    life.second((core) => {
      const shift_s = shifts.get(second)
      if (shift_s !== undefined) core.setClock(core.clock.now_ms() + 1000 * shift_s)
    })
  }
  life.account()
  return life.running()
}

function stamps(core: MeterCore): number[] {
  const list: number[] = []
  const cursor = core.profile.log.cursor()
  while (cursor.next()) list.push(cursor.utc_s)
  return list
}

test('the clock set back, then a power failure: no time stamp comes twice', () => {
  const world = stage()
  // The newest entry of the log is then not the latest one.
  live(
    world,
    260,
    new Map([
      [100, 600],
      [200, -630],
    ]),
  )
  world.world.pause(5)
  const core = live(world, 300, new Map([[10, 480]]))
  expect(new Set(stamps(core)).size).toBe(stamps(core).length)
})

test('a period that is left out because its time stamp is taken is marked in the next entry', () => {
  // On by 130 s leaves out two stamps; back by 190 s comes to them again, and then to one that is taken.
  const core = live(
    stage(),
    900,
    new Map([
      [130, 130],
      [200, -190],
    ]),
  )
  checkProfile(core, WHOLE)
})

test('the mark of a clock that was set survives a planned restart', () => {
  const world = stage()
  const shifts = new Map([
    [130, 130],
    [200, -190],
  ])
  live(world, 205, shifts).stop(true)
  const core = live({ ...world, resetReason: 'restart' }, 200)
  checkProfile(core, WHOLE)
})

test('a watchdog reset before the supply has settled leaves no power down without its power up', () => {
  const world = stage()
  const first = new Life(world)
  first.start()
  for (let i = 0; i < 60; i++) first.second()
  world.world.loss_s = 10
  first.running().interrupt()
  first.account()
  world.world.pause(10)
  live(world, 1)
  live({ ...world, resetReason: 'watchdog' }, 60)
  world.world.loss_s = 10
  const core = live({ ...world, resetReason: 'watchdog' }, 60)
  checkEvents(core)
  const codes = core.standardLog.newest(20).map(({ code }) => code)
  expect(codes).toContain(StandardEvent.powerUp)
})
