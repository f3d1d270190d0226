import type { ResetReason } from '../../hal/api/watchdog.ts'
import type { MeterClock } from '../core/clock/meter-clock.ts'
import { ProfileStatus, StandardEvent } from '../core/events/codes.ts'
import type { SupplyWatch } from '../core/events/supply.ts'
import type { Storage } from '../core/storage/storage.ts'
import type { TariffEngine } from '../core/tariff/tariff-engine.ts'
import type { Accounts } from './accounts.ts'
import type { Journal } from './journal.ts'
import { lastSign_s } from './last-sign.ts'
import type { RegisterImage } from './register-image.ts'
import type { MeterWatch } from './watch.ts'

/** A firmware that dies again and again is logged once in so long. */
const RESET_HOLD_OFF_S = 900
/** Setting that carries the marks of the running interval over a restart. */
const MARKS_KEY = 'profile.marks'

/** What takes part in a start. */
export interface StartParts {
  readonly storage: Storage
  readonly clock: MeterClock
  readonly journal: Journal
  readonly image: RegisterImage
  readonly tariff: TariffEngine
  readonly accounts: Accounts
  readonly watch: MeterWatch
  readonly supply: SupplyWatch
  /** The rates that were loaded add up to their totals. */
  readonly settled: boolean
  /** Tells what mounting found damaged. */
  readonly checkFlash: (damaged: number, utc_s: number) => void
  /** Marks the running intervals with bits of `ProfileStatus`. */
  readonly mark: (status: number) => void
  readonly countStart: () => void
  /** An invalid clock of this start gets into the log. */
  readonly announceClock: (now_s: number) => void
  /** After a power failure: what ended while there was no supply. */
  readonly recover: (now_s: number) => void
}

/** Takes up what the last life left, and finds out how it ended. Everything must have been loaded. */
export function startMeter(parts: StartParts, now_s: number, reason: ResetReason): void {
  const { storage, clock, journal, image, tariff, accounts, watch, supply, mark } = parts
  image.settled()
  journal.keep(() => journal.logs.start(now_s))
  watch.resume()
  if (!parts.settled || tariff.damaged > 0) {
    mark(ProfileStatus.dataNotValid)
    journal.write(StandardEvent.memoryNonVolatileError, now_s)
  }
  const lastAlive_s = lastSign_s(storage)
  tariff.start(lastAlive_s, lastAlive_s > 0 && reason !== 'power')
  const { damaged } = storage.report
  if (damaged > 0) mark(ProfileStatus.dataNotValid)
  parts.checkFlash(damaged, Math.max(now_s, lastAlive_s))
  if (storage.report.worn.length > 0) journal.fails()
  if (lastAlive_s === 0) {
    accounts.start('first')
    parts.countStart()
    supply.first(now_s)
    parts.announceClock(now_s)
    image.save()
    return
  }
  accounts.start(reason === 'power' ? 'power' : 'reset')
  // A reset in the first seconds after a failure leaves that to be ended.
  if (reason === 'power' || supply.open) {
    mark(ProfileStatus.powerDown)
    supply.start(now_s, lastAlive_s)
  }
  if (reason === 'power' && clock.valid) parts.recover(now_s)
  if (reason === 'power') return
  parts.countStart()
  afterReset(parts, now_s, reason)
}

/** The firmware started again although the supply was there. */
function afterReset(parts: StartParts, now_s: number, reason: ResetReason): void {
  const { storage, journal, watch, supply, mark } = parts
  if (!supply.unsettled) parts.announceClock(now_s)
  if (reason === 'restart') {
    journal.keep(() => takeMarks(storage, mark))
    return
  }
  // What was counted since the last save and was still in memory is gone.
  mark(ProfileStatus.dataNotValid)
  watch.watchdogFired(now_s)
  const [last] = journal.newest(1)
  const again = last?.code === StandardEvent.watchdog && now_s - last.utc_s < RESET_HOLD_OFF_S
  if (!again) journal.write(StandardEvent.watchdog, now_s, reason === 'watchdog' ? 1 : 2)
}

/** Marks of the running interval, which a planned restart handed over. */
function takeMarks({ settings }: Storage, mark: (status: number) => void): void {
  const marks = settings.get(MARKS_KEY)?.[0]
  if (marks === undefined) return
  mark(marks)
  settings.delete(MARKS_KEY)
}

/** Hands the marks of the running interval over to the next start. Errors: as `Settings.set`. */
export function handMarks({ settings }: Storage, marks: number): void {
  if (marks !== 0) settings.set(MARKS_KEY, Uint8Array.of(marks))
}
