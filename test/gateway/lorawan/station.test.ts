import { afterEach, expect, test } from 'vitest'
import { hostCrypto } from '../../../hal/host/crypto.ts'
import { createHostNetwork } from '../../../hal/host/sockets.ts'
import { StationForwarder } from '../../../src/gateway/lorawan/station-forwarder.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import { decodeJoinRequest, encodeJoinAccept } from '../../../src/links/lorawan/security.ts'
import { WorldConcentrator } from '../../../src/world/lora/concentrator.ts'
import { WorldTimer } from '../../../src/world/time.ts'
import { until } from '../../contract/until.ts'
import { Rig } from '../../links/lorawan/rig.ts'
import { recordedSession } from '../../support/basics-station.ts'
import { TestLns } from './station-lns.ts'

const network = createHostNetwork()
afterEach(() => network.closeAll())

const EUI = fromHex('aa555a0000000101')
const APP_KEY = Uint8Array.from({ length: 16 }, (_, i) => i)
const CONFIG = recordedSession().fromLns[1]

/** A device, a gateway that hears it, and a network server behind a WebSocket. */
async function connected() {
  const rig = new Rig()
  // The rig's own network only listens.
  rig.network.accept = undefined
  const { scheduler, air } = rig
  const lns = await new Promise<TestLns>((resolve) => {
    const made: TestLns = new TestLns(network, CONFIG, () => resolve(made))
  })
  const concentrator = new WorldConcentrator({
    scheduler,
    air,
    name: 'gateway',
    position: { x_m: 0, y_m: 100 },
    channels: { multi_Hz: [868_100_000, 868_300_000, 868_500_000], single: [] },
    transmit_Hz: [863_000_000, 870_000_000],
  })
  const answers: boolean[] = []
  const errors: string[] = []
  const random = new SeededRandom(5)
  const forwarder = new StationForwarder({
    network,
    timer: new WorldTimer(scheduler),
    crypto: hostCrypto,
    random: (bytes) => void random.fill(bytes),
    concentrator,
    eui: EUI,
    server: `ws://127.0.0.1:${lns.port}`,
    antennaGain_dBi: 3,
    utc_ms: () => scheduler.now_us / 1000,
    onServer: (answered) => answers.push(answered),
    onError: (reason) => errors.push(reason),
  })
  rig.run(0.1)
  await until(() => answers.length === 1, 'router_config')
  /** The world's time passes while messages are on their way. */
  const run = async (seconds: number): Promise<void> => {
    for (let i = 0; i < seconds * 20; i++) {
      rig.run(0.05)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await run(0.5)
  return { rig, lns, forwarder, concentrator, answers, errors, run }
}

/** Takes the message of a type that came first. */
async function next({ lns }: { lns: TestLns }, msgtype: string): Promise<Record<string, never>> {
  await until(() => lns.messages.some((message) => message.msgtype === msgtype), msgtype)
  const at = lns.messages.findIndex((message) => message.msgtype === msgtype)
  return lns.messages.splice(at, 1)[0] as Record<string, never>
}

const dnmsg = (fields: object): object => ({ msgtype: 'dnmsg', DevEui: '00-04-A3-0B-00-1C-05-30', dC: 0, diid: 7, priority: 1, ...fields })

test('a device joins through it; the LNS learns when the accept has left', async () => {
  const all = await connected()
  const { rig, lns, run, answers, errors, forwarder, concentrator } = all
  rig.mac.join()
  await run(6)
  const request = await next(all, 'jreq')
  const upinfo = request.upinfo as { xtime: number; rctx: number; gpstime: number; rxtime: number }
  expect(request).toMatchObject({ JoinEui: '70-B3-D5-7E-D0-00-00-01', DevEui: '00-04-A3-0B-00-1C-05-30' })
  const { devNonce } = decodeJoinRequest(rig.network.heard[0].payload)
  expect(request.DevNonce).toBe(devNonce)
  const end_us = rig.network.heard[0].end_us
  // The clock of the gateway counts what the world does, and the LNS has told the time of GPS.
  expect(upinfo.xtime % 2 ** 32).toBe(end_us % 2 ** 32)
  expect(upinfo.gpstime).toBeGreaterThan(1_000_000_000_000_000)
  const accept = { joinNonce: 1, netId: 0x13, devAddr: 0x26011bda, rx1DrOffset: 0, rx2DataRate: 0, rxDelay_s: 1, cfList: undefined }
  const pdu = toHex(encodeJoinAccept(hostCrypto, APP_KEY, accept))
  const slots = { RX1DR: request.DR, RX1Freq: request.Freq, RX2DR: 0, RX2Freq: 869_525_000 }
  lns.send(dnmsg({ pdu, RxDelay: 5, ...slots, xtime: upinfo.xtime, rctx: upinfo.rctx }))
  // RX1 is over when this arrives: it goes out in RX2.
  await run(4)
  expect(rig.mac.joined).toBe(true)
  const done = await next(all, 'dntxed')
  expect(done).toMatchObject({ diid: 7, DR: 0, Freq: 869_525_000, DevEui: '00-04-A3-0B-00-1C-05-30', xtime: upinfo.xtime + 6_000_000 })
  expect([answers, errors]).toEqual([[true], []])
  forwarder.close()
  forwarder.close()
  concentrator.close()
})

test('class C goes out at once, a second one after the first; what cannot be sent is told and nothing is reported to the LNS', async () => {
  const all = await connected()
  const { rig, lns, run, errors } = all
  const pdu = '60da1b0126000000010102030405060708'
  for (const diid of [1, 2]) lns.send(dnmsg({ dC: 2, diid, pdu, RX2DR: 5, RX2Freq: 869_525_000 }))
  await run(1)
  const [one, two] = [await next(all, 'dntxed'), await next(all, 'dntxed')]
  expect([one.diid, two.diid]).toEqual([1, 2])
  expect(Number(two.xtime) - Number(one.xtime)).toBeGreaterThanOrEqual(100_000)
  lns.send(dnmsg({ dC: 2, pdu, RX2DR: 5, RX2Freq: 900_000_000 }))
  lns.send(dnmsg({ dC: 2, pdu, RX2DR: 12, RX2Freq: 869_525_000 }))
  lns.send(dnmsg({ pdu, RX1DR: 5, RX1Freq: 868_100_000, xtime: 1 }))
  lns.send(dnmsg({ pdu: 'zz', RX1DR: 5, RX1Freq: 868_100_000, xtime: 1 }))
  lns.send({ msgtype: 'runcmd', command: 'reboot' })
  await run(1)
  await until(() => errors.length === 5, 'errors')
  expect(errors).toEqual([
    'downlink 7 is not sent: TX_FREQ',
    'downlink 7 is not sent: data rate 12 is not one of EU863',
    'downlink 7 is not sent: no slot',
    'from the server: pdu: no frame',
    'from the server: message runcmd is not understood',
  ])
  expect(lns.messages).toEqual([])
  expect(rig.errors).toEqual([])
})

test('it comes back when the LNS is gone for a while', async () => {
  const all = await connected()
  const { lns, run, answers, errors, rig } = all
  lns.cut()
  await until(() => answers.length === 2, 'end')
  expect(answers).toEqual([true, false])
  expect(errors[0]).toMatch(/again in 2 s/)
  await run(3)
  await until(() => answers.length === 3, 'return')
  expect(lns.connections).toBe(2)
  rig.mac.join()
  await run(6)
  expect(await next(all, 'jreq')).toBeDefined()
})
