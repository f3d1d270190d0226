import { describe, expect, test } from 'vitest'
import type { ServeGateway } from '../../boards/virtual/lorawan.ts'
import { hostCrypto } from '../../hal/host/crypto.ts'
import type { NetworkEvent, UplinkEvent } from '../../src/headend/lorawan/events.ts'
import { NetworkServer } from '../../src/headend/lorawan/network-server.ts'
import { fromHex } from '../../src/lib/hex.ts'
import { REGIONS, type RegionName } from '../../src/links/lorawan/regions-table.ts'
import { decodeReadings } from '../../src/protocols/yobiiq/decode.ts'
import type { WorldConcentrator } from '../../src/world/lora/concentrator.ts'
import { WorldTimer } from '../../src/world/time.ts'
import { blankFlash, HOUR_MS, Rig, type RigOptions } from './rig.ts'

const DEV_EUI = '0004a30b001c0530'
const APP_KEY = '000102030405060708090a0b0c0d0e0f'

/** A meter in a house with a heater, and a network server that lives in its world. */
class Connected {
  readonly events: NetworkEvent[] = []
  readonly gateways: WorldConcentrator[] = []
  server: NetworkServer | undefined
  readonly rig: Rig
  readonly #region: RegionName

  constructor(lorawan: Record<string, unknown> = {}, options: Partial<RigOptions> = {}) {
    this.#region = (lorawan.region as RegionName | undefined) ?? 'EU868'
    this.rig = new Rig({
      trace: null,
      ...options,
      serveGateway: this.#serve,
      config: {
        world: { load: 'none', appliances: [{ id: 'heater', name: 'Heater', active_W: 2000, on: true }] },
        meter: { lorawan: { enabled: true, devEui: DEV_EUI, appKey: APP_KEY, spread_s: 30, ...lorawan } },
      },
    })
  }

  readonly #serve: ServeGateway = ({ name, antennaGain_dBi, concentrator }, scheduler) => {
    this.server ??= new NetworkServer({
      region: REGIONS[this.#region],
      crypto: hostCrypto,
      timer: new WorldTimer(scheduler),
      utc_ms: () => scheduler.now_us / 1000,
      onEvent: (event) => this.events.push(event),
    })
    const { server } = this
    if (this.gateways.length === 0)
      server.addDevice({ name: 'meter', devEui: fromHex(DEV_EUI), joinEui: new Uint8Array(8), appKey: fromHex(APP_KEY), deviceClass: 'C' })
    this.gateways.push(concentrator as WorldConcentrator)
    const gateway = {
      id: name,
      antennaGain_dBi,
      send: (transmission: Parameters<typeof concentrator.transmit>[0]) => void concentrator.transmit(transmission),
    }
    concentrator.onReceived = (reception) => server.received(gateway, reception)
  }

  get uplinks(): UplinkEvent[] {
    return this.events.filter((event): event is UplinkEvent => event.type === 'up')
  }

  /** Values of measurement uplinks, one map each. */
  get reports(): Map<string, number>[] {
    return this.uplinks.filter(({ fPort }) => fPort === 1).map(({ payload }) => new Map(decodeReadings(payload)))
  }

  send(hex: string): void {
    this.server?.enqueue(DEV_EUI, { fPort: 50, payload: fromHex(hex), confirmed: false })
  }
}

describe('a meter on LoRaWAN', () => {
  test('joins, reports what its registers say, and every profile entry once', () => {
    const meter = new Connected()
    meter.rig.run(3 * HOUR_MS)
    expect(meter.events.filter(({ type }) => type === 'join')).toHaveLength(1)
    expect(meter.events.filter(({ type }) => type === 'refused')).toEqual([])
    const live = meter.reports.filter((report) => report.has('timestamp'))
    expect(live).toHaveLength(13)
    for (const report of live) expect(report.get('activePower')).toBeGreaterThan(1900)
    const last = live[live.length - 1]
    const energy_Wh = meter.rig.core.energy.value(0, 0)
    expect(last.get('activeImportT1')).toBeLessThanOrEqual(energy_Wh)
    expect(last.get('activeImportT1')).toBeGreaterThan(energy_Wh - 600)
    const logged = meter.reports.map((report) => report.get('loggedTimestamp')).filter((time) => time !== undefined)
    expect(logged).toHaveLength(12)
    expect(new Set(logged).size).toBe(12)
    for (const time_s of logged) expect(time_s % 900).toBe(0)
  })

  test('what nobody heard is told when somebody listens again, oldest first and within the duty cycle', () => {
    const meter = new Connected({ confirmed: true, dataRate: 5 })
    meter.rig.run(HOUR_MS)
    for (const gateway of meter.gateways) gateway.broken = true
    meter.rig.run(5 * HOUR_MS)
    for (const gateway of meter.gateways) gateway.broken = false
    meter.rig.run(4 * HOUR_MS)
    const logged = meter.reports.map((report) => report.get('loggedTimestamp')).filter((time) => time !== undefined)
    expect(logged).toEqual([...logged].sort((a, b) => a - b))
    const distinct = [...new Set(logged)]
    expect(distinct.length).toBeGreaterThanOrEqual(39)
    for (let i = 1; i < distinct.length; i++) expect(distinct[i] - distinct[i - 1]).toBe(900)
  })

  test('obeys: opens and closes the relay, changes its interval, and says when it cannot', () => {
    const meter = new Connected()
    meter.rig.run(60_000)
    meter.send('074800')
    meter.rig.run(30_000)
    expect(meter.rig.core.now.active_mW[0]).toBe(0)
    meter.send('074801')
    meter.rig.run(30_000)
    expect(meter.rig.core.now.active_mW[0]).toBeGreaterThan(1_900_000)
    // A setting that it does not have.
    meter.send('ff320064')
    meter.rig.run(30_000)
    const told = meter.uplinks.filter(({ fPort }) => fPort !== 1).map(({ fPort, payload }) => [fPort, ...payload])
    expect(told).toEqual([
      [50, 0],
      [11, 1, 1, 0],
      [50, 0],
      [11, 1, 1, 1],
      [50, 1],
    ])
    const before = meter.reports.filter((report) => report.has('timestamp')).length
    meter.send('ff1405')
    meter.rig.run(HOUR_MS)
    expect(meter.reports.filter((report) => report.has('timestamp')).length - before).toBeGreaterThanOrEqual(11)
  })

  test('sets its clock by the network', () => {
    const meter = new Connected()
    meter.rig.core.clock.set(meter.rig.machine.now_ms - 400_000)
    meter.rig.run(1_200_000)
    expect(Math.abs(meter.rig.core.clock.now_ms() - meter.rig.machine.now_ms)).toBeLessThan(2000)
  })

  test('numbers never repeat over failures of the supply, and the session goes on', () => {
    const storage = blankFlash()
    const meter = new Connected({}, { storage })
    meter.rig.run(600_000)
    for (let i = 0; i < 6; i++) {
      meter.rig.machine.mains.disturbAll(0, 20_000)
      meter.rig.run(1_200_000 + i * 777)
    }
    expect(meter.events.filter(({ type }) => type === 'join')).toHaveLength(1)
    expect(meter.events.filter(({ type }) => type === 'refused')).toEqual([])
    const counts = meter.uplinks.map(({ fCnt }) => fCnt)
    expect(new Set(counts).size).toBe(counts.length)
    expect(counts).toEqual([...counts].sort((a, b) => a - b))
    // The end and the return of the supply are told, as far as the capacitors last.
    const supply = meter.uplinks.filter(({ fPort, payload }) => fPort === 50 && payload[1] === 0x0b).map(({ payload }) => payload[2])
    expect(supply.filter((state) => state === 1)).toHaveLength(6)
  })

  test.each(['US915', 'AU915', 'AS923', 'IN865'])('%s', (region) => {
    const meter = new Connected({ region })
    meter.rig.run(HOUR_MS)
    expect(meter.reports.filter((report) => report.has('activeImportT1')).length).toBeGreaterThanOrEqual(4)
  })
})

test('without a key the part waits, and says why', () => {
  const rig = new Rig({ trace: null, config: { meter: { lorawan: { enabled: true } } } })
  rig.run(60_000)
  expect(rig.machine.meter?.health.find(({ name }) => name === 'lorawan')).toMatchObject({
    lastReason: expect.stringMatching(/lorawan.appKey/),
  })
})
