import { generateKeyPairSync } from 'node:crypto'
import { runInThisContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { BOARD } from '../../boards/virtual/board.ts'
import { hostCrypto } from '../../hal/host/crypto.ts'
import { importPublicKey, parseVersion, signImage } from '../../src/cli/firmware.ts'
import { type CampaignOptions, UpdateCampaign } from '../../src/headend/lorawan/update-campaign.ts'
import { fromHex, toHex } from '../../src/lib/hex.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import { REGIONS } from '../../src/links/lorawan/regions-table.ts'
import { modelOf } from '../../src/meter/config.ts'
import { decodeClockUplink, encodeClockDownlink } from '../../src/protocols/lorawan-app/clock-sync.ts'
import { decodeFragmentUplink, encodeFragmentDownlink } from '../../src/protocols/lorawan-app/fragmentation.ts'
import { decodeMulticastUplink, encodeMulticastDownlink } from '../../src/protocols/lorawan-app/multicast-setup.ts'
import { gpsOfUtc } from '../../src/protocols/lorawan-app/package.ts'
import { WorldTimer } from '../../src/world/time.ts'
import { APP_KEY, Connected, DEV_EUI } from './lorawan-rig.ts'
import { blankFlash, HOUR_MS } from './rig.ts'

const MODEL = modelOf({ phases: 3 })
const vendor = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const publicKey = toHex(importPublicKey(vendor.publicKey.export({ type: 'spki', format: 'pem' }).toString()))

/** A program that starts and does nothing, long enough for some fragments. */
function image(length: number, key = vendor.privateKey): Uint8Array {
  const source = `({interface:1,start:()=>({close(){},stop(){},config:{dlms:{}}}),face(){}})//`.padEnd(length, 'x')
  const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString()
  return signImage(
    Uint8Array.from(source, (character) => character.charCodeAt(0)),
    pem,
    { version: parseVersion('0.3.0'), model: MODEL },
  )
}

function meterWith(lorawan: Record<string, unknown> = {}, radio = 'SX1262'): Connected {
  const machine = { firmware: blankFlash(BOARD.firmware), evaluate: (source: string) => runInThisContext(source) }
  const meter = new Connected({ adr: false, dataRate: 5, interval_min: 60, ...lorawan }, machine, radio, undefined, {
    firmware: { publicKey },
  })
  meter.rig.run(60_000)
  return meter
}

function campaign(meter: Connected, bytes: Uint8Array, options: Partial<CampaignOptions> = {}): UpdateCampaign {
  const { server, rig } = meter
  if (server === undefined) throw new Error('no network')
  const random = new SeededRandom(1, 7)
  const started = new UpdateCampaign({
    server,
    region: REGIONS.EU868,
    crypto: hostCrypto,
    timer: new WorldTimer(rig.machine.scheduler),
    random: (buffer) => void random.fill(buffer),
    utc_ms: () => rig.machine.now_ms,
    devices: [{ devEui: DEV_EUI, genAppKey: fromHex(APP_KEY) }],
    image: bytes,
    dataRate: 3,
    ...options,
  })
  meter.heard = (event) => started.receive(event)
  started.start()
  return started
}

const activated = (meter: Connected) => meter.rig.events.includes('Firmware rolled back')

describe('an image by multicast', () => {
  test.each(['C', 'A'])('reaches a meter of class %s, with a part of the fragments lost, and runs there', (deviceClass) => {
    const meter = meterWith({ class: deviceClass, ...(deviceClass === 'A' ? { interval_min: 1 } : {}) })
    const random = new SeededRandom(2, 8)
    meter.lost = ({ tmst_us }) => tmst_us === undefined && random.below(100) < 12
    const update = campaign(meter, image(4000))
    for (let minute = 0; minute < 40 && !update.over; minute++) meter.rig.run(60_000)
    expect(Object.fromEntries(update.states)).toEqual({ [DEV_EUI]: 'complete' })
    expect(update.over).toBe(true)
    expect(meter.rig.events).toContain('Firmware ready for activation')
    // After five to ten minutes; as it does nothing, the watchdog brings the firmware before back.
    meter.rig.run(HOUR_MS / 4)
    expect(meter.rig.events.slice(-2)).toEqual(['Watchdog reset', 'Firmware rolled back'])
  })

  test('goes on where it was when the supply fails in the middle', () => {
    const meter = meterWith({ firmware: 'verify' })
    const update = campaign(meter, image(6000))
    meter.rig.run(5 * 60_000)
    expect(update.states.get(DEV_EUI)).toBe('scheduled')
    expect(meter.rig.core.powerFailures).toBe(0)
    meter.rig.machine.mains.disturbAll(0, 20_000)
    meter.rig.run(60_000)
    expect(meter.rig.core.powerFailures).toBe(1)
    for (let minute = 0; minute < 40 && !update.over; minute++) meter.rig.run(60_000)
    expect(update.states.get(DEV_EUI)).toBe('complete')
    meter.rig.run(60_000)
    expect(meter.rig.events).toContain('Firmware ready for activation')
  })

  test('that somebody else signed is refused, and nothing is activated', () => {
    const meter = meterWith()
    const update = campaign(meter, image(1500, stranger.privateKey))
    meter.rig.run(HOUR_MS / 2)
    expect(update.states.get(DEV_EUI)).toBe('complete')
    expect(meter.rig.events).toContain('Firmware refused')
    expect(activated(meter)).toBe(false)
  })

  test('waits where the meter only verifies, and is refused where it takes none by radio, or hears no groups', () => {
    const verifies = meterWith({ firmware: 'verify' })
    campaign(verifies, image(1500))
    verifies.rig.run(HOUR_MS)
    expect(verifies.rig.events).toContain('Firmware ready for activation')
    expect(activated(verifies)).toBe(false)
    const off = meterWith({ firmware: 'off' })
    const refused = campaign(off, image(1500))
    off.rig.run(HOUR_MS / 4)
    expect(refused.states.get(DEV_EUI)).toBe('refused')
    const module = meterWith({}, 'RAK3172')
    module.rig.run(60_000)
    const deaf = campaign(module, image(1500))
    module.rig.run(HOUR_MS / 4)
    expect(deaf.states.get(DEV_EUI)).toBe('refused')
  })

  test('too much lost: the campaign sends more redundancy, then says that it is incomplete', () => {
    const meter = meterWith({ firmware: 'verify' })
    const random = new SeededRandom(3, 9)
    let share = 45
    meter.lost = ({ tmst_us, payload }) => tmst_us === undefined && payload.length > 100 && random.below(100) < share
    const update = campaign(meter, image(3000))
    meter.rig.run(HOUR_MS / 2)
    expect(update.states.get(DEV_EUI)).toBe('complete')
    share = 100
    const never = campaign(meter, image(3001))
    meter.rig.run(HOUR_MS)
    expect(never.states.get(DEV_EUI)).toBe('incomplete')
  })
})

describe('packages', () => {
  test('each says its version, and multicast setup what groups there are', () => {
    const meter = meterWith()
    for (const port of [200, 201, 202]) meter.send('00', port)
    meter.rig.run(60_000)
    const versions = meter.uplinks.filter(({ fPort }) => (fPort ?? 0) >= 200).map(({ fPort, payload }) => [fPort, toHex(payload)])
    expect(versions).toEqual([
      [200, '000201'],
      [201, '000301'],
      [202, '000101'],
    ])
    const setup = {
      type: 'setup-request' as const,
      group: 2,
      address: 0x00abcdef,
      keyEncrypted: new Uint8Array(16),
      fCntMin: 0,
      fCntMax: 10,
    }
    const session = { type: 'class-c-request' as const, group: 1, start_gps_s: 0, timeout: 4, frequency_Hz: 869_525_000, dataRate: 0 }
    for (const message of [
      setup,
      { type: 'status-request' as const, mask: 15 },
      session,
      { ...session, group: 2, frequency_Hz: 433_000_000 },
      { type: 'delete-request' as const, group: 2 },
      { type: 'delete-request' as const, group: 2 },
    ])
      meter.send(toHex(encodeMulticastDownlink(message)), 200)
    meter.send('05020000000004d2ad8400', 200)
    meter.send(toHex(encodeFragmentDownlink({ type: 'delete-request', index: 1 })), 201)
    meter.rig.run(120_000)
    const told = meter.uplinks.slice(-8)
    expect(told.filter(({ fPort }) => fPort === 200).flatMap(({ payload }) => decodeMulticastUplink(payload))).toEqual([
      { type: 'setup-answer', group: 2, error: false },
      { type: 'status-answer', total: 1, groups: [{ group: 2, address: 0x00abcdef }] },
      { type: 'class-c-answer', group: 1, undefinedGroup: true, frequencyError: false, dataRateError: false, timeToStart_s: undefined },
      { type: 'class-c-answer', group: 2, undefinedGroup: false, frequencyError: true, dataRateError: false, timeToStart_s: undefined },
      { type: 'delete-answer', group: 2, undefinedGroup: false },
      { type: 'delete-answer', group: 2, undefinedGroup: true },
      { type: 'class-b-answer', group: 2, undefinedGroup: true, frequencyError: false, dataRateError: true, timeToStart_s: undefined },
    ])
    expect(decodeFragmentUplink(told[7].payload)).toEqual([{ type: 'delete-answer', index: 1, noSession: true }])
  })

  test('the clock follows an application server, by a period and when it is told to', () => {
    const meter = meterWith({ syncTime: false })
    meter.heard = ({ fPort, payload, utc_ms }) => {
      if (fPort !== 202) return
      for (const uplink of decodeClockUplink(payload)) {
        if (uplink.type !== 'time-request') continue
        const correction_s = (gpsOfUtc(utc_ms / 1000) - uplink.gps_s) | 0
        meter.send(toHex(encodeClockDownlink({ type: 'time-answer', correction_s, token: uplink.token })), 202)
      }
    }
    const apart_ms = () => Math.abs(meter.rig.core.clock.now_ms() - meter.rig.machine.now_ms)
    meter.rig.core.clock.set(meter.rig.machine.now_ms - 300_000)
    meter.send(toHex(encodeClockDownlink({ type: 'resync-request', transmissions: 3 })), 202)
    meter.rig.run(60_000)
    expect(apart_ms()).toBeLessThan(3000)
    const asked = () => meter.uplinks.filter(({ fPort, payload }) => fPort === 202 && payload[0] === 1).length
    expect(asked()).toBe(1)
    meter.send(toHex(encodeClockDownlink({ type: 'periodicity-request', period: 1 })), 202)
    meter.rig.run(20 * 60_000)
    expect(asked()).toBeGreaterThanOrEqual(4)
    expect(asked()).toBeLessThanOrEqual(6)
  })
})
