import { describe, expect, test } from 'vitest'
import { eraseFlash, wipeOldSettings } from '../../../src/core/security/wipe.ts'
import { openStorage } from '../../../src/core/storage/storage.ts'
import { ascii } from '../../../src/lib/ascii.ts'
import { NorFlash, PowerLoss, type Tear } from '../../../src/world/chips/nor-flash.ts'
import { blankFlash, lies } from './rig.ts'

const SECRET = ascii('lies open in the flash')

describe('old settings', () => {
  test('are gone after a wipe, and what is valid stays', () => {
    const flash = blankFlash()
    const { settings } = openStorage(flash)
    settings.set('open', SECRET)
    settings.set('kept', ascii('value'))
    settings.delete('open')
    expect(lies(flash, SECRET)).toBe(true)
    wipeOldSettings(settings)
    expect(lies(flash, SECRET)).toBe(false)
    expect(settings.get('kept')).toEqual(ascii('value'))
    expect(openStorage(flash).settings.get('kept')).toEqual(ascii('value'))
    expect(settings.keys()).not.toContain('wipe.filler')
  })

  test('are gone wherever in the ring they lie', () => {
    for (let before = 0; before < 300; before += 7) {
      const flash = blankFlash()
      const { settings } = openStorage(flash)
      for (let i = 0; i < before; i++) settings.set('count', new Uint8Array(100).fill(i))
      settings.set('open', SECRET)
      settings.delete('open')
      wipeOldSettings(settings)
      expect(lies(flash, SECRET), `after ${before}`).toBe(false)
    }
  })
})

const TEARS: readonly Tear[] = ['none', 'complete', 'prefix', 'bits', 'garbage', 'erase-random', 'reordered']

describe('erasing everything', () => {
  function filled(seed: number): { flash: NorFlash; inner: ReturnType<typeof blankFlash> } {
    const inner = blankFlash(32, 1024)
    const flash = new NorFlash(inner)
    const storage = openStorage(flash)
    for (let i = 0; i < 40 + seed; i++) {
      storage.settings.set(`key${i % 5}`, Uint8Array.of(i, 1, 2, 3))
      storage.events.append(1, 0, i + 1, Uint8Array.of(i, 0, 0, 0))
    }
    storage.settings.set('mark', Uint8Array.of(1))
    return { flash, inner }
  }

  test('leaves nothing and tells of each block', () => {
    const { flash, inner } = filled(0)
    let blocks = 0
    eraseFlash(flash, openStorage(flash).settings, () => blocks++)
    expect(inner.image().every((byte) => byte === 0xff)).toBe(true)
    expect(blocks).toBeGreaterThan(4)
    expect(openStorage(flash).report.fresh).toBe(true)
  })

  test.each(TEARS)('cut at each operation, torn as %s: the mark is there until nothing else is', (tear) => {
    for (let cut = 1; ; cut++) {
      const { flash, inner } = filled(cut % 13)
      const { settings } = openStorage(flash)
      flash.cutAt(flash.operations + cut, tear)
      try {
        eraseFlash(flash, settings)
      } catch (error) {
        if (!(error instanceof PowerLoss)) throw error
      }
      if (flash.powered) break
      flash.powerOn()
      const again = openStorage(flash)
      if (again.settings.get('mark') === undefined) {
        // The last block was cut: what it had is gone, and so is everything else.
        expect(again.settings.keys()).toEqual([])
        expect(again.events.count).toBe(0)
        expect(again.registers.found).toBe(false)
      } else {
        eraseFlash(flash, again.settings)
        expect(inner.image().every((byte) => byte === 0xff)).toBe(true)
      }
    }
  })
})
