import { hostCrypto } from '../../../hal/host/crypto.ts'
import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { KeyStore } from '../../../src/core/security/key-store.ts'
import { Counter } from '../../../src/core/storage/counters.ts'
import { openStorage, type Storage } from '../../../src/core/storage/storage.ts'

export const KEY = new Uint8Array(32).map((_, i) => 7 * i + 1)
export const OTHER_KEY = new Uint8Array(32).map((_, i) => 11 * i + 5)

export function blankFlash(blocks = 64, blockLength = 4096): MemoryFlash {
  return new MemoryFlash({ blocks, blockLength, writeAlign: 16 })
}

export function keyStore(storage: Storage, key?: Uint8Array): KeyStore {
  const nextNonce = () => storage.counters.next(Counter.secretNonce)
  return new KeyStore({ settings: storage.settings, crypto: hostCrypto, key, nextNonce })
}

export function freshKeys(key?: Uint8Array): { flash: MemoryFlash; storage: Storage; keys: KeyStore } {
  const flash = blankFlash()
  const storage = openStorage(flash)
  return { flash, storage, keys: keyStore(storage, key) }
}

/** Whether the bytes stand anywhere in the raw flash. */
export function lies(flash: { image(): Uint8Array }, secret: Uint8Array): boolean {
  return Buffer.from(flash.image()).includes(Buffer.from(secret))
}
