import { expect, test } from 'vitest'
import { decoderKey02, decoderKey04 } from '../../../src/headend/sts/decoder-key.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { STS_VECTORS } from '../../protocols/sts/vectors.ts'

test('decoder keys of the compliance test', () => {
  let made = 0
  for (const vector of STS_VECTORS) {
    const { algorithm, decoderKey } = vector
    if (algorithm === undefined) continue
    const vendingKey = fromHex(vector.vendingKey)
    const key = vendingKey.length === 8 ? decoderKey02(vector, vendingKey) : decoderKey04({ ...vector, algorithm }, vendingKey)
    expect(toHex(key), vector.test).toBe(decoderKey)
    made++
  }
  expect(made).toBe(230)
})

test('inputs that are none are named', () => {
  const [vector] = STS_VECTORS
  const key = fromHex(vector.vendingKey)
  expect(() => decoderKey02({ ...vector, pan: '123' }, key)).toThrow(/pan: found "123"/)
  expect(() => decoderKey02({ ...vector, keyType: 4 }, key)).toThrow(/keyType/)
  expect(() => decoderKey02(vector, fromHex('ab'))).toThrow(/8 bytes/)
  expect(() => decoderKey04({ ...vector, algorithm: 'EA11', baseDate: '99' }, new Uint8Array(20))).toThrow(/baseDate/)
})
