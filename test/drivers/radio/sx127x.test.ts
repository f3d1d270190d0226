import { describe, expect, test } from 'vitest'
import type { RadioFrame, RadioTransmission } from '../../../src/lib/lora-radio.ts'
import { AirRadio } from '../../../src/world/lora/air-radio.ts'
import { chipRig, FRAME, loraChipContract } from '../../contract/lora-chip.ts'
import { loraRadioContract } from '../../contract/lora-radio.ts'
import { sx127xBoard } from './sx127x-board.ts'

loraRadioContract('SX1276', (scheduler, air, events) => sx127xBoard(scheduler, air).driver(events))
loraRadioContract('SX1276 with a TCXO at RFO', (scheduler, air, events) =>
  sx127xBoard(scheduler, air, undefined, { paBoost: false, tcxo: true }).driver(events),
)
loraChipContract('SX1276', sx127xBoard, (chip) => chip.refused + chip.underruns, [
  (chip, on) => {
    chip.faults.silent = on
  },
  (chip, on) => {
    chip.faults.calibrationStuck = on
  },
])

const FAST = { type: 'lora', spreadingFactor: 7, bandwidth_Hz: 125_000, codingRate: 1 } as const
const FSK = { type: 'fsk', bitRate_bps: 50_000, deviation_Hz: 25_000 } as const

/** The driver and an ideal radio 100 m away. */
function pair(wiring: { readonly paBoost?: boolean } = {}) {
  const rig = chipRig((scheduler, air) => sx127xBoard(scheduler, air, undefined, wiring))
  const heard: RadioFrame[] = []
  const powers: number[] = []
  const { scheduler, air } = rig
  const peer = new AirRadio({
    scheduler,
    air,
    name: 'peer',
    position: { x_m: 100, y_m: 0 },
    events: { onTransmitted: () => {}, onTimeout: () => {}, onError: () => {}, onReceived: (frame) => heard.push(frame) },
  })
  rig.run(50)
  const send = (options: Partial<RadioTransmission>): void => {
    peer.receive({ ...FRAME, ...options, timeout_ms: undefined })
    rig.radio.transmit({ ...FRAME, ...options })
    rig.run(3000)
    powers.push(heard[heard.length - 1]?.rssi_dBm)
  }
  return { ...rig, heard, powers, peer, send }
}

const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (7 * i) & 0xff)

describe('SX1276', () => {
  test.each([1, 30, 31, 32, 63, 64, 65, 128, 255])('FSK of %i bytes passes the FIFO of 64 both ways', (length) => {
    const { chip, heard, send, peer, radio, run, log } = pair()
    send({ modulation: FSK, preamble: 5, payload: bytes(length) })
    expect(heard.map(({ payload }) => payload)).toEqual([bytes(length)])
    for (const timeout_ms of [50, undefined]) {
      log.length = 0
      radio.receive({ ...FRAME, modulation: FSK, preamble: 5, timeout_ms })
      run(10)
      for (let i = 0; i < (timeout_ms === undefined ? 3 : 1); i++) {
        peer.transmit({ ...FRAME, modulation: FSK, preamble: 5, payload: bytes(length) })
        run(200)
      }
      expect(log).toEqual(timeout_ms === undefined ? ['received', 'received', 'received'] : ['received'])
    }
    expect(chip.refused + chip.underruns).toBe(0)
  })

  test.each([
    [true, [2, 5, 14, 17, 18, 20], [-10, 30]],
    [false, [0, 7, 14], [-10, 30]],
  ] as const)('PA_BOOST %s: every power is on the air, and others become the nearest', (paBoost, powers_dBm, beyond) => {
    const { powers, send } = pair({ paBoost })
    for (const power_dBm of [...powers_dBm, ...beyond]) send({ power_dBm })
    const [first] = powers_dBm
    const relative = powers.map((power) => power - powers[0] + first)
    const expected = [...powers_dBm, first, powers_dBm[powers_dBm.length - 1]]
    for (const [i, power] of relative.entries()) expect(Math.abs(power - expected[i])).toBeLessThan(0.3)
  })

  test('RSSI and SNR are what the air says, above and below the noise', () => {
    const { radio, peer, run, air, frames } = pair()
    const noise_dBm = air.noise_dBm(peer, FRAME.frequency_Hz, 125_000)
    const receive = (power_dBm: number): RadioFrame => {
      peer.transmit({ ...FRAME, power_dBm })
      run(500)
      return frames[frames.length - 1]
    }
    radio.receive(FRAME)
    run(10)
    const strong = receive(14)
    expect(strong.snr_dB).toBeGreaterThan(30)
    for (const wanted_dB of [10, -8]) {
      const { rssi_dBm, snr_dB } = receive(14 - strong.rssi_dBm + noise_dBm + wanted_dB)
      expect(Math.abs(snr_dB - wanted_dB)).toBeLessThan(1.2)
      expect(Math.abs(rssi_dBm - noise_dBm - wanted_dB)).toBeLessThan(1.2)
    }
  })

  test('a window of more symbols than the chip counts ends in time, and receives what began in it', () => {
    const { radio, peer, run, log } = pair()
    radio.receive({ ...FRAME, modulation: FAST, timeout_ms: 2000 })
    run(1990)
    expect(log).toEqual([])
    run(20)
    expect(log).toEqual(['timeout'])
    radio.receive({ ...FRAME, modulation: FAST, timeout_ms: 2000 })
    run(1990)
    peer.transmit({ ...FRAME, modulation: FAST })
    run(1000)
    expect(log).toEqual(['timeout', 'received'])
  })
})
