import { decode } from 'cborg'
import { describe, expect, test } from 'vitest'
import { downlinkOf } from '../../src/headend/lorawan/downlink.ts'
import { describeNotification } from '../../src/headend/lorawan/payload.ts'
import { ByteReader } from '../../src/lib/bytes.ts'
import { toHex } from '../../src/lib/hex.ts'
import { decodeUplink } from '../../src/protocols/cbor/decode.ts'
import { CBOR_PORT, CborKey } from '../../src/protocols/cbor/keys-table.ts'
import { decodeAnswer, REQUEST_PORT } from '../../src/protocols/meter-request/codec.ts'
import { Connected } from './lorawan-rig.ts'
import { HOUR_MS } from './rig.ts'

const SLOW = { adr: false, dataRate: 0 }

/** Times of the profile entries that CBOR uplinks told. */
function cborTimes(meter: Connected): number[] {
  return meter.uplinks
    .filter(({ fPort }) => fPort === CBOR_PORT)
    .flatMap(({ payload }) => decodeUplink(payload).profile.map(({ time }) => time))
}

/** Bodies of messages of a push setup: elements, rows as text in braces. */
function bodies(meter: Connected, setup: string): string[] {
  return meter.messages.map(({ frame }) => describeNotification(frame)).filter((text) => text.includes(setup))
}

function everyQuarter(times: readonly number[]): void {
  for (let i = 1; i < times.length; i++) expect(times[i] - times[i - 1]).toBe(900)
}

describe('CBOR', () => {
  test('says what the registers say, and every profile entry once', () => {
    const meter = new Connected({ payload: 'cbor' })
    meter.rig.run(HOUR_MS)
    const reports = meter.uplinks
      .filter(({ fPort }) => fPort === CBOR_PORT)
      .map(({ payload }) => decode(payload, { useMaps: true }) as Map<number, number>)
    const live = reports.filter((report) => report.has(CborKey.time))
    expect(live).toHaveLength(5)
    const energy_Wh = meter.rig.core.energy.value(0, 0)
    const last = live[live.length - 1].get(CborKey.activeImport) ?? 0
    expect(energy_Wh - last).toBeLessThan(600)
    expect(live[2].get(CborKey.activePower)).toBeGreaterThan(1900)
    expect(cborTimes(meter)).toHaveLength(4)
    everyQuarter(cborTimes(meter))
  })

  test('tells the relay, and whether a downlink was done', () => {
    const meter = new Connected({ payload: 'cbor' })
    meter.rig.run(60_000)
    meter.send('074800')
    meter.rig.run(30_000)
    meter.send('ff320064')
    meter.rig.run(30_000)
    expect(meter.uplinks.flatMap(({ payload }) => decodeUplink(payload).flags)).toEqual([
      ['done', true],
      ['relay', false],
      ['done', false],
    ])
  })

  test('after an outage several entries share an uplink, oldest first', () => {
    const meter = new Connected({ payload: 'cbor', confirmed: true, ...SLOW })
    meter.rig.run(HOUR_MS)
    for (const gateway of meter.gateways) gateway.broken = true
    meter.rig.run(2 * HOUR_MS)
    for (const gateway of meter.gateways) gateway.broken = false
    meter.rig.run(HOUR_MS)
    const times = [...new Set(cborTimes(meter))]
    expect(times.length).toBeGreaterThanOrEqual(14)
    everyQuarter(times)
  })
})

describe('DLMS', () => {
  test('values and profile arrive as data-notifications, in fragments where the data rate is low', () => {
    const meter = new Connected({ payload: 'dlms', ...SLOW })
    meter.rig.run(2 * HOUR_MS)
    const values = bodies(meter, '0001190900ff')
    expect(values.length).toBeGreaterThanOrEqual(8)
    const energy_Wh = meter.rig.core.energy.value(0, 0)
    expect(energy_Wh - Number(values[values.length - 1].split(', ')[3])).toBeLessThan(1200)
    const rows = bodies(meter, '0002190900ff')
    expect(rows.length).toBeGreaterThanOrEqual(6)
    expect(rows.join().match(/\{[0-9a-f]{24}, /g)?.length).toBeGreaterThanOrEqual(7)
    expect(Math.max(...meter.messages.map(({ uplinks }) => uplinks))).toBeGreaterThanOrEqual(3)
    expect(Math.max(...meter.uplinks.map(({ payload }) => payload.length))).toBeLessThanOrEqual(51)
  })

  test('at higher rates a message is one uplink', () => {
    const meter = new Connected({ payload: 'dlms', adr: false, dataRate: 5 })
    meter.rig.run(HOUR_MS)
    expect(meter.messages.length).toBeGreaterThanOrEqual(8)
    for (const { uplinks } of meter.messages) expect(uplinks).toBe(1)
  })

  test('nothing of the profile is lost in an outage of the network', () => {
    const meter = new Connected({ payload: 'dlms', adr: false, dataRate: 2 })
    meter.rig.run(HOUR_MS)
    for (const gateway of meter.gateways) gateway.broken = true
    meter.rig.run(2 * HOUR_MS)
    for (const gateway of meter.gateways) gateway.broken = false
    meter.rig.run(2 * HOUR_MS)
    // Date-time of each row: its local hour and minute.
    const rows = bodies(meter, '0002190900ff').flatMap((text) => text.match(/\{[0-9a-f]{24}, /g) ?? [])
    const times = rows.map((row) => row.slice(1, 17))
    expect(new Set(times).size).toBe(times.length)
    expect(times).toEqual([...times].sort())
    expect(times.length).toBeGreaterThanOrEqual(18)
  })
})

describe('where an uplink takes 11 bytes', () => {
  test.each(['tlv', 'cbor', 'dlms'])('%s says what matters most', (payload) => {
    const meter = new Connected({ region: 'US915', payload, ...SLOW })
    meter.rig.run(HOUR_MS)
    expect(meter.events.filter(({ type }) => type === 'refused')).toEqual([])
    expect(Math.max(...meter.uplinks.map((uplink) => uplink.payload.length))).toBeLessThanOrEqual(11)
    if (payload === 'dlms') expect(meter.messages.length).toBeGreaterThanOrEqual(5)
    else expect(meter.uplinks.length).toBeGreaterThanOrEqual(8)
    if (payload === 'cbor') {
      expect(cborTimes(meter).length).toBeGreaterThanOrEqual(3)
      everyQuarter(cborTimes(meter))
    }
  })
})

describe('requests', () => {
  const answersOf = (meter: Connected) =>
    meter.uplinks.filter(({ fPort }) => fPort === REQUEST_PORT).map(({ payload }) => decodeAnswer(new ByteReader(payload)))
  const ask = (meter: Connected, object: Record<string, unknown>) => {
    const { fPort, payload } = downlinkOf(object)
    meter.send(toHex(payload), fPort)
  }

  test('registers are read by OBIS code and by type', () => {
    const meter = new Connected()
    meter.rig.run(60_000)
    ask(meter, { read: ['1.8.0', '32.7.0', '1.9.0'], id: 7 })
    meter.rig.run(60_000)
    const [values, unknown] = answersOf(meter)
    if (values.kind !== 'registers') throw new Error(values.kind)
    expect(values.registers.map(({ code, scaler, unit }) => [code, scaler, unit])).toEqual([
      ['1.8.0', 0, 30],
      ['32.7.0', -1, 35],
    ])
    expect(values.registers[0].value).toBeLessThanOrEqual(meter.rig.core.energy.value(0, 0))
    expect(values.registers[1].value).toBeGreaterThan(2200)
    expect(unknown).toEqual({ kind: 'failure', id: 7, failure: 2 })
    const before = meter.reports.length
    ask(meter, { readMeasurements: ['frequency'] })
    meter.rig.run(60_000)
    const told = meter.reports.slice(before).map((report) => [...report.keys()])
    expect(told).toEqual([['timestamp', 'frequency']])
  })

  test.each(['tlv', 'cbor', 'dlms'])('a range of the profile comes in %s, oldest first, with its end', (payload) => {
    const meter = new Connected({ payload, adr: false, dataRate: 3 })
    meter.rig.run(2 * HOUR_MS)
    const [first, last] = [meter.rig.machine.now_ms / 1000 - 5400, meter.rig.machine.now_ms / 1000 - 1800]
    const told = () =>
      payload === 'cbor'
        ? cborTimes(meter)
        : payload === 'tlv'
          ? meter.reports.flatMap((report) => report.get('loggedTimestamp') ?? [])
          : bodies(meter, '0002190900ff').flatMap((text) => text.match(/\{[0-9a-f]{24}, /g) ?? [])
    const before = told()
    ask(meter, { profile: { from: Math.floor(first), to: Math.floor(last) }, id: 2 })
    meter.rig.run(120_000)
    const again = told().slice(before.length)
    expect(again).toHaveLength(4)
    expect(again).toEqual(before.slice(before.indexOf(again[0] as never)).slice(0, 4))
    expect(answersOf(meter)).toEqual([{ kind: 'profile', id: 2, entries: 4 }])
  })

  test('what cannot be done is said, and the queue has an end', () => {
    const meter = new Connected({ adr: false, dataRate: 5 })
    meter.rig.run(60_000)
    ask(meter, { profile: { from: 0, to: 1 }, id: 1 })
    meter.send('7f', REQUEST_PORT)
    meter.rig.run(60_000)
    expect(answersOf(meter)).toEqual([
      { kind: 'failure', id: 1, failure: 3 },
      { kind: 'failure', id: 15, failure: 1 },
    ])
    // Ten requests in one downlink.
    meter.send('2001010800'.repeat(10), REQUEST_PORT)
    meter.rig.run(120_000)
    const kinds = answersOf(meter)
      .slice(2)
      .map(({ kind }) => kind)
    expect(kinds).toEqual([...new Array(7).fill('registers'), 'failure'])
  })
})
