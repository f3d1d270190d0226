import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openStorage } from '../../../src/core/storage/storage.ts'
import { ascii } from '../../../src/lib/ascii.ts'
import { flipped } from '../../contract/crypto.ts'
import { freshKeys, KEY, keyStore, lies, OTHER_KEY } from './rig.ts'

const SECRET = ascii('the quick brown secret')
const PLACE = 'secret.dlms.reading'

describe('a device with a key', () => {
  test('stores nothing that can be read in the raw flash', () => {
    const { flash, keys } = freshKeys(KEY)
    expect(keys.set('dlms.reading', SECRET)).toBe(true)
    expect(keys.sealing).toBe(true)
    expect(lies(flash, SECRET)).toBe(false)
    expect(lies(flash, SECRET.subarray(0, 8))).toBe(false)
    expect(lies(flash, KEY.subarray(0, 8))).toBe(false)
    expect(keys.check('dlms.reading', SECRET)).toBe(true)
  })

  test('checks candidates and nothing else', () => {
    const { keys } = freshKeys(KEY)
    keys.set('dlms.reading', SECRET)
    for (let bit = 0; bit < 8 * SECRET.length; bit++) expect(keys.check('dlms.reading', flipped(SECRET, bit))).toBe(false)
    for (const candidate of [new Uint8Array(0), SECRET.subarray(1), Uint8Array.of(...SECRET, 0), Uint8Array.of(...SECRET, ...SECRET)])
      expect(keys.check('dlms.reading', candidate)).toBe(false)
    expect(keys.check('dlms.management', SECRET)).toBe(false)
  })

  test('lends a secret for the time of a call', () => {
    const { keys } = freshKeys(KEY)
    keys.set('dlms.reading', SECRET)
    let kept: Uint8Array | undefined
    const sum = keys.use('dlms.reading', (secret) => {
      kept = secret
      return secret.reduce((total, byte) => total + byte, 0)
    })
    expect(sum).toBe(SECRET.reduce((total, byte) => total + byte, 0))
    expect(kept).toEqual(new Uint8Array(SECRET.length))
    expect(keys.use('nobody', () => 1)).toBeUndefined()
    expect(keys.check('dlms.reading', SECRET)).toBe(true)
  })

  test('goes on after a restart', () => {
    const { flash, keys } = freshKeys(KEY)
    keys.set('dlms.reading', SECRET)
    const again = keyStore(openStorage(flash), KEY)
    expect(again.check('dlms.reading', SECRET)).toBe(true)
    expect(again.names()).toEqual(['dlms.reading'])
    expect(again.state('dlms.reading')).toBe('good')
  })

  test('an entry is good only in its own place', () => {
    const { storage, keys } = freshKeys(KEY)
    keys.set('dlms.reading', SECRET)
    keys.set('dlms.management', ascii('another secret'))
    const moved = storage.settings.get(PLACE) as Uint8Array
    storage.settings.set('secret.dlms.management', moved)
    expect(keys.state('dlms.management')).toBe('unreadable')
    expect(keys.check('dlms.management', SECRET)).toBe(false)
    expect(keys.check('dlms.management', ascii('another secret'))).toBe(false)
  })

  test('one bit more in the flash, wherever, and the secret is unreadable', () => {
    const { storage, keys } = freshKeys(KEY)
    keys.set('dlms.reading', SECRET)
    const stored = storage.settings.get(PLACE) as Uint8Array
    for (let bit = 8; bit < 8 * stored.length; bit++) {
      storage.settings.set(PLACE, flipped(stored, bit))
      expect(keys.state('dlms.reading')).toBe('unreadable')
    }
    for (let length = 1; length < stored.length; length++) {
      storage.settings.set(PLACE, stored.subarray(0, length))
      expect(keys.check('dlms.reading', SECRET)).toBe(false)
    }
    storage.settings.set(PLACE, Uint8Array.of(2, ...stored.subarray(1)))
    expect(keys.state('dlms.reading')).toBe('unreadable')
    storage.settings.set(PLACE, new Uint8Array(0))
    expect(keys.state('dlms.reading')).toBe('unreadable')
  })

  test('the same secret costs nothing, and is never sealed the same way twice', () => {
    const { storage, keys } = freshKeys(KEY)
    const stored = () => Buffer.from(storage.settings.get(PLACE) as Uint8Array).toString('hex')
    keys.set('dlms.reading', SECRET)
    const first = stored()
    expect(keys.set('dlms.reading', SECRET)).toBe(false)
    expect(stored()).toBe(first)
    keys.set('dlms.reading', ascii('something else'))
    expect(keys.set('dlms.reading', SECRET)).toBe(true)
    expect(stored()).not.toBe(first)
  })

  test('nonces differ although the counter begins anew, as after an old image was written back', () => {
    const nonces = new Set<string>()
    for (let i = 0; i < 50; i++) {
      const { storage, keys } = freshKeys(KEY)
      keys.set('dlms.reading', ascii(`secret number ${i}`))
      nonces.add(Buffer.from(storage.settings.get(PLACE) as Uint8Array).toString('hex', 1, 13))
    }
    expect(nonces.size).toBe(50)
  })

  test('another device can do nothing with the flash', () => {
    const { flash, keys } = freshKeys(KEY)
    keys.set('dlms.reading', SECRET)
    for (const key of [OTHER_KEY, KEY.slice(0, 16), undefined]) {
      const moved = keyStore(openStorage(flash), key)
      expect(moved.state('dlms.reading')).toBe('unreadable')
      expect(moved.has('dlms.reading')).toBe(true)
      expect(moved.check('dlms.reading', SECRET)).toBe(false)
      expect(moved.use('dlms.reading', () => 1)).toBeUndefined()
    }
    const moved = keyStore(openStorage(flash), OTHER_KEY)
    moved.set('dlms.reading', ascii('new owner'))
    expect(moved.check('dlms.reading', ascii('new owner'))).toBe(true)
  })

  test('encrypts what lay open', () => {
    const { flash, keys: open } = freshKeys()
    open.set('dlms.reading', SECRET)
    open.set('dlms.management', ascii('management'))
    expect(lies(flash, SECRET)).toBe(true)
    const storage = openStorage(flash)
    storage.settings.set('dlms.lls.secret', ascii('of an earlier firmware'))
    const keys = keyStore(storage, KEY)
    expect(keys.unsealed()).toEqual(['dlms.management', 'dlms.reading'])
    keys.sealAll()
    expect(keys.unsealed()).toEqual([])
    expect((storage.settings.get(PLACE) as Uint8Array)[0]).toBe(1)
    expect(keys.check('dlms.reading', SECRET)).toBe(true)
    expect(keys.adopt('dlms.lls.secret', 'old')).toBe(true)
    expect(keys.adopt('dlms.lls.secret', 'old')).toBe(false)
    expect(keys.check('old', ascii('of an earlier firmware'))).toBe(true)
    expect(storage.settings.get('dlms.lls.secret')).toBeUndefined()
  })

  test('what is stored already is newer than what an earlier firmware left', () => {
    const { storage, keys } = freshKeys(KEY)
    keys.set('dlms.reading', SECRET)
    storage.settings.set('dlms.lls.secret', ascii('older'))
    keys.adopt('dlms.lls.secret', 'dlms.reading')
    expect(keys.check('dlms.reading', SECRET)).toBe(true)
  })
})

test('a device without a key keeps secrets as they are', () => {
  const { storage, keys } = freshKeys()
  keys.set('dlms.reading', SECRET)
  expect(keys.sealing).toBe(false)
  expect(storage.settings.get(PLACE)).toEqual(Uint8Array.of(0, ...SECRET))
  expect(keys.check('dlms.reading', SECRET)).toBe(true)
  keys.delete('dlms.reading')
  expect(keys.state('dlms.reading')).toBe('absent')
  expect(keys.names()).toEqual([])
})

test('names, secrets and keys have bounds', () => {
  const { storage, keys } = freshKeys(KEY)
  for (const name of ['', 'Upper', 'a b', 'ä', 'x'.repeat(25)]) expect(() => keys.has(name)).toThrow(RangeError)
  for (const length of [0, 201]) expect(() => keys.set('a', new Uint8Array(length))).toThrow(RangeError)
  for (const length of [0, 15, 24, 33]) expect(() => keyStore(storage, new Uint8Array(length))).toThrow(RangeError)
  keys.set('x'.repeat(24), new Uint8Array(200).fill(9))
  expect(keys.check('x'.repeat(24), new Uint8Array(200).fill(9))).toBe(true)
})

test('any secret comes back, and nothing else does', () => {
  const secret = fc.uint8Array({ minLength: 1, maxLength: 200 })
  const { keys } = freshKeys(KEY)
  fc.assert(
    fc.property(secret, secret, (value, other) => {
      keys.set('any', value)
      expect(keys.check('any', value)).toBe(true)
      expect(keys.check('any', other)).toBe(Buffer.from(value).equals(other))
    }),
  )
})
