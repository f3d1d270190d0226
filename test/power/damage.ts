import { MemoryFlash } from '../../hal/portable/flash.ts'
import type { Extent } from '../../src/core/storage/block-ring.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import { NorFlash } from '../../src/world/chips/nor-flash.ts'
import { LOSSY, ROTTEN, type Tolerance } from './check.ts'
import { FLASH, Life, METER_BLOCKS } from './life.ts'
import type { Scene } from './recording.ts'
import { busySecond } from './script.ts'

/** What became of a meter on a damaged flash. */
export interface Aftermath {
  /** Damage that the start found. */
  readonly damaged: number
  /** Events that say so. */
  readonly reported: number
  readonly saves: number
}

/** Starts the meter of a scene on its flash after `harm` was done to it, and lets it live for `length_s` busy seconds. */
function liveOn(scene: Scene, seed: number, length_s: number, tolerance: Tolerance, harm: (chip: NorFlash) => void): Aftermath {
  const memory = new MemoryFlash(FLASH)
  memory.load(scene.image)
  const chip = new NorFlash(memory, { random: new SeededRandom(seed, 6) })
  harm(chip)
  const life = new Life({ chip, world: scene.world.copy(), expected: scene.expected.copy(), tolerance })
  life.start()
  for (let i = 0; i < length_s; i++) busySecond(life, seed)
  life.check()
  return { damaged: life.running().storage.report.damaged, reported: life.memoryErrors, saves: life.saves }
}

/** Bits turned anywhere. */
export function rotten(scene: Scene, seed: number, bits: number, length_s: number): Aftermath {
  return liveOn(scene, seed, length_s, ROTTEN, (chip) => chip.rot(bits, 0, METER_BLOCKS * FLASH.blockLength))
}

/** One block, or several, that no erase makes whole again. */
export function worn(scene: Scene, seed: number, blocks: readonly number[], tolerance: Tolerance, length_s: number): Aftermath {
  return liveOn(scene, seed, length_s, tolerance, (chip) => {
    for (const block of blocks) chip.wearOut(block)
  })
}

/** An area that holds something else altogether. */
export function wiped(scene: Scene, seed: number, extent: Extent, content: number | 'random', length_s: number): Aftermath {
  const random = new SeededRandom(seed, 7)
  return liveOn(scene, seed, length_s, LOSSY, (chip) => {
    const bytes = new Uint8Array(FLASH.blockLength)
    for (let block = extent.firstBlock; block < extent.firstBlock + extent.blocks; block++) {
      chip.eraseBlock(block)
      if (content === 'random') random.fill(bytes)
      else bytes.fill(content)
      chip.write(bytes, block * FLASH.blockLength)
    }
  })
}
