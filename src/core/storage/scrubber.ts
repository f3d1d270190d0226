import type { RecordLog } from './record-log.ts'

/**
 * Looks once through all blocks of some logs for records that bit rot took since they were written. Mounting reads little more than block
 * headers, so that it stays short; this is the rest of it, one block per step.
 */
export class Scrubber {
  readonly #logs: readonly RecordLog[]
  #log = 0
  #rank = 0

  constructor(logs: readonly RecordLog[]) {
    this.#logs = logs
  }

  get done(): boolean {
    return this.#log >= this.#logs.length
  }

  /** Checks one block. Returns how many of its records cannot be read. */
  step(): number {
    while (!this.done && this.#rank >= this.#logs[this.#log].ring.used) {
      this.#log++
      this.#rank = 0
    }
    if (this.done) return 0
    const { ring } = this.#logs[this.#log]
    const block = ring.at(this.#rank++)
    let readable = 0
    ring.forEach(block, () => {
      readable++
    })
    return ring.limit(block) - ring.first(block) - readable
  }
}
