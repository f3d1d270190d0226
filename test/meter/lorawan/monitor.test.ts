import { describe, expect, test } from 'vitest'
import type { LoRaRadio, RadioEvents } from '../../../src/lib/lora-radio.ts'
import type { LoRaWanLink } from '../../../src/lib/lorawan-link.ts'
import { encodeData } from '../../../src/links/lorawan/frame.ts'
import type { LoRaWanMac } from '../../../src/links/lorawan/mac.ts'
import { REGIONS } from '../../../src/links/lorawan/regions-table.ts'
import { AirtimeWindow } from '../../../src/meter/lorawan/airtime-window.ts'
import { RadioMonitor } from '../../../src/meter/lorawan/monitor.ts'

const MINUTE_MS = 60_000
const SF12 = REGIONS.EU868.dataRates[0]
const OWN = 0x26011bda

describe('airtime of the last hour', () => {
  test('is the sum of what was sent in it, band by band', () => {
    const window = new AirtimeWindow(2)
    for (let minute = 0; minute < 180; minute++) window.add(minute % 2, 1000, minute * MINUTE_MS)
    // Slots of five minutes: between 55 and 60 minutes are in it.
    const used = window.used_us(0, 179 * MINUTE_MS)
    expect(used).toBeGreaterThanOrEqual(27_000)
    expect(used).toBeLessThanOrEqual(30_000)
  })

  test('is nothing an hour after the last frame, however long nobody asked', () => {
    for (const later_min of [60, 61, 600, 100_000]) {
      const window = new AirtimeWindow(1)
      window.add(0, 500, 3 * MINUTE_MS)
      window.add(-1, 500, 3 * MINUTE_MS)
      expect(window.used_us(0, 50 * MINUTE_MS)).toBe(500)
      expect(window.used_us(0, (3 + later_min) * MINUTE_MS)).toBe(0)
    }
  })
})

/** A monitor whose clock the test winds, around a radio that does nothing. */
function watched() {
  const clock = { now_ms: 1_700_000_000_000, ticks_ms: 0 }
  const monitor = new RadioMonitor(
    REGIONS.EU868,
    () => clock.now_ms,
    () => clock.ticks_ms,
  )
  monitor.mac = { devAddr: OWN } as LoRaWanMac
  const told: Uint8Array[] = []
  let events: RadioEvents | undefined
  const radio = monitor.watchRadio((inner) => {
    events = inner
    return { transmit: () => {}, receive: () => {}, sleep: () => {}, close: () => {} } satisfies LoRaRadio
  })({ onReceived: ({ payload }) => told.push(payload), onTransmitted: () => {}, onTimeout: () => {}, onError: () => {} })
  const channel = { frequency_Hz: 868_100_000, modulation: SF12 as NonNullable<typeof SF12>, preamble: 8, publicNetwork: true }
  return {
    clock,
    monitor,
    told,
    send: (payload: Uint8Array) => radio.transmit({ ...channel, invertedIq: false, payload, power_dBm: 14, crc: true }),
    hear: (payload: Uint8Array) => {
      radio.receive({ ...channel, invertedIq: true })
      events?.onReceived({ payload, rssi_dBm: -100, snr_dB: 5 })
    },
  }
}

function dataFrame(up: boolean, devAddr: number): Uint8Array {
  const flags = { confirmed: false, adr: true, adrAckRequest: false, ack: false, pending: false }
  return encodeData({ ...flags, up, devAddr, fCnt: 1, fOpts: new Uint8Array(0), fPort: 1, payload: new Uint8Array(10) })
}

describe('the monitor of the radio', () => {
  test('keeps the last eight frames, and counts all', () => {
    const { monitor, send } = watched()
    for (let i = 0; i < 20; i++) send(dataFrame(true, OWN))
    expect(monitor.count).toBe(20)
    expect(monitor.frames.map(({ sequence }) => sequence)).toEqual([13, 14, 15, 16, 17, 18, 19, 20])
  })

  test('adds airtime up in the band of the channel', () => {
    const { monitor, send, clock } = watched()
    send(new Uint8Array(23))
    // 23 bytes at SF12 are 1482.752 ms.
    expect(REGIONS.EU868.bands.map((_, band) => monitor.used_us(band))).toEqual([0, 0, 1_482_752, 0, 0, 0])
    clock.ticks_ms += 3_600_000
    expect(monitor.used_us(2)).toBe(0)
  })

  test('passes on what it hears, and keeps what is for this device', () => {
    const { monitor, hear, send, told } = watched()
    const accept = Uint8Array.of(0x20, ...new Uint8Array(16))
    const frames = [dataFrame(false, OWN), dataFrame(false, OWN + 1), dataFrame(true, OWN), Uint8Array.of(0x60, 1), accept]
    for (const frame of frames) hear(frame)
    expect(told).toEqual(frames)
    expect(monitor.frames.map(({ air }) => air?.phy)).toEqual([frames[0]])
    expect(monitor.heard).toEqual({ utc_ms: 1_700_000_000_000, rssi_dBm: -100, snr_dB: 5 })
    // A join accept is for this device while it waits for one.
    send(new Uint8Array(23))
    hear(accept)
    expect(monitor.frames[2].air?.phy).toBe(accept)
  })

  test('sees what a module is given, when the module takes it', () => {
    const { monitor } = watched()
    monitor.mac = undefined
    const given: number[] = []
    const link = {
      joined: true,
      busy: false,
      payload_max: 51,
      send: (fPort: number) => {
        if (fPort === 9) throw new RangeError('no')
        given.push(fPort)
      },
    } as unknown as LoRaWanLink
    const module = monitor.watchModule(link)
    expect([module.joined, module.busy, module.payload_max]).toEqual([true, false, 51])
    module.send(1, Uint8Array.of(5), false)
    expect(() => module.send(9, Uint8Array.of(5), false)).toThrow(RangeError)
    monitor.downlink({ fPort: 50, payload: Uint8Array.of(7), rssi_dBm: -90, snr_dB: 8, window: 'RX1', multicast: false })
    expect(given).toEqual([1])
    expect(monitor.frames.map(({ up, message }) => [up, message?.fPort])).toEqual([
      [true, 1],
      [false, 50],
    ])
    expect(monitor.heard?.rssi_dBm).toBe(-90)
  })
})
