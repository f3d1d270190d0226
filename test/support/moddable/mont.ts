/** `mont`, as `modules/crypt/arith/mont.js` behaves: arithmetic modulo a prime. */
export default class Mont {
  readonly #m: bigint

  constructor({ m }: { readonly m: bigint }) {
    this.#m = m
  }

  mul(a: bigint, b: bigint): bigint {
    return (a * b) % this.#m
  }

  /** By Euclid. */
  mulinv(a: bigint): bigint {
    let [r, next, s, nextS] = [this.#m, a % this.#m, 0n, 1n]
    while (next !== 0n) {
      const quotient = r / next
      ;[r, next] = [next, r - quotient * next]
      ;[s, nextS] = [nextS, s - quotient * nextS]
    }
    return ((s % this.#m) + this.#m) % this.#m
  }
}
