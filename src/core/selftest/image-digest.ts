import type { Hash } from '../../../hal/api/crypto.ts'

/** Read access to the running image: a board that can read its own program memory hands it over. */
export interface RunningImage {
  /** Bytes of the image. */
  readonly length: number
  /** Fills `buffer` from `offset` on. */
  read(buffer: Uint8Array, offset: number): void
  /** SHA-256 that the image should have, from its signed trailer; undefined where there is none to compare with. */
  readonly expected?: Uint8Array
}

/** Bytes that one step reads: some milliseconds on the chip. */
const PIECE = 4096

/** Checksum of the software that runs, piece by piece: a megabyte at once would hold up the metering. */
export class ImageDigest {
  readonly #image: RunningImage
  readonly #hash: () => Hash
  readonly #buffer = new Uint8Array(PIECE)
  #running: Hash | undefined
  #offset = 0
  #digest: Uint8Array | undefined

  /** `hash` starts a SHA-256. */
  constructor(image: RunningImage, hash: () => Hash) {
    this.#image = image
    this.#hash = hash
  }

  /** SHA-256 of the last complete run; undefined before the first one. */
  get digest(): Uint8Array | undefined {
    return this.#digest
  }

  /** Whether the last complete run gave what it should; undefined before the first one, or with nothing to compare with. */
  get good(): boolean | undefined {
    const { expected } = this.#image
    const digest = this.#digest
    if (expected === undefined || digest === undefined) return undefined
    return digest.length === expected.length && digest.every((byte, i) => byte === expected[i])
  }

  /** Begins a run. */
  start(): void {
    this.#running = this.#hash()
    this.#offset = 0
  }

  /** Reads one piece. True when this was the last one of a run. */
  step(): boolean {
    const hash = this.#running
    if (hash === undefined) return false
    const piece = this.#buffer.subarray(0, Math.min(PIECE, this.#image.length - this.#offset))
    this.#image.read(piece, this.#offset)
    hash.update(piece)
    this.#offset += piece.length
    if (this.#offset < this.#image.length) return false
    this.#digest = hash.digest()
    this.#running = undefined
    return true
  }
}
