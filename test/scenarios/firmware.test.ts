import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { runInThisContext } from 'node:vm'
import { beforeEach, describe, expect, test } from 'vitest'
import { BOARD } from '../../boards/virtual/board.ts'
import { MemoryFlash } from '../../hal/portable/flash.ts'
import { importPublicKey, parseVersion, signImage } from '../../src/cli/firmware.ts'
import { TransferStatus } from '../../src/core/firmware/state.ts'
import { toHex } from '../../src/lib/hex.ts'
import { modelOf } from '../../src/meter/config.ts'
import { PROGRAM } from '../../src/meter/program.ts'
import { blankFlash, HOUR_MS, Rig } from './rig.ts'

const MODEL = modelOf({ phases: 3 })

/** What `npm run build` makes of the meter's own source. */
const BUNDLE = 'build/firmware/virtual.js'
const CONFIRM_S = 60
const BLOCK = 256

const vendor = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = (key: typeof vendor.privateKey) => key.export({ type: 'pkcs8', format: 'pem' }).toString()
const publicKey = toHex(importPublicKey(vendor.publicKey.export({ type: 'spki', format: 'pem' }).toString()))

function image(payload: Uint8Array | string, version: string, key = vendor.privateKey): Uint8Array {
  const bytes = typeof payload === 'string' ? Uint8Array.from(payload, (character) => character.charCodeAt(0)) : payload
  return signImage(bytes, pem(key), { version: parseVersion(version), model: MODEL })
}

/** A meter that starts, and never does anything. */
const DEAD = `({interface:1,start:()=>({close(){},stop(){},config:{dlms:{}}}),face(){}})`
/** One that cannot even start. */
const BROKEN = `({interface:1,start(){throw new Error('no such chip')},face(){}})`

let rig: Rig
beforeEach(() => {
  rig = new Rig({
    firmware: blankFlash(BOARD.firmware),
    evaluate: (source) => runInThisContext(source),
    config: { meter: { dlms: { enabled: false }, firmware: { publicKey, confirm_s: CONFIRM_S } } },
  })
  rig.run(10_000)
})

const firmware = () => {
  const part = rig.machine.meter?.firmware
  if (part === undefined) throw new Error('no meter')
  return part.update
}

/** Transfers and verifies; the result of the verification. */
function transfer(bytes: Uint8Array): string {
  const update = firmware()
  expect(update.initiate(Uint8Array.of(1), bytes.length)).toBe('success')
  for (let block = 0; block < update.blocks; block++) {
    expect(update.transfer(block, bytes.subarray(block * BLOCK, (block + 1) * BLOCK))).toBe('success')
  }
  let result = update.verify()
  for (let tries = 0; result === 'temporary-failure' && tries < 100; tries++) {
    rig.run(1000)
    result = update.verify()
  }
  return result
}

describe('a new firmware', () => {
  test.runIf(existsSync(BUNDLE))('runs after its activation, stays after its trial, and goes on with the registers', () => {
    rig.run(HOUR_MS)
    expect(rig.machine.meter?.version).toBe('0.2.0')
    expect(transfer(image(new Uint8Array(readFileSync(BUNDLE)), '0.3.0'))).toBe('success')
    const before_mWh = rig.imported_mWh
    expect(firmware().activate()).toBe('success')
    rig.run(5000)
    expect(rig.machine.meter?.version).toBe('0.3.0')
    expect(rig.machine.board.program).not.toBe(PROGRAM)
    expect(rig.imported_mWh).toBeGreaterThanOrEqual(before_mWh)
    // A restart is no power failure.
    expect(rig.core.powerFailures).toBe(0)
    expect(rig.events).toEqual(['Power up', 'Firmware ready for activation'])
    rig.run((CONFIRM_S + 5) * 1000)
    expect(rig.events.at(-1)).toBe('Firmware activated')
    expect(firmware().status).toBe(TransferStatus.activationSuccessful)
    // It stays, over a power failure too.
    rig.machine.mains.disturbAll(0, 5000)
    rig.run(20_000)
    expect(rig.machine.meter?.version).toBe('0.3.0')
    expect(rig.events.slice(-3)).toEqual(['Power down', 'Power up', 'failure of 5 s'])
  })

  test.runIf(existsSync(BUNDLE))('that loses its supply during the trial is given up', () => {
    transfer(image(new Uint8Array(readFileSync(BUNDLE)), '0.3.0'))
    firmware().activate()
    rig.run(5000)
    expect(rig.machine.meter?.version).toBe('0.3.0')
    rig.machine.mains.disturbAll(0, 5000)
    rig.run(20_000)
    expect(rig.machine.meter?.version).toBe('0.2.0')
    expect(rig.events).toContain('Firmware rolled back')
    expect(firmware().status).toBe(TransferStatus.activationFailed)
  })

  test.runIf(existsSync(BUNDLE))('waits for the time that was set', () => {
    transfer(image(new Uint8Array(readFileSync(BUNDLE)), '0.3.0'))
    firmware().activateAt(Math.floor(rig.machine.now_ms / 1000) + 1800)
    rig.run(1_790_000)
    expect(rig.machine.meter?.version).toBe('0.2.0')
    rig.run(20_000)
    expect(rig.machine.meter?.version).toBe('0.3.0')
  })

  test('that does nothing is reset by the watchdog and given up', () => {
    expect(transfer(image(DEAD, '0.3.0'))).toBe('success')
    const before_mWh = rig.imported_mWh
    firmware().activate()
    rig.run(30_000)
    expect(rig.machine.meter?.version).toBe('0.2.0')
    expect(rig.events).toEqual(['Power up', 'Firmware ready for activation', 'Watchdog reset', 'Firmware rolled back'])
    expect(rig.imported_mWh).toBeGreaterThanOrEqual(before_mWh)
  })

  test('that cannot start is given up', () => {
    expect(transfer(image(BROKEN, '0.3.0'))).toBe('success')
    firmware().activate()
    rig.run(30_000)
    expect(rig.machine.meter?.version).toBe('0.2.0')
    expect(rig.events).toContain('crash: no such chip')
    expect(rig.events).toContain('Firmware rolled back')
  })
})

test('a supply that ends in the middle of a block: the meter starts again, and the transfer goes on', () => {
  const bytes = image(DEAD.padEnd(200_000), '0.3.0')
  const update = firmware()
  update.initiate(Uint8Array.of(1), bytes.length)
  rig.machine.mains.disturbAll(0, 10_000)
  let sent = 0
  rig.machine.board.run(() => {
    for (; sent < update.blocks; sent++) update.transfer(sent, bytes.subarray(sent * BLOCK, (sent + 1) * BLOCK))
  })
  // The capacitors were empty before the image was over.
  expect(sent).toBeGreaterThan(0)
  expect(sent).toBeLessThan(update.blocks)
  expect(rig.machine.meter).toBeUndefined()
  rig.run(20_000)
  expect(firmware().status).toBe(TransferStatus.initiated)
  expect(firmware().firstNotTransferred).toBe(sent)
})

describe('an image', () => {
  test('of another signer, cut short, changed or older is refused with an event, and nothing else changes', () => {
    const good = image(DEAD, '0.3.0')
    const changed = good.slice()
    changed[100] ^= 1
    const cases = [image(DEAD, '0.3.0', stranger.privateKey), good.subarray(0, good.length - 40), changed, image(DEAD, '0.1.9')]
    for (const bytes of cases) {
      expect(transfer(bytes)).toBe('other-reason')
      expect(firmware().status).toBe(TransferStatus.verificationFailed)
      expect(firmware().activate()).toBe('other-reason')
    }
    rig.run(5000)
    expect(rig.machine.meter?.version).toBe('0.2.0')
    // Each is refused twice: at the verification, and when it is to be activated all the same.
    expect(rig.events.filter((text) => text === 'Firmware refused').length).toBeGreaterThanOrEqual(4)
    expect(rig.machine.generation).toBe(1)
  })

  test('needs a key in the meter', () => {
    rig = new Rig({
      firmware: blankFlash(BOARD.firmware),
      evaluate: (source) => runInThisContext(source),
      config: { meter: { dlms: { enabled: false } } },
    })
    expect(transfer(image(DEAD, '0.3.0'))).toBe('other-reason')
    rig.run(2000)
    expect(rig.events).toContain('Firmware refused')
  })
})

test('a board without slots has no update', () => {
  expect(new Rig({ storage: new MemoryFlash({ blocks: 512, blockLength: 4096, writeAlign: 16 }) }).machine.meter?.firmware).toBeUndefined()
})
