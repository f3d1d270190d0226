import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/lib/hex.ts'
import { decodeUplink } from '../../src/protocols/cbor/decode.ts'
import { CborKey } from '../../src/protocols/cbor/keys-table.ts'
import { Connected } from '../scenarios/lorawan-rig.ts'
import { HOUR_MS } from '../scenarios/rig.ts'
import { available, runPython, tellWhenSkipped } from './python.ts'

tellWhenSkipped()

describe.skipIf(!available)('payloads of a meter on LoRaWAN', () => {
  test('CBOR is what cbor2 reads', async () => {
    const meter = new Connected({ payload: 'cbor' })
    meter.rig.run(HOUR_MS)
    const uplinks = meter.uplinks.map(({ payload }) => payload)
    const decoded = JSON.parse(await runPython('lorawan-payload.py', ['cbor', ...uplinks.map(toHex)]))
    expect(decoded.length).toBeGreaterThan(8)
    for (const [i, pairs] of decoded.entries()) {
      for (const [name, value] of decodeUplink(uplinks[i]).readings) expect(new Map(pairs).get(CborKey[name])).toBe(value)
    }
    const rows = decoded.flatMap((pairs: [number, unknown][]) => pairs.filter(([key]) => key === 22))
    expect(rows.length).toBeGreaterThanOrEqual(4)
  })

  test('messages put together from fragments are what two DLMS clients read', async () => {
    const meter = new Connected({ payload: 'dlms', adr: false, dataRate: 0 })
    meter.rig.run(HOUR_MS)
    const [values, rows] = ['0001190900ff', '0002190900ff'].map((setup) => meter.messages.find(({ frame }) => toHex(frame).includes(setup)))
    expect(values?.uplinks).toBeGreaterThan(1)
    const read = JSON.parse(await runPython('lorawan-payload.py', ['dlms', toHex(values?.frame ?? new Uint8Array())]))
    expect(read.gurux).toEqual(read.dlmsCosem)
    // Name, push setup, clock, then +A, -A, power, voltage, current, frequency.
    expect(read.gurux).toHaveLength(9)
    expect(read.gurux[1]).toBe('0001190900ff')
    expect(read.gurux[5]).toBeGreaterThan(1900)
    expect(read.gurux[8]).toBe(5000)
    const profile = JSON.parse(await runPython('lorawan-payload.py', ['dlms', toHex(rows?.frame ?? new Uint8Array())]))
    expect(profile.gurux).toEqual(profile.dlmsCosem)
    expect(profile.gurux[3][0]).toHaveLength(6)
  })
})
