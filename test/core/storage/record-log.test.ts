import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { HEADER_LENGTH } from '../../../src/core/storage/format.ts'
import { recordSize } from '../../../src/core/storage/record.ts'
import { RecordLog } from '../../../src/core/storage/record-log.ts'
import { crc32 } from '../../../src/lib/crc.ts'
import { NorFlash } from '../../../src/world/chips/nor-flash.ts'

const AREA = { area: 3, firstBlock: 1, blocks: 5 }
const BLOCK = 512

function createMemory(): MemoryFlash {
  return new MemoryFlash({ blocks: 7, blockLength: BLOCK })
}

function mounted(flash: MemoryFlash | NorFlash): RecordLog {
  const log = new RecordLog(flash, AREA)
  log.mount()
  return log
}

/** Payload of the entry `sequence`. */
function payloadOf(sequence: number): Uint8Array {
  return Uint8Array.from({ length: 4 + (sequence % 5) }, (_, i) => sequence * 3 + i)
}

function fill(log: RecordLog, count: number): void {
  for (let i = 0; i < count; i++) {
    const sequence = log.nextSequence
    log.append(sequence % 256, 1, 1000 + 60 * sequence, payloadOf(sequence))
    log.prepare()
  }
}

function sequences(log: RecordLog, from?: number): number[] {
  const found: number[] = []
  const cursor = log.cursor(from)
  while (cursor.next()) {
    const { payload, type, sequence } = cursor
    const wanted = payloadOf(sequence)
    if (type !== sequence % 256 || Buffer.compare(payload, wanted) !== 0) expect({ type, payload }, `${sequence}`).toEqual(wanted)
    found.push(sequence)
  }
  return found
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

describe('RecordLog', () => {
  test('is empty at first', () => {
    const log = mounted(createMemory())
    expect([log.firstSequence, log.nextSequence, log.count]).toEqual([1, 1, 0])
    expect(log.cursor().next()).toBe(false)
    expect(log.firstAtOrAfter(0)).toBe(1)
  })

  test('gives back what was appended, also after a restart', () => {
    const flash = createMemory()
    const log = mounted(flash)
    expect(log.append(7, 0x85, 1234567890, Uint8Array.of(1, 2, 3))).toBe(1)
    expect(log.append(255, 0, 0xffffffff, new Uint8Array(0))).toBe(2)
    for (const each of [log, mounted(flash)]) {
      const cursor = each.cursor()
      expect(cursor.next()).toBe(true)
      expect([cursor.sequence, cursor.type, cursor.status, cursor.utc_s, ...cursor.payload]).toEqual([1, 7, 0x85, 1234567890, 1, 2, 3])
      expect(cursor.next()).toBe(true)
      expect([cursor.sequence, cursor.type, cursor.status, cursor.utc_s, ...cursor.payload]).toEqual([2, 255, 0, 0xffffffff])
      expect(cursor.next()).toBe(false)
    }
  })

  test('stores the bytes that the format describes', () => {
    const flash = createMemory()
    mounted(flash).append(7, 0x85, 0x12345678, Uint8Array.of(0xaa, 0xbb, 0xcc))
    const bytes = flash.image().subarray(BLOCK, BLOCK + 80)
    const header = [0x46, 0x65, 0x72, 0x72, 1, 3, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 1, 0x12, 0x34, 0x56, 0x78, ...new Array(8).fill(0xff)]
    const record = [0, 3, 7, 0x85, 0, 0, 0, 1, 0x12, 0x34, 0x56, 0x78, 0xaa, 0xbb, 0xcc, ...new Array(13).fill(0xff)]
    const crc = (of: number[]) => {
      const value = crc32(Uint8Array.from(of))
      return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
    }
    expect([...bytes]).toEqual([...header, ...crc(header), ...record, ...crc(record), ...new Array(16).fill(0xff)])
  })

  test('drops the oldest block when the ring is full, keeps one block erased', () => {
    const flash = createMemory()
    const log = mounted(flash)
    for (let sequence = 1; sequence <= 400; sequence++) {
      expect(log.append(sequence % 256, 1, 1000 + 60 * sequence, payloadOf(sequence))).toBe(sequence)
      log.prepare()
      expect(log.firstSequence).toBeLessThanOrEqual(Math.max(1, sequence - 3 * 15))
      const image = flash.image()
      const erased = [1, 2, 3, 4, 5].filter((block) => image.subarray(block * BLOCK, (block + 1) * BLOCK).every((byte) => byte === 0xff))
      expect(erased.length).toBeGreaterThanOrEqual(1)
      // Neighbours are not touched.
      expect(image.subarray(0, BLOCK).every((byte) => byte === 0xff)).toBe(true)
      expect(image.subarray(6 * BLOCK).every((byte) => byte === 0xff)).toBe(true)
    }
    expect(sequences(log)).toEqual(range(log.firstSequence, 401))
    const again = mounted(flash)
    expect(again.mount()).toEqual({ entries: log.count, torn: 0, corruptBlocks: 0, missing: 0, unknownVersion: 0 })
    expect(sequences(again)).toEqual(range(log.firstSequence, 401))
  })

  test('writes nothing while it mounts', () => {
    const memory = createMemory()
    fill(mounted(memory), 77)
    const chip = new NorFlash(memory)
    mounted(chip)
    expect(chip.operations).toBe(0)
  })

  test('one program per entry, and an erase ahead per block', () => {
    const chip = new NorFlash(createMemory())
    const log = mounted(chip)
    log.prepare()
    fill(log, 15)
    expect(chip.operations).toBe(1 + 15)
    fill(log, 150)
    expect(chip.operations).toBe(165 + 11 + chip.wear.reduce((sum, count) => sum + count, 0))
    expect(chip.overwrites).toBe(0)
  })

  test('a cursor starts anywhere, follows new entries, and survives dropped ones', () => {
    const log = mounted(createMemory())
    fill(log, 40)
    for (const from of [1, 2, 15, 16, 17, 39, 40]) expect(sequences(log, from)).toEqual(range(from, 41))
    expect(sequences(log, 0)).toEqual(range(1, 41))
    expect(sequences(log, 41)).toEqual([])
    const cursor = log.cursor(40)
    expect(cursor.next()).toBe(true)
    expect(cursor.next()).toBe(false)
    fill(log, 2)
    expect(cursor.next() && cursor.sequence).toBe(41)
    fill(log, 200)
    expect(cursor.next() && cursor.sequence).toBe(log.firstSequence)
    cursor.seek(240)
    expect(cursor.next() && cursor.sequence).toBe(240)
  })

  test('a cursor that rests at each place is right after any number of new entries', () => {
    for (let rest = 1; rest <= 60; rest++) {
      const log = mounted(createMemory())
      fill(log, 60)
      const cursor = log.cursor(rest)
      cursor.next()
      fill(log, rest * 3)
      for (let want = Math.max(rest + 1, log.firstSequence); want < log.nextSequence; want++) {
        expect(cursor.next() && cursor.sequence).toBe(want)
      }
      expect(cursor.next()).toBe(false)
    }
  })

  test('refuses payloads and times that do not fit, and writes nothing', () => {
    const chip = new NorFlash(createMemory())
    const log = mounted(chip)
    expect(() => log.append(1, 0, 0, new Uint8Array(log.maxPayload + 1))).toThrow('payload too long')
    expect(() => log.append(1, 0, -1, new Uint8Array(1))).toThrow('32 bits')
    expect(() => log.append(1, 0, 1.5, new Uint8Array(1))).toThrow('32 bits')
    expect(chip.operations).toBe(0)
  })

  test('goes on beyond worn blocks', () => {
    for (const worn of [[1], [3], [1, 2], [2, 4], [1, 3, 5]]) {
      const chip = new NorFlash(createMemory())
      for (const block of worn) chip.wearOut(block)
      let log = mounted(chip)
      for (let turn = 0; turn < 10; turn++) {
        fill(log, 30)
        expect(sequences(log)).toEqual(range(log.firstSequence, log.nextSequence))
        log = mounted(chip)
        expect(log.nextSequence).toBe(30 * turn + 31)
      }
    }
  })

  test('says when the flash is worn out', () => {
    const chip = new NorFlash(createMemory(), { endurance: 3 })
    const log = mounted(chip)
    expect(() => fill(log, 10_000)).toThrow(expect.objectContaining({ code: 'STORAGE_WORN' }))
    expect(log.nextSequence).toBeGreaterThan(15 * 5 * 3)
    // What was returned is still there.
    expect(sequences(log).at(-1)).toBe(log.nextSequence - 1)
  })
})

describe('firstAtOrAfter', () => {
  /** The entry that an exhaustive search finds. */
  function search(log: RecordLog, utc_s: number): number {
    const cursor = log.cursor()
    while (cursor.next()) if (cursor.utc_s >= utc_s) return cursor.sequence
    return log.nextSequence
  }

  test('finds the first entry, whatever the steps of time', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 120 }), (steps) => {
        const flash = createMemory()
        const log = mounted(flash)
        let utc_s = 100
        for (const step of steps) {
          utc_s += step
          log.append(0, 0, utc_s, new Uint8Array(4))
        }
        const again = mounted(flash)
        for (let want = 90; want < utc_s + 20; want += 7) {
          expect(log.firstAtOrAfter(want)).toBe(search(log, want))
          expect(again.firstAtOrAfter(want)).toBe(search(log, want))
        }
      }),
      { numRuns: 60 },
    )
  })

  test('after the clock was set back, finds the earlier of two entries', () => {
    const flash = createMemory()
    const log = mounted(flash)
    for (let i = 0; i < 24; i++) log.append(0, 0, 1000 + i, new Uint8Array(4))
    for (let i = 0; i < 30; i++) log.append(0, 0, 1005 + i, new Uint8Array(4))
    for (const each of [log, mounted(flash)]) {
      expect(each.ring.ordered).toBe(false)
      for (let want = 999; want < 1040; want++) expect(each.firstAtOrAfter(want), `${want}`).toBe(search(log, want))
      expect(each.firstAtOrAfter(1012)).toBe(13)
      expect(each.firstAtOrAfter(1022)).toBe(23)
      expect(each.firstAtOrAfter(1030)).toBe(50)
      expect(each.firstAtOrAfter(1035)).toBe(55)
    }
  })

  test('ends, with a qualifying entry, for times in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 120 }), fc.integer({ min: 0, max: 1000 }), (times, want) => {
        const log = mounted(createMemory())
        for (const utc_s of times) log.append(0, 0, utc_s, new Uint8Array(4))
        const found = log.firstAtOrAfter(want)
        expect(found).toBeGreaterThanOrEqual(log.firstSequence)
        const cursor = log.cursor(found)
        if (cursor.next()) expect(cursor.utc_s).toBeGreaterThanOrEqual(want)
      }),
      { numRuns: 100 },
    )
  })
})

describe('a damaged log', () => {
  /** Entries that can be read must be what was written, in order. */
  function survivors(log: RecordLog): number[] {
    const found = sequences(log)
    expect(found.every((sequence, i) => i === 0 || sequence > found[i - 1])).toBe(true)
    return found
  }

  test('a flipped bit costs one entry at most, wherever it is', () => {
    const flash = createMemory()
    const log = mounted(flash)
    fill(log, 100)
    const whole = sequences(log)
    const image = flash.image()
    for (let at = BLOCK; at < 6 * BLOCK; at++) {
      const flipped = image.slice()
      flipped[at] ^= 1 << (at % 8)
      flash.load(flipped)
      const damaged = mounted(flash)
      const found = survivors(damaged)
      expect(found.length).toBeGreaterThanOrEqual(whole.length - 1)
      // And life goes on.
      fill(damaged, 3)
      expect(survivors(damaged).at(-1)).toBe(damaged.nextSequence - 1)
    }
  })

  test('n flipped bits cost n entries at most', () => {
    const flash = createMemory()
    fill(mounted(flash), 100)
    const image = flash.image()
    const whole = sequences(mounted(flash)).length
    const position = fc.tuple(fc.integer({ min: BLOCK, max: 6 * BLOCK - 1 }), fc.integer({ min: 0, max: 7 }))
    fc.assert(
      fc.property(fc.array(position, { minLength: 1, maxLength: 12 }), (flips) => {
        const flipped = image.slice()
        for (const [at, bit] of flips) flipped[at] ^= 1 << bit
        flash.load(flipped)
        const damaged = mounted(flash)
        expect(survivors(damaged).length).toBeGreaterThanOrEqual(whole - flips.length)
        fill(damaged, 60)
        const end = damaged.nextSequence
        expect(survivors(damaged).slice(-15)).toEqual(range(end - 15, end))
      }),
      { numRuns: 300 },
    )
  })

  test('overwritten headers cost nothing as long as one is left', () => {
    const flash = createMemory()
    fill(mounted(flash), 100)
    const whole = sequences(mounted(flash))
    // The third block is the erased one.
    for (let mask = 1; mask < 32; mask++) {
      if ((mask | 4) === 31) continue
      const image = flash.image()
      for (let block = 0; block < 5; block++)
        if ((mask >> block) & 1) image.fill(0, (1 + block) * BLOCK, (1 + block) * BLOCK + HEADER_LENGTH)
      const damaged = createMemory()
      damaged.load(image)
      const log = mounted(damaged)
      const { corruptBlocks, torn } = log.mount()
      expect(corruptBlocks + torn).toBeGreaterThan(0)
      expect(survivors(log), `blocks ${mask.toString(2)}`).toEqual(whole)
    }
  })

  test('random pieces of garbage never throw, and what is read was written', () => {
    const flash = createMemory()
    fill(mounted(flash), 100)
    const image = flash.image()
    const piece = fc.tuple(fc.integer({ min: 0, max: 6 * BLOCK }), fc.uint8Array({ maxLength: 700 }))
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 6 }), (pieces) => {
        const broken = image.slice()
        for (const [at, bytes] of pieces) broken.set(bytes.subarray(0, broken.length - at), at)
        flash.load(broken)
        const log = mounted(flash)
        survivors(log)
        log.prepare()
        fill(log, 100)
        expect(survivors(log)).toEqual(range(log.firstSequence, log.nextSequence))
      }),
      { numRuns: 300 },
    )
  })

  test('nothing but garbage is an empty log', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 7 * BLOCK, maxLength: 7 * BLOCK }), (garbage) => {
        const flash = createMemory()
        flash.load(garbage)
        const log = new RecordLog(flash, AREA)
        const report = log.mount()
        expect(report.entries).toBe(0)
        expect(report.corruptBlocks + report.torn).toBe(5)
        fill(log, 20)
        expect(sequences(mounted(flash))).toEqual(range(1, 21))
      }),
      { numRuns: 30 },
    )
  })

  test('reports missing entries of the newest block', () => {
    const flash = createMemory()
    fill(mounted(flash), 10)
    const image = flash.image()
    image[BLOCK + HEADER_LENGTH + 3 * recordSize(4) + 9] ^= 4
    flash.load(image)
    const log = new RecordLog(flash, AREA)
    expect(log.mount()).toEqual({ entries: 10, torn: 0, corruptBlocks: 0, missing: 1, unknownVersion: 0 })
    expect(sequences(log)).toEqual([1, 2, 3, 5, 6, 7, 8, 9, 10])
  })
})
