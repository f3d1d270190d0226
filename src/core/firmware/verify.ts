import type { Crypto, Hash } from '../../../hal/api/crypto.ts'
import type { FirmwareVersion } from '../../../hal/api/firmware.ts'
import { assert } from '../../lib/assert.ts'
import { DecodeError } from '../../lib/bytes.ts'
import { compareVersions, formatVersion, type ImageInfo, type ImageSource, readImage } from './image.ts'
import { POINT_LENGTH, subjectPublicKeyInfo } from './signature.ts'

/** Read and hashed in one go; the buffer lives as long as the verification. */
const CHUNK = 1024

/** Why an image is refused, in the order of the checks. */
export type Refusal = 'no-key' | 'malformed' | 'wrong-product' | 'wrong-key' | 'hash' | 'signature' | 'downgrade'

/** What the meter takes. */
export interface ImagePolicy {
  readonly crypto: Crypto
  /** SEC 1 uncompressed, 65 bytes; undefined when none was provisioned. */
  readonly publicKey: Uint8Array | undefined
  /** The product TLV of the image must be this; undefined: it must have none. */
  readonly model: string | undefined
  /** The image may be the same version, not an older one. */
  readonly running: FirmwareVersion
  /** The image's counter must not be below; an image without counts as 0. */
  readonly securityCounter: number
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/**
 * Checks an image in slices: first header and TLVs, then the hash piece by piece, at the end signature and version. The version comes last
 * so that a refusal as downgrade is said only of an image that is genuine.
 */
export class ImageVerifier {
  readonly #source: ImageSource
  readonly #policy: ImagePolicy
  readonly #buffer = new Uint8Array(CHUNK)
  #hash: Hash | undefined
  #done = 0
  /** What the image says of itself, as soon as it could be read. */
  info: ImageInfo | undefined = undefined
  refusal: Refusal | undefined = undefined
  /** The refusal in words. */
  detail = ''

  constructor(source: ImageSource, policy: ImagePolicy) {
    this.#source = source
    this.#policy = policy
  }

  /** Goes on for at most `limit_bytes` bytes of hashing. True when the verification is over: `refusal` is its result. */
  step(limit_bytes: number): boolean {
    if (this.refusal !== undefined) return true
    if (this.info === undefined && !this.begin()) return true
    const { info } = this
    assert(info !== undefined && this.#hash !== undefined, 'verification has begun')
    const end = Math.min(info.hashedLength, this.#done + limit_bytes)
    while (this.#done < end) {
      const length = Math.min(CHUNK, end - this.#done)
      const piece = length === CHUNK ? this.#buffer : this.#buffer.subarray(0, length)
      this.#source.read(piece, this.#done)
      this.#hash.update(piece)
      this.#done += length
    }
    if (this.#done < info.hashedLength) return false
    this.conclude(info, this.#hash.digest())
    return true
  }

  private refuse(refusal: Refusal, detail: string): false {
    this.refusal = refusal
    this.detail = detail
    return false
  }

  private begin(): boolean {
    const { crypto, publicKey, model } = this.#policy
    if (publicKey === undefined || publicKey.length !== POINT_LENGTH) return this.refuse('no-key', 'no key for firmware was provisioned')
    try {
      this.info = readImage(this.#source)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      return this.refuse('malformed', error.message)
    }
    const { model: found, keyHash } = this.info
    if (found !== model) return this.refuse('wrong-product', `image for ${found ?? 'no product'}, this is ${model ?? 'none'}`)
    if (!equal(keyHash, crypto.digest('SHA256', subjectPublicKeyInfo(publicKey)))) {
      return this.refuse('wrong-key', 'signed with another key')
    }
    this.#hash = crypto.hash('SHA256')
    return true
  }

  private conclude({ digest, rawSignature, version, securityCounter = 0 }: ImageInfo, computed: Uint8Array): boolean {
    const { crypto, publicKey, running, securityCounter: lowest } = this.#policy
    assert(publicKey !== undefined, 'the key was checked first')
    if (!equal(digest, computed)) return this.refuse('hash', 'the content does not have the hash that it should')
    if (!crypto.verify(publicKey, computed, rawSignature)) return this.refuse('signature', 'the signature is wrong')
    if (compareVersions(version, running) < 0) {
      return this.refuse('downgrade', `version ${formatVersion(version)} is older than ${formatVersion(running)}`)
    }
    if (securityCounter < lowest) return this.refuse('downgrade', `security counter ${securityCounter} is below ${lowest}`)
    return true
  }
}
