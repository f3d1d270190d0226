import { createHash, randomFillSync } from 'node:crypto'
import type { Crypto, DigestName, Random } from '../api/crypto.ts'
import type { Bytes } from '../api/io.ts'

const ALGORITHMS: ReadonlyMap<DigestName, string> = new Map([
  ['SHA1', 'sha1'],
  ['SHA256', 'sha256'],
])

/** `node:crypto`. RangeError for a digest it does not know. */
export const hostCrypto: Crypto = Object.freeze({
  digest(name: DigestName, data: Bytes): Bytes {
    const algorithm = ALGORITHMS.get(name)
    if (algorithm === undefined) throw new RangeError(`unknown digest ${name}`)
    return new Uint8Array(createHash(algorithm).update(data).digest())
  },
})

/** The operating system's generator; fit for keys. */
export const hostRandom: Random = (buffer) => {
  randomFillSync(buffer)
}
