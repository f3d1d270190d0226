import type { Frame } from './frame.ts'

/** Equal frames that are needed before the first value, and before other coefficients are believed. */
const FIRST = 3
const CHANGE = 16

/** The factory constants of one chip never change, so a frame that has others is wrong, whatever its checksum says. */
export class Coefficients {
  /** They were other ones before: another chip, or a wrong start. */
  changes = 0

  readonly #known = new Uint32Array(3)
  readonly #heard = new Uint32Array(3)
  #agreed = 0
  #settled = false

  /** Whether the frame has the chip's coefficients. */
  accept(frame: Frame): boolean {
    if (this.#settled && equal(this.#known, frame)) {
      this.#agreed = 0
      return true
    }
    if (this.#agreed > 0 && equal(this.#heard, frame)) this.#agreed++
    else {
      this.#heard[0] = frame.voltageCoefficient
      this.#heard[1] = frame.currentCoefficient
      this.#heard[2] = frame.powerCoefficient
      this.#agreed = 1
    }
    if (this.#agreed < (this.#settled ? CHANGE : FIRST)) return false
    this.#known.set(this.#heard)
    if (this.#settled) this.changes++
    this.#settled = true
    return true
  }
}

function equal(known: Uint32Array, frame: Frame): boolean {
  return known[0] === frame.voltageCoefficient && known[1] === frame.currentCoefficient && known[2] === frame.powerCoefficient
}
