/**
 * Gives pulses to import or export. CF_CNT counts both, STATUS tells the direction of the last pulse, WATT that of the moment. While both agree with
 * the reading before, all pulses between went that way. When the direction changed in between, the last pulse is certain, the others are shared in
 * the ratio of the powers before and after.
 */
export class DirectionSplit {
  forward = 0
  reverse = 0

  #power = 0
  #previousPower = 0
  #reversed = false

  /** `counts`: pulses up to the reading before this one, which `PulseCounter` has just confirmed. */
  add(counts: number, power: number, reversed: boolean): void {
    if (counts > 0) this.share(counts)
    this.#previousPower = this.#power
    this.#power = power
    this.#reversed = reversed
  }

  private share(counts: number): void {
    const before = this.#previousPower
    const after = this.#power
    const changed = before !== 0 && before < 0 !== this.#reversed
    const sum = Math.abs(before) + Math.abs(after)
    const earlier = changed ? Math.min(counts - 1, Math.round((counts * Math.abs(before)) / sum)) : 0
    const later = counts - earlier
    this.forward += this.#reversed ? earlier : later
    this.reverse += this.#reversed ? later : earlier
  }
}
