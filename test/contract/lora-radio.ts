import { describe, expect, test } from 'vitest'
import type { LoRaRadio, RadioEvents, RadioFrame, RadioReception, RadioTransmission } from '../../src/lib/lora-radio.ts'
import { LoRaAir } from '../../src/world/lora/air.ts'
import { AirRadio } from '../../src/world/lora/air-radio.ts'
import { Scheduler } from '../../src/world/scheduler.ts'

/** Makes the radio under test in a world; it stands at the origin. */
export type MakeRadio = (scheduler: Scheduler, air: LoRaAir, events: RadioEvents) => LoRaRadio

/** Between what is asked for and what happens: a chip that wakes up, and SPI. */
const SLACK_MS = 8

const channel = (options: Partial<RadioReception> = {}): RadioReception => ({
  frequency_Hz: 868_100_000,
  modulation: { type: 'lora', spreadingFactor: 7, bandwidth_Hz: 125_000, codingRate: 1 },
  invertedIq: true,
  preamble: 8,
  publicNetwork: true,
  ...options,
})

/** A radio under test and an ideal one beside it. */
class Pair {
  readonly scheduler = new Scheduler(1_000_000_000)
  readonly air = new LoRaAir({ scheduler: this.scheduler, seed: 1 })
  readonly radio: LoRaRadio
  readonly peer: AirRadio
  readonly log: string[] = []
  readonly frames: RadioFrame[] = []
  readonly heard: RadioFrame[] = []
  readonly times_us: number[] = []

  constructor(make: MakeRadio) {
    const note = (what: string): void => {
      this.log.push(what)
      this.times_us.push(this.scheduler.now_us)
    }
    this.radio = make(this.scheduler, this.air, {
      onTransmitted: () => note('transmitted'),
      onReceived: (frame) => {
        this.frames.push(frame)
        note('received')
      },
      onTimeout: () => note('timeout'),
      onError: (reason) => note(`error: ${reason}`),
    })
    const events = {
      onTransmitted: () => {},
      onTimeout: () => {},
      onError: () => {},
      onReceived: (frame: RadioFrame) => this.heard.push(frame),
    }
    this.peer = new AirRadio({ scheduler: this.scheduler, air: this.air, events, name: 'peer', position: { x_m: 100, y_m: 0 } })
    // The chip starts.
    this.run(100)
    this.log.length = 0
    this.times_us.length = 0
  }

  run(duration_ms: number): void {
    this.scheduler.run(this.scheduler.now_us + Math.round(duration_ms * 1000))
  }

  send(options: Partial<RadioTransmission> = {}): void {
    this.peer.transmit({ ...channel(), payload: Uint8Array.of(1, 2, 3), power_dBm: 14, crc: false, ...options })
  }
}

/** The rules of `src/lib/lora-radio.ts`. */
export function loraRadioContract(name: string, make: MakeRadio): void {
  describe(`LoRa radio: ${name}`, () => {
    test('transmits, and tells the end of the last symbol', () => {
      const pair = new Pair(make)
      pair.peer.receive(channel({ invertedIq: false }))
      const began_us = pair.scheduler.now_us
      const payload = Uint8Array.from({ length: 23 }, (_, i) => i)
      pair.radio.transmit({ ...channel({ invertedIq: false }), payload, power_dBm: 14, crc: true })
      payload.fill(0)
      expect(pair.log).toEqual([])
      pair.run(200)
      expect(pair.log).toEqual(['transmitted'])
      const took_us = pair.times_us[0] - began_us
      expect(took_us).toBeGreaterThanOrEqual(61_696)
      expect(took_us).toBeLessThanOrEqual(61_696 + SLACK_MS * 1000)
      expect(pair.heard.map((frame) => [...frame.payload])).toEqual([Array.from({ length: 23 }, (_, i) => i)])
    })

    test('a window receives what begins in it, once', () => {
      const pair = new Pair(make)
      pair.radio.receive(channel({ timeout_ms: 30 }))
      pair.run(10)
      pair.send()
      pair.run(200)
      pair.send()
      pair.run(200)
      expect(pair.log).toEqual(['received'])
      expect([...pair.frames[0].payload]).toEqual([1, 2, 3])
      expect(pair.frames[0].rssi_dBm).toBeLessThan(-30)
      expect(pair.frames[0].snr_dB).toBeGreaterThan(-5)
    })

    test('a long frame that began in the window is received to its end', () => {
      const pair = new Pair(make)
      const modulation = { type: 'lora', spreadingFactor: 12, bandwidth_Hz: 125_000, codingRate: 1 } as const
      pair.radio.receive(channel({ modulation, timeout_ms: 300 }))
      pair.run(20)
      pair.send({ modulation, payload: new Uint8Array(60).fill(7) })
      pair.run(5000)
      expect(pair.log).toEqual(['received'])
    })

    test('an empty window ends in time', () => {
      const pair = new Pair(make)
      const began_us = pair.scheduler.now_us
      pair.radio.receive(channel({ timeout_ms: 50 }))
      pair.run(500)
      expect(pair.log).toEqual(['timeout'])
      expect(pair.times_us[0] - began_us).toBeGreaterThanOrEqual(49_000)
      expect(pair.times_us[0] - began_us).toBeLessThanOrEqual((50 + SLACK_MS) * 1000)
    })

    test.each<readonly [string, Partial<RadioTransmission>]>([
      ['another spreading factor', { modulation: { type: 'lora', spreadingFactor: 8, bandwidth_Hz: 125_000, codingRate: 1 } }],
      ['another bandwidth', { modulation: { type: 'lora', spreadingFactor: 7, bandwidth_Hz: 250_000, codingRate: 1 } }],
      ['another frequency', { frequency_Hz: 868_300_000 }],
      ['chirps the other way', { invertedIq: false }],
      ['another sync word', { publicNetwork: false }],
      ['FSK', { modulation: { type: 'fsk', bitRate_bps: 50_000, deviation_Hz: 25_000 }, preamble: 5 }],
    ])('does not hear %s', (_, options) => {
      const pair = new Pair(make)
      pair.radio.receive(channel({ timeout_ms: 100 }))
      pair.run(10)
      pair.send(options)
      pair.run(500)
      expect(pair.log).toEqual(['timeout'])
    })

    test('FSK, both ways', () => {
      const pair = new Pair(make)
      const modulation = { type: 'fsk', bitRate_bps: 50_000, deviation_Hz: 25_000 } as const
      pair.radio.receive(channel({ modulation, preamble: 5, timeout_ms: 30 }))
      pair.run(10)
      pair.send({ modulation, preamble: 5, crc: true })
      pair.run(100)
      expect(pair.log).toEqual(['received'])
      pair.peer.receive(channel({ modulation, preamble: 5 }))
      pair.radio.transmit({ ...channel({ modulation, preamble: 5 }), payload: Uint8Array.of(9), power_dBm: 10, crc: true })
      pair.run(100)
      expect(pair.log).toEqual(['received', 'transmitted'])
      expect(pair.heard.map(({ payload }) => payload[0])).toEqual([9])
    })

    test('listens until something else is asked for', () => {
      const pair = new Pair(make)
      pair.radio.receive(channel())
      for (let i = 0; i < 3; i++) {
        pair.run(1000)
        pair.send({ payload: Uint8Array.of(i) })
      }
      pair.run(1000)
      expect(pair.frames.map(({ payload }) => payload[0])).toEqual([0, 1, 2])
      pair.radio.sleep()
      pair.run(10)
      pair.send()
      pair.run(1000)
      expect(pair.log).toEqual(['received', 'received', 'received'])
    })

    test('a new job ends the one before', () => {
      const pair = new Pair(make)
      pair.radio.receive(channel({ timeout_ms: 100 }))
      pair.run(10)
      pair.radio.receive(channel({ frequency_Hz: 868_500_000, timeout_ms: 300 }))
      pair.run(200)
      expect(pair.log).toEqual([])
      pair.send({ frequency_Hz: 868_500_000 })
      pair.run(500)
      expect(pair.log).toEqual(['received'])
    })

    test('refuses what it cannot send', () => {
      const pair = new Pair(make)
      const transmission = { ...channel(), power_dBm: 14, crc: true }
      expect(() => pair.radio.transmit({ ...transmission, payload: new Uint8Array(0) })).toThrow(RangeError)
      expect(() => pair.radio.transmit({ ...transmission, payload: new Uint8Array(256) })).toThrow(RangeError)
      pair.run(500)
      expect(pair.log).toEqual([])
    })

    test('closes twice, and does nothing afterwards', () => {
      const pair = new Pair(make)
      pair.radio.receive(channel())
      pair.run(10)
      pair.radio.close()
      pair.radio.close()
      pair.send()
      pair.run(500)
      expect(pair.log).toEqual([])
      expect(() => pair.radio.sleep()).toThrow(Error)
      expect(() => pair.radio.receive(channel())).toThrow(Error)
    })
  })
}
