import { describe, expect, test } from 'vitest'
import { MemoryFlash } from '../../hal/portable/flash.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import { type BootImage, BootLoader } from '../../src/world/bootloader.ts'
import { NorFlash, PowerLoss, type Tear } from '../../src/world/chips/nor-flash.ts'
import { CONTRACT_FLASH, flashContract } from '../contract/flash.ts'

const FACTORY = { major: 1, minor: 0, revision: 0, build: 0 }
const TEARS: readonly Tear[] = ['none', 'complete', 'prefix', 'bits', 'garbage', 'erase-random', 'reordered']

const version = (minor: number) => ({ major: 1, minor, revision: 0, build: 0 })

function chipOf(seed = 1, image?: Uint8Array): { chip: NorFlash; memory: MemoryFlash } {
  const memory = new MemoryFlash({ blocks: 6, blockLength: 1024 })
  if (image !== undefined) memory.load(image)
  return { chip: new NorFlash(memory, { random: new SeededRandom(seed) }), memory }
}

function payloadOf(minor: number): Uint8Array {
  const payload = new Uint8Array(700)
  new SeededRandom(minor, 5).fill(payload)
  return payload
}

/** A start: what runs, and what it sees. */
function start(chip: NorFlash) {
  const loader = new BootLoader(chip, FACTORY)
  const image = loader.boot()
  return { image, slots: loader.slots() }
}

/** Fills the spare slot with firmware 1.`minor` and activates it. */
function install(chip: NorFlash, minor: number): void {
  const { slots } = start(chip)
  fill(chip, minor)
  slots.activate(700, version(minor))
}

function fill(chip: NorFlash, minor: number): void {
  const { spare } = start(chip).slots
  const padded = new Uint8Array(704).fill(0xff)
  padded.set(payloadOf(minor))
  spare.eraseBlock(0, spare.status().blocks)
  spare.write(padded, 0)
}

const minorOf = (image: BootImage | undefined): number => image?.version.minor ?? 0

/** The firmware that runs is whole. */
function checkWhole(image: BootImage | undefined): void {
  if (image !== undefined) expect(image.payload).toEqual(payloadOf(image.version.minor))
}

describe('the boot loader', () => {
  test('starts the factory firmware on an erased flash', () => {
    const { image, slots } = start(chipOf().chip)
    expect(image).toBeUndefined()
    expect(slots).toMatchObject({ running: FACTORY, trial: false, rolledBack: false })
  })

  test('starts an activated image on trial, and keeps it once it is confirmed', () => {
    const { chip } = chipOf()
    for (let minor = 1; minor <= 5; minor++) {
      install(chip, minor)
      const { image, slots } = start(chip)
      checkWhole(image)
      expect([minorOf(image), slots.running, slots.trial]).toEqual([minor, version(minor), true])
      slots.confirm()
      expect(slots.trial).toBe(false)
      const again = start(chip)
      expect([minorOf(again.image), again.slots.trial, again.slots.rolledBack]).toEqual([minor, false, false])
    }
    expect(chip.overwrites).toBe(0)
  })

  test('gives an image up that was started and not confirmed', () => {
    const { chip } = chipOf()
    install(chip, 1)
    start(chip).slots.confirm()
    install(chip, 2)
    expect(minorOf(start(chip).image)).toBe(2)
    for (let i = 0; i < 3; i++) {
      const { image, slots } = start(chip)
      expect([minorOf(image), slots.trial, slots.rolledBack]).toEqual([1, false, true])
    }
    start(chip).slots.confirm()
    expect(start(chip).slots.rolledBack).toBe(false)
    expect(minorOf(start(chip).image)).toBe(1)
    install(chip, 3)
    expect(minorOf(start(chip).image)).toBe(3)
  })

  test('goes back to the factory firmware, and forgets the failure with the next activation', () => {
    const { chip } = chipOf()
    install(chip, 1)
    start(chip)
    const { image, slots } = start(chip)
    expect([minorOf(image), slots.rolledBack]).toEqual([0, true])
    install(chip, 2)
    const { image: next, slots: seen } = start(chip)
    expect([minorOf(next), seen.trial, seen.rolledBack]).toEqual([2, true, false])
  })

  test('does not start an image whose cells changed', () => {
    const { chip } = chipOf()
    install(chip, 1)
    start(chip).slots.confirm()
    install(chip, 2)
    chip.write(new Uint8Array(16), 4 * 1024 + 32)
    const { image, slots } = start(chip)
    expect([minorOf(image), slots.trial, slots.rolledBack]).toEqual([1, false, true])
  })

  test('does not let firmware on trial replace the one to go back to', () => {
    const { chip } = chipOf()
    install(chip, 1)
    const { slots } = start(chip)
    expect(() => slots.activate(10, FACTORY)).toThrow(expect.objectContaining({ code: 'FIRMWARE_SLOT' }))
    expect(() => start(chip).slots.activate(2049, FACTORY)).toThrow(RangeError)
  })

  test('a confirmation that the flash does not take is an error', () => {
    const { chip } = chipOf()
    install(chip, 1)
    const { slots } = start(chip)
    chip.onOperation = () => 'dropped'
    expect(() => slots.confirm()).toThrow(expect.objectContaining({ code: 'FIRMWARE_SLOT' }))
    expect(slots.trial).toBe(true)
  })

  test('flashes without room are refused', () => {
    expect(() => new BootLoader(new MemoryFlash({ blocks: 3 }), FACTORY)).toThrow(RangeError)
  })
})

/** What a life has reached: the version that an update goes from, the one it goes to, and whether its activation returned. */
interface Reached {
  from: number
  to: number
  activated: boolean
}

/** A life with four updates; the third one fails its trial, and the firmware before knows of it. */
function life(chip: NorFlash, first: number, reached: Reached = { from: 0, to: 0, activated: false }): void {
  for (let minor = first; minor <= 4; minor++) {
    reached.to = minor
    reached.activated = false
    install(chip, minor)
    reached.activated = minor !== 3
    const { image, slots } = start(chip)
    checkWhole(image)
    if (minor === 3) start(chip).slots.confirm()
    else {
      slots.confirm()
      reached.from = minor
    }
  }
}

/** A life that is cut in operation `cut`. */
function cutLife(chip: NorFlash, cut: number, tear: Tear): Reached {
  const reached: Reached = { from: 0, to: 0, activated: false }
  chip.cutAt(cut, tear)
  try {
    life(chip, 1, reached)
  } catch (error) {
    if (!(error instanceof PowerLoss)) throw error
  }
  chip.powerOn()
  return reached
}

describe('power loss', () => {
  test.each(TEARS)('at every operation, torn as %j: whole firmware runs, the one before or the one after, and updates go on', (tear) => {
    const whole = chipOf().chip
    life(whole, 1)
    expect(minorOf(start(whole).image)).toBe(4)
    for (let cut = 1; cut <= whole.operations; cut++) {
      const { chip } = chipOf(cut)
      const { from, to, activated } = cutLife(chip, cut, tear)
      for (let i = 0; i < 2; i++) {
        const { image, slots } = start(chip)
        checkWhole(image)
        // A cache may take the last confirmation back with it.
        if (tear === 'reordered') continue
        expect([from, to], `operation ${cut}`).toContain(minorOf(image))
        // What was activated is never forgotten without a word.
        if (activated) expect(minorOf(image) === to || slots.rolledBack, `operation ${cut}`).toBe(true)
      }
      life(chip, 4)
      expect(minorOf(start(chip).image), `operation ${cut}`).toBe(4)
      if (tear !== 'reordered') expect(chip.overwrites).toBe(0)
    }
  })

  test.each(TEARS)('again at every operation of the starts that follow, torn as %j', (tear) => {
    const whole = chipOf().chip
    life(whole, 1)
    for (let cut = 1; cut <= whole.operations; cut++) {
      const first = chipOf(cut)
      first.chip.cutAt(cut, TEARS[cut % TEARS.length])
      expect(() => life(first.chip, 1)).toThrow(PowerLoss)
      const image = first.memory.image()
      for (let second = 1; ; second++) {
        const { chip } = chipOf(1000 * cut + second, image)
        chip.cutAt(second, tear)
        try {
          checkWhole(start(chip).image)
          checkWhole(start(chip).image)
        } catch (error) {
          if (!(error instanceof PowerLoss)) throw error
        }
        const done = chip.powered
        chip.powerOn()
        checkWhole(start(chip).image)
        if (done) break
      }
    }
  })

  test('a hundred failures in a row while a trial begins leave a choice', () => {
    const { chip } = chipOf()
    install(chip, 1)
    start(chip).slots.confirm()
    install(chip, 2)
    for (let i = 0; i < 100; i++) {
      chip.cutAt(chip.operations + 1, TEARS[i % TEARS.length])
      try {
        start(chip)
      } catch (error) {
        if (!(error instanceof PowerLoss)) throw error
      }
      chip.powerOn()
    }
    const { image } = start(chip)
    checkWhole(image)
    expect([1, 2]).toContain(minorOf(image))
  })

  test('a command for its own sectors that the chip ignores is noticed and repeated', () => {
    for (let drop = 1; drop <= 30; drop++) {
      const { chip } = chipOf()
      let count = 0
      chip.onOperation = (_kind, _bytes, offset) => (offset < 2048 && ++count === drop ? 'dropped' : undefined)
      life(chip, 1)
      const { image } = start(chip)
      checkWhole(image)
      expect(minorOf(image), `operation ${drop}`).toBe(4)
      expect(count).toBeGreaterThan(10)
    }
  })
})

flashContract('a slot', () => {
  const memory = new MemoryFlash({ ...CONTRACT_FLASH, blocks: 2 + 2 * CONTRACT_FLASH.blocks })
  const loader = new BootLoader(memory, FACTORY)
  loader.boot()
  return loader.slots().spare
})
