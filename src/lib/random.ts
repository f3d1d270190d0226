/**
 * sfc32 (C. Doty-Humphrey, public domain): a seeded generator that gives the same numbers on every engine.
 * For simulation only, never for keys.
 */
export class SeededRandom {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** `stream` separates generators that share a seed. */
  constructor(seed: number, stream = 0) {
    this.#a = seed | 0
    this.#b = stream | 0
    this.#c = 0x9e3779b9 | 0
    for (let i = 0; i < 15; i++) this.uint32()
  }

  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    this.#c |= 0
    return sum >>> 0
  }

  /** Uniform in [0, 1). */
  float(): number {
    return this.uint32() / 4294967296
  }

  /** Uniform integer in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.float() * limit)
  }

  /** Bell-shaped around 0 with standard deviation 1 and no value beyond 6 (sum of twelve uniform numbers; no library function, so the same on every engine). */
  bell(): number {
    let sum = -6
    for (let i = 0; i < 12; i++) sum += this.float()
    return sum
  }

  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.uint32() >>> 24
  }
}
