import { describe, expect, test } from 'vitest'
import { type ModemKind, ModemRig } from './modem-rig.ts'

const KINDS: readonly ModemKind[] = ['rui3-4.x', 'rui3-3.x', 'rui3-1.0', 'LoRa-E5', 'RN2483']
const SEEDS = [1, 2, 3, 4, 5, 6]

/** Ends exactly once, whatever happens; gives the result. */
function exchange(rig: ModemRig, text: string, confirmed: boolean): boolean | undefined {
  rig.until(() => rig.link.joined && !rig.link.busy, 1)
  const before = rig.sent.length
  const { acknowledged } = rig.send(text, confirmed)
  expect(rig.sent).toHaveLength(before + 1)
  return acknowledged
}

function answering(rig: ModemRig): void {
  rig.network.answer = ({ frame }) => ({
    window: 'RX1',
    phy: rig.network.down({ ack: frame?.confirmed === true, fPort: 5 }, Uint8Array.of(rig.network.fCntDown & 0xff, 7)),
  })
}

const texts = (rig: ModemRig): string[] =>
  rig.network.heard.filter(({ frame }) => frame !== undefined).map(({ payload }) => String.fromCharCode(...payload))

describe.each(KINDS)('%s', (kind) => {
  test.each(SEEDS)('lines that may be missing are: seed %i', (seed) => {
    const rig = new ModemRig(kind)
    rig.modem.line.faults = { seed, lost: 0.4, late: 0.2, twice: 0.2, late_ms: 400 }
    rig.join()
    answering(rig)
    for (let i = 0; i < 6; i++) exchange(rig, `uplink ${i}`, i % 2 === 1)
    rig.run(5)
    // Each has left, and once; each downlink has arrived, and once.
    expect([...new Set(texts(rig))]).toEqual(['uplink 0', 'uplink 1', 'uplink 2', 'uplink 3', 'uplink 4', 'uplink 5'])
    expect(rig.downlinks.map(({ payload }) => payload[0])).toEqual([...new Set(rig.downlinks.map(({ payload }) => payload[0]))])
    expect(rig.downlinks).toHaveLength(rig.network.fCntDown + 1)
    expect(rig.network.devNonces).toHaveLength(1)
    expect(rig.errors).toEqual([])
  })

  test.each(SEEDS)('any line may be missing: nothing hangs, nothing is told that is not so: seed %i', (seed) => {
    const rig = new ModemRig(kind)
    rig.modem.line.faults = { seed, lost: 0.08, late: 0.08, twice: 0.08, late_ms: 3000, all: true }
    rig.join()
    answering(rig)
    const results: (boolean | undefined)[] = []
    for (let i = 0; i < 8; i++) results.push(exchange(rig, `uplink ${i}`, i % 2 === 1))
    const heard = new Set(texts(rig))
    for (const [i, acknowledged] of results.entries()) if (acknowledged !== false) expect(heard).toContain(`uplink ${i}`)
    const { devNonces } = rig.network
    expect(new Set(devNonces).size).toBe(devNonces.length)
    const known = new Set(rig.downlinks.map(({ fPort, payload }) => `${fPort} ${payload[1]}`))
    expect([...known].filter((what) => what !== '5 7')).toEqual([])
  })

  test('the module starts again in the middle of an uplink: it is told, and the session made anew', () => {
    const rig = new ModemRig(kind).join()
    answering(rig)
    for (let i = 0; i < 3; i++) {
      rig.link.send(1, Uint8Array.of(i), true)
      rig.run(0.05 + 0.4 * i)
      rig.modem.restart()
      rig.until(() => rig.sent.length > i, 1)
      rig.until(() => rig.link.joined && !rig.link.busy, 1)
      // A module without a banner is found out by the next uplink.
      if (exchange(rig, `after ${i}`, true) === false) expect(exchange(rig, `again ${i}`, true)).toBe(true)
      rig.sent.length = i + 1
    }
    const { devNonces } = rig.network
    expect(devNonces.length).toBeGreaterThanOrEqual(4)
    expect(new Set(devNonces).size).toBe(devNonces.length)
  })

  test('the module starts again while nothing happens, and says nothing of it', () => {
    const rig = new ModemRig(kind, { deviceClass: 'C' }).join()
    answering(rig)
    exchange(rig, 'before', true)
    rig.modem.line.faults = { seed: 1, lost: 1 }
    rig.modem.restart()
    rig.run(2)
    rig.modem.line.faults = undefined
    rig.run(700)
    rig.until(() => rig.link.joined && !rig.link.busy, 1)
    exchange(rig, 'first', true)
    expect(exchange(rig, 'second', true)).toBe(true)
  })

  test('a silent module is told of once, and taken up again when it speaks', () => {
    const rig = new ModemRig(kind).join()
    answering(rig)
    rig.modem.line.mute = true
    rig.link.send(1, Uint8Array.of(1), true)
    rig.run(7200)
    expect(rig.sent).toMatchObject([{ acknowledged: false }])
    expect(rig.errors).toHaveLength(1)
    expect(rig.errors[0]).toMatch(/does not answer/)
    expect(rig.link.busy).toBe(true)
    rig.modem.line.mute = false
    rig.run(600)
    expect(exchange(rig, 'again', true)).toBe(true)
    rig.modem.line.mute = true
    rig.link.send(1, Uint8Array.of(1), true)
    rig.run(3600)
    expect(rig.errors).toHaveLength(2)
  })

  test('a wire that was cut and mended', () => {
    const rig = new ModemRig(kind)
    rig.wire.cut(true)
    rig.run(100)
    expect(rig.errors).toHaveLength(1)
    rig.wire.cut(false)
    rig.run(300)
    rig.join()
    exchange(rig, 'whole', false)
    expect(texts(rig)).toEqual(['whole'])
  })

  test('no key is in any message', () => {
    const rig = new ModemRig(kind)
    rig.modem.line.faults = { seed: 3, lost: 0.9, all: true }
    rig.run(3600)
    expect(rig.errors.join()).not.toMatch(/000102/i)
  })
})

describe('another speed', () => {
  test.each([
    ['LoRa-E5', 115_200],
    ['LoRa-E5', 38_400],
    ['rui3-4.x', 9600],
  ] as const)('%s at %i baud is found', (kind, baud) => {
    const rig = new ModemRig(kind, { baud }).join()
    rig.send('hello')
    expect(texts(rig)).toEqual(['hello'])
    expect(rig.errors).toEqual([])
  })

  test('a speed that the driver does not know is told of', () => {
    const rig = new ModemRig('RN2483', { baud: 19_200 })
    rig.run(60)
    expect(rig.errors).toEqual(['RN2483: does not answer at 57600 baud'])
  })
})

describe('regions', () => {
  test.each([
    ['rui3-4.x', 'US915'],
    ['rui3-4.x', 'AS923'],
    ['LoRa-E5', 'AU915'],
    ['LoRa-E5', 'IN865'],
    ['RN2483', 'US915'],
    ['RN2483', 'AU915'],
  ] as const)('%s in %s, on its sub-band', (kind, region) => {
    const rig = new ModemRig(kind, { region, subBand: 2, deviceClass: 'C' })
    rig.network.accept = { netId: 1, rx1DrOffset: 0, rx2DataRate: rig.network.region.rx2.dataRate, rxDelay_s: 1, cfList: undefined }
    rig.join()
    rig.send('hello')
    expect(texts(rig)).toEqual(['hello'])
    if (rig.network.region.plan === 'dynamic') return
    const [first, last] = [8, 15].map((index) => rig.network.region.defaultChannels[index].frequency_Hz)
    for (const { transmission } of rig.network.heard) {
      if (transmission.modulation.type === 'lora' && transmission.modulation.bandwidth_Hz === 500_000) continue
      expect(transmission.frequency_Hz).toBeGreaterThanOrEqual(first)
      expect(transmission.frequency_Hz).toBeLessThanOrEqual(last)
    }
  })

  test('a region that the module does not know is refused', () => {
    expect(() => new ModemRig('RN2483', { region: 'AS923' })).toThrow(/RN2903 does not know the region AS923/)
  })
})
