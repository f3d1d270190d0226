import { describe, expect, test } from 'vitest'
import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { Counter } from '../../../src/core/storage/counters.ts'
import { openStorage, type Storage } from '../../../src/core/storage/storage.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import { NorFlash } from '../../../src/world/chips/nor-flash.ts'
import { busyStep, checkPromises, createRig, nothingPromised, open } from './rig.ts'

const NOW_s = 1_700_000_000

/** A chip that counts the erases. */
function createChip(blocks: number): { chip: NorFlash; erased: number[] } {
  const erased: number[] = []
  const chip = new NorFlash(new MemoryFlash({ blocks }), {
    random: new SeededRandom(1, 2),
    onOperation: (kind, _, offset) => {
      if (kind === 'erase') erased.push(offset / 4096)
      return undefined
    },
  })
  return { chip, erased }
}

/** A minute of a household's meter. */
function liveMinute(storage: Storage, values: Float64Array, minute: number): void {
  const utc_s = NOW_s + 60 * minute
  for (let i = 0; i < 20; i++) values[i] += 1000 * minute
  storage.registers.save(values, utc_s)
  if (minute % 15 === 0) storage.profile.append(1, 0, utc_s, new Uint8Array(32))
  if (minute % 7 === 0) storage.events.append(1, 0, utc_s, new Uint8Array(4))
  if (minute % 11 === 0) storage.settings.set(`key${minute % 5}`, Uint8Array.of(minute))
  storage.counters.next(Counter.dlmsInvocation)
}

/** What a meter does in the last milliseconds of its supply. */
function lastGasp(storage: Storage, values: Float64Array, minute: number): void {
  const utc_s = NOW_s + 60 * minute + 1
  storage.registers.save(values, utc_s)
  storage.events.append(2, 0, utc_s, new Uint8Array(4))
  storage.powerFailures.append(2, 0, utc_s, new Uint8Array(8))
  storage.counters.next(Counter.message)
}

describe('erasing in time', () => {
  test('no write ever erases, not even a last gasp right after another block was opened', () => {
    const { chip, erased } = createChip(24)
    const storage = openStorage(chip)
    const values = new Float64Array(116).fill(4e10)
    const atStart = erased.length
    let prepared = 0
    for (let minute = 1; minute <= 6000; minute++) {
      const before = erased.length
      liveMinute(storage, values, minute)
      lastGasp(storage, values, minute)
      expect(erased.length).toBe(before)
      // Sixty seconds.
      for (let second = 0; second < 60; second++) storage.prepare()
      prepared += erased.length - before
    }
    expect(storage.lateErases).toBe(0)
    expect(prepared).toBe(erased.length - atStart)
    expect(prepared).toBeGreaterThan(300)
    expect(chip.overwrites).toBe(0)
  })

  test('one block at most per call, until there is nothing to do', () => {
    const { chip } = createRig(1)
    const storage = open(chip)
    const promised = nothingPromised()
    for (let step = 0; step < 200; step++) {
      busyStep(storage, promised, step)
      for (let more = true; more; ) {
        const wear = chip.wear.reduce((sum, count) => sum + count, 0)
        more = storage.prepare()
        expect(chip.wear.reduce((sum, count) => sum + count, 0) - wear).toBeLessThanOrEqual(1)
      }
      const { operations } = chip
      expect(storage.prepare()).toBe(false)
      expect(chip.operations).toBe(operations)
    }
  })

  test('the area with the least room is first', () => {
    const { chip, erased } = createChip(64)
    const storage = openStorage(chip)
    // Both open their first block; the ring of the events goes on until its block is nearly full.
    storage.profile.append(1, 0, NOW_s, new Uint8Array(32))
    for (let i = 0; i < 100; i++) storage.events.append(1, 0, NOW_s, new Uint8Array(4))
    expect([storage.profile.ring.ready, storage.events.ring.ready]).toEqual([false, false])
    expect(storage.prepare()).toBe(true)
    expect([storage.profile.ring.ready, storage.events.ring.ready]).toEqual([false, true])
    expect(storage.prepare()).toBe(false)
    expect([storage.profile.ring.ready, storage.events.ring.ready]).toEqual([true, true])
    // On a new flash there was nothing to erase but the copies of the layout.
    expect(erased).toEqual([0, 1])
  })

  test('an owner who never prepares loses time, nothing else, and it shows', () => {
    const { chip } = createRig(1)
    const promised = nothingPromised()
    const storage = open(chip)
    const idle = { ...storage, prepare: () => false }
    for (let step = 0; step < 300; step++) busyStep(idle, promised, step)
    expect(storage.lateErases).toBeGreaterThan(20)
    checkPromises(storage, promised)
    checkPromises(open(chip), promised)
    expect(chip.overwrites).toBe(0)
  })
})

describe('worn areas', () => {
  function worn(blocks: number, area: (storage: Storage) => { firstBlock: number; blocks: number }) {
    const { chip } = createChip(blocks)
    const storage = openStorage(chip)
    for (let i = 0; i < 5000; i++) {
      storage.events.append(1, 0, NOW_s + i, Uint8Array.of(i & 0xff))
      if (i % 10 === 0) storage.registers.save(new Float64Array(116).fill(i), NOW_s + i)
      storage.prepare()
    }
    const extent = area(storage)
    for (let block = extent.firstBlock; block < extent.firstBlock + extent.blocks; block++) chip.wearOut(block)
    return { chip, storage }
  }

  test('do not stop the start: they can be read, and writing says what is wrong', () => {
    const { chip, storage } = worn(24, ({ events }) => events.ring.extent)
    const fill = (each: Storage) => {
      for (let i = 0; i < 10_000; i++) each.events.append(2, 0, NOW_s, new Uint8Array(4))
    }
    expect(() => fill(storage)).toThrow(expect.objectContaining({ code: 'STORAGE_WORN' }))
    const last = storage.events.nextSequence - 1
    const again = openStorage(chip)
    expect(again.report.worn).toEqual(['events'])
    expect(again.events.nextSequence).toBe(last + 1)
    const cursor = again.events.cursor(last)
    expect(cursor.next() && cursor.sequence).toBe(last)
    expect(() => fill(again)).toThrow(expect.objectContaining({ code: 'STORAGE_WORN' }))
    // The other areas are as ever.
    again.registers.save(new Float64Array(116).fill(6000), NOW_s)
    again.settings.set('key', Uint8Array.of(1))
    expect(again.counters.next(Counter.boot)).toBe(1)
    while (again.prepare());
    expect(again.events.ring.ready).toBe(false)
  })

  test('opening tries a few blocks of a large area and leaves the others as they are', () => {
    const { chip, storage } = worn(512, ({ events }) => events.ring.extent)
    const entries = storage.events.count
    while (storage.events.ring.ready) storage.events.append(2, 0, NOW_s, new Uint8Array(4))
    const again = openStorage(chip)
    expect(again.report.worn).toEqual(['events'])
    expect(again.events.count).toBeGreaterThan((entries * 10) / 16)
  })

  test('worn registers: the last image is there', () => {
    const { chip } = worn(24, ({ registers }) => registers.ring.extent)
    for (let start = 0; start < 3; start++) {
      const storage = openStorage(chip)
      const values = new Float64Array(116)
      expect(storage.registers.load(values)).toEqual({ utc_s: NOW_s + 4990 })
      expect(values[7]).toBe(4990)
    }
  })
})

describe('what opening reads', () => {
  /** A flash in which every ring is full. */
  function fullFlash(): MemoryFlash {
    const memory = new MemoryFlash({ blocks: 512 })
    const storage = openStorage(memory)
    const { profile, events, powerFailures, registers, settings, counters } = storage
    const long = new Uint8Array(240)
    for (const log of [profile, events, powerFailures]) {
      while (log.ring.used < log.ring.extent.blocks - 1 || log.ring.room > 300) {
        log.append(1, 0, NOW_s, long)
        log.prepare()
      }
    }
    const values = new Float64Array(116).fill(4e10)
    for (let i = 0; i < 1000; i++) {
      values[i % 48] += i
      registers.save(values, NOW_s + i)
      registers.prepare()
      counters.next(Counter.boot)
      counters.prepare()
      settings.set(`key${i % 40}`, long.subarray(0, 30).fill(i))
      settings.prepare()
    }
    return memory
  }

  const memory = fullFlash()
  const image = memory.image()

  function readWhileOpening(content: Uint8Array): number {
    memory.load(content)
    const chip = new NorFlash(memory)
    openStorage(chip)
    return chip.read_bytes
  }

  test('a full flash: its headers, and for each area no more than four blocks', () => {
    const bytes = readWhileOpening(image)
    console.log(`opening a full flash of 2 MiB reads ${bytes} bytes`)
    expect(bytes).toBeLessThan(512 * 32 + 13 * 4 * 4096)
  })

  test('with every header damaged, or all but one: each block four times at most', () => {
    const broken = image.slice()
    for (let block = 0; block < 512; block++) broken[block * 4096 + 9] ^= 0x10
    const bytes = readWhileOpening(broken)
    console.log(`with every header damaged: ${bytes} bytes`)
    expect(bytes).toBeLessThan(2 * broken.length)
    // One good header per area: everything else is searched for records that fit.
    for (const { firstBlock } of openStorage(new MemoryFlash({ blocks: 512 })).layout.areas) {
      broken[firstBlock * 4096 + 9] ^= 0x10
    }
    expect(readWhileOpening(broken)).toBeLessThan(4 * broken.length)
  })

  test('garbage: bounded as well', () => {
    const garbage = new Uint8Array(image.length)
    new SeededRandom(3).fill(garbage)
    expect(readWhileOpening(garbage)).toBeLessThan(2 * garbage.length)
    // Headers that are good, before garbage.
    for (let block = 0; block < 512; block += 3) garbage.set(image.subarray(block * 4096, block * 4096 + 32), block * 4096)
    expect(readWhileOpening(garbage)).toBeLessThan(4 * garbage.length)
  })
})
