import type { HeldWindow } from './demand-state.ts'

/** Rows of `#counts` before the energies of the sub-intervals. */
const ENERGIES = 2

/** The last sub-intervals of one quantity: their energies in counts, for the total and each rate. Allocates nothing after it was made. */
export class DemandWindow {
  readonly #registers: number
  readonly #periods: number
  /**
   * By register: counts at the start of the running sub-interval (base), energy of the whole window as it was when the last sub-interval ended (sums),
   * then the energies of each sub-interval, which are a ring.
   */
  readonly #counts: Float64Array
  /** By sub-interval: status, then 1 where it may have been longer than it should be. */
  readonly #states: Uint8Array
  /** Place of the sub-interval that ended last. */
  #newest: number

  constructor(registers: number, periods: number) {
    this.#registers = registers
    this.#periods = periods
    this.#counts = new Float64Array(registers * (ENERGIES + periods))
    this.#states = new Uint8Array(2 * periods)
    this.#newest = periods - 1
  }

  /** Count of a register at the start of the running sub-interval. */
  base(register: number): number {
    return this.#counts[register]
  }

  /** A sub-interval begins with this count. */
  begin(register: number, count: number): void {
    this.#counts[register] = count
  }

  /** Energy of the whole window, as it was when the last sub-interval ended. */
  sum(register: number): number {
    return this.#counts[this.#registers + register]
  }

  /** Takes the count at the end of a sub-interval, for each register before `close`. */
  take(register: number, count: number): void {
    const counts = this.#counts
    const at = this.place(this.next, register)
    const energy = count - counts[register]
    counts[this.#registers + register] += energy - counts[at]
    counts[at] = energy
  }

  /** Ends the sub-interval and returns the status of the window: that of all its sub-intervals. */
  close(status: number, bounded: boolean): number {
    this.#newest = this.next
    this.#states[this.#newest] = status
    this.#states[this.#periods + this.#newest] = bounded ? 0 : 1
    let all = 0
    for (let i = 0; i < this.#periods; i++) all |= this.#states[i]
    return all
  }

  /** No sub-interval of the window was longer than it should be. */
  get bounded(): boolean {
    for (let i = this.#periods; i < this.#states.length; i++) if (this.#states[i] !== 0) return false
    return true
  }

  /** Counts of the sub-interval that ended last. */
  last(register: number): number {
    return this.#counts[this.place(this.#newest, register)]
  }

  /** Energy of the window that is running: without its oldest sub-interval, with what came since the last end. */
  running(register: number, count: number): number {
    return this.sum(register) - this.#counts[this.place(this.next, register)] + count - this.base(register)
  }

  /** The sub-intervals before the running one are not known: they count as without energy, with this status. */
  forget(status: number): void {
    this.#counts.fill(0, this.#registers)
    this.#states.fill(0)
    // Not where the running one goes: with block demand nothing before it matters.
    for (let i = 0; i < this.#periods; i++) if (i !== this.next) this.#states[i] = status
  }

  /** Copies, for an entry in flash. */
  held(start_s: number, period_s: number, status: number): HeldWindow {
    const registers = this.#registers
    const before = this.#periods - 1
    const energies = new Float64Array(registers * before)
    const statuses = new Uint8Array(before)
    for (let back = 0; back < before; back++) {
      const interval = this.back(back)
      statuses[back] = this.#states[interval]
      for (let register = 0; register < registers; register++) {
        energies[back * registers + register] = this.#counts[this.place(interval, register)]
      }
    }
    return { start_s, period_s, status, base: this.#counts.slice(0, registers), energies, statuses }
  }

  restore(held: HeldWindow): void {
    const registers = this.#registers
    this.#counts.set(held.base)
    this.forget(0)
    for (let back = 0; back < this.#periods - 1; back++) {
      const interval = this.back(back)
      this.#states[interval] = held.statuses[back]
      for (let register = 0; register < registers; register++) {
        const energy = held.energies[back * registers + register]
        this.#counts[this.place(interval, register)] = energy
        this.#counts[registers + register] += energy
      }
    }
  }

  /** Sub-interval after the newest, in the ring: the running one. */
  private get next(): number {
    return (this.#newest + 1) % this.#periods
  }

  /** Sub-interval that ended so many before the newest. */
  private back(count: number): number {
    return (this.#newest - count + this.#periods) % this.#periods
  }

  private place(interval: number, register: number): number {
    return this.#registers * (ENERGIES + interval) + register
  }
}
