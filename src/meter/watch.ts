import type { Hash } from '../../hal/api/crypto.ts'
import type { Device } from '../../hal/api/device.ts'
import type { MeterClock } from '../core/clock/meter-clock.ts'
import { AlarmRegister } from '../core/events/alarm-register.ts'
import { Alarm1 } from '../core/events/alarms-table.ts'
import { LogId } from '../core/events/codes.ts'
import { ErrorRegister, MeterError } from '../core/events/error-register.ts'
import type { LoggedEvent } from '../core/events/group-log.ts'
import { FraudEvent } from '../core/events/log-codes-table.ts'
import type { Instantaneous } from '../core/metrology/instantaneous.ts'
import type { Measured } from '../core/metrology/measured.ts'
import { QUALITY_COUNTERS } from '../core/quality/failure-counters.ts'
import { ENERGY_VALUES, RATE_INDEX, RATE_VALUES } from '../core/registers/energy.ts'
import { ClockWatch } from '../core/selftest/clock-watch.ts'
import { ImageDigest } from '../core/selftest/image-digest.ts'
import { SelfTest } from '../core/selftest/self-test.ts'
import type { Storage } from '../core/storage/storage.ts'
import { TamperMonitor } from '../core/tamper/tamper-monitor.ts'
import { TAMPERS, Tamper, type TamperInput } from '../core/tamper/tampers-table.ts'
import { type MeterConfig, RATING } from './config.ts'
import type { Journal } from './journal.ts'
import type { MeterTime } from './meter-time.ts'
import { type QualityOwner, QualityWatch } from './quality-watch.ts'

/** Where the counters lie in the register image: behind the rates, where an image of an older firmware ends. The order is for ever. */
const QUALITY_INDEX = RATE_INDEX + RATE_VALUES
const TAMPER_INDEX = QUALITY_INDEX + QUALITY_COUNTERS
/** Index of the power failures that were counted since the first firmware. */
const FAILURES = ENERGY_VALUES

export interface MeterWatchOptions {
  readonly device: Device
  readonly clock: MeterClock
  readonly time: MeterTime
  readonly storage: Storage
  readonly config: MeterConfig
  readonly measured: Measured
  /** The register image, loaded. */
  readonly image: Float64Array
  readonly journal: Journal
  readonly owner: QualityOwner
}

/** What watches over the meter: quality of the mains, signs of tampering, self-test, and the registers of alarms and errors that follow. */
export class MeterWatch {
  readonly errors: ErrorRegister
  /** Registers 1 and 2. */
  readonly alarms: readonly [AlarmRegister, AlarmRegister]
  readonly quality: QualityWatch
  readonly tamper: TamperMonitor
  readonly selfTest: SelfTest
  /** Checksum of the running firmware; absent on a board that cannot read its program memory. */
  readonly image: ImageDigest | undefined
  /** The relay is open; absent on a meter without one. */
  relayOpen: (() => boolean) | undefined
  readonly #device: Device
  readonly #clock: MeterClock
  readonly #time: MeterTime
  readonly #journal: Journal
  readonly #clockWatch: ClockWatch
  #sample: Instantaneous | undefined
  /** A meter of another medium measures no mains. */
  readonly #mains: boolean
  #now_s = 0
  #ticks_ms = 0
  #tested = false
  #raised = false

  constructor(options: MeterWatchOptions) {
    const { device, clock, time, storage, config, image, measured, journal, owner } = options
    const log = journal.add
    const { settings } = storage
    const maximum_mA = 1000 * (device.metering.rating ?? RATING).maximum_A
    this.#device = device
    this.#clock = clock
    this.#time = time
    this.#journal = journal
    this.#mains = measured.medium === undefined
    this.errors = new ErrorRegister({ settings, log })
    const alarm = (register: 1 | 2) => {
      const onAlarm = (bits: number) => {
        this.#raised ||= register === 2 || (bits & ~(1 << Alarm1.powerUp)) !== 0
      }
      return new AlarmRegister({ register, settings, log, onAlarm })
    }
    this.alarms = [alarm(1), alarm(2)]
    this.quality = new QualityWatch({
      ...{ clock, storage, config, journal, owner, maximum_mA, phases: measured.phases, failures: image[FAILURES] },
      counters: image.subarray(QUALITY_INDEX, QUALITY_INDEX + QUALITY_COUNTERS),
    })
    this.tamper = new TamperMonitor({
      phases: measured.phases,
      nominal_mV: this.quality.nominal_mV,
      maximum_mA,
      neutralMeasured: device.metering.neutralMeasured === true,
      exports: config.tamper.generation || !measured.direction,
      relayOpen: () => this.relayOpen?.() === true,
      settings,
      counters: image.subarray(TAMPER_INDEX, TAMPER_INDEX + TAMPERS),
      log: (code, utc_s, parameter, value) => log(LogId.fraud, code, utc_s, parameter, value),
    })
    this.image = device.program && new ImageDigest(device.program, (): Hash => device.crypto.hash('SHA256'))
    this.#clockWatch = new ClockWatch(clock)
    this.selfTest = new SelfTest({
      errors: this.errors,
      log,
      report: storage.report,
      storageFailed: () => journal.failed,
      clock: this.#clockWatch,
      ...(this.image && { image: this.image }),
    })
  }

  /** After a start: conditions that last go on. Writes nothing. */
  resume(): void {
    this.quality.resume()
    const fraud = this.#journal.logs.get(LogId.fraud)
    if (fraud !== undefined) this.tamper.resume(fraud, this.#clock.now_s(), this.#clock.ticks_ms())
  }

  /** An event is in flash. Errors: as `Settings.set`. */
  logged({ log, code }: LoggedEvent): void {
    for (const alarm of this.alarms) alarm.event(log, code)
  }

  /** Bits of `ProfileStatus` that every entry gets. */
  get profileStatus(): number {
    return this.errors.profileStatus
  }

  /** Marks the running interval of the power quality profile. */
  mark(status: number): void {
    this.quality.profile?.mark(status)
  }

  /** Once a second. `onReserve`: the supply is gone, and each write costs what is left: only contacts are looked at. */
  second(sample: Instantaneous, now_s: number, onReserve: boolean): void {
    this.at(sample, now_s)
    this.#journal.keep(onReserve ? this.contacts : this.judge, this)
  }

  /** The metering IC says that a voltage changed its state. */
  interrupt(sample: Instantaneous, now_s: number): void {
    this.at(sample, now_s)
    this.#journal.keep(this.observe, this)
  }

  /** A contact changed, or is there for the first time. */
  contact(id: TamperInput, active: boolean): void {
    this.#journal.keep(() => this.tamper.input(id, active, this.#clock.now_s(), this.#clock.ticks_ms()))
  }

  /** A client sent too many wrong secrets. */
  failedLogin(clientSap: number): void {
    this.#journal.keep(() => this.tamper.moment('failedLogin', this.#clock.now_s(), this.#clock.ticks_ms(), clientSap))
  }

  /** The configuration was changed, or a secret. */
  changed(what: 'configuration' | 'secret', parameter = 0): void {
    const code = what === 'configuration' ? FraudEvent.configurationChanged : FraudEvent.secretChanged
    this.#journal.add(LogId.fraud, code, this.#clock.now_s(), parameter)
  }

  /** A sealed parameter, or the calibration, was changed while the seal was open. */
  sealedChanged(number: number): void {
    this.#journal.add(LogId.fraud, FraudEvent.sealedParameterChanged, this.#clock.now_s(), number)
  }

  /** Codes of a calibration are in the IC that are not sealed (yet), or were given up. */
  calibrationTried(begun: boolean): void {
    const code = begun ? FraudEvent.calibrationTrial : FraudEvent.calibrationDiscarded
    this.#journal.add(LogId.fraud, code, this.#clock.now_s())
  }

  /** The sealed parameters are not those of the last change. Told once, until the management resets the tampers. */
  sealedDamaged(number: number): void {
    if ((this.tamper.latched & (1 << Tamper.sealedParameter)) !== 0) return
    this.#journal.keep(() => this.tamper.moment('sealedParameter', this.#clock.now_s(), this.#clock.ticks_ms(), number))
  }

  /** By the management: forgets the tampers that are over. */
  resetTamper(): void {
    this.#journal.keep(() => this.tamper.reset(this.#clock.now_s()))
  }

  /** The firmware was reset by its watchdog or died; that is logged already. */
  watchdogFired(now_s: number): void {
    this.#journal.keep(() => {
      this.errors.set(MeterError.watchdog, true, now_s, 0, true)
      this.errors.set(MeterError.watchdog, false, now_s)
    })
  }

  /** The clock was set: what it said before does not count. */
  clockSet(): void {
    this.#clockWatch.set()
  }

  /** A failure of the whole supply is over. */
  supplyReturned(duration_s: number | undefined): void {
    this.quality.monitor.supplyReturned(duration_s)
  }

  /** Something came up in an alarm register since the last call. The return of the supply has a message of its own. */
  takeAlarm(): boolean {
    const raised = this.#raised
    this.#raised = false
    return raised
  }

  private at(sample: Instantaneous, now_s: number): void {
    this.#sample = sample
    this.#now_s = now_s
    this.#ticks_ms = this.#clock.ticks_ms()
  }

  private contacts(): void {
    this.tamper.contacts(this.#now_s, this.#ticks_ms)
  }

  private observe(): void {
    if (this.#mains) this.quality.observe(this.#sample!, this.#now_s, this.#ticks_ms)
  }

  private judge(): void {
    const sample = this.#sample!
    if (this.#mains) this.quality.second(sample, this.#now_s, this.#ticks_ms)
    this.tamper.second(sample, this.#now_s, this.#ticks_ms)
    if (!this.#tested) {
      // Not while the meter starts: a supply that flickers must not pay for it each time.
      this.#tested = true
      this.selfTest.start(this.#now_s, this.#device.firmware?.trial === true)
    }
    // What the rules move is no fault of the clock.
    if (this.#time.clock.slewing) this.#clockWatch.set()
    this.selfTest.second(sample.status, this.#now_s)
  }
}
