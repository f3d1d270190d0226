import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { COUNTER_BATCH, Counter, Counters } from '../../../src/core/storage/counters.ts'
import { Settings } from '../../../src/core/storage/settings.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import { NorFlash, PowerLoss, type Tear } from '../../../src/world/chips/nor-flash.ts'

const BLOCK = 256
const SETTINGS = { area: 1, firstBlock: 0, blocks: 3 }
const AREA = { area: 6, firstBlock: 3, blocks: 3 }
const ROOM = { blocks: 6, blockLength: BLOCK } as const
const TEARS: readonly Tear[] = ['none', 'complete', 'prefix', 'bits', 'garbage', 'erase-random', 'reordered']
const IDS = COUNTER_BATCH.map((_, id) => id)

interface Rig {
  readonly memory: MemoryFlash
  readonly chip: NorFlash
}

function createRig(image?: Uint8Array, seed = 1): Rig {
  const memory = new MemoryFlash(ROOM)
  if (image !== undefined) memory.load(image)
  return { memory, chip: new NorFlash(memory, { random: new SeededRandom(seed, 9) }) }
}

function mounted(flash: MemoryFlash | NorFlash) {
  const settings = new Settings(flash, SETTINGS)
  settings.mount()
  const counters = new Counters(flash, { ...AREA, settings })
  return { settings, counters, report: counters.mount() }
}

/** The highest number that each counter has given, over all lives. */
type Given = number[]
const nothing = (): Given => IDS.map(() => 0)

/** Draws, and checks that what comes was never given before. */
function draw(counters: Counters, given: Given, id: number): number {
  const number = counters.next(id)
  if (number <= given[id]) expect(number, `counter ${id}`).toBe(`more than ${given[id]}`)
  given[id] = number
  return number
}

/** A start, and `draws` numbers of counters that batches are used up of. False when power was lost meanwhile. */
function live(flash: NorFlash, given: Given, seed: number, draws: number): boolean {
  const random = new SeededRandom(seed, 3)
  try {
    const { counters, settings } = mounted(flash)
    draw(counters, given, Counter.boot)
    for (let i = 0; i < draws; i++) {
      const id = random.below(3) === 0 ? random.below(IDS.length) : 2 * random.below(2)
      for (let n = 1 + random.below(12); n > 0; n--) draw(counters, given, id)
      if (random.below(5) === 0) settings.set('other', Uint8Array.of(random.below(256)))
      if (random.below(3) > 0) counters.prepare()
      if (random.below(3) > 0) settings.prepare()
    }
    return true
  } catch (error) {
    if (!(error instanceof PowerLoss)) throw error
    return false
  }
}

/** A flash at the end of a life that has been round the ring, and what it gave. */
function lived(draws = 60): { image: Uint8Array; given: Given; operations: number } {
  const { memory, chip } = createRig()
  const given = nothing()
  live(chip, given, 1, draws)
  return { image: memory.image(), given, operations: chip.operations }
}

describe('Counters', () => {
  test('count from 1, each for itself', () => {
    const { counters } = mounted(createRig().chip)
    expect(counters.empty).toBe(true)
    expect(counters.last(Counter.message)).toBe(0)
    for (let i = 1; i <= 100; i++) expect(counters.next(Counter.message)).toBe(i)
    expect(counters.next(Counter.secretNonce)).toBe(1)
    expect(counters.last(Counter.message)).toBe(100)
    expect(counters.empty).toBe(false)
    expect(() => counters.next(IDS.length)).toThrow('unknown counter')
    expect(() => counters.next(-1)).toThrow('unknown counter')
  })

  test('starts are counted without a gap; other counters skip no more than five batches', () => {
    const { chip } = createRig()
    let last = 0
    for (let boot = 1; boot <= 200; boot++) {
      const { counters, report } = mounted(chip)
      expect(report).toEqual({ torn: 0, corruptBlocks: 0, missing: 0, unknownVersion: 0 })
      expect(counters.next(Counter.boot)).toBe(boot)
      if (boot % 5 !== 0) continue
      const number = counters.next(Counter.message)
      expect(number).toBe(counters.last(Counter.message))
      expect(number - last).toBeGreaterThan(0)
      expect(number - last).toBeLessThanOrEqual(5 * 16)
      last = number
    }
    expect(chip.overwrites).toBe(0)
  })

  test('a counter that is not used is not used up by starts', () => {
    const { chip } = createRig()
    expect(mounted(chip).counters.next(Counter.lorawanDevNonce)).toBe(1)
    for (let boot = 0; boot < 50; boot++) mounted(chip).counters.next(Counter.boot)
    expect(mounted(chip).counters.next(Counter.lorawanDevNonce)).toBe(2)
    expect(mounted(chip).counters.next(Counter.secretNonce)).toBe(1)
  })

  test('mounting writes nothing; a batch costs one program; what is reserved costs none', () => {
    const { chip } = createRig()
    const { counters } = mounted(chip)
    expect(chip.operations).toBe(0)
    counters.next(Counter.dlmsInvocation)
    const first = chip.operations
    for (let i = 1; i < 64; i++) counters.next(Counter.dlmsInvocation)
    expect(chip.operations).toBe(first)
    counters.next(Counter.dlmsInvocation)
    expect(chip.operations).toBe(first + 1)
    counters.reserve(Counter.message)
    const { operations } = chip
    for (let i = 0; i < 8; i++) counters.next(Counter.message)
    counters.reserve(Counter.message)
    expect(chip.operations).toBe(operations)
    counters.next(Counter.message)
    counters.reserve(Counter.message)
    expect(chip.operations).toBeGreaterThan(operations)
  })

  test('the copy is hidden from those who use the settings', () => {
    const { chip } = createRig()
    const { counters, settings } = mounted(chip)
    counters.next(Counter.boot)
    expect(settings.keys()).toEqual([])
    settings.delete(' counters')
    expect(settings.get(' counters')).toBeDefined()
    expect(() => settings.set(' counters', new Uint8Array(1))).toThrow(RangeError)
  })

  test('full settings do not stop the counters', () => {
    const { chip } = createRig()
    const { counters, settings } = mounted(chip)
    settings.set('all', new Uint8Array(150))
    const given = nothing()
    for (let i = 0; i < 2000; i++) draw(counters, given, i % IDS.length)
    const again = mounted(chip)
    for (const id of IDS) draw(again.counters, given, id)
  })

  test('worn blocks: goes on with those that work, and says when there is none', () => {
    for (const worn of [3, 4, 5]) {
      const { chip } = createRig()
      chip.wearOut(worn)
      const given = nothing()
      for (let life = 0; life < 30; life++) expect(live(chip, given, life, 20)).toBe(true)
    }
    const { chip } = createRig()
    for (const worn of [3, 4, 5]) chip.wearOut(worn)
    const given = nothing()
    const { counters } = mounted(chip)
    const until = () => {
      for (let i = 0; i < 10_000; i++) draw(counters, given, Counter.message)
    }
    expect(until).toThrow(expect.objectContaining({ code: 'STORAGE_WORN' }))
    const end = given[Counter.message]
    expect(() => counters.next(Counter.message)).toThrow(expect.objectContaining({ code: 'STORAGE_WORN' }))
    expect(counters.last(Counter.message)).toBe(end)
  })

  test('counters of a newer firmware are kept', () => {
    const { chip, memory } = createRig()
    const { counters } = mounted(chip)
    counters.next(Counter.boot)
    const ring = counters.ring
    ring.workspace.out.bytes.set([9, 8, 7, 6, 5, 4, 3, 99], 12)
    ring.write(1, 0, 0, 8)
    for (let i = 0; i < 40; i++) mounted(chip).counters.next(Counter.boot)
    expect(mounted(chip).counters.last(Counter.boot)).toBe(48)
    // The last record still ends with the limits that this firmware does not know.
    expect(memory.image().join(',')).toContain(',4,3,99,255')
  })
})

describe('power loss', () => {
  test.each(TEARS)('at every operation, and at each of the next life, torn as %j: no number twice', (tear) => {
    const { operations } = lived(18)
    for (let cut = 1; cut <= operations; cut++) {
      const first = createRig(undefined, cut)
      const given = nothing()
      first.chip.cutAt(cut, tear)
      expect(live(first.chip, given, 1, 18)).toBe(false)
      expect(first.chip.overwrites).toBe(0)
      const image = first.memory.image()
      for (let second = 1; ; second++) {
        const { chip } = createRig(image, cut * 1000 + second)
        const again = given.slice()
        chip.cutAt(second, TEARS[(cut + second) % TEARS.length])
        const through = live(chip, again, cut, 5)
        chip.powerOn()
        live(chip, again, second, 3)
        expect(chip.overwrites).toBe(0)
        if (through) break
      }
    }
  })

  test('a storm: thousands of lives, each cut somewhere in some way', () => {
    const { chip } = createRig()
    const given = nothing()
    const random = new SeededRandom(2024)
    for (let storm = 0; storm < 4000; storm++) {
      chip.cutAt(chip.operations + 1 + random.below(random.below(4) === 0 ? 60 : 12), TEARS[random.below(TEARS.length)])
      live(chip, given, storm, 10)
      chip.powerOn()
    }
    expect(chip.overwrites).toBe(0)
    expect(given[Counter.boot]).toBeGreaterThan(200)
  })

  test('a chip that ignores one command, whichever', () => {
    const { operations } = lived()
    for (let drop = 1; drop <= operations; drop++) {
      const { chip } = createRig()
      const given = nothing()
      chip.cutAt(drop, 'dropped')
      expect(live(chip, given, 1, 60)).toBe(true)
      live(chip, given, 2, 10)
      expect(chip.overwrites).toBe(0)
    }
  })
})

describe('damage', () => {
  test('a flipped bit anywhere, at any time: no number twice', () => {
    for (let draws = 1; draws <= 60; draws += 7) {
      const { image, given } = lived(draws)
      for (let at = draws % 3; at < image.length; at += 3) {
        const flipped = image.slice()
        flipped[at] ^= 1 << ((at + draws) % 8)
        const { chip } = createRig(flipped)
        const again = given.slice()
        live(chip, again, at, 2)
        live(chip, again, at, 2)
      }
    }
  })

  test.each([
    ['garbage', (cells: Uint8Array) => new SeededRandom(5).fill(cells)],
    ['zeros', (cells: Uint8Array) => cells.fill(0)],
    ['erased', (cells: Uint8Array) => cells.fill(0xff)],
  ])('any block, or either area, is %s: no number twice', (_, spoil) => {
    const spans = [0, 1, 2, 3, 4, 5].map((block) => [block * BLOCK, (block + 1) * BLOCK])
    spans.push([0, 3 * BLOCK], [3 * BLOCK, 6 * BLOCK])
    for (let draws = 0; draws < 60; draws++) {
      const { image, given } = lived(draws)
      for (const [start, end] of spans) {
        const spoilt = image.slice()
        spoil(spoilt.subarray(start, end))
        const { chip } = createRig(spoilt)
        const again = given.slice()
        live(chip, again, draws, 5)
        live(chip, again, draws, 5)
        // No more is skipped than the copy allows for.
        for (const id of IDS) expect(again[id] - given[id]).toBeLessThanOrEqual(150 * COUNTER_BATCH[id])
      }
    }
  })

  test('the rest of a block is garbage, from anywhere on: no number twice', () => {
    for (let draws = 1; draws < 60; draws += 2) {
      const { image, given } = lived(draws)
      for (let start = 0; start < image.length; start += 48) {
        const spoilt = image.slice()
        new SeededRandom(start).fill(spoilt.subarray(start, (Math.floor(start / BLOCK) + 1) * BLOCK))
        live(createRig(spoilt).chip, given.slice(), draws, 3)
      }
    }
  })

  test('both areas lost: counting starts anew, and it is reported', () => {
    const { image } = lived()
    new SeededRandom(6).fill(image)
    const { counters, report } = mounted(createRig(image).chip)
    expect(report.corruptBlocks + report.torn).toBe(3)
    expect(counters.next(Counter.boot)).toBe(1)
  })

  test('random damage never throws, and counting goes on', () => {
    const { image } = lived()
    const piece = fc.tuple(fc.integer({ min: 0, max: image.length - 1 }), fc.uint8Array({ maxLength: 300 }))
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 5 }), (pieces) => {
        const broken = image.slice()
        for (const [at, bytes] of pieces) broken.set(bytes.subarray(0, broken.length - at), at)
        const { chip } = createRig(broken)
        const given = nothing()
        for (let life = 0; life < 3; life++) expect(live(chip, given, life, 10)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })
})
