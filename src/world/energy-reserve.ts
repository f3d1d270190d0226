import type { Scheduler, Task } from './scheduler.ts'

export interface EnergyReserveOptions {
  readonly scheduler: Scheduler
  /** What the full store gives between the end of the supply and the brown-out reset. */
  readonly energy_mJ: number
  /** What the board takes from it all the time. */
  readonly run_mW: number
  /** What the supply charges it with while it is there. */
  readonly charge_mW: number
  /** It is empty: the board has no supply any more. */
  readonly onEmpty: () => void
}

/**
 * The capacitors behind the power supply of a board. While the mains are there they charge; when the mains fail the board lives on them, and everything
 * that costs energy beyond the running processor (programming flash, sending) ends that life earlier.
 */
export class EnergyReserve {
  readonly #options: EnergyReserveOptions
  #stored_mJ: number
  /** Time up to which `#stored_mJ` is right. */
  #at_us: number
  #supplied = true
  #end: Task | undefined

  constructor(options: EnergyReserveOptions) {
    this.#options = options
    this.#stored_mJ = options.energy_mJ
    this.#at_us = options.scheduler.now_us
  }

  /** The board lives on the reserve now. */
  get draining(): boolean {
    return !this.#supplied && this.#end !== undefined
  }

  get stored_mJ(): number {
    this.#settle()
    return this.#stored_mJ
  }

  /** The mains are gone. */
  drain(): void {
    if (!this.#supplied) return
    this.#settle()
    this.#supplied = false
    this.#plan()
  }

  /** The mains are back. */
  charge(): void {
    if (this.#supplied) return
    this.#settle()
    this.#supplied = true
    this.#cancel()
  }

  /**
   * Takes energy at once, for something that takes no time in this world. False when there is not that much: the reserve is empty then, in the middle of
   * it, and whoever asked has to stop there; `onEmpty` follows as a task of its own.
   */
  spend(energy_mJ: number): boolean {
    if (this.#supplied) return true
    this.#settle()
    const enough = energy_mJ < this.#stored_mJ
    this.#stored_mJ = enough ? this.#stored_mJ - energy_mJ : 0
    if (this.#end !== undefined) this.#plan()
    return enough
  }

  #settle(): void {
    const { scheduler, energy_mJ, run_mW, charge_mW } = this.#options
    const elapsed_s = (scheduler.now_us - this.#at_us) / 1e6
    this.#at_us = scheduler.now_us
    this.#stored_mJ += (this.#supplied ? charge_mW : -run_mW) * elapsed_s
    this.#stored_mJ = Math.min(energy_mJ, Math.max(0, this.#stored_mJ))
  }

  #plan(): void {
    const { scheduler, run_mW, onEmpty } = this.#options
    this.#cancel()
    const left_us = Math.ceil((this.#stored_mJ / run_mW) * 1e6)
    this.#end = scheduler.after(left_us, () => {
      this.#end = undefined
      this.#stored_mJ = 0
      onEmpty()
    })
  }

  #cancel(): void {
    if (this.#end !== undefined) this.#options.scheduler.cancel(this.#end)
    this.#end = undefined
  }
}
