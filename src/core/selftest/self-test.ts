import { MeteringStatus } from '../../lib/metering-sample.ts'
import { LogId, StandardEvent } from '../events/codes.ts'
import { type ErrorRegister, MeterError } from '../events/error-register.ts'
import type { StorageReport } from '../storage/storage.ts'
import type { ClockWatch } from './clock-watch.ts'
import type { ImageDigest } from './image-digest.ts'
import { type Memory, testRam } from './ram-pattern.ts'

const DAY_S = 86_400
/** Seconds after midnight UTC at which the daily test begins: not when profiles and billing have their work. */
const TIME_OF_DAY_S = 3 * 3600 + 7 * 60 + 11
/** Without an answer for so many samples the metering IC counts as gone; one disturbed transfer is none. */
const SILENT_SAMPLES = 3

export interface SelfTestOptions {
  readonly errors: ErrorRegister
  /** `EventLogs.add`. */
  readonly log: (log: number, code: number, utc_s: number, parameter: number) => void
  readonly report: Pick<StorageReport, 'worn' | 'damaged'>
  /** The flash did not take something since the start. */
  readonly storageFailed: () => boolean
  readonly clock: ClockWatch
  /** Absent on a board that cannot read its program memory. */
  readonly image?: ImageDigest
  /** Voltage of the backup battery; absent without one. */
  readonly battery_mV?: () => number
  /** Below this the battery is to be replaced; default 2500 mV (lithium cell of 3 V). */
  readonly batteryLow_mV?: number
  /** Default: a buffer from the heap. */
  readonly allocate?: (length: number) => Memory
}

/**
 * Self-test, at the start and once a day: RAM, program memory, non-volatile memory, metering IC, clock, battery. What fails stands in the error register, which
 * makes the profile entries say so. The program memory takes a second for each 4 KB, so its result comes later than that of the others.
 */
export class SelfTest {
  readonly #options: SelfTestOptions
  #day = -1
  #silent = 0
  #announce = false
  /** Undefined before the first look: what an earlier start left in the error register may be over. */
  #clockGood: boolean | undefined
  /** Time of the last complete run; -1 before the first. */
  lastRun_s = -1

  constructor(options: SelfTestOptions) {
    this.#options = options
  }

  /** All tests at once, but the program memory, which only begins. `updated`: a firmware runs for the first time. Errors: as `ErrorRegister.set`. */
  start(utc_s: number, updated = false): void {
    const { errors, report, allocate, image, battery_mV, batteryLow_mV = 2500 } = this.#options
    this.#day = dayOf(utc_s)
    this.#announce ||= updated
    const faults = testRam(allocate)
    errors.set(MeterError.ram, faults > 0, utc_s, faults)
    // Damage that mounting found is logged by whoever knows whether it is new.
    const { damaged, worn } = report
    if (damaged > 0) errors.set(MeterError.nonVolatileMemory, true, utc_s, damaged, true)
    this.storage(utc_s, worn.length > 0)
    const battery = battery_mV?.()
    if (battery !== undefined) errors.set(MeterError.replaceBattery, battery < batteryLow_mV, utc_s, battery)
    image?.start()
    if (image === undefined) this.complete(utc_s)
  }

  /** Once a second, with the status of the sample: what can fail at any moment, one step of the program memory, and the daily test. */
  second(status: number, utc_s: number): void {
    const { image } = this.#options
    this.metering(status, utc_s)
    this.clock(utc_s)
    this.storage(utc_s, false)
    if (image?.step() === true) this.program(image, utc_s)
    if (dayOf(utc_s) !== this.#day) this.start(utc_s)
  }

  private metering(status: number, utc_s: number): void {
    this.#silent = (status & MeteringStatus.fault) === 0 ? 0 : this.#silent + 1
    // The core logs each fault of the IC, with a hold-off of its own.
    this.#options.errors.set(MeterError.measurementSystem, this.#silent >= SILENT_SAMPLES, utc_s, 0, true)
  }

  private clock(utc_s: number): void {
    const { clock, errors } = this.#options
    const good = clock.good
    // An invalid clock is logged by the core; only a run-away one is news.
    if (good === this.#clockGood) return
    this.#clockGood = good
    errors.set(MeterError.clockInvalid, !good, utc_s, Math.abs(clock.deviation_ms), Math.abs(clock.deviation_ms) < 1000)
  }

  private storage(utc_s: number, worn: boolean): void {
    const failed = worn || this.#options.storageFailed()
    if (failed) this.#options.errors.set(MeterError.nonVolatileMemory, true, utc_s, 0, true)
  }

  private program(image: ImageDigest, utc_s: number): void {
    this.#options.errors.set(MeterError.programMemory, image.good === false, utc_s)
    this.complete(utc_s)
  }

  private complete(utc_s: number): void {
    this.lastRun_s = utc_s
    if (!this.#announce) return
    this.#announce = false
    if (!this.#options.errors.critical) this.#options.log(LogId.standard, StandardEvent.selfCheckPassed, utc_s, 0)
  }
}

function dayOf(utc_s: number): number {
  return Math.floor((utc_s - TIME_OF_DAY_S) / DAY_S)
}
