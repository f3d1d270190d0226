import type { PhaseQuantities } from './codes.ts'

/** The quantities of a reading, in the order of the slots. */
export const QUANTITIES = Object.freeze(['voltage_V', 'current_A', 'active_W', 'reactive_var'] as const)
export type QuantityName = (typeof QUANTITIES)[number]

function slots(channels: number, value: number): Readonly<Record<QuantityName, Float64Array>> {
  const make = () => new Float64Array(channels).fill(value)
  return { voltage_V: make(), current_A: make(), active_W: make(), reactive_var: make() }
}

/** What some samples in a row have in common. */
export interface AveragedReading {
  readonly mean: PhaseQuantities
  /** Greatest minus least. */
  readonly spread: PhaseQuantities
}

/** Averages samples of all phases or channels. */
export class ReadingAverage {
  count = 0
  readonly #channels: number
  readonly #sum: Readonly<Record<QuantityName, Float64Array>>
  readonly #least: Readonly<Record<QuantityName, Float64Array>>
  readonly #most: Readonly<Record<QuantityName, Float64Array>>

  constructor(channels: number) {
    this.#channels = channels
    this.#sum = slots(channels, 0)
    this.#least = slots(channels, Number.POSITIVE_INFINITY)
    this.#most = slots(channels, Number.NEGATIVE_INFINITY)
  }

  add(sample: PhaseQuantities): void {
    this.count++
    for (const name of QUANTITIES) {
      for (let i = 0; i < this.#channels; i++) {
        const value = sample[name][i]
        this.#sum[name][i] += value
        this.#least[name][i] = Math.min(this.#least[name][i], value)
        this.#most[name][i] = Math.max(this.#most[name][i], value)
      }
    }
  }

  /** Of at least one sample. */
  get reading(): AveragedReading {
    const mean = slots(this.#channels, 0)
    const spread = slots(this.#channels, 0)
    for (const name of QUANTITIES) {
      for (let i = 0; i < this.#channels; i++) {
        mean[name][i] = this.#sum[name][i] / this.count
        spread[name][i] = this.#most[name][i] - this.#least[name][i]
      }
    }
    return { mean, spread }
  }
}
