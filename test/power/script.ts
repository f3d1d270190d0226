import { StandardEvent } from '../../src/core/events/codes.ts'
import { COUNTER_BATCH } from '../../src/core/storage/counters.ts'
import { FerrarisError } from '../../src/lib/errors.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import type { MeterCore } from '../../src/meter/core.ts'
import { requestReset } from '../../src/meter/factory-reset.ts'
import { drawNumber } from './check.ts'
import type { Life } from './life.ts'

/** How one life of the firmware ends and what follows until the next one. */
export type Ending = 'warned' | 'unwarned' | 'clockless' | 'watchdog' | 'restart' | 'reset'
const ENDINGS: readonly Ending[] = ['warned', 'unwarned', 'watchdog', 'warned', 'clockless', 'restart', 'unwarned', 'reset']

export interface Chapter {
  readonly length_s: number
  readonly ending: Ending
  /** Until the next start. */
  readonly pause_s: number
}

const KEYS = 3
/** A client reads all registers so often. */
const READ_S = 7

/** The lives that a busy time of `length_s` seconds is made of; the same seed gives the same ones. */
export function chapters(seed: number, length_s: number): Chapter[] {
  const random = new SeededRandom(seed, 20)
  const list: Chapter[] = []
  for (let total_s = 0; total_s < length_s; ) {
    const ending = ENDINGS[list.length % ENDINGS.length]
    // Now and then the supply fails again before the last failure is over.
    const length = random.below(8) === 0 ? 1 + random.below(4) : 100 + random.below(180)
    const length_left = Math.min(length, length_s - total_s)
    const pause_s = ending === 'watchdog' || ending === 'restart' || ending === 'reset' ? 1 : 1 + random.below(90)
    list.push({ length_s: length_left, ending, pause_s })
    total_s += length_left + pause_s
  }
  return list
}

function changeSetting(life: Life, core: MeterCore, random: SeededRandom): void {
  const { expected } = life.stage
  const key = `script.${random.below(KEYS)}`
  const value = random.below(5) === 0 ? undefined : 'x'.repeat(random.below(20)) + random.below(10_000)
  expected.change = { key, value }
  if (value === undefined) core.storage.settings.delete(key)
  else
    core.storage.settings.set(
      key,
      Uint8Array.from(value, (character) => character.charCodeAt(0)),
    )
  expected.changed()
}

/** What people and machines do to the meter in one second of the script. A function of the seed and the world's second alone. */
export function busySecond(life: Life, seed: number): void {
  const { world, expected } = life.stage
  const random = new SeededRandom(seed, world.second)
  const roll = random.below(1000)
  if (roll < 4) world.sag_s = 1 + random.below(6)
  else if (roll < 7) world.loss_s = 1 + random.below(6)
  life.second((core) => {
    tolerate(life, () => act(life, core, random, roll))
  })
  if (world.second % READ_S === 0) expected.read = life.running().energy.counts.slice()
}

/** A clock chip knows no earlier time; one that lost its supply begins there. */
const EARLIEST_MS = Date.UTC(2000, 0, 1)

function act(life: Life, core: MeterCore, random: SeededRandom, roll: number): void {
  if (roll >= 100 && roll < 125) core.standardLog.add(StandardEvent.replaceBattery, core.clock.now_s(), roll)
  else if (roll < 150) changeSetting(life, core, random)
  else if (roll < 154) core.setClock(Math.max(EARLIEST_MS, core.clock.now_ms() + 1000 * (random.below(400) - 200)))
  else if (roll >= 200 && roll < 212) drawNumber(life, random.below(COUNTER_BATCH.length))
  else if (roll >= 220 && roll < 250) life.duties?.transfer(random.below(64))
  else if (roll >= 250 && roll < 255) life.duties?.changeSecret(random.below(10_000))
  else if (!core.clock.valid && roll < 500) core.setClock(Date.UTC(2026, 2, 29) + life.stage.world.ticks_ms())
}

/** A flash that takes no more says so to whoever wants to store something, and to nobody else. */
function tolerate(life: Life, store: () => void): void {
  try {
    store()
  } catch (error) {
    const full = error instanceof FerrarisError && error.code.startsWith('STORAGE')
    if (!full || life.tolerance.loss !== true) throw error
  }
}

function askForReset(life: Life): void {
  const { expected } = life.stage
  const core = life.running()
  expected.reset = 'tried'
  requestReset(core.storage, {})
  expected.reset = 'promised'
  core.save()
}

/** The end of a life, and the time until the next one. Gives what the next start is told. */
export function end(life: Life, { ending, pause_s }: Chapter): 'power' | 'watchdog' | 'restart' {
  const { world } = life.stage
  if (ending === 'warned') {
    world.loss_s = 1 + pause_s
    life.running().interrupt()
  } else if (ending === 'restart') life.running().stop(true)
  else if (ending === 'reset') {
    askForReset(life)
    life.running().stop(true)
  }
  life.account()
  if (ending === 'clockless') world.loseBackup()
  world.pause(pause_s)
  if (ending === 'watchdog') return ending
  return ending === 'restart' || ending === 'reset' ? 'restart' : 'power'
}
