import { describe, expect, test } from 'vitest'
import { WorldControls } from '../../boards/virtual/controls.ts'
import { fromHex } from '../../src/lib/hex.ts'
import { REGIONS } from '../../src/links/lorawan/regions-table.ts'
import type { FaceAirSource, FaceSignal } from '../../src/meter/face/air-state.ts'
import { AirRadio } from '../../src/world/lora/air-radio.ts'
import { quietRig } from '../meter/views/rig.ts'
import { Connected } from '../scenarios/lorawan-rig.ts'

function airOf({ rig }: { readonly rig: Connected['rig'] }): FaceAirSource {
  const { air } = new WorldControls(rig.machine)
  if (air === undefined) throw new Error('no air')
  return air
}

const outcomes = ({ hearings }: FaceSignal): string[] => hearings.map(({ station, outcome }) => `${station} ${outcome}`)

describe('the air around a meter', () => {
  test('is there when the meter has LoRaWAN', () => {
    expect(() => airOf({ rig: quietRig() })).toThrow('no air')
  })

  test('every frame, who heard it, and how', () => {
    const meter = new Connected()
    meter.rig.run(90_000)
    const air = airOf(meter)
    const [request, accept] = air.signals(0)
    expect(request).toMatchObject({ seq: 1, sender: 'meter', up: true })
    expect(outcomes(request)).toEqual(['gateway-1 heard'])
    expect(accept).toMatchObject({ seq: 2, sender: 'gateway-1', up: false })
    expect(outcomes(accept)).toEqual(['meter heard'])
    expect(fromHex(accept.phy)[0] >> 5).toBe(1)
    const { stations, uplinks, lost, server } = air.state()
    expect({ lost, server }).toEqual({ lost: 0, server: undefined })
    expect(uplinks).toBe(air.signals(0).filter(({ up }) => up).length)
    const [best] = meter.uplinks[meter.uplinks.length - 1].gateways
    expect(stations[0]).toEqual({ name: 'meter', kind: 'meter', x_m: 0, y_m: 0 })
    expect(stations[1]).toMatchObject({ name: 'gateway-1', kind: 'gateway', x_m: 600, y_m: 800 })
    expect(stations[1].heard?.rssi_dBm).toBe(best.reception.rssi_dBm)
    expect(air.signals(air.newest)).toEqual([])
  })

  test('a gateway that is broken does not listen, one that is far hears too little', () => {
    const meter = new Connected({}, {}, 'SX1262', [
      { x_m: 100, y_m: 0 },
      { x_m: 50_000, y_m: 50_000 },
    ])
    meter.gateways[0].broken = true
    meter.rig.run(90_000)
    const air = airOf(meter)
    expect(outcomes(air.signals(0)[0])).toEqual(['gateway-1 missed', 'gateway-2 weak'])
    const { uplinks, lost } = air.state()
    expect(uplinks).toBeGreaterThan(0)
    expect(lost).toBe(uplinks)
  })

  test('a frame in the same channel at the same time damages it', () => {
    const meter = new Connected()
    meter.rig.run(90_000)
    const { lorawan, scheduler } = meter.rig.machine
    if (lorawan === undefined) throw new Error('no air')
    const events = { onTransmitted: () => {}, onReceived: () => {}, onTimeout: () => {}, onError: () => {} }
    // As near to the gateway as the meter is, so that neither is captured.
    const radios = [0, 1].map(
      (i) => new AirRadio({ scheduler, air: lorawan.air, events, name: `stranger-${i}`, position: { x_m: 590, y_m: 800 } }),
    )
    const before = airOf(meter).newest
    const modulation = REGIONS.EU868.dataRates[3]
    if (modulation === undefined) throw new Error('no DR3')
    for (const radio of radios) {
      const channel = { frequency_Hz: 868_100_000, modulation, invertedIq: false, preamble: 8, publicNetwork: true }
      radio.transmit({ ...channel, payload: new Uint8Array(20), power_dBm: 14, crc: true })
    }
    meter.rig.run(2000)
    const seen = airOf(meter).signals(before)
    expect(seen.map(({ sender }) => sender)).toEqual(['stranger-0', 'stranger-1'])
    expect(seen.flatMap(outcomes)).toContain('gateway-1 damaged')
  })

  test('keeps the last two dozen frames', () => {
    const meter = new Connected({ interval_min: 1 })
    meter.rig.run(60 * 60_000)
    const signals = airOf(meter).signals(0)
    expect(signals).toHaveLength(24)
    expect(signals[23].seq).toBe(airOf(meter).newest)
  })
})
