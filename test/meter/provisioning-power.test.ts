import { describe, expect, test } from 'vitest'
import { ascii } from '../../src/lib/ascii.ts'
import { checkReading, usesDemoSecret } from '../../src/meter/secrets.ts'
import { NorFlash, PowerLoss, type Tear } from '../../src/world/chips/nor-flash.ts'
import { blankFlash, lies, OTHER_KEY } from '../core/security/rig.ts'
import { startOn } from './provisioning-rig.ts'

const TEARS: readonly Tear[] = ['none', 'complete', 'prefix', 'bits', 'garbage', 'erase-random', 'reordered']
const OLD = 'the secret before'
const NEW = 'the secret behind'

/** Runs `work`; true when power was lost in it. */
function cutOff(flash: NorFlash, cut: number, tear: Tear, work: () => void): boolean {
  flash.cutAt(flash.operations + cut, tear)
  try {
    work()
  } catch (error) {
    if (!(error instanceof PowerLoss)) throw error
  }
  const lost = !flash.powered
  flash.powerOn()
  return lost
}

describe('power is lost at each operation', () => {
  test.each(TEARS)('of provisioning, torn as %s: each entry is old or new, and no secret ever lies open', (tear) => {
    for (let cut = 1; ; cut++) {
      const inner = blankFlash(32, 1024)
      const flash = new NorFlash(inner)
      const first = startOn(flash)
      first.provisioning.apply({ configuration: { dlms: { port: 4060 }, face: { port: 8081 } }, secrets: { 'dlms.reading': OLD } })
      const lost = cutOff(flash, cut, tear, () => {
        first.provisioning.apply({ configuration: { dlms: { port: 4061 }, face: { port: 8082 } }, secrets: { 'dlms.reading': NEW } })
      })
      const { storage, keys, config, ignored } = startOn(flash)
      expect(ignored).toEqual([])
      const [old, fresh] = [OLD, NEW].map((text) => checkReading(storage, keys, ascii(text)))
      expect([old, fresh]).toContain(true)
      expect(old).not.toBe(fresh)
      expect([4060, 4061]).toContain(config.dlms.port)
      expect([8081, 8082]).toContain(config.face.port)
      // Holes that a cache leaves look like damage.
      if (tear !== 'reordered') expect(storage.report.damaged).toBe(0)
      for (const text of [OLD, NEW]) expect(lies(inner, ascii(text).subarray(4))).toBe(false)
      if (!lost) {
        expect([fresh, config.dlms.port, config.face.port]).toEqual([true, 4061, 8082])
        break
      }
    }
  })

  test.each(TEARS)('of the first start with a key, torn as %s: the secret is good, then encrypted without a trace', (tear) => {
    for (let cut = 1; ; cut++) {
      const inner = blankFlash(32, 1024)
      const flash = new NorFlash(inner)
      const old = startOn(flash, { key: null })
      old.storage.settings.set('dlms.lls.secret', ascii(OLD))
      old.storage.settings.delete('dlms.lls.demo')
      const lost = cutOff(flash, cut, tear, () => void startOn(flash))
      const { storage, keys } = startOn(flash)
      expect(checkReading(storage, keys, ascii(OLD))).toBe(true)
      expect(usesDemoSecret(storage, keys)).toBe(false)
      expect(lies(inner, ascii(OLD))).toBe(false)
      expect(startOn(flash, { key: OTHER_KEY }).keys.state('dlms.reading')).toBe('unreadable')
      if (!lost) break
    }
  })

  test.each(TEARS)('of the very first start, torn as %s: the demo secret or the configured one, never nothing and never both', (tear) => {
    for (const file of [{}, { dlms: { readingSecret: OLD } }]) {
      for (let cut = 1; ; cut++) {
        const flash = new NorFlash(blankFlash(32, 1024))
        const lost = cutOff(flash, cut, tear, () => void startOn(flash, { file }))
        const { storage, keys } = startOn(flash, { file })
        const configured = 'dlms' in file
        expect(checkReading(storage, keys, ascii(OLD)), `cut ${cut}`).toBe(configured)
        expect(checkReading(storage, keys, ascii('12345678')), `cut ${cut}`).toBe(!configured)
        if (!lost) break
      }
    }
  })
})
