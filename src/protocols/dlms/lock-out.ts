/** Guessing a secret must take longer than a meter lives: who is wrong too often has to wait. */

/** Wrong secrets that a client may send before it has to wait. */
const TRIES = 5
const FIRST_LOCK_MS = 60_000
const LONGEST_LOCK_MS = 900_000

export interface LockOutOptions {
  /** Monotonic milliseconds. */
  readonly ticks_ms: () => number
  /** A client is refused from now on, for so long. */
  readonly onLockOut?: ((clientSap: number, duration_ms: number) => void) | undefined
}

interface Tries {
  wrong: number
  /** Of the lock that came last; 0 before the first. */
  lock_ms: number
  /** In ticks. */
  lockedUntil_ms: number
}

/**
 * Counts wrong secrets per client: after five, every secret of that client is refused for a minute, after five more for two, and so on up to a
 * quarter of an hour, until a right one. It remembers only the clients that it was made for, and nothing over a restart.
 */
export class LockOut {
  readonly #options: LockOutOptions
  readonly #clients: readonly number[]
  /** Of clients that sent a wrong secret since the last right one. */
  readonly #tries = new Map<number, Tries>()

  constructor(clientSaps: readonly number[], options: LockOutOptions) {
    this.#options = options
    this.#clients = clientSaps
  }

  /** Whether a client may come in: `check` tells whether its secret is right, and is not asked while the client is refused, nor for an unknown one. */
  admit(clientSap: number, check: () => boolean): boolean {
    if (!this.#clients.includes(clientSap)) return false
    const tries = this.#tries.get(clientSap) ?? { wrong: 0, lock_ms: 0, lockedUntil_ms: Number.NEGATIVE_INFINITY }
    if (this.#options.ticks_ms() < tries.lockedUntil_ms) return false
    if (check()) {
      this.#tries.delete(clientSap)
      return true
    }
    this.#tries.set(clientSap, tries)
    if (++tries.wrong >= TRIES) this.lock(clientSap, tries)
    return false
  }

  private lock(clientSap: number, tries: Tries): void {
    tries.wrong = 0
    tries.lock_ms = tries.lock_ms === 0 ? FIRST_LOCK_MS : Math.min(2 * tries.lock_ms, LONGEST_LOCK_MS)
    tries.lockedUntil_ms = this.#options.ticks_ms() + tries.lock_ms
    this.#options.onLockOut?.(clientSap, tries.lock_ms)
  }
}
