import { Address } from './atm90e32-registers.ts'

/** Called with each pulse of CF1 to CF4 and the microsecond of its leading edge. */
export type PulseCallback = (output: 1 | 2 | 3 | 4, time_us: number) => void

/** Energy counts (0.01 CF) in one pulse. */
const COUNTS_PER_PULSE = 100

/** Power LSB 0.00032 W and accumulator period 250 us (Atmel-46103 4.2.2): PL_constant counts of LSB * 250 us are 0.01 CF. */
const PERIOD_US = 250

/** Products stay exact below 2^53; the rest of the accumulator needs less than 2^41. */
const EXACT_LIMIT = 2 ** 52

/** Quantities in the order P, Q, S, fundamental P, harmonic P; four each: sum, A, B, C. */
const QUANTITIES = 20
export const ACTIVE = 0
export const REACTIVE = 4
export const APPARENT = 8
export const FUNDAMENTAL = 12
export const HARMONIC = 16

/** Register that counts forward and reverse energy of a quantity. Apparent energy has no direction. */
const FORWARD = Uint8Array.of(
  ...[0x80, 0x81, 0x82, 0x83, 0x88, 0x89, 0x8a, 0x8b, 0x90, 0x91, 0x92, 0x93],
  ...[0xa0, 0xa1, 0xa2, 0xa3, 0xa8, 0xa9, 0xaa, 0xab],
)
const REVERSE = Uint8Array.of(
  ...[0x84, 0x85, 0x86, 0x87, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x91, 0x92, 0x93],
  ...[0xa4, 0xa5, 0xa6, 0xa7, 0xac, 0xad, 0xae, 0xaf],
)

/**
 * The accumulators of the ATM90E32: integrates constant powers over time into the clear-on-read energy registers.
 * Exact: the remainder below one count is kept in (power LSB) x microseconds, so the sum over any split of an interval is the same.
 */
export class EnergyAccumulators {
  /** Powers that count, in LSBs of 0.00032, integers. Written by the measurement; call `powersChanged` afterwards. */
  readonly power = new Float64Array(QUANTITIES)
  /** All counts ever added to the energy registers, indexed by address - 0x80. A view for tests and faults, not of the chip. */
  readonly generated = new Float64Array(Address.lastEnergy - Address.APenergyT + 1)
  /** CF1RevFlag (bit 3) to CF4RevFlag (bit 0). */
  reverseFlags = 0
  /** True: CF2 follows reactive energy, false: apparent. */
  cf2Reactive = true
  time_us = 0

  readonly #registers: Uint16Array
  readonly #accumulator = new Float64Array(QUANTITIES)
  readonly #pulseCounts = new Float64Array(4)
  readonly #saturate: boolean
  readonly #pulse: PulseCallback | undefined
  #unit = 0
  #longestStep_us = 1

  constructor(registers: Uint16Array, saturate: boolean, pulse: PulseCallback | undefined) {
    this.#registers = registers
    this.#saturate = saturate
    this.#pulse = pulse
  }

  /** Takes new powers and PL_constant into account. With a PL_constant of 0 nothing is counted. */
  powersChanged(plConstant: number): void {
    this.#unit = plConstant * PERIOD_US
    if (plConstant === 0) this.power.fill(0)
    let greatest = 1
    for (let i = 0; i < QUANTITIES; i++) greatest = Math.max(greatest, Math.abs(this.power[i]))
    this.#longestStep_us = Math.floor(EXACT_LIMIT / greatest)
  }

  /** Integrates the present powers up to `to_us`. */
  integrate(to_us: number): void {
    while (this.time_us < to_us) {
      const step_us = Math.min(to_us - this.time_us, this.#longestStep_us)
      this.#step(step_us)
      this.time_us += step_us
    }
  }

  /** Forgets remainders and pulse fractions, as a reset does. */
  reset(): void {
    this.#accumulator.fill(0)
    this.#pulseCounts.fill(0)
    this.power.fill(0)
    this.reverseFlags = 0
  }

  #step(step_us: number): void {
    const { power } = this
    const accumulator = this.#accumulator
    const unit = this.#unit
    for (let i = 0; i < QUANTITIES; i++) {
      const p = power[i]
      if (p === 0) continue
      const sum = accumulator[i] + p * step_us
      if (sum < unit && sum > -unit) accumulator[i] = sum
      else this.#count(i, sum)
    }
  }

  /** Moves whole counts from an accumulator to its register; forward and reverse have cancelled inside one count by then. */
  #count(quantity: number, sum: number): void {
    const reverse = sum < 0
    const magnitude = reverse ? -sum : sum
    const counts = Math.floor(magnitude / this.#unit)
    const rest = magnitude - counts * this.#unit
    if ((quantity & 3) === 0) this.#pulses(quantity, counts, reverse)
    this.#accumulator[quantity] = reverse ? -rest : rest
    const address = reverse ? REVERSE[quantity] : FORWARD[quantity]
    const total = this.#registers[address] + counts
    this.#registers[address] = this.#saturate && total > 0xffff ? 0xffff : total
    this.generated[address - Address.APenergyT] += counts
  }

  #pulses(quantity: number, counts: number, reverse: boolean): void {
    const output = this.#outputOf(quantity)
    if (output < 0) return
    const before = this.#pulseCounts[output]
    const total = before + counts
    this.#pulseCounts[output] = total % COUNTS_PER_PULSE
    if (total < COUNTS_PER_PULSE) return
    const flag = 8 >> output
    this.reverseFlags = reverse ? this.reverseFlags | flag : this.reverseFlags & ~flag
    if (this.#pulse) this.#report(output, quantity, COUNTS_PER_PULSE - before, counts)
  }

  /** Power is constant in the step, so the moment of each pulse follows from the accumulator at its start. */
  #report(output: number, quantity: number, first: number, counts: number): void {
    const power = this.power[quantity]
    const slope = Math.abs(power)
    const start = power < 0 ? -this.#accumulator[quantity] : this.#accumulator[quantity]
    for (let count = first; count <= counts; count += COUNTS_PER_PULSE) {
      const delay_us = Math.ceil((count * this.#unit - start) / slope)
      this.#pulse?.((output + 1) as 1 | 2 | 3 | 4, this.time_us + Math.max(0, delay_us))
    }
  }

  /** CF1 active, CF2 reactive or apparent (MMode0 CF2varh), CF3 fundamental, CF4 harmonic. */
  #outputOf(quantity: number): number {
    if (quantity === ACTIVE) return 0
    if (quantity === FUNDAMENTAL) return 2
    if (quantity === HARMONIC) return 3
    return quantity === (this.cf2Reactive ? REACTIVE : APPARENT) ? 1 : -1
  }
}
