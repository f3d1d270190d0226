import type { KeyStore } from '../../core/security/key-store.ts'
import { createTokenCipher, type EncryptionAlgorithm, type TokenCipher } from '../../protocols/sts/token.ts'
import { STS_KEY } from '../secrets.ts'

/** What of a decoder key is no secret (IEC 62055-41, decoder key register). */
export interface KeyAttributes {
  readonly revision: number
  /** 1 default, 2 unique, 3 common. */
  readonly keyType: number
  /** Most significant byte of the last token identifier that the key is good for; 255: for ever. */
  readonly expiry: number
  readonly tariffIndex: number
  /** Counts the changes that make a new list of identifiers begin, modulo 256. */
  readonly era: number
}

/** A key as it is provisioned, without anything else. */
const PROVISIONED: KeyAttributes = Object.freeze({ revision: 1, keyType: 2, expiry: 255, tariffIndex: 1, era: 0 })
const ATTRIBUTES_LENGTH = 5
/** Lengths of the key alone and with its attributes. */
const ALGORITHMS: ReadonlyMap<number, EncryptionAlgorithm> = new Map([
  [8, 'EA07'],
  [8 + ATTRIBUTES_LENGTH, 'EA07'],
  [16, 'EA11'],
  [16 + ATTRIBUTES_LENGTH, 'EA11'],
])

export interface DecoderKey extends KeyAttributes {
  readonly algorithm: EncryptionAlgorithm
}

function attributesOf(secret: Uint8Array, length: number): KeyAttributes {
  if (secret.length === length) return PROVISIONED
  const [revision, keyType, expiry, tariffIndex, era] = secret.subarray(length)
  return { revision, keyType, expiry, tariffIndex, era }
}

/** Lets `action` work with the key; its bytes are gone when it returns. Undefined without a readable key. */
export function useDecoderKey<T>(keys: KeyStore, action: (cipher: TokenCipher, key: DecoderKey) => T): T | undefined {
  return keys.use(STS_KEY, (secret) => {
    const algorithm = ALGORITHMS.get(secret.length)
    if (algorithm === undefined) return undefined
    const length = algorithm === 'EA07' ? 8 : 16
    return action(createTokenCipher(algorithm, secret.subarray(0, length)), { algorithm, ...attributesOf(secret, length) })
  })
}

/** What is known of the key; undefined without a readable one. */
export function decoderKey(keys: KeyStore): DecoderKey | undefined {
  return useDecoderKey(keys, (_cipher, key) => key)
}

/** Stores a key with its attributes in one step. Errors: as `KeyStore.set`. */
export function storeDecoderKey(keys: KeyStore, key: Uint8Array, { revision, keyType, expiry, tariffIndex, era }: KeyAttributes): void {
  const secret = new Uint8Array(key.length + ATTRIBUTES_LENGTH)
  secret.set(key)
  secret.set([revision, keyType, expiry, tariffIndex, era], key.length)
  keys.set(STS_KEY, secret)
  secret.fill(0)
}
