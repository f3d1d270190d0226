import type { ResetReason } from '../../../hal/api/watchdog.ts'
import { FerrarisError } from '../../lib/errors.ts'
import type { GuestClient } from './guest-client.ts'
import type { CallReply, StepResult } from './protocol.ts'

/** World time in one command at most: bounds what a command may cost, and what the world has to live through again when it kills the guest. */
const STEP_MS = 600_000
const FIRST_PAUSE_MS = 1000
const HOUR_MS = 3_600_000
/** New guests within an hour, after which the keeper gives up. */
const RESTARTS_MAX = 5

export interface KeeperOptions {
  readonly start_ms: number
  /** Starts a guest whose world begins at `start_ms`, with the flash pages that came from the one before. */
  readonly start: (start_ms: number, reason: ResetReason | undefined) => Promise<GuestClient>
  /** What a step or a call of the guest told; in order. */
  readonly onEvents: (events: readonly unknown[]) => void
  /** The guest died; the next one starts at `start_ms`. */
  readonly onReset: (reason: ResetReason, cause: string, start_ms: number) => void
}

/** How a guest ended, or undefined when it lives on and `error` is one of its answers. */
function endOf(error: unknown): ResetReason | undefined {
  if (!(error instanceof FerrarisError)) return undefined
  if (error.code === 'XS_OVERRUN') return 'watchdog'
  return error.code === 'XS_EXIT' ? 'fault' : undefined
}

/**
 * Keeps a guest running: one that dies (out of memory, an endless loop, killed) is followed by another one, as a processor that resets. The world dies with
 * it and goes on a moment later with the flash pages that had arrived; peers lose their connections. The pause is world time, 1 s at first and doubling
 * with each death within an hour.
 *
 * Throws what the guest answers; FerrarisError `XS_EXIT` after more than five deaths within an hour of the world. The first guest is not replaced when it
 * dies before its first answer.
 */
export class GuestKeeper {
  /** World time that was reached. */
  now_ms: number
  readonly #options: KeeperOptions
  #guest: GuestClient | undefined
  /** World times of the deaths within the last hour. */
  #deaths_ms: number[] = []
  #start_ms: number
  #reason: ResetReason | undefined
  #closed = false

  private constructor(options: KeeperOptions, guest: GuestClient) {
    this.#options = options
    this.#guest = guest
    this.now_ms = options.start_ms
    this.#start_ms = options.start_ms
  }

  static async create(options: KeeperOptions): Promise<GuestKeeper> {
    return new GuestKeeper(options, await options.start(options.start_ms, undefined))
  }

  /** Lets the world run up to `until_ms`. */
  async run(until_ms: number): Promise<void> {
    // At least one step, for the sockets' sake; a guest may stop early to have its sockets served.
    do {
      if (this.#guest === undefined && this.#start_ms > until_ms) {
        this.now_ms = Math.max(this.now_ms, until_ms)
        return
      }
      const target_ms = Math.min(until_ms, Math.max(this.now_ms, this.#start_ms) + STEP_MS)
      const step = await this.#attempt((guest) => guest.step(target_ms))
      if (step !== undefined) this.#took(step)
    } while (this.now_ms < until_ms)
  }

  /** A step without time: carries the sockets' bytes while the world stands still. False while there is no guest. */
  async exchange(): Promise<boolean> {
    if (this.#guest === undefined) return false
    const step = await this.#attempt((guest) => guest.step(this.now_ms))
    if (step !== undefined) this.#took(step)
    return step !== undefined
  }

  /** Calls the guest if there is one; undefined when there is none, or it died of the call. */
  async tryCall(name: string, argument?: unknown): Promise<CallReply | undefined> {
    if (this.#guest === undefined) return undefined
    return this.#attempt((guest) => guest.call(name, argument))
  }

  /** Calls the guest; ends the pause of a dead one, because somebody wants to know now. */
  async call(name: string, argument?: unknown): Promise<CallReply> {
    for (;;) {
      const reply = await this.#attempt((guest) => guest.call(name, argument))
      if (reply !== undefined) return reply
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    const guest = this.#guest
    this.#guest = undefined
    await guest?.close()
  }

  #took(step: StepResult): void {
    this.now_ms = step.now_ms
    this.#options.onEvents(step.events)
  }

  async #attempt<Result>(command: (guest: GuestClient) => Promise<Result>): Promise<Result | undefined> {
    if (this.#closed) throw new FerrarisError('XS_CLOSED', 'the guest is closed')
    try {
      if (this.#guest === undefined) {
        this.now_ms = Math.max(this.now_ms, this.#start_ms)
        this.#guest = await this.#options.start(this.now_ms, this.#reason)
      }
      return await command(this.#guest)
    } catch (error) {
      const reason = endOf(error)
      if (reason === undefined) throw error
      await this.#bury(reason, error as FerrarisError)
      return undefined
    }
  }

  async #bury(reason: ResetReason, error: FerrarisError): Promise<void> {
    const guest = this.#guest
    this.#guest = undefined
    // Also closes the sockets of its peers.
    await guest?.close()
    const { now_ms } = this
    this.#deaths_ms = this.#deaths_ms.filter((death_ms) => now_ms - death_ms < HOUR_MS)
    const deaths = this.#deaths_ms.push(now_ms)
    if (deaths > RESTARTS_MAX) {
      throw new FerrarisError('XS_EXIT', `${error.message}; given up after ${RESTARTS_MAX} restarts within an hour`, { cause: error })
    }
    this.#reason = reason
    this.#start_ms = now_ms + FIRST_PAUSE_MS * 2 ** (deaths - 1)
    this.#options.onReset(reason, error.message, this.#start_ms)
  }
}
