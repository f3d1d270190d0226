import { describe, expect, test } from 'vitest'
import { ascii } from '../../src/lib/ascii.ts'
import { requestReset } from '../../src/meter/factory-reset.ts'
import { checkReading, usesDemoSecret } from '../../src/meter/secrets.ts'
import { NorFlash, PowerLoss, type Tear } from '../../src/world/chips/nor-flash.ts'
import { blankFlash, lies } from '../core/security/rig.ts'
import { type Started, startOn } from './provisioning-rig.ts'

const SECRET = ascii('a secret of its own')

/** A meter with a life behind it. */
function live({ storage, provisioning }: Started): void {
  provisioning.setConfig([{ path: 'dlms.port', value: 4060 }])
  provisioning.setSecret('dlms.reading', 'a secret of its own')
  const image = new Float64Array(storage.registers.count)
  image[0] = 123_456
  storage.registers.save(image, 1000)
  storage.events.append(2, 0, 1000, Uint8Array.of(0, 0, 0, 0))
  storage.settings.set('storage.damage.mount', Uint8Array.of(0, 1))
}

function register(started: Started): number {
  const image = new Float64Array(started.storage.registers.count)
  started.storage.registers.load(image)
  return image[0]
}

describe('factory reset', () => {
  test('deletes configuration and secrets, also their traces; registers and logs stay', () => {
    const flash = blankFlash()
    const first = startOn(flash, { key: null })
    live(first)
    expect(lies(flash, SECRET)).toBe(true)
    requestReset(first.storage, {})
    // Until the next start, nothing changes.
    expect(checkReading(first.storage, first.keys, SECRET)).toBe(true)
    const after = startOn(flash, { key: null })
    expect(after.reset).toBe('settings')
    expect(after.config.dlms.port).toBe(4059)
    expect(after.keys.names()).toEqual([])
    expect(lies(flash, SECRET)).toBe(false)
    expect(usesDemoSecret(after.storage, after.keys)).toBe(true)
    expect(register(after)).toBe(123_456)
    expect(after.storage.events.count).toBe(1)
    expect(after.storage.settings.get('storage.damage.mount')).toBeDefined()
    expect(startOn(flash, { key: null }).reset).toBe('none')
  })

  test('of everything needs an open seal', () => {
    const flash = blankFlash()
    const first = startOn(flash)
    live(first)
    expect(() => requestReset(first.storage, { all: true })).toThrow(expect.objectContaining({ code: 'SEAL' }))
    expect(() => requestReset(first.storage, { all: true, sealOpen: false })).toThrow(/seal is closed/)
    expect(startOn(flash).reset).toBe('none')
    requestReset(startOn(flash).storage, { all: true, sealOpen: true })
    const after = startOn(flash)
    expect(after.reset).toBe('all')
    expect([register(after), after.storage.events.count, after.keys.names(), after.config.dlms.port]).toEqual([0, 0, [], 4059])
    expect(usesDemoSecret(after.storage, after.keys)).toBe(true)
    expect(startOn(flash).reset).toBe('none')
  })

  test('an open seal alone changes nothing', () => {
    const flash = blankFlash()
    const first = startOn(flash)
    live(first)
    requestReset(first.storage, { sealOpen: true })
    expect(register(startOn(flash))).toBe(123_456)
  })
})

const TEARS: readonly Tear[] = ['none', 'complete', 'prefix', 'bits', 'garbage', 'erase-random', 'reordered']
const SMALL = [32, 1024] as const

describe('power is lost at each operation', () => {
  /** Starts until a start gets through; how many were cut. */
  function startAfterCut(flash: NorFlash, cut: number, tear: Tear): Started | undefined {
    flash.cutAt(flash.operations + cut, tear)
    try {
      startOn(flash)
    } catch (error) {
      if (!(error instanceof PowerLoss)) throw error
    }
    if (flash.powered) return undefined
    flash.powerOn()
    return startOn(flash)
  }

  test.each(TEARS)('of a reset, torn as %s: it is done in the end, and registers and logs are there', (tear) => {
    for (let cut = 1; ; cut++) {
      const flash = new NorFlash(blankFlash(...SMALL))
      const first = startOn(flash)
      live(first)
      requestReset(first.storage, {})
      const after = startAfterCut(flash, cut, tear)
      if (after === undefined) break
      expect(after.keys.names()).toEqual([])
      expect(after.config.dlms.port).toBe(4059)
      expect(usesDemoSecret(after.storage, after.keys)).toBe(true)
      expect(register(after)).toBe(123_456)
      expect(after.storage.events.count).toBe(1)
      // Holes that a cache leaves look like damage.
      if (tear !== 'reordered') expect(after.storage.report.damaged).toBe(0)
    }
  })

  test.each(TEARS)('of erasing everything, torn as %s: nothing is left in the end', (tear) => {
    for (let cut = 1; ; cut++) {
      const flash = new NorFlash(blankFlash(...SMALL))
      const first = startOn(flash)
      live(first)
      requestReset(first.storage, { all: true, sealOpen: true })
      const after = startAfterCut(flash, cut, tear)
      if (after === undefined) break
      expect(after.keys.names()).toEqual([])
      expect(register(after)).toBe(0)
      expect(after.storage.events.count).toBe(0)
      expect(startOn(flash).reset).toBe('none')
    }
  })
})
