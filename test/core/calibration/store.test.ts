import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostCrypto } from '../../../hal/host/crypto.ts'
import { NEUTRAL_CODES } from '../../../src/core/calibration/atm90e32.ts'
import {
  type CalibratedIC,
  CODE_RANGES,
  type PhaseCodes,
  type ThreePhaseCodes,
  type TwoChannelCodes,
} from '../../../src/core/calibration/codes.ts'
import { type CalibrationRecord, decodeCalibration, encodeCalibration, recordLengthOf } from '../../../src/core/calibration/record.ts'
import { SecretBox } from '../../../src/core/security/secret-box.ts'
import { DecodeError } from '../../../src/lib/bytes.ts'
import { crc32 } from '../../../src/lib/crc.ts'
import { CALIBRATION_KEY, SEALED_HEADER, storeOn } from './sealed-rig.ts'

const CODES: PhaseCodes = Object.freeze({ ...NEUTRAL_CODES, voltageGain: 33_432, activeOffset: -493, powerGain: 4, phaseDelay: -19 })
const PHASES: ThreePhaseCodes = [CODES, NEUTRAL_CODES, { ...CODES, currentOffset: -976 }]
const RECORD: CalibrationRecord = { ic: 'ATM90E32', utc_s: 1_166_284_800, change: 3, phases: PHASES }

const codesOf = (ic: CalibratedIC) =>
  fc.record(
    Object.fromEntries(Object.entries(CODE_RANGES[ic]).map(([name, [min, max]]) => [name, fc.integer({ min, max })])),
  ) as unknown as fc.Arbitrary<PhaseCodes>

describe('the record', () => {
  test.each([
    ['ATM90E32', 3, 116],
    ['ADE7953', 2, 84],
  ] as const)('%s: any codes come back as they were', (ic, count, length) => {
    const phases = fc.array(codesOf(ic), { minLength: count, maxLength: count })
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 2 ** 40 }), phases, (change, utc_s, made) => {
        const record = { ic, change, utc_s, phases: made as unknown as ThreePhaseCodes } as const
        const bytes = encodeCalibration(record)
        expect([bytes.length, recordLengthOf(ic)]).toEqual([length, length])
        expect(decodeCalibration(bytes)).toEqual(record)
      }),
    )
  })

  test('any bit turned, any length: refused', () => {
    const bytes = encodeCalibration(RECORD)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const turned = bytes.slice()
      turned[bit >> 3] ^= 1 << (bit & 7)
      expect(() => decodeCalibration(turned), `bit ${bit}`).toThrow(DecodeError)
    }
    for (let length = 0; length < bytes.length; length++) expect(() => decodeCalibration(bytes.subarray(0, length))).toThrow(DecodeError)
    expect(() => decodeCalibration(Uint8Array.of(...bytes, 0))).toThrow(DecodeError)
  })

  test.each([
    ['another version', 0, 2],
    ['another IC', 1, 9],
    ['another count of phases', 14, 1],
    ['a gain of 0', 19, 0],
  ])('%s with a right CRC: refused', (_, at, value) => {
    const bytes = encodeCalibration({ ...RECORD, phases: [{ ...CODES, voltageGain: 1 }, CODES, CODES] })
    bytes[at] = value
    new DataView(bytes.buffer).setUint32(bytes.length - 4, crc32(bytes, 0, bytes.length - 4))
    expect(() => decodeCalibration(bytes)).toThrow(DecodeError)
  })

  test('a code that its register cannot hold is not encoded', () => {
    const phases: ThreePhaseCodes = [{ ...CODES, phaseDelay: 256 }, CODES, CODES]
    expect(() => encodeCalibration({ ...RECORD, phases })).toThrow(expect.objectContaining({ code: 'CALIBRATION' }))
  })
})

function stored(device = 1, flash = new Map<string, Uint8Array>()) {
  const seal = { open: true }
  let nonce = 0
  const box = new SecretBox({ crypto: hostCrypto, key: new Uint8Array(32).fill(device), nextNonce: () => nonce++ })
  const sealOpen = () => seal.open
  const plain = storeOn(flash, { sealOpen })
  const boxed = storeOn(flash, { sealOpen, box })
  return { flash, seal, changes: { plain: plain.changes, boxed: boxed.changes }, plain: plain.store, boxed: boxed.store }
}

describe('the store', () => {
  test('a record of another IC is not used', () => {
    const { boxed } = stored()
    const channel: PhaseCodes = { ...NEUTRAL_CODES, voltageGain: 0x400000, currentGain: 0x3f0000, powerGain: 0x410000, phaseDelay: -300 }
    const phases: TwoChannelCodes = [channel, channel]
    const record = boxed.save('ADE7953', phases, 5)
    expect(boxed.load('ADE7953')).toEqual({ state: 'good', record })
    expect(boxed.load('ATM90E32')).toMatchObject({ state: 'damaged' })
  })

  test.each(['plain', 'boxed'] as const)('%s: absent, then good, counted and told', (kind) => {
    const it = stored()
    const store = it[kind]
    expect(store.load('ATM90E32')).toEqual({ state: 'absent' })
    const record = store.save('ATM90E32', PHASES, 1000)
    expect(record).toEqual({ ic: 'ATM90E32', utc_s: 1000, change: 1, phases: PHASES })
    expect(store.load('ATM90E32')).toEqual({ state: 'good', record })
    expect(store.save('ATM90E32', PHASES, 2000).change).toBe(2)
    expect(it.changes[kind]).toEqual([1, 2])
  })

  test('with the seal closed nothing is written', () => {
    const { flash, seal, boxed, changes } = stored()
    seal.open = false
    expect(() => boxed.save('ATM90E32', PHASES, 1000)).toThrow(expect.objectContaining({ code: 'SEAL' }))
    expect(flash.size).toBe(0)
    seal.open = true
    boxed.save('ATM90E32', PHASES, 1000)
    const before = new Map(flash)
    seal.open = false
    expect(() => boxed.save('ATM90E32', [CODES, CODES, CODES], 2000)).toThrow(expect.objectContaining({ code: 'SEAL' }))
    expect(flash).toEqual(before)
    expect(changes.boxed).toEqual([1])
  })

  test('a code out of range is refused before anything is written or counted', () => {
    const { flash, boxed } = stored()
    const phases: ThreePhaseCodes = [CODES, CODES, { ...CODES, currentGain: 0 }]
    expect(() => boxed.save('ATM90E32', phases, 0)).toThrow(expect.objectContaining({ code: 'CALIBRATION' }))
    expect(flash.size).toBe(0)
  })

  test.each(['plain', 'boxed'] as const)('%s: a damaged record is refused and says so; the count goes on', (kind) => {
    const { flash, [kind]: store } = stored()
    store.save('ATM90E32', PHASES, 1000)
    const sound = flash.get(CALIBRATION_KEY) as Uint8Array
    for (let bit = SEALED_HEADER * 8; bit < sound.length * 8; bit += 7) {
      const turned = sound.slice()
      turned[bit >> 3] ^= 1 << (bit & 7)
      flash.set(CALIBRATION_KEY, turned)
      expect(store.load('ATM90E32').state, `bit ${bit}`).toBe('damaged')
    }
    expect(store.save('ATM90E32', PHASES, 2000).change).toBe(2)
    flash.delete(CALIBRATION_KEY)
    expect(store.load('ATM90E32')).toEqual({ state: 'damaged', reason: 'the calibration of this meter is gone' })
  })

  test('a record of another meter, and one that was made outside, are refused', () => {
    const { flash, plain, boxed } = stored(1)
    boxed.save('ATM90E32', PHASES, 1000)
    expect(stored(2, flash).boxed.load('ATM90E32').state).toBe('damaged')
    plain.save('ATM90E32', PHASES, 1000)
    expect(boxed.load('ATM90E32').state).toBe('damaged')
    const plainly = flash.get(CALIBRATION_KEY) as Uint8Array
    flash.set(CALIBRATION_KEY, Uint8Array.of(...plainly.subarray(0, SEALED_HEADER), 0, ...plainly.subarray(SEALED_HEADER)))
    expect(boxed.load('ATM90E32').state).toBe('damaged')
  })

  test('an older record of the same meter that is put back is refused', () => {
    const { flash, boxed } = stored()
    boxed.save('ATM90E32', PHASES, 1000)
    const older = flash.get(CALIBRATION_KEY) as Uint8Array
    boxed.save('ATM90E32', [CODES, CODES, CODES], 2000)
    flash.set(CALIBRATION_KEY, older)
    expect(boxed.load('ATM90E32')).toEqual({ state: 'damaged', reason: 'the calibration is an older one of this meter' })
    expect(boxed.save('ATM90E32', PHASES, 3000).change).toBe(3)
  })

  test('power is lost between the record and its count: the record counts, and no number comes twice', () => {
    const { flash, boxed } = stored()
    boxed.save('ATM90E32', PHASES, 1000)
    flash.delete('metrology.changes')
    expect(boxed.load('ATM90E32')).toMatchObject({ state: 'good', record: { change: 1 } })
    expect(boxed.save('ATM90E32', PHASES, 2000).change).toBe(2)
  })
})
