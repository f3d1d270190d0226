/** `ecp`: a point of a curve; zero has no coordinates. */
export default class ECPoint {
  readonly X: bigint
  readonly Y: bigint
  readonly #zero: boolean

  constructor(x: bigint, y: bigint, zero = false) {
    this.X = x
    this.Y = y
    this.#zero = zero
  }

  isZero(): boolean {
    return this.#zero
  }
}
