import { describe, expect, test } from 'vitest'
import { compareVersions } from '../../../src/core/firmware/image.ts'
import { TransferStatus } from '../../../src/core/firmware/state.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import { PowerLoss, type Tear } from '../../../src/world/chips/nor-flash.ts'
import { BLOCK, blockOf, imageOf, NEXT, payloadOf, Rig } from './rig.ts'

const TEARS: readonly Tear[] = ['none', 'complete', 'prefix', 'bits', 'garbage', 'erase-random', 'reordered']
const payload = payloadOf(5200)
const image = imageOf(payload)
const COUNT = Math.ceil(image.length / BLOCK)
const identifier = Uint8Array.from([1, 2, 3])
/** Blocks that one erase can touch: those of a sector, and the one that straddles its border. */
const BLOCKS_PER_SECTOR = 1024 / BLOCK + 1

interface Client {
  /** Blocks whose transfer was answered since the last initiate. */
  answered: Set<number>
  /** The block on its way. */
  current: number
  order: readonly number[]
}

function shuffled(seed: number): readonly number[] {
  const random = new SeededRandom(seed)
  const order = [...Array(COUNT).keys()]
  for (let i = COUNT - 1; i > 0; i--) {
    const other = random.below(i + 1)
    ;[order[i], order[other]] = [order[other], order[i]]
  }
  return order
}

/** As `toEqual`, which takes milliseconds for some kilobytes. */
function expectSame(found: Uint8Array | undefined, wanted: Uint8Array, what: string): void {
  if (found === undefined || Buffer.compare(found, wanted) !== 0) expect(found, what).toEqual(wanted)
}

/** What every start must find, whatever happened before. */
function check(rig: Rig, client: Client, sure: boolean): void {
  const { update } = rig
  if (rig.running !== undefined) expectSame(rig.running, payload, 'running firmware')
  if (update.status !== TransferStatus.initiated || !sure) return
  let lost = 0
  for (let block = 0; block < COUNT; block++) {
    if (update.has(block))
      expectSame(rig.cells(image, block), image.subarray(Math.max(32, block * BLOCK), (block + 1) * BLOCK), `block ${block}`)
    else if (client.answered.has(block)) {
      lost++
      expect(Math.abs(block - client.current), `block ${block} was answered`).toBeLessThanOrEqual(2 * BLOCKS_PER_SECTOR)
    }
  }
  // Two sectors at most: the block on its way may straddle their border.
  expect(lost).toBeLessThanOrEqual(2 * BLOCKS_PER_SECTOR)
}

/** A client that takes up what it finds, until the new firmware runs confirmed. True when it does. */
function live(rig: Rig, client: Client, sure = true): boolean {
  try {
    for (let restart = 0; restart < 20; restart++) {
      rig.start()
      check(rig, client, sure)
      rig.update.step(1)
      if (goOn(rig, client)) return true
    }
  } catch (error) {
    if (!(error instanceof PowerLoss)) throw error
    return false
  }
  throw new Error(`no end in sight, status ${rig.update.status}`)
}

/** One life between two starts. */
function goOn(rig: Rig, client: Client): boolean {
  const { update } = rig
  for (let second = 2; second < 60; second++) {
    if (rig.restarted) return false
    update.step(second)
    const { status } = update
    if (update.trial) rig.trial.second(true)
    else if (status === TransferStatus.activationSuccessful && compareVersions(rig.loader.slots().running, NEXT) === 0) return true
    else if (status === TransferStatus.initiated) transfer(rig, client)
    else if (status === TransferStatus.verificationSuccessful) expect(update.activate()).toBe('success')
    else if (status !== TransferStatus.verificationInitiated && status !== TransferStatus.activationInitiated) {
      client.answered = new Set()
      expect(update.initiate(identifier, image.length)).toBe('success')
    }
  }
  throw new Error(`hangs in status ${update.status}`)
}

function transfer(rig: Rig, client: Client): void {
  for (const block of client.order) {
    if (rig.update.has(block)) continue
    client.current = block
    expect(rig.update.transfer(block, blockOf(image, block))).toBe('success')
    client.answered.add(block)
  }
  client.current = -1
  rig.update.verify()
}

function newClient(seed: number): Client {
  return { answered: new Set(), current: -1, order: seed % 2 === 0 ? [...Array(COUNT).keys()] : shuffled(seed) }
}

function whole(stale: boolean): Rig {
  const rig = new Rig({ stale })
  expect(live(rig, newClient(1))).toBe(true)
  return rig
}

describe.each([false, true])('power loss during an update (slot full of something else: %j)', (stale) => {
  const undisturbed = whole(stale)

  test('without any, nothing is programmed over', () => {
    expect([undisturbed.slotFlash.overwrites, undisturbed.meterFlash.overwrites]).toEqual([0, 0])
  })

  test.each(TEARS)('at every operation of either flash, torn as %j: resumed and finished', (tear) => {
    for (const which of ['slotFlash', 'meterFlash'] as const) {
      for (let cut = 1; cut <= undisturbed[which].operations; cut++) {
        const rig = new Rig({ stale, seed: cut })
        const client = newClient(1)
        try {
          rig[which].cutAt(cut, tear)
          if (!live(rig, client)) {
            rig.slotFlash.powerOn()
            rig.meterFlash.powerOn()
            expect(live(rig, client, tear !== 'reordered')).toBe(true)
          }
          expectSame(rig.running, payload, 'running firmware')
          if (tear !== 'reordered') expect([rig.slotFlash.overwrites, rig.meterFlash.overwrites]).toEqual([0, 0])
        } catch (error) {
          throw new Error(`${which}, operation ${cut}`, { cause: error })
        }
      }
    }
  })

  test('again at every operation of what follows the first cut', () => {
    for (const which of ['slotFlash', 'meterFlash'] as const) {
      for (let cut = 1; cut <= undisturbed[which].operations; cut += 5) {
        for (let second = 1; second <= 20; second++) {
          const rig = new Rig({ stale, seed: cut * 100 + second })
          const client = newClient(1)
          rig[which].cutAt(cut, TEARS[cut % (TEARS.length - 1)])
          live(rig, client)
          const other = second % 4 === 0 ? rig.meterFlash : rig.slotFlash
          for (const flash of [rig.slotFlash, rig.meterFlash]) flash.powerOn()
          other.cutAt(other.operations + second, TEARS[second % (TEARS.length - 1)])
          live(rig, client)
          for (const flash of [rig.slotFlash, rig.meterFlash]) flash.powerOn()
          expect(live(rig, client), `${which}, operation ${cut}, then ${second}`).toBe(true)
          expectSame(rig.running, payload, 'running firmware')
          expect([rig.slotFlash.overwrites, rig.meterFlash.overwrites]).toEqual([0, 0])
        }
      }
    }
  })

  test('a storm: power lost every few operations, in any way', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const rig = new Rig({ stale, seed })
      const random = new SeededRandom(seed, 2)
      const client = newClient(seed)
      let cuts = 0
      for (let done = false; !done; cuts++) {
        expect(cuts, `seed ${seed}`).toBeLessThan(400)
        const flash = random.below(3) === 0 ? rig.meterFlash : rig.slotFlash
        flash.cutAt(flash.operations + 1 + random.below(12 + cuts), TEARS[random.below(TEARS.length - 1)])
        done = live(rig, client)
        rig.slotFlash.powerOn()
        rig.meterFlash.powerOn()
      }
      expectSame(rig.running, payload, 'running firmware')
      expect([rig.slotFlash.overwrites, rig.meterFlash.overwrites]).toEqual([0, 0])
    }
  })
})
