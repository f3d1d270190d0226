import '../../support/fast-check.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostCrypto } from '../../../hal/host/crypto.ts'
import { StandardEvent } from '../../../src/core/events/codes.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { decoderKey } from '../../../src/meter/prepayment/decoder-key.ts'
import { MeterPrepayment } from '../../../src/meter/prepayment/prepayment.ts'
import { tokenText } from '../../../src/meter/prepayment/texts.ts'
import { openKeys, STS_KEY } from '../../../src/meter/secrets.ts'
import { formatTokenNumber } from '../../../src/protocols/sts/number.ts'
import { createTokenCipher, type EncryptionAlgorithm, encodeToken, type Token } from '../../../src/protocols/sts/token.ts'
import { KEY } from '../../core/security/rig.ts'
import { STS_VECTORS } from '../../protocols/sts/vectors.ts'
import { configOf } from '../provisioning-rig.ts'
import { quietRig } from '../views/rig.ts'

const MANUAL = 2

/** A prepayment meter without a relay. */
function meterWith(key: string | undefined, algorithm: EncryptionAlgorithm = 'EA07') {
  const { core } = quietRig()
  const config = configOf({ prepayment: { enabled: true, attempts: 100 } })
  const keys = openKeys(core.storage, { crypto: hostCrypto, key: KEY })
  if (key !== undefined) keys.set(STS_KEY, fromHex(key))
  const open = () => new MeterPrepayment({ core, config, keys, supply: undefined })
  const make = (token: Token, with_ = key ?? '') => formatTokenNumber(encodeToken(token, createTokenCipher(algorithm, fromHex(with_))))
  return { core, keys, open, make, meter: open() }
}

const credit = (identifier: number): Token => ({ type: 'electricityCredit', fields: { random: 1, identifier, value: 10 } })

describe('tokens of the compliance test at a meter', () => {
  const credits = STS_VECTORS.filter(({ type, algorithm }) => type === 'electricityCredit' && algorithm !== undefined)
  test.each(['EA07', 'EA11'])('%s: credit is added once', (algorithm) => {
    for (const { token, decoderKey: key, fields, amount = 0, ...vector } of credits) {
      if (vector.algorithm !== algorithm) continue
      const { meter } = meterWith(key)
      const report = meter.enter(token, MANUAL)
      expect(report.result, vector.test).toBe('accepted')
      expect(report.credit_Wh, vector.test).toBeGreaterThanOrEqual(1000 * amount)
      expect(meter.account.balance_mWh, vector.test).toBe(1000 * (report.credit_Wh ?? 0))
      expect(meter.enter(token, MANUAL).result, vector.test).toBe('used')
      expect(meter.account.judge(fields.identifier), vector.test).toBe('used')
    }
  })

  test('four tokens change the key of a MISTY1 meter, in any order', () => {
    const sets = STS_VECTORS.filter(({ test: name, algorithm }) => name.includes('CTSA19') && algorithm === 'EA11')
    const steps = [...new Set(sets.map(({ test: name }) => name))]
    expect(steps.length).toBeGreaterThan(2)
    for (const step of steps) {
      const sections = sets.filter(({ test: name, type }) => name === step && type.startsWith('keySection'))
      const after = sets.find(({ test: name, type }) => name === step && type === 'electricityCredit')
      const { meter, keys, core } = meterWith(sections[0].decoderKey)
      const results = sections.reverse().map(({ token }) => meter.enter(token, MANUAL).result)
      expect(results, step).toEqual(['section', 'section', 'section', 'accepted'])
      expect(decoderKey(keys)).toMatchObject({ algorithm: 'EA11', keyType: 2 })
      expect(core.standardLog.newest(1)[0]).toMatchObject({ code: StandardEvent.decoderKeyChanged })
      if (after !== undefined && after.decoderKey !== sections[0].decoderKey)
        expect(meter.enter(after.token, MANUAL).result, step).toBe('accepted')
    }
  })

  test('two tokens change the key of an STA meter to the one that the vending system expects', () => {
    const sections = STS_VECTORS.filter(({ test: name, type }) => name.startsWith('STS 531-1-0-02 CTSA05 step 1') && type.startsWith('key'))
    // Step 1 changes from tariff index 01 to 02, step 2 back again.
    const back = STS_VECTORS.filter(({ test: name, type }) => name.startsWith('STS 531-1-0-02 CTSA05 step 2') && type.startsWith('key'))
    const { meter, keys } = meterWith(sections[0].decoderKey)
    expect(sections.map(({ token }) => meter.enter(token, MANUAL).result)).toEqual(['section', 'accepted'])
    expect(decoderKey(keys)?.tariffIndex).toBe(2)
    expect(keys.use(STS_KEY, (secret) => toHex(secret.subarray(0, 8)))).toBe(back[0].decoderKey)
    expect(back.map(({ token }) => meter.enter(token, MANUAL).result)).toEqual(['section', 'accepted'])
    expect(keys.use(STS_KEY, (secret) => toHex(secret.subarray(0, 8)))).toBe(sections[0].decoderKey)
  })
})

describe('what a meter refuses', () => {
  test('without a key, with another one, and what is no token', () => {
    const nothing = meterWith(undefined)
    expect(nothing.meter.enter(nothing.make(credit(1), '0011223344556677'), MANUAL).result).toBe('no-key')
    const { meter } = meterWith('0011223344556677')
    expect(meter.enter(nothing.make(credit(1), '1011223344556677'), MANUAL).result).toBe('crc')
    expect(meter.enter('12345', MANUAL).result).toBe('format')
    expect(meter.account.balance_mWh).toBe(0)
  })

  test('an expired key, a default key, and a key of a type that no meter has', () => {
    const { meter, keys, make, open } = meterWith('0011223344556677')
    const attributes = { revision: 3, keyType: 2, expiry: 85, tariffIndex: 7, era: 0 }
    const put = (changed: object) => {
      const { revision, keyType, expiry, tariffIndex, era } = { ...attributes, ...changed }
      keys.set(STS_KEY, Uint8Array.of(...fromHex('0011223344556677'), revision, keyType, expiry, tariffIndex, era))
    }
    put({})
    expect(meter.enter(make(credit(0x55ffff)), MANUAL).result).toBe('accepted')
    expect(meter.enter(make(credit(0x560000)), MANUAL).result).toBe('key-expired')
    put({ keyType: 1 })
    expect(meter.enter(make(credit(2)), MANUAL).result).toBe('default-key')
    const section: Token = { type: 'keySection1', fields: { expiryHigh: 15, revision: 1, rollover: 0, threeTokens: 0, keyType: 0, key: 1 } }
    expect(meter.enter(make(section), MANUAL).result).toBe('key-type')
    expect(meter.enter(make({ type: 'keySection3', fields: { groupLow: 1, key: 1 } }), MANUAL).result).toBe('function')
    put({ era: 1 })
    // A start that finds the key of a new era, but not the list of it: a cut between the two.
    expect(open().account.judge(0x55ffff)).toBe('new')
  })

  test('a rollover begins a new list of identifiers', () => {
    const { meter, make } = meterWith('0011223344556677')
    meter.enter(make(credit(5)), MANUAL)
    const first = { expiryHigh: 15, revision: 2, rollover: 1, threeTokens: 0, keyType: 2, key: 0x8899aabb }
    expect(meter.enter(make({ type: 'keySection1', fields: first }), MANUAL).result).toBe('section')
    const second = { expiryLow: 15, tariffIndex: 1, key: 0xccddeeff }
    expect(meter.enter(make({ type: 'keySection2', fields: second }), MANUAL).result).toBe('accepted')
    expect(meter.enter(make(credit(5), '8899aabbccddeeff'), MANUAL)).toMatchObject({ result: 'accepted', credit_Wh: 1000 })
  })

  test('numbers by chance add nothing and break nothing', () => {
    const { meter } = meterWith('00112233445566778899aabbccddeeff', 'EA11')
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 20n - 1n }), (number) => {
        const { result } = meter.enter(String(number).padStart(20, '0'), MANUAL)
        expect(['crc', 'format', 'function', 'locked', 'manufacturer', 'accepted']).toContain(result)
      }),
      { numRuns: 300 },
    )
    expect(meter.account.balance_mWh).toBe(0)
    expect(meter.lockedFor_s).toBeGreaterThan(0)
  })

  test('every result has words', () => {
    const { meter, make } = meterWith('0011223344556677')
    expect(tokenText(meter.enter(make(credit(5)), MANUAL))).toBe('accepted: 1.0 kWh')
    expect(tokenText(meter.enter(make(credit(5)), MANUAL))).toBe('refused: used before')
    expect([...meter.lines()].map(([name, text]) => `${name}: ${text}`)).toEqual([
      'credit: 1.000 kWh',
      'sts key: EA07, revision 1, type 2, tariff index 1',
    ])
  })
})
