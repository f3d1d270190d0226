import module from 'lora-packet'
import { hostCrypto } from '../hal/host/crypto.ts'
import { decodeData, encodeData } from '../src/links/lorawan/frame.ts'
import { cryptPayload, sign, verifyData } from '../src/links/lorawan/security.ts'
import { type Bench, rate } from './harness.ts'
import { joinAll, populate, report, Town } from './lorawan-town.ts'

/** A CommonJS module: what Node gives is what it calls default. */
const loraPacket = module.default ?? (module as unknown as typeof module.default)
const KEY = Uint8Array.from({ length: 16 }, (_, i) => i * 7)
const DEV_ADDR = 0x26011bda
/** Of the world in which they report for a day. */
const METERS = 100
const REPORTS_A_DAY = 96
/** A report of a meter. */
const PAYLOAD = Uint8Array.from({ length: 40 }, (_, i) => i)

function ours(fCnt: number): Uint8Array {
  const identity = { up: true, devAddr: DEV_ADDR, fCnt }
  const phy = encodeData({
    up: true,
    confirmed: false,
    devAddr: DEV_ADDR,
    adr: true,
    adrAckRequest: false,
    ack: false,
    pending: false,
    fCnt: fCnt & 0xffff,
    fOpts: new Uint8Array(0),
    fPort: 1,
    payload: cryptPayload(hostCrypto, KEY, identity, PAYLOAD),
  })
  sign(hostCrypto, KEY, identity, phy)
  return phy
}

const THEIR_KEY = Buffer.from(KEY)
const THEIR_ADDRESS = Buffer.from([0x26, 0x01, 0x1b, 0xda])

function theirs(fCnt: number): Buffer {
  const fields = {
    MType: 'Unconfirmed Data Up',
    DevAddr: THEIR_ADDRESS,
    FCtrl: { ADR: true, ACK: false, ADRACKReq: false, FPending: false },
    FCnt: fCnt & 0xffff,
    FPort: 1,
    payload: Buffer.from(PAYLOAD),
  }
  return loraPacket.fromFields(fields, THEIR_KEY, THEIR_KEY).getPHYPayload() as Buffer
}

/** Work of `step` for one frame after the other. */
function frames(step: (fCnt: number) => unknown): number {
  let fCnt = 0
  return rate(() => {
    for (let i = 0; i < 50; i++) step(fCnt++)
    return 50
  })
}

export const benches: Bench[] = [
  {
    name: 'lorawan.frame.encode',
    unit: 'frames/s, encrypted and signed',
    run: async () => {
      if (Buffer.compare(Buffer.from(ours(5)), theirs(5)) !== 0) throw new Error('the frames differ')
      return { value: frames(ours), peer: frames(theirs) }
    },
  },
  {
    name: 'lorawan.frame.decode',
    unit: 'frames/s, verified and decrypted',
    run: async () => {
      const phy = ours(7)
      const wire = Buffer.from(phy)
      const identity = { up: true, devAddr: DEV_ADDR, fCnt: 7 }
      const value = frames(() => {
        if (!verifyData(hostCrypto, KEY, identity, phy)) throw new Error('MIC')
        return cryptPayload(hostCrypto, KEY, identity, decodeData(phy).payload)
      })
      const peer = frames(() => {
        const packet = loraPacket.fromWire(wire)
        if (!loraPacket.verifyMIC(packet, THEIR_KEY)) throw new Error('MIC')
        return loraPacket.decrypt(packet, THEIR_KEY, THEIR_KEY)
      })
      return { value, peer }
    },
  },
  {
    name: 'lorawan.world',
    unit: 'device-days/s, 100 meters on one air with a report every 15 minutes',
    run: async () => {
      const town = new Town('EU868', 3)
      populate(town, METERS, 2500)
      const joined = joinAll(town)
      const began_ms = performance.now()
      const begun = report(town, REPORTS_A_DAY)
      const elapsed_s = (performance.now() - began_ms) / 1000
      // A world in which nothing happens would be fast.
      if (joined < 0.97 * METERS || begun < 0.95 * METERS * REPORTS_A_DAY) throw new Error(`${joined} joined, ${begun} uplinks`)
      return { value: (METERS * (REPORTS_A_DAY + 1)) / REPORTS_A_DAY / elapsed_s }
    },
  },
]
