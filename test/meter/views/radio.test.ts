import { describe, expect, test } from 'vitest'
import { fromHex } from '../../../src/lib/hex.ts'
import type { FaceRadioSource } from '../../../src/meter/face/radio-state.ts'
import { FaceView } from '../../../src/meter/views/face.ts'
import { decodeReadings } from '../../../src/protocols/yobiiq/decode.ts'
import { Connected } from '../../scenarios/lorawan-rig.ts'
import { HOUR_MS } from '../../scenarios/rig.ts'
import { quietRig } from './rig.ts'

function radioOf({ rig }: { readonly rig: Connected['rig'] }): FaceRadioSource {
  const { meter } = rig.machine
  if (meter === undefined) throw new Error('the meter has no supply')
  const { radio } = new FaceView(meter)
  if (radio === undefined) throw new Error('the meter has no LoRaWAN')
  return radio
}

describe('the radio panel of a meter', () => {
  test('a meter without LoRaWAN has none', () => {
    expect(radioOf.bind(undefined, { rig: quietRig() })).toThrow('no LoRaWAN')
  })

  test('before and after the join', () => {
    const meter = new Connected()
    expect(radioOf(meter).state()).toMatchObject({
      state: 'idle',
      part: 'SX1262',
      region: 'EU868',
      deviceClass: 'C',
      devEui: '0004a30b001c0530',
      heard: undefined,
      mac: { fCntUp: -1, fCntDown: -1, channels: 3, devAddr: undefined, rx2_Hz: 869_525_000, rx2DataRate: 0 },
    })
    meter.rig.run(HOUR_MS)
    const { state, mac, heard, next_ms = 0, backlog, time_ms } = radioOf(meter).state()
    const { devAddr, fCnt, dataRate } = meter.uplinks[meter.uplinks.length - 1]
    expect({ state, backlog }).toEqual({ state: 'joined', backlog: 0 })
    expect(mac).toMatchObject({ devAddr, fCntUp: fCnt, dataRate, channels: 8 })
    expect(heard?.rssi_dBm).toBeGreaterThan(-137)
    expect(next_ms - time_ms).toBeGreaterThan(0)
    expect(next_ms - time_ms).toBeLessThanOrEqual(15 * 60_000)
    // All that was sent in this first hour, in the bands of its channels.
    const used_ms = mac?.bands.reduce((sum, band) => sum + band.used_ms, 0) ?? 0
    const limits = mac?.bands.map(({ limit_ms }) => limit_ms)
    expect(used_ms).toBeGreaterThan(500)
    expect(limits).toEqual([36_000, 36_000])
  })

  test('frames are those of the air, checked and decrypted, and say what the network read', () => {
    const meter = new Connected()
    meter.rig.run(90_000)
    const radio = radioOf(meter)
    const first = radio.frames(0)
    expect(first.slice(0, 3).map(({ up, phy = '', mic }) => [up, Number.parseInt(phy.slice(0, 2), 16) >> 5, mic])).toEqual([
      [true, 0, 'valid'],
      [false, 1, 'valid'],
      [true, 2, 'valid'],
    ])
    meter.rig.run(HOUR_MS)
    const frames = radio.frames(first[first.length - 1].seq)
    const ups = frames.filter(({ up }) => up)
    expect(ups.length).toBeGreaterThan(4)
    for (const { fCnt, clear = '', mic } of ups) {
      const heard = meter.uplinks.find((uplink) => uplink.fCnt === fCnt)
      expect(mic).toBe('valid')
      expect(decodeReadings(fromHex(clear))).toEqual(decodeReadings(heard?.payload ?? new Uint8Array(0)))
    }
    expect(radio.frames(radio.newest)).toEqual([])
  })

  test('no key leaves the meter', () => {
    const meter = new Connected()
    meter.rig.run(HOUR_MS)
    const part = meter.rig.machine.meter?.lorawan
    let stored: Uint8Array | undefined
    const mac = part?.monitor.mac
    expect(mac?.joined).toBe(true)
    const radio = radioOf(meter)
    const text = JSON.stringify([radio.state(), radio.frames(0)])
    expect(text).not.toContain('000102030405060708090a0b0c0d0e0f')
    for (const device of meter.server?.devices ?? []) {
      const { keys } = device.session ?? { keys: undefined }
      for (const key of [keys?.nwkSKey, keys?.appSKey]) {
        stored = key
        expect(text).not.toContain(Buffer.from(stored ?? []).toString('hex'))
      }
    }
    expect(stored?.length).toBe(16)
  })

  test('frames of a session before are of another session', () => {
    const meter = new Connected()
    meter.rig.run(90_000)
    const part = meter.rig.machine.meter?.lorawan
    const before = part?.monitor.frames.filter(({ up }) => up).at(-1)
    meter.rig.run(1000)
    part?.monitor.mac?.join()
    meter.rig.run(60_000)
    const opened = radioOf(meter)
      .frames(0)
      .find(({ seq }) => seq === before?.sequence)
    expect(opened).toMatchObject({ mic: 'unknown', clear: undefined })
  })

  test('the revision changes with what happens, and stays while nothing does', () => {
    const meter = new Connected()
    meter.rig.run(90_000)
    const radio = radioOf(meter)
    const { revision } = radio
    expect(radio.revision).toBe(revision)
    meter.rig.run(15 * 60_000)
    expect(radio.revision).toBeGreaterThan(revision)
  })

  test('a module tells less: messages in clear, and no counters', () => {
    const meter = new Connected({}, {}, 'RAK3172')
    meter.rig.run(HOUR_MS)
    const radio = radioOf(meter)
    expect(radio.state()).toMatchObject({ state: 'joined', part: 'RAK3172' })
    expect(radio.state().mac).toBeUndefined()
    const frames = radio.frames(0)
    expect(frames.length).toBeGreaterThan(4)
    for (const { phy, clear = '', fPort, up } of frames.filter((frame) => frame.up)) {
      expect([phy, up, fPort]).toEqual([undefined, true, 1])
      expect(decodeReadings(fromHex(clear)).length).toBeGreaterThan(0)
    }
  })

  test('a meter that is dark opens nothing and reads no flash', () => {
    const meter = new Connected()
    meter.rig.run(90_000)
    const radio = radioOf(meter)
    meter.rig.machine.stop()
    expect(radio.state()).toMatchObject({ state: 'off' })
    expect(radio.state().mac).toBeUndefined()
    expect(new Set(radio.frames(0).map(({ mic }) => mic))).toEqual(new Set(['unknown']))
  })
})
