import { StandardEvent } from '../core/events/codes.ts'
import { DamageReport } from '../core/storage/damage.ts'
import { Scrubber } from '../core/storage/scrubber.ts'
import type { Storage } from '../core/storage/storage.ts'
import type { Journal } from './journal.ts'

/** Keys of what is known to be damaged: found by mounting, and by the scrubber. */
const DAMAGE_AT_START = 'storage.damage.mount'
const DAMAGE_SCRUBBED = 'storage.damage.scrub'

/** Logs that are looked through for damage after each start. */
const LOGS = [
  'events',
  'powerFailures',
  'profile',
  'daily',
  'monthly',
  'billing',
  'fraud',
  'disconnector',
  'quality',
  'communication',
  'powerQuality',
] as const

/** Looks for damage in the flash, at the start and then block by block, and tells once what it finds. */
export class FlashCheck {
  readonly #journal: Journal
  readonly #damage: DamageReport
  /** Until all blocks were looked at. */
  #scrubber: Scrubber | undefined
  #damaged = 0

  constructor(storage: Storage, journal: Journal) {
    this.#journal = journal
    this.#scrubber = new Scrubber(LOGS.flatMap((name) => storage[name] ?? []))
    this.#damage = new DamageReport(storage.settings, (utc_s, count) => journal.write(StandardEvent.memoryNonVolatileError, utc_s, count))
  }

  /** `damaged`: what mounting found. */
  start(damaged: number, utc_s: number): void {
    this.#journal.keep(() => {
      this.#damage.report(DAMAGE_AT_START, damaged, utc_s)
      this.#damage.settle(DAMAGE_AT_START, damaged)
    })
  }

  /** One block of the logs a second, once after each start. */
  second(now_s: number): void {
    const scrubber = this.#scrubber
    if (scrubber === undefined) return
    this.#damaged += scrubber.step()
    this.#journal.keep(() => {
      this.#damage.report(DAMAGE_SCRUBBED, this.#damaged, now_s)
      if (scrubber.done) this.#damage.settle(DAMAGE_SCRUBBED, this.#damaged)
    })
    if (scrubber.done) this.#scrubber = undefined
  }
}
