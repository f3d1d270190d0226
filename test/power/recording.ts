import type { ResetReason } from '../../hal/api/watchdog.ts'
import { MemoryFlash } from '../../hal/portable/flash.ts'
import { NorFlash } from '../../src/world/chips/nor-flash.ts'
import { Expected } from './expected.ts'
import { FLASH, Life } from './life.ts'
import { busySecond, type Chapter, chapters, end } from './script.ts'
import type { Operation } from './tap.ts'
import { PowerWorld } from './world.ts'

/** Values of the register image. */
const IMAGE_COUNT = 48

/** One operation of the flash, with all that was true just before it. */
export interface Moment {
  readonly operation: Operation
  readonly world: PowerWorld
  readonly expected: Expected
}

/** One life of the firmware: from its flash and its world it can be lived again, operation for operation. */
export interface Scene {
  readonly chapter: Chapter
  readonly image: Uint8Array
  readonly world: PowerWorld
  readonly expected: Expected
  readonly reason: ResetReason
  /** Index of its first operation in `moments`. */
  readonly first: number
}

export interface Recording {
  readonly seed: number
  readonly scenes: readonly Scene[]
  readonly moments: readonly Moment[]
  readonly erases: number
}

export interface RecordingOptions {
  readonly seed: number
  /** Seconds of the script before the recording, so that all rings are full. */
  readonly warm_s: number
  readonly length_s: number
}

/** Lives through the script without any fault, and keeps every operation of the flash with the promises made until then. */
export function record(options: RecordingOptions): Recording {
  const { seed, warm_s, length_s } = options
  const memory = new MemoryFlash(FLASH)
  const chip = new NorFlash(memory)
  const world = new PowerWorld()
  const expected = new Expected(IMAGE_COUNT)
  const scenes: Scene[] = []
  const moments: Moment[] = []
  let reason: ResetReason = 'power'
  for (const chapter of chapters(seed, warm_s + length_s)) {
    const recorded = world.second >= warm_s
    if (recorded)
      scenes.push({ chapter, image: memory.image(), world: world.copy(), expected: expected.copy(), reason, first: moments.length })
    const note = (operation: Operation): void => {
      life.account()
      moments.push({ operation, world: world.copy(), expected: expected.view() })
    }
    const life = new Life({ chip, world, expected, resetReason: reason, onOperation: recorded ? note : undefined })
    reason = playThrough(life, chapter, seed)
  }
  return { seed, scenes, moments, erases: chip.wear.reduce((sum, count) => sum + count, 0) }
}

/** One life from its start to its end. Gives what the next start is told. */
function playThrough(life: Life, chapter: Chapter, seed: number): ResetReason {
  life.start()
  for (let i = 0; i < chapter.length_s; i++) busySecond(life, seed)
  life.check()
  life.duties?.check()
  return end(life, chapter)
}
