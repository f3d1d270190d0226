import { assert } from '../../lib/assert.ts'
import type { Movement } from './movement.ts'

/** What flows through one meter: the sum of its taps, boilers and leaks. */
export class Flow {
  readonly #movement: Movement
  readonly #sources = new Map<string, number>()

  constructor(movement: Movement) {
    this.#movement = movement
  }

  /** Thousandths per hour (ml/h, mW, J/h) of one source; negative is backwards. */
  set(source: string, rate: number): void {
    assert(Number.isSafeInteger(rate), 'a rate is an integer')
    if (rate === 0) this.#sources.delete(source)
    else this.#sources.set(source, rate)
    let sum = 0
    for (const value of this.#sources.values()) sum += value
    this.#movement.rate = sum
  }

  /** Of one source. */
  of(source: string): number {
    return this.#sources.get(source) ?? 0
  }

  /** Sum of all. */
  get rate(): number {
    return this.#movement.rate
  }
}
