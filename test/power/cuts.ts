import { MemoryFlash } from '../../hal/portable/flash.ts'
import { COUNTER_BATCH } from '../../src/core/storage/counters.ts'
import { crc32 } from '../../src/lib/crc.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import { HELD_BACK, NorFlash, PowerLoss, type Tear } from '../../src/world/chips/nor-flash.ts'
import { checkAnnounced, DAMAGED, drawNumber, REORDERED, type Tolerance, WHOLE } from './check.ts'
import type { Expected } from './expected.ts'
import { FLASH, Life, SETTLED_S } from './life.ts'
import type { Moment, Recording, Scene } from './recording.ts'
import { busySecond, end } from './script.ts'
import { type Operation, repeat } from './tap.ts'
import { Violation } from './violation.ts'
import type { PowerWorld } from './world.ts'

export const TEARS: readonly Tear[] = ['none', 'complete', 'prefix', 'bits', 'garbage', 'erase-random']

/** A life goes on so long after its check now and then: past a profile entry and some saves. */
const LONG_S = 75

/** The state of the flash, the world and the promises after a cut. */
interface Wreck {
  readonly image: Uint8Array
  readonly world: PowerWorld
  readonly expected: Expected
}

/** Does an operation to an image of the flash. */
function pass(image: Uint8Array, operation: Operation): void {
  if (operation.kind === 'erase') image.fill(0xff, operation.block * FLASH.blockLength, (operation.block + 1) * FLASH.blockLength)
  else for (let i = 0; i < operation.bytes.length; i++) image[operation.offset + i] &= operation.bytes[i]
}

/**
 * Cuts a recording at its operations. The image of the flash is kept up to the operation that is next, so that a cut costs one start of the meter and
 * not the time before it: operations must be asked for in ascending order.
 */
export class Cuts {
  readonly recording: Recording
  /** Starts of the meter that were checked. */
  starts = 0
  /** Largest count of bytes that a start read. */
  mount_bytes = 0
  /** Over all final images, when it is asked for: two engines that did the same have the same. */
  digest = 0
  readonly #digests: boolean
  readonly #memory = new MemoryFlash(FLASH)
  readonly #image: Uint8Array
  #next = 0

  constructor(recording: Recording, digests = false) {
    this.recording = recording
    this.#digests = digests
    this.#image = recording.scenes[0].image.slice()
  }

  /** Supply lost in operation `n` (from 0), which got as far as `tear` says; then the meter starts again. */
  cut(n: number, tear: Tear, seed: number): void {
    this.#explain(`--cut ${n} --tear ${tear} --fault ${seed}`, () => {
      const wreck = this.#wreck(n, tear, seed)
      this.#recover(this.#chip(wreck.image, seed), wreck, seed % 16 === 0 ? LONG_S : SETTLED_S)
    })
  }

  /** The same, and the supply is lost again in the recovery: in each of its operations, as `again` says, or only in number `only` (from 1). */
  cutTwice(n: number, tear: Tear, seed: number, again: (m: number) => Tear, only?: number): void {
    const words = `--cut ${n} --tear ${tear} --fault ${seed}`
    const wreck = this.#explain(words, () => this.#wreck(n, tear, seed))
    const moments = this.#explain(words, () => this.#retrace(wreck, seed))
    const image = wreck.image.slice()
    for (const [index, moment] of moments.entries()) {
      const m = index + 1
      const tear2 = again(m)
      if (m === (only ?? m)) this.#explain(`${words} --again ${m} --tear2 ${tear2}`, () => this.#cutMoment(image, moment, tear2, seed + m))
      pass(image, moment.operation)
    }
  }

  /** A write cache: of operation `n` and the last ones before it in the same life any may be missing. */
  reorder(n: number, seed: number): void {
    this.#explain(`--reorder ${n} --fault ${seed}`, () => {
      const { moments } = this.recording
      const first = Math.max(this.#sceneOf(n).first, n - HELD_BACK)
      this.#seek(first)
      const chip = this.#chip(this.#image, seed)
      chip.cutAt(n - first + 1, 'reordered')
      this.#lose(() => {
        for (let i = first; i <= n; i++) repeat(moments[i].operation, chip)
      })
      chip.powerOn()
      const world = moments[n].world.copy()
      world.pause(1 + (seed % 40))
      const expected = moments[first].expected.copy()
      // Numbers that were handed out stay handed out.
      expected.numbers = moments[n].expected.numbers
      expected.read = undefined
      this.#recover(chip, { world, expected }, SETTLED_S, REORDERED)
    })
  }

  /** The chip ignores operation `n` and says that all went well. The life is lived to its end, then the meter starts again. */
  drop(n: number): void {
    this.#explain(`--drop ${n}`, () => {
      const { seed } = this.recording
      const scene = this.#sceneOf(n)
      const chip = this.#chip(scene.image, n)
      const world = scene.world.copy()
      const expected = scene.expected.copy()
      chip.cutAt(n - scene.first + 1, 'dropped')
      const life = new Life({ chip, world, expected, resetReason: scene.reason, tolerance: DAMAGED })
      life.start()
      for (let i = 0; i < scene.chapter.length_s; i++) busySecond(life, seed)
      life.check()
      end(life, scene.chapter)
      this.#recover(chip, { world, expected }, SETTLED_S, DAMAGED)
    })
  }

  #wreck(n: number, tear: Tear, seed: number): Wreck {
    this.#seek(n)
    const { operation, world, expected } = this.recording.moments[n]
    const chip = this.#chip(this.#image, seed)
    chip.cutAt(1, tear)
    this.#lose(() => repeat(operation, chip))
    const after = world.copy()
    // A supply that returns before a start is in the log, and one that is away for a minute.
    after.pause(1 + (seed % 5) * (seed % 13))
    return { image: this.#memory.image(), world: after, expected: expected.copy() }
  }

  #sceneOf(n: number): Scene {
    const { scenes } = this.recording
    let index = scenes.length - 1
    while (scenes[index].first > n) index--
    return scenes[index]
  }

  #seek(n: number): void {
    if (n < this.#next) throw new Error('operations in ascending order')
    while (this.#next < n) pass(this.#image, this.recording.moments[this.#next++].operation)
  }

  #chip(image: Uint8Array, seed: number): NorFlash {
    this.#memory.load(image)
    return new NorFlash(this.#memory, { random: new SeededRandom(seed, 5) })
  }

  #lose(act: () => void): void {
    try {
      act()
    } catch (error) {
      if (!(error instanceof PowerLoss)) throw error
    }
  }

  /** The recovery without a second cut, with all that was true just before each of its operations. */
  #retrace(wreck: Wreck, seed: number): Moment[] {
    const chip = this.#chip(wreck.image, seed)
    const world = wreck.world.copy()
    const expected = wreck.expected.copy()
    const moments: Moment[] = []
    const onOperation = (operation: Operation): void => {
      life.account()
      moments.push({ operation, world: world.copy(), expected: expected.view() })
    }
    const life = new Life({ chip, world, expected, onOperation })
    life.start()
    for (let i = 0; i < SETTLED_S; i++) life.second()
    life.check()
    return moments
  }

  /** Supply lost in one operation of a recovery; then the meter starts again. */
  #cutMoment(image: Uint8Array, { operation, world, expected }: Moment, tear: Tear, seed: number): void {
    const chip = this.#chip(image, seed)
    chip.cutAt(1, tear)
    this.#lose(() => repeat(operation, chip))
    chip.powerOn()
    const after = world.copy()
    after.pause(1)
    this.#recover(chip, { world: after, expected: expected.copy() }, SETTLED_S)
  }

  #recover(chip: NorFlash, { world, expected }: Pick<Wreck, 'world' | 'expected'>, length_s: number, tolerance: Tolerance = WHOLE): void {
    const life = new Life({ chip, world, expected, tolerance })
    life.start()
    this.mount_bytes = Math.max(this.mount_bytes, life.mount_bytes)
    for (let i = 0; i < length_s; i++) {
      if (length_s > SETTLED_S) busySecond(life, this.recording.seed)
      else life.second(i === 1 ? () => drawNumber(life, this.starts % COUNTER_BATCH.length) : undefined)
    }
    life.check()
    if (length_s === SETTLED_S && !tolerance.damage) checkAnnounced(life)
    this.starts++
    if (this.#digests) this.digest = (Math.imul(this.digest, 31) + crc32(this.#memory.image())) >>> 0
  }

  /** A failure says how to see it again. */
  #explain<Value>(words: string, act: () => Value): Value {
    try {
      return act()
    } catch (error) {
      throw new Violation(`${words}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    }
  }
}
