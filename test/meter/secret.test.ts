import { describe, expect, test } from 'vitest'
import { ascii } from '../../src/lib/ascii.ts'
import { HOUR_MS, Rig } from '../scenarios/rig.ts'
import { quietRig, START_MS } from './views/rig.ts'

const KEY = 'dlms.lls.secret'

function withSecret(readingSecret: string, before?: Rig): Rig {
  const start_ms = before === undefined ? START_MS : before.machine.now_ms + HOUR_MS
  return new Rig({ trace: null, start_ms, storage: before?.storage, config: { meter: { dlms: { readingSecret } } } })
}

describe('secret of the reading client', () => {
  test('a meter without one uses that of the demo configuration, and keeps none in flash', () => {
    const rig = quietRig()
    expect(rig.machine.meter?.demoSecret).toBe(true)
    expect(rig.core.storage.settings.get(KEY)).toBeUndefined()
  })

  test('the configured one goes into flash at the first start; from then on the flash decides', () => {
    const first = withSecret('first')
    expect(first.machine.meter?.demoSecret).toBe(false)
    const second = withSecret('second', first)
    expect(second.core.storage.settings.get(KEY)).toEqual(ascii('first'))
    const unconfigured = quietRig({ storage: first.storage, start_ms: second.machine.now_ms + HOUR_MS })
    expect(unconfigured.machine.meter?.demoSecret).toBe(false)
    expect(unconfigured.core.storage.settings.get(KEY)).toEqual(ascii('first'))
  })
})
