import { describe, expect, test } from 'vitest'
import { REGIONS } from '../../src/links/lorawan/regions-table.ts'
import type { LinkRig } from '../links/lorawan/rig.ts'

export interface LinkOptions {
  readonly deviceClass?: 'A' | 'C'
  readonly adr?: boolean
  readonly dataRate?: number
}

/** What a link cannot tell, or not do. */
export interface LinkTraits {
  /** It asks the network for the time. Default true. */
  readonly time?: boolean
  /** It tells in which window a downlink came, and how well. Default true. */
  readonly signal?: boolean
  /** The uplink that carries the question follows the request at once. Default true; otherwise one of the next. */
  readonly checksAtOnce?: boolean
}

const BYTES = Uint8Array.of(1, 2, 3)
const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

/** DeviceTimeAns for a moment of the world; GPS time is 18 s ahead of UTC. */
function timeAnswer(utc_ms: number): Uint8Array {
  const gps_s = utc_ms / 1000 - 315_964_800 + 18
  const whole = Math.floor(gps_s)
  return Uint8Array.of(0x0d, whole, whole >>> 8, whole >>> 16, whole >>> 24, Math.floor((gps_s - whole) * 256))
}

/** The rules of `src/lib/lorawan-link.ts`, over the air with a network that does what the test says. `make` gives a device that has started. */
export function loraWanLinkContract(name: string, make: (options: LinkOptions) => LinkRig, traits: LinkTraits = {}): void {
  const { time = true, signal = true, checksAtOnce = true } = traits
  const { rx2 } = REGIONS.EU868

  describe(`LoRaWAN link: ${name}`, () => {
    test('before the join nothing is sent', () => {
      const rig = make({})
      expect(rig.link.joined).toBe(false)
      expect(() => rig.link.send(1, BYTES, false)).toThrow(expect.objectContaining({ code: 'LORAWAN_NOT_JOINED' }))
      expect(() => rig.link.send(0, BYTES, false)).toThrow(RangeError)
      rig.run(60)
      expect(rig.network.heard).toEqual([])
    })

    test('joins; nothing is told from inside the call', () => {
      const rig = make({})
      rig.link.join()
      expect(rig.joined).toEqual([])
      expect(rig.link.busy).toBe(true)
      rig.join()
      expect(rig.joined).toHaveLength(1)
      expect([rig.network.devAddr, undefined]).toContain(rig.joined[0])
      expect(rig.errors).toEqual([])
    })

    test('goes on joining until it is answered, with a new number each time', () => {
      const rig = make({})
      const { accept } = rig.network
      rig.network.accept = undefined
      rig.link.join()
      rig.run(1800)
      expect(rig.joinsFailed).toBeGreaterThan(3)
      expect(rig.link.joined).toBe(false)
      const { devNonces } = rig.network
      expect(new Set(devNonces).size).toBe(devNonces.length)
      rig.network.accept = accept
      rig.until(() => rig.link.joined)
      expect(rig.joined).toHaveLength(1)
      expect(rig.errors).toEqual([])
    })

    test('uplinks arrive as they are, whatever bytes they have', () => {
      const rig = make({ dataRate: 5 }).join()
      const payloads = [Uint8Array.of(0), Uint8Array.of(0x0d, 0x0a, 0x22, 0xff), Uint8Array.from({ length: 200 }, (_, i) => i)]
      const before = rig.network.heard.length
      for (const [index, payload] of payloads.entries()) {
        rig.until(() => !rig.link.busy)
        rig.link.send(20 + index, payload, false)
        rig.until(() => rig.sent.length > index)
        expect(rig.sent[index].acknowledged).toBeUndefined()
      }
      const heard = rig.network.heard.slice(before)
      expect(heard.map(({ payload }) => payload)).toEqual(payloads)
      expect(heard.map(({ frame }) => frame?.fPort)).toEqual([20, 21, 22])
    })

    test('a confirmed uplink is repeated until it is acknowledged, and told when it is not', () => {
      const rig = make({ dataRate: 5 }).join()
      let count = 0
      rig.network.answer = () => (++count < 3 ? undefined : { window: 'RX2', phy: rig.network.down({ ack: true }) })
      const before = rig.network.heard.length
      expect(rig.send('important', true).acknowledged).toBe(true)
      expect(rig.network.heard.slice(before).map(({ fCnt }) => fCnt)).toEqual([0, 0, 0])
      rig.network.answer = () => undefined
      rig.until(() => !rig.link.busy)
      expect(rig.send('lost', true).acknowledged).toBe(false)
      expect(rig.errors).toEqual([])
    })

    test('downlinks after an uplink, in both windows', () => {
      const rig = make({}).join()
      for (const window of ['RX1', 'RX2'] as const) {
        rig.network.answer = () => ({ window, phy: rig.network.down({ fPort: 7 }, BYTES) })
        rig.until(() => !rig.link.busy)
        rig.send()
        rig.run(1)
        const downlink = rig.downlinks[rig.downlinks.length - 1]
        expect(downlink).toMatchObject({ fPort: 7, payload: BYTES, multicast: false })
        if (!signal) continue
        expect(downlink.window).toBe(window)
        expect(downlink.rssi_dBm).toBeLessThan(-20)
        expect(downlink.snr_dB).toBeGreaterThan(-20)
      }
      expect(rig.downlinks).toHaveLength(2)
    })

    test('class C hears at any time', () => {
      const rig = make({ deviceClass: 'C' }).join()
      rig.send()
      rig.until(() => !rig.link.busy)
      for (let i = 0; i < 3; i++) {
        rig.run(30 + 7 * i)
        rig.network.sendNow(rig.network.down({ fPort: 3 }, Uint8Array.of(42, i)), rx2.frequency_Hz, rx2.dataRate)
        rig.run(5)
      }
      expect(rig.downlinks.map(({ payload }) => [...payload])).toEqual([
        [42, 0],
        [42, 1],
        [42, 2],
      ])
      if (signal) expect(rig.downlinks.map(({ window }) => window)).toEqual(['RXC', 'RXC', 'RXC'])
    })

    test('class A hears nothing between its uplinks', () => {
      const rig = make({}).join()
      rig.send()
      rig.run(30)
      rig.network.sendNow(rig.network.down({ fPort: 3 }, BYTES), rx2.frequency_Hz, rx2.dataRate)
      rig.run(10)
      expect(rig.downlinks).toEqual([])
    })

    test('what does not fit is refused; what just fits is not', () => {
      const rig = make({ dataRate: 0, adr: false }).join()
      expect(rig.link.payload_max).toBe(51)
      expect(() => rig.link.send(1, new Uint8Array(52), false)).toThrow(expect.objectContaining({ code: 'LORAWAN_LENGTH' }))
      rig.send('x'.repeat(51))
      expect(rig.network.heard[rig.network.heard.length - 1].payload).toHaveLength(51)
    })

    test('one thing at a time', () => {
      const rig = make({}).join()
      rig.link.send(1, BYTES, false)
      expect(rig.link.busy).toBe(true)
      expect(() => rig.link.send(1, BYTES, false)).toThrow(expect.objectContaining({ code: 'LORAWAN_BUSY' }))
      rig.until(() => rig.sent.length > 0)
      rig.until(() => !rig.link.busy)
      rig.send()
      expect(rig.sent).toHaveLength(2)
    })

    test.runIf(time)('the time of the network', () => {
      const rig = make({}).join()
      rig.network.answer = ({ end_us }) => ({ window: 'RX1', phy: rig.network.down({ fOpts: timeAnswer(end_us / 1000) }) })
      rig.link.requestTime()
      rig.send()
      rig.run(5)
      expect(rig.times).toHaveLength(1)
      expect(Math.abs(rig.times[0])).toBeLessThan(700)
      expect(rig.network.heard[rig.network.heard.length - 1].frame?.fOpts).toContain(0x0d)
    })

    test.runIf(time)('an unanswered question for the time has no consequence', () => {
      const rig = make({}).join()
      rig.link.requestTime()
      rig.send()
      rig.run(5)
      rig.until(() => !rig.link.busy)
      rig.send()
      expect(rig.times).toEqual([])
      expect(rig.errors).toEqual([])
    })

    test('how well the network hears', () => {
      const rig = make({}).join()
      rig.network.answer = ({ frame }) => ({
        window: 'RX1',
        phy: rig.network.down({ fOpts: frame?.fOpts.includes(2) ? Uint8Array.of(2, 17, 3) : new Uint8Array(0) }),
      })
      rig.link.requestLinkCheck()
      for (let i = 0; i < (checksAtOnce ? 1 : 3); i++) {
        rig.until(() => !rig.link.busy)
        rig.send()
        rig.run(5)
      }
      expect(rig.checks).toEqual([[17, 3]])
    })

    test('a restart keeps numbers rising, and the session', () => {
      const rig = make({}).join()
      rig.send()
      const counts: number[] = []
      for (let i = 0; i < 3; i++) {
        rig.restart()
        rig.run(20)
        if (!rig.link.joined) rig.join()
        rig.until(() => !rig.link.busy)
        rig.send(`after ${i}`)
        counts.push(rig.network.fCntUp)
      }
      expect(rig.network.devNonces).toHaveLength(1)
      expect(counts).toEqual([...counts].sort((a, b) => a - b))
      expect(new Set([0, ...counts]).size).toBe(4)
      expect(text(rig.network.heard[rig.network.heard.length - 1].payload)).toBe('after 2')
    })

    test('the network is lost and returns', () => {
      const rig = make({ dataRate: 5 }).join()
      rig.network.answer = ({ frame }) => ({ window: 'RX1', phy: rig.network.down({ ack: frame?.confirmed === true }) })
      expect(rig.send('before', true).acknowledged).toBe(true)
      const { answer } = rig.network
      rig.network.answer = () => undefined
      for (let i = 0; i < 3; i++) {
        rig.until(() => !rig.link.busy)
        expect(rig.send('lost', true).acknowledged).toBe(false)
      }
      rig.network.answer = answer
      rig.until(() => !rig.link.busy)
      expect(rig.send('again', true).acknowledged).toBe(true)
      expect(rig.link.joined).toBe(true)
      expect(rig.errors).toEqual([])
    })

    test('after close nothing is told any more', () => {
      const rig = make({}).join()
      rig.link.send(1, BYTES, false)
      rig.link.close()
      rig.link.close()
      rig.run(60)
      expect(rig.sent).toEqual([])
    })
  })
}
