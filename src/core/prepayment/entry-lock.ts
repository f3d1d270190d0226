import { FerrarisError } from '../../lib/errors.ts'
import type { Settings } from '../storage/settings.ts'

const KEY = 'prepayment.wrong'

export interface EntryLockOptions {
  readonly settings: Pick<Settings, 'get' | 'set' | 'delete'>
  readonly ticks_ms: () => number
  /** So many wrong tokens in a row close the entry. */
  readonly attempts: number
  readonly lockOut_s: number
}

/**
 * Refuses all tokens for a while after too many wrong ones: a number of 20 digits holds only 16 bits of proof. The count is kept in flash; whoever
 * switches the supply off and on waits from the beginning.
 */
export class EntryLock {
  readonly #options: EntryLockOptions
  #wrong: number
  #until_ms: number

  constructor(options: EntryLockOptions) {
    this.#options = options
    this.#wrong = options.settings.get(KEY)?.[0] ?? 0
    this.#until_ms = this.#wrong >= options.attempts ? options.ticks_ms() + options.lockOut_s * 1000 : Number.NEGATIVE_INFINITY
  }

  /** How long the entry stays closed; 0 when it is open. */
  get remaining_s(): number {
    return Math.max(0, Math.ceil((this.#until_ms - this.#options.ticks_ms()) / 1000))
  }

  /** A token was wrong. True when the entry closes now. */
  wrong(): boolean {
    const { attempts, ticks_ms, lockOut_s } = this.#options
    // After the wait there is one attempt, then the next wait: only a right token opens all of them again.
    this.#wrong = Math.min(attempts, this.#wrong + 1)
    this.keep(() => this.#options.settings.set(KEY, Uint8Array.of(this.#wrong)))
    if (this.#wrong < attempts) return false
    this.#until_ms = ticks_ms() + lockOut_s * 1000
    return true
  }

  /** A token was right. */
  right(): void {
    if (this.#wrong === 0) return
    this.#wrong = 0
    this.keep(() => this.#options.settings.delete(KEY))
  }

  /** A flash that takes no more leaves the count in memory. */
  private keep(write: () => void): void {
    try {
      write()
    } catch (error) {
      if (!(error instanceof FerrarisError) || !/^(STORAGE|SETTINGS)/.test(error.code)) throw error
    }
  }
}
