import type { FirmwareUpdate } from './update.ts'

export interface FirmwareTrialOptions {
  readonly update: Pick<FirmwareUpdate, 'trial' | 'confirm'>
  /** Good seconds in a row after which the firmware stays. Default 60. */
  readonly healthy_s?: number
  /** Seconds after which a trial that is not over has failed. Default 900. */
  readonly limit_s?: number
  /** Starts the firmware again: the boot loader then brings the one before back. */
  readonly restart: () => void
}

/**
 * Decides about firmware on trial. It stays when the meter was in good health for a while; it goes when that does not happen in time. A
 * reset before the decision (watchdog, power failure) gives it up as well.
 */
export class FirmwareTrial {
  readonly #options: FirmwareTrialOptions
  readonly #healthy_s: number
  readonly #limit_s: number
  #good_s = 0
  #total_s = 0

  constructor(options: FirmwareTrialOptions) {
    this.#options = options
    this.#healthy_s = options.healthy_s ?? 60
    this.#limit_s = options.limit_s ?? 900
  }

  /** Once a second: `good` when metering, storage and clock work as they should. Costs nothing when there is no trial. */
  second(good: boolean): void {
    const { update, restart } = this.#options
    if (!update.trial) return
    this.#total_s++
    this.#good_s = good ? this.#good_s + 1 : 0
    if (this.#good_s >= this.#healthy_s) update.confirm()
    if (update.trial && this.#total_s >= this.#limit_s) restart()
  }
}
