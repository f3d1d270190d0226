import { expect, test } from 'vitest'
import { Connected } from './lorawan-rig.ts'
import { blankFlash, HOUR_MS } from './rig.ts'

const ABP = {
  activation: 'abp',
  devAddr: '01020304',
  nwkSKey: '2b7e151628aed2a6abf7158809cf4f3c',
  appSKey: '3c4fcf098815f7aba6d2ae2816157e2b',
  dataRate: 3,
}
const reason = (meter: Connected) => meter.rig.machine.meter?.health.find(({ name }) => name === 'lorawan')?.lastReason

test('activated by personalisation the meter reports without a join, obeys, and its numbers go on over failures of the supply', () => {
  const meter = new Connected(ABP, { storage: blankFlash() })
  meter.rig.run(HOUR_MS / 2)
  meter.send('ff1405')
  meter.rig.run(60_000)
  for (let i = 0; i < 3; i++) {
    meter.rig.machine.mains.disturbAll(0, 20_000)
    meter.rig.run(HOUR_MS / 6)
  }
  expect(meter.events.filter(({ type }) => type === 'join' || type === 'refused')).toEqual([])
  expect(meter.reports.filter((report) => report.has('timestamp')).length).toBeGreaterThanOrEqual(6)
  const counts = meter.uplinks.map(({ fCnt }) => fCnt)
  expect(counts).toEqual([...new Set(counts)].sort((a, b) => a - b))
  expect(meter.uplinks.filter(({ fPort, payload }) => fPort === 50 && payload[0] === 0)).toHaveLength(1)
})

test('without all of its keys it waits, and says why; a module cannot', () => {
  const { nwkSKey: _, ...partial } = ABP
  const meter = new Connected({ ...partial, nwkSKey: undefined })
  meter.rig.run(60_000)
  expect(reason(meter)).toMatch(/nwkSKey/)
  const module = new Connected(ABP, {}, 'RAK3172')
  module.rig.run(60_000)
  expect(reason(module)).toMatch(/RAK3172 joins/)
})
