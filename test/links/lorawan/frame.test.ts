import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostCrypto } from '../../../hal/host/crypto.ts'
import { portableCrypto } from '../../../hal/portable/crypto.ts'
import { DecodeError } from '../../../src/lib/bytes.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { type DataFrame, decodeData, encodeData, FOPTS_MAX } from '../../../src/links/lorawan/frame.ts'
import {
  cryptPayload,
  decodeJoinAccept,
  decodeJoinRequest,
  encodeJoinAccept,
  encodeJoinRequest,
  type JoinAccept,
  nextFCnt,
  sessionKeys,
  sign,
  verifyData,
  verifyJoin,
} from '../../../src/links/lorawan/security.ts'
import { flipped } from '../../contract/crypto.ts'
import { loraPacket as lora } from '../../support/lora-packet.ts'

const VECTORS = JSON.parse(readFileSync(new URL('../../vectors/lorawan/vectors.json', import.meta.url), 'utf8'))
const APP_KEY = fromHex(VECTORS.AppKey)
const NWK_SKEY = fromHex(VECTORS.NwkSKey)
const node = (bytes: Uint8Array): Buffer => Buffer.from(bytes)

describe.each([
  ['host', hostCrypto],
  ['portable', portableCrypto],
])('vectors with the %s cryptography', (_, crypto) => {
  test('join request', () => {
    const request = { joinEui: fromHex(VECTORS.JoinEUI), devEui: fromHex(VECTORS.DevEUI), devNonce: Number.parseInt(VECTORS.DevNonce, 16) }
    const phy = encodeJoinRequest(crypto, APP_KEY, request)
    expect(toHex(phy)).toBe(VECTORS.joinRequestPHY)
    expect(decodeJoinRequest(phy)).toEqual(request)
    expect(verifyJoin(crypto, APP_KEY, phy)).toBe(true)
    for (let bit = 0; bit < 8 * phy.length; bit += 3) expect(verifyJoin(crypto, APP_KEY, flipped(phy, bit))).toBe(false)
  })

  test('session keys', () => {
    const accept: JoinAccept = {
      joinNonce: Number.parseInt(VECTORS.JoinNonce, 16),
      netId: Number.parseInt(VECTORS.NetID, 16),
      devAddr: 0x26011bda,
      rx1DrOffset: 0,
      rx2DataRate: 0,
      rxDelay_s: 1,
      cfList: undefined,
    }
    const keys = sessionKeys(crypto, APP_KEY, accept, Number.parseInt(VECTORS.DevNonce, 16))
    expect([toHex(keys.nwkSKey), toHex(keys.appSKey)]).toEqual([VECTORS.NwkSKey, VECTORS.AppSKey])
  })

  test.each(VECTORS.uplinks as { FCnt: string; FPort: number; conf: boolean; phy: string }[])(
    'uplink $FCnt',
    ({ FCnt, FPort, conf, phy }) => {
      const bytes = fromHex(phy)
      const frame = decodeData(bytes)
      expect(frame).toMatchObject({ up: true, confirmed: conf, devAddr: 0x26011bda, fCnt: Number.parseInt(FCnt, 16), fPort: FPort })
      const identity = { up: true, devAddr: frame.devAddr, fCnt: frame.fCnt }
      expect(verifyData(crypto, NWK_SKEY, identity, bytes)).toBe(true)
      expect(verifyData(crypto, NWK_SKEY, { ...identity, fCnt: frame.fCnt + 1 }, bytes)).toBe(false)
      expect(verifyData(crypto, NWK_SKEY, { ...identity, up: false }, bytes)).toBe(false)
      for (let bit = 0; bit < 8 * bytes.length; bit += 5) expect(verifyData(crypto, NWK_SKEY, identity, flipped(bytes, bit))).toBe(false)
      const encoded = encodeData(frame)
      sign(crypto, NWK_SKEY, identity, encoded)
      expect(toHex(encoded)).toBe(phy)
    },
  )
})

const bytes = (min: number, max = min) => fc.uint8Array({ minLength: min, maxLength: max })
const frames = fc
  .record({
    up: fc.boolean(),
    confirmed: fc.boolean(),
    devAddr: fc.nat({ max: 0xffffffff }),
    adr: fc.boolean(),
    adrAckRequest: fc.boolean(),
    ack: fc.boolean(),
    pending: fc.boolean(),
    fCnt: fc.nat({ max: 0xffffffff }),
    fOpts: bytes(0, FOPTS_MAX),
    fPort: fc.option(fc.integer({ min: 1, max: 255 }), { nil: undefined }),
    payload: bytes(0, 200),
  })
  .map(
    (frame): DataFrame => ({
      ...frame,
      adrAckRequest: frame.up && frame.adrAckRequest,
      payload: frame.fPort === undefined ? new Uint8Array(0) : frame.payload,
    }),
  )

describe('lora-packet', () => {
  test('accepts and decrypts every data frame; one bit off is refused by both', () => {
    fc.assert(
      fc.property(frames, bytes(16), bytes(16), fc.nat(), (frame, nwkSKey, appSKey, at) => {
        const identity = { up: frame.up, devAddr: frame.devAddr, fCnt: frame.fCnt }
        const phy = encodeData({ ...frame, payload: cryptPayload(hostCrypto, appSKey, identity, frame.payload) })
        sign(hostCrypto, nwkSKey, identity, phy)
        const high = Buffer.alloc(2)
        high.writeUInt16LE(Math.floor(frame.fCnt / 0x10000))
        const packet = lora.fromWire(node(phy))
        expect(lora.verifyMIC(packet, node(nwkSKey), undefined, high)).toBe(true)
        expect(packet.getFPort()).toBe(frame.fPort ?? null)
        if (frame.fPort !== undefined && frame.payload.length > 0) {
          expect(lora.decrypt(packet, node(appSKey), node(nwkSKey), high)).toEqual(node(frame.payload))
        }
        expect({ ...decodeData(phy), payload: undefined }).toEqual({ ...frame, fCnt: frame.fCnt & 0xffff, payload: undefined })
        expect(cryptPayload(hostCrypto, appSKey, identity, decodeData(phy).payload)).toEqual(frame.payload)
        const wrong = flipped(phy, at % (8 * phy.length))
        expect(verifyData(hostCrypto, nwkSKey, identity, wrong)).toBe(false)
      }),
    )
  })

  test('reads every join accept and derives the same keys', () => {
    const accepts = fc.record({
      joinNonce: fc.nat({ max: 0xffffff }),
      netId: fc.nat({ max: 0xffffff }),
      devAddr: fc.nat({ max: 0xffffffff }),
      rx1DrOffset: fc.nat({ max: 7 }),
      rx2DataRate: fc.nat({ max: 15 }),
      rxDelay_s: fc.integer({ min: 1, max: 15 }),
      cfList: fc.option(bytes(16), { nil: undefined }),
    })
    fc.assert(
      fc.property(accepts, bytes(16), fc.nat({ max: 0xffff }), fc.nat(), (accept, appKey, devNonce, at) => {
        const phy = encodeJoinAccept(hostCrypto, appKey, accept)
        expect(decodeJoinAccept(hostCrypto, appKey, phy)).toEqual(accept)
        const packet = lora.fromWire(lora.decryptJoinAccept(lora.fromWire(node(phy)), node(appKey)))
        expect(lora.verifyMIC(packet, undefined, node(appKey))).toBe(true)
        expect(packet.DevAddr?.readUInt32BE()).toBe(accept.devAddr)
        const nonce = Buffer.alloc(2)
        nonce.writeUInt16BE(devNonce)
        const theirs = lora.generateSessionKeys10(node(appKey), packet.NetID as Buffer, packet.AppNonce as Buffer, nonce)
        const ours = sessionKeys(hostCrypto, appKey, accept, devNonce)
        expect([toHex(ours.nwkSKey), toHex(ours.appSKey)]).toEqual([theirs.NwkSKey.toString('hex'), theirs.AppSKey.toString('hex')])
        expect(decodeJoinAccept(hostCrypto, appKey, flipped(phy, 8 + (at % (8 * phy.length - 8))))).toBe(undefined)
      }),
    )
  })
})

describe('foreign bytes', () => {
  test('are decoded or refused with DecodeError', () => {
    fc.assert(
      fc.property(bytes(0, 300), (phy) => {
        for (const decode of [() => decodeData(phy), () => decodeJoinRequest(phy), () => decodeJoinAccept(hostCrypto, APP_KEY, phy)]) {
          try {
            decode()
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError)
          }
        }
      }),
    )
  })

  test('MAC commands in both places are refused', () => {
    const phy = encodeData({ ...decodeData(fromHex(VECTORS.uplinks[0].phy)), fOpts: Uint8Array.of(2), fPort: 0 })
    expect(() => decodeData(phy)).toThrow(DecodeError)
  })
})

test('a counter of 16 bits goes on where the 32 bits are', () => {
  expect(nextFCnt(-1, 0)).toBe(0)
  expect(nextFCnt(-1, 7)).toBe(7)
  expect(nextFCnt(5, 6)).toBe(6)
  // The same number again is the one of the next round of 65,536.
  expect(nextFCnt(5, 5)).toBe(65_541)
  expect(nextFCnt(5, 5, 16_384)).toBe(undefined)
  expect(nextFCnt(0xfffe, 0xffff)).toBe(0xffff)
  expect(nextFCnt(0xffff, 0)).toBe(0x10000)
  expect(nextFCnt(0xffffffff, 0)).toBe(undefined)
})
