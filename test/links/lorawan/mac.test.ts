import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { REGION_NAMES, REGIONS } from '../../../src/links/lorawan/regions-table.ts'
import { Rig } from './rig.ts'

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

describe('joining', () => {
  test.each(REGION_NAMES)('%s: joins, sends, and hears in both windows', (region) => {
    for (const window of ['RX1', 'RX2'] as const) {
      const rig = new Rig({ region })
      rig.network.joinWindow = window
      rig.network.accept = {
        ...rig.network.accept,
        netId: 1,
        rx1DrOffset: 0,
        rx2DataRate: REGIONS[region].rx2.dataRate,
        rxDelay_s: 2,
        cfList: undefined,
      }
      rig.join()
      expect(rig.joined).toEqual([rig.network.devAddr])
      rig.network.answer = () => ({ window, phy: rig.network.down({ fPort: 7 }, Uint8Array.of(1, 2)) })
      const result = rig.send('abc')
      expect(result).toMatchObject({ fCnt: 0, acknowledged: undefined, transmissions: 1 })
      expect(text(rig.network.heard[rig.network.heard.length - 1].payload)).toBe('abc')
      expect(rig.downlinks).toMatchObject([{ fPort: 7, payload: Uint8Array.of(1, 2), window, multicast: false }])
      expect(rig.errors).toEqual([])
    }
  })

  test('goes on until it is answered, with a new number each time, and within the duty cycle of joins', () => {
    const rig = new Rig()
    const accept = rig.network.accept
    rig.network.accept = undefined
    rig.mac.join()
    rig.run(12 * 3600)
    const { heard, devNonces } = rig.network
    expect(new Set(devNonces).size).toBe(devNonces.length)
    expect(rig.joinsFailed).toBe(devNonces.length)
    const airtime_s = (from_h: number, to_h: number) =>
      heard
        .filter(({ begin_us }) => begin_us >= heard[0].begin_us + from_h * 3.6e9 && begin_us < heard[0].begin_us + to_h * 3.6e9)
        .reduce((sum, { begin_us, end_us }) => sum + (end_us - begin_us) / 1e6, 0)
    expect(airtime_s(0, 1)).toBeGreaterThan(10)
    expect(airtime_s(0, 1)).toBeLessThanOrEqual(36 + 1.5)
    expect(airtime_s(1, 11)).toBeLessThanOrEqual(36 + 1.5)
    rig.network.accept = accept
    rig.run(12 * 3600)
    expect(rig.mac.joined).toBe(true)
  })

  test('refuses an answer that is not for it, whatever bit is wrong', () => {
    const rig = new Rig()
    rig.network.accept = undefined
    rig.mac.join()
    rig.run(30)
    const accept = fromHex('20e6cb21f1c9e3cc00868a455615e78788c9b8b97e61419f4d3ea8fc3c14235acc')
    const [first] = rig.network.heard
    rig.run(Math.max(0, (first.end_us + 5_000_000 - rig.scheduler.now_us) / 1e6))
    for (let i = 0; i < 200; i++) {
      rig.network.sendNow(accept, first.transmission.frequency_Hz, 5)
      rig.run(0.1)
    }
    expect(rig.mac.joined).toBe(false)
  })
})

test.each([
  ['SX1262', 0],
  ['SX1262', 5],
  ['SX1276', 0],
  ['SX1276', 5],
] as const)('over an %s, at data rate %i: join, both windows, class C', (chip, dataRate) => {
  const rig = new Rig({ chip, deviceClass: 'C', dataRate, adr: false }).join()
  for (const window of ['RX1', 'RX2'] as const) {
    rig.network.answer = () => ({ window, phy: rig.network.down({ fPort: 7, ack: true }, Uint8Array.of(1)) })
    expect(rig.send('abc', true)).toMatchObject({ acknowledged: true, transmissions: 1 })
  }
  rig.run(5)
  const { rx2 } = REGIONS.EU868
  rig.network.sendNow(rig.network.down({ fPort: 3 }, Uint8Array.of(42)), rx2.frequency_Hz, rx2.dataRate)
  rig.run(5)
  expect(rig.downlinks.map(({ window }) => window)).toEqual(['RX1', 'RXC', 'RXC'])
  expect(rig.errors).toEqual([])
})

describe('uplinks', () => {
  test('a confirmed one is repeated until it is acknowledged', () => {
    const rig = new Rig().join()
    let count = 0
    rig.network.answer = () => (++count < 3 ? undefined : { window: 'RX2', phy: rig.network.down({ ack: true }) })
    const result = rig.send('important', true)
    expect(result).toMatchObject({ fCnt: 0, acknowledged: true, transmissions: 3 })
    const frames = rig.network.heard.slice(-3).map(({ transmission }) => toHex(transmission.payload))
    expect(new Set(frames).size).toBe(1)
    rig.network.answer = () => undefined
    expect(rig.send('lost', true)).toMatchObject({ acknowledged: false, transmissions: 8 })
  })

  test('keep to the duty cycle of each band', () => {
    const rig = new Rig({ dataRate: 0, adr: false }).join()
    const begin_us = rig.scheduler.now_us
    const joins = rig.network.heard.length
    while (rig.scheduler.now_us < begin_us + 3.6e9) rig.send('0123456789')
    const sent = rig.network.heard.slice(joins).filter(({ begin_us: from }) => from < begin_us + 3.6e9)
    const airtime_s = sent.reduce((sum, { begin_us: from, end_us: to }) => sum + (to - from) / 1e6, 0)
    expect(sent.length).toBeGreaterThan(20)
    expect(airtime_s).toBeLessThanOrEqual(36 + 1.7)
  })

  test('are refused when they do not fit, before the join, or while another one is under way', () => {
    const rig = new Rig({ dataRate: 0, adr: false })
    expect(() => rig.mac.send(1, new Uint8Array(1), false)).toThrow(expect.objectContaining({ code: 'LORAWAN_NOT_JOINED' }))
    rig.join()
    expect(rig.mac.payload_max).toBe(51)
    expect(() => rig.mac.send(1, new Uint8Array(52), false)).toThrow(expect.objectContaining({ code: 'LORAWAN_LENGTH' }))
    expect(() => rig.mac.send(0, new Uint8Array(1), false)).toThrow(RangeError)
    rig.mac.send(1, new Uint8Array(51), false)
    expect(() => rig.mac.send(1, new Uint8Array(1), false)).toThrow(expect.objectContaining({ code: 'LORAWAN_BUSY' }))
  })

  test('without an answer become stronger, then slower, and at last join again', () => {
    const rig = new Rig({ region: 'US915' }).join()
    rig.mac.parameters.dataRate = 3
    const rates = new Set<number>()
    const asked: number[] = []
    for (let i = 0; i < 1000 && !rig.mac.busy; i++) {
      rig.send('x')
      rates.add(rig.mac.parameters.dataRate)
      if (rig.network.heard[rig.network.heard.length - 1].frame?.adrAckRequest === true) asked.push(i)
    }
    expect([...rates]).toEqual([3, 2, 1, 0])
    expect(asked[0]).toBe(64)
    rig.run(600)
    expect(rig.joined.length).toBe(2)
  })
})

describe('downlinks', () => {
  test('a replay, a wrong MIC and a frame for somebody else are ignored', () => {
    const rig = new Rig().join()
    rig.network.answer = () => ({ window: 'RX1', phy: rig.network.down({ fPort: 1 }, Uint8Array.of(1)) })
    rig.send()
    const replay = rig.network.down({ fPort: 1 }, Uint8Array.of(9), 0)
    const wrong = rig.network.down({ fPort: 1 }, Uint8Array.of(9))
    wrong[10] ^= 1
    const foreign = rig.network.down({ fPort: 1, devAddr: 0x26011bdb }, Uint8Array.of(9))
    for (const phy of [replay, wrong, foreign]) {
      rig.network.answer = () => ({ window: 'RX1', phy })
      rig.send()
    }
    expect(rig.downlinks.length).toBe(1)
    expect(rig.mac.joined).toBe(true)
  })

  test('the windows bear what the clocks may be apart', () => {
    for (const late_us of [-1000, 0, 1000]) {
      for (const dataRate of [0, 5]) {
        const rig = new Rig({ dataRate, adr: false }).join()
        rig.network.answer = () => ({ window: 'RX1', late_us, phy: rig.network.down({ fPort: 1 }, Uint8Array.of(1)) })
        rig.send()
        expect(rig.downlinks.length, `${late_us} µs at data rate ${dataRate}`).toBe(1)
      }
    }
  })

  test('a confirmed one is acknowledged by an empty uplink, unless the application sends first', () => {
    const rig = new Rig().join()
    rig.network.answer = () => ({ window: 'RX1', phy: rig.network.down({ fPort: 1, confirmed: true }, Uint8Array.of(1)) })
    rig.send()
    rig.network.answer = () => undefined
    rig.run(20)
    const last = rig.network.heard[rig.network.heard.length - 1]
    expect(last.frame).toMatchObject({ ack: true, fPort: undefined })
  })

  test('class C hears at any time, also while it waits for its windows', () => {
    const rig = new Rig({ deviceClass: 'C' }).join()
    rig.run(5)
    const { rx2 } = REGIONS.EU868
    rig.network.sendNow(rig.network.down({ fPort: 3 }, Uint8Array.of(42)), rx2.frequency_Hz, rx2.dataRate)
    rig.run(5)
    expect(rig.downlinks).toMatchObject([{ fPort: 3, window: 'RXC' }])
    rig.network.answer = () => ({ window: 'RX2', phy: rig.network.down({ ack: true }) })
    expect(rig.send('c', true)).toMatchObject({ acknowledged: true, transmissions: 1 })
  })
})

describe('MAC commands', () => {
  /** What the device answers, in its next uplink. */
  function answers(rig: Rig, hex: string): string {
    rig.network.answer = () => ({ window: 'RX1', phy: rig.network.down({ fOpts: fromHex(hex) }) })
    rig.send()
    rig.network.answer = () => undefined
    rig.send()
    return toHex(rig.network.heard[rig.network.heard.length - 1].frame?.fOpts ?? new Uint8Array(0))
  }

  test('LinkADRReq: data rate, power, mask and repetitions; all or nothing', () => {
    const rig = new Rig({ dataRate: 0 }).join()
    expect(answers(rig, '0352070003')).toBe('0307')
    expect(rig.mac.parameters).toMatchObject({ dataRate: 5, txPower: 2, nbTrans: 3 })
    // A channel that does not exist; a data rate that no channel carries; a power that the region does not have.
    expect(answers(rig, '0350080001')).toBe('0304')
    expect(answers(rig, '0360070001')).toBe('0305')
    expect(answers(rig, '0358070001')).toBe('0303')
    expect(rig.mac.parameters).toMatchObject({ dataRate: 5, txPower: 2, nbTrans: 3 })
    expect(answers(rig, '03ff070001')).toBe('0307')
    expect(rig.mac.parameters).toMatchObject({ dataRate: 5, txPower: 2, nbTrans: 1 })
  })

  test('LinkADRReq: a block of a fixed plan is one request', () => {
    const rig = new Rig({ region: 'US915', dataRate: 3 }).join()
    // All 125 kHz channels off, the wide one of sub-band 2 on, then channels 8 to 15.
    expect(answers(rig, '03300200' + '71' + '033000ff' + '01')).toBe('03070307')
    expect(rig.mac.plan.usable(3)).toEqual([8, 9, 10, 11, 12, 13, 14, 15])
    expect(rig.mac.plan.usable(4)).toEqual([65])
  })

  test('receive windows: RXParamSetupReq and RXTimingSetupReq are answered until the network is heard again', () => {
    const rig = new Rig().join()
    // Offset 2, RX2 at DR3 on 868.5 MHz; delay of 3 s.
    expect(answers(rig, '0523' + 'c88584' + '0803')).toBe('050708')
    rig.send()
    expect(toHex(rig.network.heard[rig.network.heard.length - 1].frame?.fOpts ?? new Uint8Array(0))).toBe('050708')
    expect(rig.mac.parameters).toMatchObject({ rx1DrOffset: 2, rx2DataRate: 3, rx2_Hz: 868_500_000, rxDelay_s: 3 })
    rig.network.accept = { netId: 1, rx1DrOffset: 2, rx2DataRate: 3, rxDelay_s: 3, cfList: undefined }
    rig.network.rx2 = { frequency_Hz: 868_500_000, dataRate: 3 }
    for (const window of ['RX1', 'RX2'] as const) {
      rig.network.answer = () => ({ window, phy: rig.network.down({ fPort: 1 }, Uint8Array.of(1)) })
      rig.send()
    }
    expect(rig.downlinks.map(({ window }) => window)).toEqual(['RX1', 'RX2'])
    rig.network.answer = () => undefined
    rig.send()
    expect(rig.network.heard[rig.network.heard.length - 1].frame?.fOpts.length).toBe(0)
  })

  test('channels: NewChannelReq and DlChannelReq', () => {
    const rig = new Rig({ dataRate: 5 }).join()
    // 867.1 MHz for DR0 to DR5 as channel 3; the default channel 0 stays; a frequency outside the band.
    expect(answers(rig, '0703184f8450')).toBe('0703')
    expect(answers(rig, '0700184f8450')).toBe('0700')
    expect(answers(rig, '0704000000' + '50')).toBe('0703')
    expect(answers(rig, '0704a8b27a50')).toBe('0702')
    expect(rig.mac.plan.usable(5)).toEqual([0, 1, 2, 3])
    // Its downlink on 869.525 MHz; a channel that is not there.
    expect(answers(rig, '0a03d2ad84')).toBe('0a03')
    expect(answers(rig, '0a09d2ad84')).toBe('0a01')
    expect(rig.mac.plan.channel(3)).toMatchObject({ frequency_Hz: 867_100_000, downlink_Hz: 869_525_000 })
  })

  test('DevStatusReq, DutyCycleReq, an unknown command', () => {
    const rig = new Rig({ battery: () => 200 }).join()
    expect(answers(rig, '06')).toMatch(/^06c8[0-9a-f]{2}$/)
    // Everything after the unknown one is left out.
    expect(answers(rig, '0408' + '80' + '06')).toBe('04')
    expect(rig.mac.parameters.maxDutyCycle).toBe(8)
    const before_us = rig.scheduler.now_us
    rig.send()
    rig.send()
    expect(rig.scheduler.now_us - before_us).toBeGreaterThan(250 * 50_000)
  })

  test('TxParamSetupReq where the region has a dwell time', () => {
    const rig = new Rig({ region: 'AS923', dataRate: 5 }).join()
    expect(rig.mac.parameters.uplinkDwell).toBe(true)
    expect(answers(rig, '0902')).toBe('09')
    expect(rig.mac.parameters).toMatchObject({ uplinkDwell: false, downlinkDwell: false, maxEirp_dBm: 12 })
    expect(answers(new Rig().join(), '0902')).toBe('')
  })

  test('time and link check', () => {
    const rig = new Rig().join()
    rig.mac.requestTime()
    rig.mac.requestLinkCheck()
    rig.network.answer = ({ end_us, frame }) => {
      expect(toHex(frame?.fOpts ?? new Uint8Array(0))).toBe('0d02')
      const gps_ms = end_us / 1000 - 315_964_800_000 + 18_000
      const time = new DataView(new ArrayBuffer(5))
      time.setUint32(0, Math.floor(gps_ms / 1000), true)
      time.setUint8(4, Math.floor(((gps_ms % 1000) * 256) / 1000))
      const fOpts = Uint8Array.of(0x0d, ...new Uint8Array(time.buffer), 0x02, 20, 1)
      return { window: 'RX1', phy: rig.network.down({ fOpts }) }
    }
    rig.send()
    expect(Math.abs(rig.times[0])).toBeLessThan(10)
    expect(rig.checks).toEqual([[20, 1]])
  })

  test('on port 0 they are encrypted with the key of the network', () => {
    const rig = new Rig({ dataRate: 0 }).join()
    rig.network.answer = () => ({ window: 'RX1', phy: rig.network.down({ fPort: 0 }, fromHex('0352070001')) })
    rig.send()
    expect(rig.mac.parameters.dataRate).toBe(5)
    expect(rig.downlinks).toEqual([])
  })
})

describe('restarts', () => {
  test('a session goes on, with counters that have only gone up', () => {
    const rig = new Rig().join()
    rig.network.answer = () => ({ window: 'RX1', phy: rig.network.down({ fPort: 1, fOpts: fromHex('0351070002') }, Uint8Array.of(1)) })
    rig.send()
    rig.network.answer = () => undefined
    const fCnts: number[] = []
    for (let i = 0; i < 5; i++) {
      rig.restart()
      expect(rig.mac.joined).toBe(true)
      expect(rig.mac.parameters).toMatchObject({ dataRate: 5, txPower: 1, nbTrans: 2 })
      fCnts.push(rig.send().fCnt ?? -1)
    }
    expect(fCnts).toEqual([...fCnts].sort((a, b) => a - b))
    expect(new Set(fCnts).size).toBe(5)
    // A downlink from before the restart is still a replay.
    const replay = rig.network.down({ fPort: 1 }, Uint8Array.of(9), 0)
    rig.network.answer = () => ({ window: 'RX1', phy: replay })
    rig.send()
    expect(rig.downlinks.length).toBe(1)
  })

  test('a state that cannot be read means a new join', () => {
    const rig = new Rig().join()
    rig.store.state = rig.store.state?.subarray(0, 50)
    rig.restart()
    expect(rig.mac.joined).toBe(false)
    rig.join()
    expect(rig.send().fCnt).toBe(0)
  })
})

test('the join accept brings channels and windows', () => {
  const rig = new Rig({ dataRate: 5 })
  // 867.1, .3, .5, .7, .9 MHz
  rig.network.accept = { netId: 1, rx1DrOffset: 3, rx2DataRate: 3, rxDelay_s: 5, cfList: fromHex('184f84e85684b85e84886684586e8400') }
  rig.join()
  expect(rig.mac.plan.usable(5)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect(rig.mac.plan.channel(7)?.frequency_Hz).toBe(867_900_000)
  expect(rig.mac.parameters).toMatchObject({ rx1DrOffset: 3, rx2DataRate: 3, rxDelay_s: 5 })
  rig.network.answer = () => ({ window: 'RX1', phy: rig.network.down({ fPort: 1 }, Uint8Array.of(1)) })
  rig.send()
  expect(rig.downlinks.length).toBe(1)
})
