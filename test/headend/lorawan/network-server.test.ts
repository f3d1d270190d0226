import { describe, expect, test } from 'vitest'
import { Town } from '../../../bench/lorawan-town.ts'
import { REGION_NAMES, REGIONS } from '../../../src/links/lorawan/regions-table.ts'

const NEAR = { x_m: 300, y_m: 0 }
const FAR = { x_m: 3000, y_m: 0 }

describe.each(REGION_NAMES)('%s', (region) => {
  test('joins, counts, acknowledges, tells the time, and makes a near device fast', () => {
    const town = new Town(region)
    const node = town.addNode(NEAR, { dataRate: REGIONS[region].dwellByDefault || REGIONS[region].plan === 'fixed' ? 2 : 0 })
    town.join(node)
    expect(town.of('join')).toMatchObject([{ devEui: node.id, devAddr: node.mac.devAddr }])
    node.mac.requestTime()
    node.mac.requestLinkCheck()
    expect(town.send(node, Uint8Array.of(1, 2, 3), true)).toMatchObject({ fCnt: 0, acknowledged: true })
    expect(town.of('up')).toMatchObject([{ fCnt: 0, fPort: 10, payload: Uint8Array.of(1, 2, 3), confirmed: true }])
    expect(Math.abs(node.times_ms[0])).toBeLessThan(10)
    expect(node.checks[0]).toBeGreaterThan(5)
    for (let i = 1; i <= 60; i++) town.send(node, Uint8Array.of(i))
    expect(town.of('up').map(({ fCnt }) => fCnt)).toEqual(Array.from({ length: 61 }, (_, i) => i))
    expect(node.mac.parameters.dataRate).toBe(town.server.plan.dataRate_max)
    expect(node.mac.parameters.txPower).toBeGreaterThan(0)
    expect(town.of('refused')).toEqual([])
  })

  test('downlinks wait for class A, and reach class C at once', () => {
    const town = new Town(region)
    const [a, c] = [town.addNode(NEAR), town.addNode({ x_m: 0, y_m: 250 }, { deviceClass: 'C' })]
    for (const node of [a, c]) {
      town.join(node)
      town.send(node, Uint8Array.of(0))
      for (const confirmed of [false, true])
        town.server.enqueue(node.id, { fPort: 5, payload: Uint8Array.of(confirmed ? 2 : 1), confirmed })
    }
    town.run(60)
    expect(a.downlinks).toEqual([])
    expect(c.downlinks.map(({ payload, window }) => [payload[0], window])).toEqual([
      [1, 'RXC'],
      [2, 'RX1'],
    ])
    // The first uplink is answered with `pending`, so the device asks for the other one by itself.
    town.send(a, Uint8Array.of(0))
    town.run(60)
    expect(a.downlinks.map(({ payload, window }) => [payload[0], window])).toEqual([
      [1, 'RX1'],
      [2, 'RX1'],
    ])
    expect(town.of('ack').length).toBe(2)
  })
})

describe('what is refused', () => {
  test('a device that nobody knows, another key, a number that was used', () => {
    const town = new Town('EU868')
    const node = town.addNode(NEAR)
    const [device] = town.server.devices
    town.server.addDevice({ ...device.options, appKey: new Uint8Array(16) })
    node.mac.join()
    town.run(300)
    expect(node.mac.joined).toBe(false)
    expect(new Set(town.of('refused').map(({ reason }) => reason))).toEqual(new Set(['wrong MIC']))
    town.server.addDevice({ ...device.options, devEui: Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9) })
    town.server.addDevice(device.options)
    town.join(node)
    // A recorded join request, sent again.
    const [first] = town.signals.filter(({ transmission }) => transmission.payload[0] === 0).slice(-1)
    town.run(60)
    town.air.transmit(first.sender, first.transmission)
    town.run(10)
    expect(town.of('refused').slice(-1)).toMatchObject([{ reason: 'DevNonce was used' }])
    expect(town.send(node, Uint8Array.of(1)).fCnt).toBe(0)
    expect(town.of('up').length).toBe(1)
  })

  test('a replayed uplink is not told again, and a forged one not at all', () => {
    const town = new Town('EU868')
    const node = town.addNode(NEAR)
    town.join(node)
    town.send(node, Uint8Array.of(1))
    town.send(node, Uint8Array.of(2))
    const [one, two] = town.signals.filter(({ transmission }) => transmission.payload[0] === 0x40)
    const forged = { ...two.transmission, payload: two.transmission.payload.slice() }
    forged.payload[9] ^= 1
    for (const transmission of [one.transmission, two.transmission, forged]) {
      town.run(30)
      town.air.transmit(one.sender, transmission)
    }
    town.run(30)
    expect(town.of('up').map(({ payload }) => payload[0])).toEqual([1, 2])
    expect(town.of('refused').map(({ reason }) => reason)).toEqual(['wrong MIC', 'wrong MIC'])
  })
})

test('a downlink for a device that listens always waits for the answer that its gateway has to give first', () => {
  const town = new Town('EU868')
  const [other, c] = [town.addNode(NEAR), town.addNode({ x_m: 0, y_m: 250 }, { deviceClass: 'C' })]
  for (const node of [other, c]) town.join(node)
  town.send(c, Uint8Array.of(0))
  town.run(30)
  other.mac.send(10, Uint8Array.of(1), true)
  town.run(1.1)
  town.server.enqueue(c.id, { fPort: 5, payload: Uint8Array.of(7), confirmed: false })
  town.run(20)
  expect(other.sent.slice(-1)).toMatchObject([{ acknowledged: true, transmissions: 1 }])
  expect(c.downlinks.map(({ payload }) => payload[0])).toEqual([7])
})

test('two devices at once: the gateway answers one of them in RX2', () => {
  const town = new Town('EU868')
  const nodes = [town.addNode(NEAR, { adr: false }), town.addNode({ x_m: 0, y_m: 250 }, { adr: false })]
  for (const node of nodes) {
    town.join(node)
    town.run(600)
  }
  // On different channels, so that both are heard.
  let collided = 0
  for (let tries = 0; tries < 10; tries++) {
    for (const node of nodes) node.mac.send(10, Uint8Array.of(tries), true)
    town.run(120)
    const last = nodes.map(({ sent }) => sent[sent.length - 1])
    for (const { acknowledged } of last) expect(acknowledged).toBe(true)
    collided += last.filter(({ transmissions }) => transmissions > 1).length
    town.run(600)
  }
  const windows = town.of('down').map(({ window }) => window)
  expect(windows.filter((window) => window === 'RX2').length).toBeGreaterThanOrEqual(3)
  expect(collided).toBeLessThanOrEqual(8)
})

test('a gateway that refuses RX1 is asked for RX2', () => {
  const town = new Town('EU868')
  const node = town.addNode(NEAR)
  const asked: (number | undefined)[] = []
  const [gateway] = town.gateways
  const transmit = gateway.transmit.bind(gateway)
  gateway.transmit = (transmission) => {
    asked.push(transmission.frequency_Hz)
    return transmission.frequency_Hz === 869_525_000 ? transmit(transmission) : 'TX_FREQ'
  }
  town.join(node)
  expect(town.send(node, Uint8Array.of(1), true)).toMatchObject({ acknowledged: true, transmissions: 1 })
  expect(town.of('down').map(({ window }) => window)).toEqual(['RX2'])
  expect(asked.filter((frequency_Hz) => frequency_Hz === 869_525_000)).toHaveLength(2)
})

test('several gateways hear one frame, and the nearest answers', () => {
  const town = new Town('EU868', 1, [{ x_m: 0, y_m: 0 }, FAR])
  const node = town.addNode({ x_m: 2800, y_m: 0 })
  town.join(node)
  expect(town.send(node, Uint8Array.of(1), true).acknowledged).toBe(true)
  const [up] = town.of('up')
  expect(up.gateways.map(({ gateway }) => gateway)).toEqual(['gateway-1', 'gateway-0'])
})

test('a broken gateway and a jammed band: the device joins when they are well again', () => {
  const town = new Town('EU868')
  const node = town.addNode(NEAR)
  town.gateways[0].broken = true
  node.mac.join()
  town.run(600)
  expect(town.events).toEqual([])
  town.gateways[0].broken = false
  const jammer = { position: { x_m: 50, y_m: 0 }, from_Hz: 863_000_000, to_Hz: 870_000_000, power_dBm: 40 }
  town.air.jammers.add(jammer)
  town.run(600)
  expect(node.mac.joined).toBe(false)
  town.air.jammers.delete(jammer)
  town.run(3600)
  expect(node.mac.joined).toBe(true)
})
