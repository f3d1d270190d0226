import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostCrypto } from '../../../hal/host/crypto.ts'
import { multicastFrame } from '../../../src/headend/lorawan/multicast-sender.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { decodeData } from '../../../src/links/lorawan/frame.ts'
import { hideMulticastKey, MulticastGroup, multicastKeyKey, multicastKeys } from '../../../src/links/lorawan/multicast.ts'
import { loraPacket as lora } from '../../support/lora-packet.ts'

const { keys } = JSON.parse(readFileSync(new URL('../../vectors/lorawan/applayer.json', import.meta.url), 'utf8'))
const ADDRESS = 0x01020304

describe('keys', () => {
  test('are those of a public implementation', () => {
    // Both steps of the McKEKey are the same: a block of zeros under the key before.
    const zeros = new Uint8Array(16)
    expect(toHex(hostCrypto.encryptBlocks(fromHex(keys.genAppKey), zeros))).toBe(keys.mcRootKey)
    expect(toHex(hostCrypto.encryptBlocks(fromHex(keys.rootForKek), zeros))).toBe(keys.mcKEKey)
    expect(toHex(multicastKeyKey(hostCrypto, fromHex(keys.genAppKey)))).toBe(
      toHex(hostCrypto.encryptBlocks(fromHex(keys.mcRootKey), zeros)),
    )
    const { appSKey, nwkSKey } = multicastKeys(hostCrypto, fromHex(keys.mcKey), ADDRESS)
    expect(toHex(appSKey)).toBe(keys.mcAppSKey)
    expect(toHex(nwkSKey)).toBe(keys.mcNwkSKey)
  })

  test('a hidden key is shown by encrypting', () => {
    const key = fromHex(keys.mcKey)
    const hiding = fromHex(keys.mcKEKey)
    expect(toHex(hostCrypto.encryptBlocks(hiding, hideMulticastKey(hostCrypto, hiding, key)))).toBe(keys.mcKey)
  })
})

describe('a group', () => {
  const session = multicastKeys(hostCrypto, fromHex(keys.mcKey), ADDRESS)
  const served = (fCnt: number) => ({
    address: ADDRESS,
    keys: session,
    frequency_Hz: 869_525_000,
    modulation: { type: 'lora' as const, spreadingFactor: 12 as const, bandwidth_Hz: 125_000 as const, codingRate: 1 as const },
    fCnt,
  })
  const group = (fCntMin = 5, fCntMax = 100_000) => new MulticastGroup({ id: 1, address: ADDRESS, keys: session, fCntMin, fCntMax })
  const open = (receiver: MulticastGroup, phy: Uint8Array) => receiver.open(hostCrypto, decodeData(phy), phy)

  test('takes each frame once, in order, within its counters', () => {
    const receiver = group()
    const sender = served(4)
    expect(open(receiver, multicastFrame(hostCrypto, sender, 201, Uint8Array.of(1)))).toBeUndefined()
    const first = multicastFrame(hostCrypto, sender, 201, Uint8Array.of(2))
    expect(open(receiver, first)).toEqual(Uint8Array.of(2))
    expect(open(receiver, first)).toBeUndefined()
    // The counter has 32 bits.
    sender.fCnt = 70_000
    expect(open(receiver, multicastFrame(hostCrypto, sender, 201, Uint8Array.of(3)))).toBeUndefined()
    sender.fCnt = 60_000
    expect(open(receiver, multicastFrame(hostCrypto, sender, 201, Uint8Array.of(3)))).toEqual(Uint8Array.of(3))
    sender.fCnt = 70_000
    expect(open(receiver, multicastFrame(hostCrypto, sender, 201, Uint8Array.of(4)))).toEqual(Uint8Array.of(4))
    sender.fCnt = 100_000
    expect(open(receiver, multicastFrame(hostCrypto, sender, 201, Uint8Array.of(5)))).toBeUndefined()
  })

  test('frames are what lora-packet reads: address, counter, MIC, payload', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 32 - 2 }),
        fc.integer({ min: 1, max: 223 }),
        fc.uint8Array({ maxLength: 222 }),
        (fCnt, fPort, payload) => {
          const phy = multicastFrame(hostCrypto, served(fCnt), fPort, payload)
          const packet = lora.fromWire(Buffer.from(phy))
          const high = Buffer.alloc(2)
          high.writeUInt16LE(fCnt >>> 16)
          expect(packet.DevAddr?.toString('hex')).toBe('01020304')
          expect(packet.getMType()).toBe('Unconfirmed Data Down')
          expect(packet.getFPort()).toBe(fPort)
          expect(lora.verifyMIC(packet, Buffer.from(session.nwkSKey), undefined, high)).toBe(true)
          expect(toHex(lora.decrypt(packet, Buffer.from(session.appSKey), undefined, high))).toBe(toHex(payload))
        },
      ),
    )
  })

  test('takes nothing of others, nothing changed, no MAC commands', () => {
    const phy = multicastFrame(hostCrypto, served(6), 201, Uint8Array.of(1, 2, 3))
    for (let bit = 0; bit < 8 * phy.length; bit++) {
      const wrong = phy.slice()
      wrong[bit >> 3] ^= 1 << (bit & 7)
      let taken: Uint8Array | undefined
      try {
        taken = open(group(), wrong)
      } catch {
        taken = undefined
      }
      expect(taken, `bit ${bit}`).toBeUndefined()
    }
    expect(open(group(), multicastFrame(hostCrypto, served(6), 0, Uint8Array.of(6)))).toBeUndefined()
    expect(open(group(), phy)).toEqual(Uint8Array.of(1, 2, 3))
  })
})
