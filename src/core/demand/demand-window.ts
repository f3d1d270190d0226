import type { HeldWindow } from './demand-state.ts'

/** The last sub-intervals of one quantity: their energies in counts, for the total and each rate. Allocates nothing after it was made. */
export class DemandWindow {
  /** Register counts at the start of the running sub-interval. */
  readonly base: Float64Array
  /** Energy of the whole window, as it was when the last sub-interval ended. */
  readonly sums: Float64Array
  readonly #registers: number
  readonly #periods: number
  /** Energies by sub-interval and register, in a ring. */
  readonly #energies: Float64Array
  readonly #statuses: Uint8Array
  /** 1 where a sub-interval may have been longer than it should be. */
  readonly #unbounded: Uint8Array
  /** Place of the sub-interval that ended last. */
  #newest: number

  constructor(registers: number, periods: number) {
    this.#registers = registers
    this.#periods = periods
    this.base = new Float64Array(registers)
    this.sums = new Float64Array(registers)
    this.#energies = new Float64Array(registers * periods)
    this.#statuses = new Uint8Array(periods)
    this.#unbounded = new Uint8Array(periods)
    this.#newest = periods - 1
  }

  /** Takes the count at the end of a sub-interval, for each register before `close`. */
  take(register: number, count: number): void {
    const at = this.#registers * ((this.#newest + 1) % this.#periods) + register
    this.sums[register] += count - this.base[register] - this.#energies[at]
    this.#energies[at] = count - this.base[register]
  }

  /** Ends the sub-interval and returns the status of the window: that of all its sub-intervals. */
  close(status: number, bounded: boolean): number {
    this.#newest = (this.#newest + 1) % this.#periods
    this.#statuses[this.#newest] = status
    this.#unbounded[this.#newest] = bounded ? 0 : 1
    let all = 0
    for (let i = 0; i < this.#periods; i++) all |= this.#statuses[i]
    return all
  }

  /** No sub-interval of the window was longer than it should be. */
  get bounded(): boolean {
    for (let i = 0; i < this.#periods; i++) if (this.#unbounded[i] !== 0) return false
    return true
  }

  /** Counts of the sub-interval that ended last. */
  last(register: number): number {
    return this.#energies[this.#registers * this.#newest + register]
  }

  /** Energy of the window that is running: without its oldest sub-interval, with what came since the last end. */
  running(register: number, count: number): number {
    const oldest = this.#registers * ((this.#newest + 1) % this.#periods) + register
    return this.sums[register] - this.#energies[oldest] + count - this.base[register]
  }

  /** The sub-intervals before the running one are not known: they count as without energy, with this status. */
  forget(status: number): void {
    this.#energies.fill(0)
    this.sums.fill(0)
    this.#unbounded.fill(0)
    // Not where the running one goes: with block demand nothing before it matters.
    for (let i = 0; i < this.#periods; i++) this.#statuses[i] = i === (this.#newest + 1) % this.#periods ? 0 : status
  }

  /** Copies, for an entry in flash. */
  held(start_s: number, period_s: number, status: number): HeldWindow {
    const before = this.#periods - 1
    const energies = new Float64Array(this.#registers * before)
    const statuses = new Uint8Array(before)
    for (let back = 0; back < before; back++) {
      const place = (this.#newest - back + this.#periods) % this.#periods
      statuses[back] = this.#statuses[place]
      for (let register = 0; register < this.#registers; register++) {
        energies[back * this.#registers + register] = this.#energies[place * this.#registers + register]
      }
    }
    return { start_s, period_s, status, base: this.base.slice(), energies, statuses }
  }

  restore(held: HeldWindow): void {
    this.base.set(held.base)
    this.forget(0)
    for (let back = 0; back < this.#periods - 1; back++) {
      const place = (this.#newest - back + this.#periods) % this.#periods
      this.#statuses[place] = held.statuses[back]
      for (let register = 0; register < this.#registers; register++) {
        const energy = held.energies[back * this.#registers + register]
        this.#energies[place * this.#registers + register] = energy
        this.sums[register] += energy
      }
    }
  }
}
