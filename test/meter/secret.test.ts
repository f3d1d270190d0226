import { describe, expect, test } from 'vitest'
import { hostCrypto } from '../../hal/host/crypto.ts'
import { ascii } from '../../src/lib/ascii.ts'
import { DEMO_SECRET } from '../../src/meter/config.ts'
import { checkReading, openKeys } from '../../src/meter/secrets.ts'
import { HOUR_MS, Rig } from '../scenarios/rig.ts'
import { START_MS } from './views/rig.ts'

const KEY = new Uint8Array(32).fill(7)

function start(readingSecret?: string, before?: Rig, key = KEY): Rig {
  const start_ms = before === undefined ? START_MS : before.machine.now_ms + HOUR_MS
  return new Rig({ trace: null, start_ms, storage: before?.storage, key, config: { meter: { dlms: { readingSecret } } } })
}

/** Whether the meter takes a secret, with the key of its board. */
function takes({ core }: Rig, secret: string, key = KEY): boolean {
  return checkReading(core.storage, openKeys(core.storage, { crypto: hostCrypto, key }), ascii(secret))
}

describe('secret of the reading client', () => {
  test('a meter without one uses that of the demo configuration', () => {
    const rig = start()
    expect(rig.machine.meter?.demoSecret).toBe(true)
    expect(takes(rig, DEMO_SECRET)).toBe(true)
  })

  test('the configured one goes into flash at the first start; from then on the flash decides', () => {
    const first = start('the first')
    expect(first.machine.meter?.demoSecret).toBe(false)
    const second = start('the second', first)
    expect([takes(second, 'the first'), takes(second, 'the second')]).toEqual([true, false])
    const unconfigured = start(undefined, second)
    expect(unconfigured.machine.meter?.demoSecret).toBe(false)
    expect([takes(unconfigured, 'the first'), takes(unconfigured, DEMO_SECRET)]).toEqual([true, false])
  })

  test('on another board nobody can read it, and nobody gets in: logged once', () => {
    const other = new Uint8Array(32).fill(8)
    const first = start('the first')
    const moved = start(undefined, first, other)
    expect([takes(moved, 'the first', other), takes(moved, DEMO_SECRET, other)]).toEqual([false, false])
    expect(moved.events).toEqual(['Secret unreadable'])
    expect(start(undefined, moved, other).events).toEqual([])
  })
})
