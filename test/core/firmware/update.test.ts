import { describe, expect, test } from 'vitest'
import { TransferStatus } from '../../../src/core/firmware/state.ts'
import { PowerLoss } from '../../../src/world/chips/nor-flash.ts'
import { blockOf, FACTORY, imageOf, MODEL, NEXT, payloadOf, Rig, SIGNER } from './rig.ts'

const payload = payloadOf(6000)
const image = imageOf(payload)
const COUNT = Math.ceil(image.length / 256)
const identifier = Uint8Array.from([0x46, 0x45, 0x52])
const ascii = (bytes: Uint8Array) => String.fromCharCode(...bytes)

function started(options = {}): Rig {
  const rig = new Rig(options)
  rig.start()
  return rig
}

function transferred(bytes = image, options = {}): Rig {
  const rig = started(options)
  expect(rig.update.initiate(identifier, bytes.length)).toBe('success')
  rig.send(bytes)
  return rig
}

/** Activates what was transferred, restarts, and gives the device back on trial. */
function onTrial(bytes = image): Rig {
  const rig = transferred(bytes)
  expect(rig.verified()).toBe(3)
  expect(rig.update.activate()).toBe('success')
  rig.update.step()
  expect(rig.restarted).toBe(true)
  rig.start()
  return rig
}

function refusals(rig: Rig): unknown[] {
  rig.update.step()
  return rig.events.map((event) => (event.kind === 'refused' ? event.reason : event.kind))
}

describe('an update', () => {
  test('goes from the first block to the confirmed firmware', () => {
    const rig = started()
    const { update } = rig
    expect([update.status, update.blocks, update.size, update.firstNotTransferred, update.blockSize]).toEqual([0, 0, 0, 0, 256])
    expect(update.initiate(identifier, image.length)).toBe('success')
    expect([update.status, update.blocks, update.size, update.firstNotTransferred]).toEqual([1, COUNT, image.length, 0])
    expect(update.identifier).toEqual(identifier)
    rig.send(image, [0, 1, 3])
    expect([update.firstNotTransferred, update.has(1), update.has(2), update.has(3), update.has(COUNT)]).toEqual([
      2,
      true,
      false,
      true,
      false,
    ])
    rig.send(image)
    expect(update.firstNotTransferred).toBe(COUNT)
    expect(update.verify()).toBe('success')
    expect(update.status).toBe(TransferStatus.verificationSuccessful)
    expect(update.verify()).toBe('success')
    const [info] = update.toActivate
    expect([info.size, ascii(info.identification), update.toActivate.length]).toEqual([image.length, `${MODEL} 1.1.0+7`, 1])
    expect(image.subarray(image.length - info.signature.length)).toEqual(info.signature)
    expect(update.activate()).toBe('success')
    expect([update.status, rig.restarted]).toEqual([5, false])
    update.step()
    expect(rig.restarted).toBe(true)
    rig.start()
    expect(rig.running).toEqual(payload)
    expect([rig.update.status, rig.update.trial]).toEqual([5, true])
    rig.trial.second(true)
    rig.trial.second(true)
    expect([rig.update.status, rig.update.trial]).toEqual([6, false])
    rig.update.step()
    expect(rig.events).toEqual([
      { kind: 'ready', version: NEXT },
      { kind: 'activated', version: NEXT },
    ])
    rig.start()
    expect([rig.update.status, rig.running?.length]).toEqual([6, payload.length])
  })

  test('takes blocks in any order, several times, and from a slot full of something else', () => {
    for (const stale of [false, true]) {
      const rig = started({ stale, seed: 7 })
      rig.update.initiate(identifier, image.length)
      const order = [...Array(COUNT).keys()].map((i) => (i * 7) % COUNT)
      expect(new Set(order).size).toBe(COUNT)
      rig.send(image, [...order, 3, 3, 0, COUNT - 1])
      expect(rig.verified()).toBe(3)
      expect(rig.slotFlash.overwrites).toBe(0)
    }
  })

  test('a block that comes again costs no flash operation, even in another transfer', () => {
    const rig = transferred()
    const before = rig.slotFlash.operations
    rig.send(image)
    expect(rig.slotFlash.operations).toBe(before)
    rig.update.initiate(identifier, image.length)
    const { wear } = rig.slotFlash
    const erased = wear.slice(2, 10)
    rig.send(image)
    expect(wear.slice(2, 10)).toEqual(erased)
    expect(rig.verified()).toBe(3)
  })

  test('a block that comes again with other content replaces the first, and no other', () => {
    const rig = transferred()
    const other = imageOf(payloadOf(6000, 2))
    rig.send(other, [10])
    expect(rig.update.firstNotTransferred).toBe(COUNT)
    expect(rig.cells(other, 10)).toEqual(blockOf(other, 10))
    for (const block of [1, 2, 7, 8, 9, 11, 12, 13]) expect(rig.cells(image, block)).toEqual(blockOf(image, block))
    expect(rig.verified()).toBe(4)
    rig.send(image, [10])
    expect(rig.verified()).toBe(3)
  })

  test('erases at most three blocks in one call, and none outside the spare slot', () => {
    const rig = started({ stale: true })
    const { slotFlash } = rig
    const sum = () => slotFlash.wear.reduce((total, erases) => total + erases, 0)
    rig.update.initiate(identifier, image.length)
    for (let block = 0; block < COUNT; block++) {
      const before = sum()
      rig.send(image, [block])
      expect(sum() - before).toBeLessThanOrEqual(3)
      const prepared = sum()
      rig.update.step()
      expect(sum() - prepared).toBeLessThanOrEqual(1)
    }
    expect([...slotFlash.wear.subarray(14)].every((erases) => erases === 0)).toBe(true)
    expect(slotFlash.wear.subarray(0, 2)).toEqual(new Uint32Array(2))
  })

  test('works on a flash whose other erases and programs are ignored now and then', () => {
    for (let drop = 1; drop <= 120; drop++) {
      const rig = new Rig({ stale: true, seed: drop })
      let count = 0
      rig.slotFlash.onOperation = () => (++count % 40 === drop % 40 ? 'dropped' : undefined)
      rig.start()
      rig.update.initiate(identifier, image.length)
      rig.send(image)
      expect(rig.verified(), `drop ${drop}`).toBe(3)
    }
  })

  test('says so when the flash takes nothing', () => {
    const rig = started({ stale: true })
    rig.update.initiate(identifier, image.length)
    rig.slotFlash.onOperation = () => 'dropped'
    expect(rig.update.transfer(0, blockOf(image, 0))).toBe('hardware-fault')
    expect(rig.update.has(0)).toBe(false)
  })

  test('verifies a large image in slices', () => {
    const large = imageOf(payloadOf(50_000))
    const rig = transferred(large, { slotBlocks: 54 })
    expect(rig.update.verify()).toBe('temporary-failure')
    for (let steps = 1; rig.update.status === 2; steps++) {
      // A restart begins again.
      if (steps === 2) rig.start()
      expect([rig.update.verify(), rig.update.transfer(0, blockOf(large, 0))]).toEqual(['temporary-failure', 'other-reason'])
      const before = rig.slotFlash.read_bytes
      rig.update.step()
      expect(rig.slotFlash.read_bytes - before).toBeLessThan(16384 + 1024)
      expect(steps).toBeLessThan(9)
    }
    expect([rig.update.verify(), rig.update.status]).toEqual(['success', 3])
  })
})

describe('refused', () => {
  test('methods of an update that is not enabled', () => {
    const rig = transferred()
    rig.update.enabled = false
    const data = blockOf(image, 0)
    const { update } = rig
    expect([update.initiate(identifier, 500), update.transfer(0, data), update.verify(), update.activate()]).toEqual(
      Array(4).fill('read-write-denied'),
    )
    rig.start()
    expect(rig.update.enabled).toBe(false)
    rig.update.enabled = true
    expect(rig.verified()).toBe(3)
  })

  test('images that cannot fit or are none', () => {
    const rig = started()
    expect(rig.update.initiate(identifier, 8 * 1024 + 33)).toBe('data-not-valid')
    expect(refusals(rig)).toEqual(['too-large'])
    expect(rig.update.initiate(identifier, 8 * 1024 + 32)).toBe('success')
    for (const size of [0, 32, -1, 1.5]) expect(rig.update.initiate(identifier, size)).toBe('data-not-valid')
    expect(rig.update.initiate(new Uint8Array(65), 500)).toBe('data-not-valid')
    // What was initiated before is still there.
    expect([rig.update.status, rig.update.size]).toEqual([1, 8 * 1024 + 32])
  })

  test('blocks before a transfer, beyond it, and of another length', () => {
    const rig = started()
    expect(rig.update.transfer(0, new Uint8Array(256))).toBe('other-reason')
    rig.update.initiate(identifier, image.length)
    for (const block of [-1, COUNT, 0.5]) expect(rig.update.transfer(block, new Uint8Array(256))).toBe('data-not-valid')
    expect(rig.update.transfer(0, new Uint8Array(255))).toBe('data-not-valid')
    expect(rig.update.transfer(COUNT - 1, new Uint8Array(256))).toBe('data-not-valid')
    rig.send(image)
    expect(rig.verified()).toBe(3)
    expect(rig.update.transfer(0, blockOf(image, 0))).toBe('other-reason')
  })

  test('verification and activation of what is not complete', () => {
    const rig = started()
    expect([rig.update.verify(), rig.update.activate()]).toEqual(['other-reason', 'other-reason'])
    rig.update.initiate(identifier, image.length)
    rig.send(image, [0, 1])
    expect([rig.update.verify(), rig.update.activate(), rig.update.status]).toEqual(['other-reason', 'other-reason', 1])
    expect(refusals(rig)).toEqual(['incomplete', 'incomplete'])
  })

  test('each wrong image, with its reason; the meter goes on as it was', () => {
    const wrong = (change: (twin: Uint8Array) => void) => {
      const twin = image.slice()
      change(twin)
      return twin
    }
    const cases: readonly (readonly [string, Uint8Array, object?])[] = [
      ['malformed', image.subarray(0, image.length - 1)],
      ['hash', wrong((twin) => (twin[3000] ^= 1))],
      ['signature', wrong((twin) => (twin[twin.length - 1] ^= 1))],
      ['wrong-product', imageOf(payload, { model: 'FER-3P' })],
      ['downgrade', imageOf(payload, { version: { ...FACTORY, major: 0, minor: 9 } })],
      ['no-key', image, { publicKey: null }],
      ['wrong-key', image, { publicKey: Uint8Array.from(SIGNER.point, (byte, i) => (i === 64 ? byte ^ 1 : byte)) }],
    ]
    for (const [reason, bytes, options] of cases) {
      const rig = transferred(bytes, options)
      expect(rig.verified(), reason).toBe(4)
      expect(rig.update.toActivate).toEqual([])
      expect(refusals(rig)).toEqual([reason])
      expect(rig.update.activate()).toBe('other-reason')
      rig.start()
      expect([rig.update.status, rig.running]).toEqual([4, undefined])
    }
  })

  test('an image with a lower security counter than the firmware that was confirmed', () => {
    const rig = onTrial()
    rig.update.confirm()
    const lower = imageOf(payload, { securityCounter: 2, version: { ...NEXT, major: 2 } })
    rig.update.initiate(identifier, lower.length)
    rig.send(lower)
    expect(rig.verified()).toBe(4)
    expect(refusals(rig)).toEqual(['ready', 'activated', 'downgrade'])
    const same = imageOf(payload, { securityCounter: 3, version: { ...NEXT, major: 2 } })
    rig.update.initiate(identifier, same.length)
    rig.send(same)
    expect(rig.verified()).toBe(3)
  })

  test('a counter counts only when its firmware was confirmed', () => {
    const rig = onTrial(imageOf(payload, { securityCounter: 100 }))
    rig.start()
    rig.update.step()
    expect(rig.update.status).toBe(7)
    rig.update.initiate(identifier, image.length)
    rig.send(image)
    expect(rig.verified()).toBe(3)
  })

  test('a transfer while the firmware is on trial: the slot holds the one to go back to', () => {
    const rig = onTrial()
    expect([rig.update.initiate(identifier, 500), rig.update.verify(), rig.update.activate()]).toEqual(Array(3).fill('temporary-failure'))
    rig.update.confirm()
    expect(rig.update.initiate(identifier, 500)).toBe('success')
  })
})

describe('the trial', () => {
  test('ends with the firmware before when nobody confirms', () => {
    const rig = onTrial()
    rig.trial.second(true)
    rig.start()
    expect([rig.running, rig.update.status]).toEqual([undefined, 7])
    rig.update.step()
    expect(rig.events.at(-1)).toEqual({ kind: 'failed', reason: 'rolled-back' })
    const count = rig.events.length
    rig.start()
    rig.update.step()
    expect([rig.update.status, rig.events.length]).toEqual([7, count])
  })

  test('counts good seconds in a row, and gives up when they do not come', () => {
    const rig = onTrial()
    for (let i = 0; i < 4; i++) {
      rig.trial.second(i % 2 === 0)
      expect([rig.update.trial, rig.restarted]).toEqual([true, false])
    }
    rig.trial.second(false)
    expect(rig.restarted).toBe(true)
    rig.start()
    expect(rig.update.status).toBe(7)
  })

  test('a boot loader that does not take the confirmation ends the trial', () => {
    const rig = onTrial()
    rig.slotFlash.onOperation = () => 'dropped'
    for (let i = 0; i < 5; i++) rig.trial.second(true)
    expect([rig.update.trial, rig.restarted]).toEqual([true, true])
    rig.slotFlash.onOperation = undefined
    rig.start()
    expect(rig.update.status).toBe(7)
  })
})

describe('an activation that power loss interrupts', () => {
  /** Cuts the power in the first operation of the boot loader's own sectors. */
  function cutActivation(rig: Rig): void {
    rig.slotFlash.onOperation = (_kind, _bytes, offset) => (offset < 2048 ? 'none' : undefined)
  }

  function powerOn(rig: Rig): void {
    rig.slotFlash.onOperation = undefined
    rig.slotFlash.powerOn()
    rig.start()
  }

  test('is done again at the next start', () => {
    const rig = transferred()
    rig.verified()
    cutActivation(rig)
    expect(() => rig.update.activate()).toThrow(PowerLoss)
    powerOn(rig)
    expect([rig.running, rig.update.status]).toEqual([undefined, 2])
    for (let now_s = 1; now_s < 5; now_s++) rig.update.step(now_s)
    expect(rig.restarted).toBe(true)
    rig.start()
    expect(rig.running).toEqual(payload)
  })

  test('is given up after some times', () => {
    const rig = transferred()
    rig.verified()
    cutActivation(rig)
    expect(() => rig.update.activate()).toThrow(PowerLoss)
    for (let time = 2; time <= 3; time++) {
      powerOn(rig)
      rig.update.step(1)
      cutActivation(rig)
      expect(() => rig.update.step(2)).toThrow(PowerLoss)
    }
    powerOn(rig)
    for (let now_s = 1; now_s < 5; now_s++) rig.update.step(now_s)
    expect([rig.restarted, rig.update.status]).toEqual([false, 7])
    expect(rig.events.at(-1)).toEqual({ kind: 'failed', reason: 'not-started' })
  })

  test('fails when the boot loader cannot store its choice', () => {
    const rig = transferred()
    rig.verified()
    rig.slotFlash.onOperation = (_kind, _bytes, offset) => (offset < 2048 ? 'dropped' : undefined)
    expect([rig.update.activate(), rig.update.status]).toEqual(['other-reason', 7])
    rig.update.step()
    expect(rig.events.at(-1)).toEqual({ kind: 'failed', reason: 'flash' })
    expect(rig.restarted).toBe(false)
  })
})

describe('a set time', () => {
  test('activates then, also after a restart', () => {
    const rig = transferred()
    rig.verified()
    rig.update.activateAt(5000)
    rig.start()
    expect([rig.update.activation_s, rig.update.status]).toEqual([5000, 3])
    expect(rig.update.toActivate).toHaveLength(1)
    rig.update.step(4999)
    rig.update.step()
    expect(rig.update.status).toBe(3)
    rig.update.step(5000)
    expect(rig.update.status).toBe(5)
    rig.update.step(5001)
    expect(rig.restarted).toBe(true)
    rig.start()
    expect([rig.update.trial, rig.update.activation_s]).toEqual([true, undefined])
  })

  test('verifies first when that was not done', () => {
    const rig = transferred()
    rig.update.activateAt(10)
    for (let now_s = 9; now_s < 15 && !rig.restarted; now_s++) rig.update.step(now_s)
    expect(rig.restarted).toBe(true)
  })

  test('is forgotten when there is nothing good to activate', () => {
    const bad = image.slice()
    bad[4000] ^= 1
    for (const [bytes, count, reason] of [
      [image, 3, 'incomplete'],
      [bad, COUNT, 'hash'],
    ] as const) {
      const rig = started()
      rig.update.initiate(identifier, bytes.length)
      rig.send(
        bytes,
        [...Array(COUNT).keys()].filter((block) => block < count),
      )
      rig.update.activateAt(10)
      for (let now_s = 10; now_s < 20; now_s++) rig.update.step(now_s)
      expect(rig.update.activation_s).toBeUndefined()
      expect(refusals(rig)).toEqual([reason])
    }
  })

  test('can be taken back', () => {
    const rig = transferred()
    rig.verified()
    rig.update.activateAt(10)
    rig.update.activateAt(undefined)
    for (let now_s = 10; now_s < 15; now_s++) rig.update.step(now_s)
    expect(rig.update.status).toBe(3)
  })
})
