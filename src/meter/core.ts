import type { Device } from '../../hal/api/device.ts'
import type { ResetReason } from '../../hal/api/watchdog.ts'
import type { ClockAdjustment } from '../core/clock/clock-discipline.ts'
import { MeterClock, TIME_MAX_MS } from '../core/clock/meter-clock.ts'
import { LogId, ProfileStatus, StandardEvent } from '../core/events/codes.ts'
import { EventLog, type EventRecord } from '../core/events/event-log.ts'
import { EventLogs } from '../core/events/event-logs.ts'
import type { GroupLog, LoggedEvent } from '../core/events/group-log.ts'
import { SupplyWatch } from '../core/events/supply.ts'
import { Instantaneous } from '../core/metrology/instantaneous.ts'
import { EVERYTHING, type Measured } from '../core/metrology/measured.ts'
import { advancedPosition, PULSE_POSITION, PULSE_POSITIONS } from '../core/metrology/pulse-position.ts'
import type { MeteringSource } from '../core/metrology/source.ts'
import { allLost, allSagging } from '../core/metrology/voltages.ts'
import { type LoadProfile, loadProfileOf } from '../core/profile/load-profile.ts'
import { ENERGY_VALUES, EnergyRegisters, Quantity, RATE_INDEX, RATE_VALUES } from '../core/registers/energy.ts'
import { type Readings, type RegisterEntry, registerTable } from '../core/registers/table.ts'
import { Counter } from '../core/storage/counters.ts'
import { DamageReport } from '../core/storage/damage.ts'
import type { RecordLog } from '../core/storage/record-log.ts'
import { Scrubber } from '../core/storage/scrubber.ts'
import { openStorage, type Storage } from '../core/storage/storage.ts'
import type { ActivityCalendar, SpecialDay } from '../core/tariff/activity-calendar.ts'
import { tariffOf } from '../core/tariff/tariff-config.ts'
import { TariffEngine } from '../core/tariff/tariff-engine.ts'
import { offset_min } from '../lib/calendar.ts'
import { FerrarisError } from '../lib/errors.ts'
import { MeteringStatus } from '../lib/metering-sample.ts'
import { Accounts } from './accounts.ts'
import type { MeterConfig } from './config.ts'
import { MeterTime } from './meter-time.ts'
import { MeterWatch } from './watch.ts'

const POWER_FAILURES = ENERGY_VALUES

/** Energy since the previous sample may be missing. */
const INCOMPLETE = MeteringStatus.reconfigured | MeteringStatus.incomplete
/** Load profile, where the configuration says nothing: electricity, and other media, which are read by the hour. */
const PERIOD_MIN = 15
const PERIOD_MEDIUM_MIN = 60
/** Samples without an answer after which the last values are no longer shown as if they were fresh. */
const STALE_SAMPLES = 3
/** A bus that comes and goes is logged once in so long. */
const FAULT_HOLD_OFF_MS = 900_000
/** Keys of what is known to be damaged: found by mounting, and by the scrubber. */
const DAMAGE_AT_START = 'storage.damage.mount'
const DAMAGE_SCRUBBED = 'storage.damage.scrub'
/** Saves for failing supplies: so many at once, and then one in so long. What flickers for hours must not wear the flash. */
const GASPS_MAX = 60
const GASP_REFILL_MS = 30_000
/** How often numbers for messages are reserved, if there are not enough. */
const RESERVE_MS = 60_000
/** Flash that takes no more is tried again so rarely: each time costs erases. */
const WORN_RETRY_S = 60
/** A firmware that dies again and again is logged once in so long. */
const RESET_HOLD_OFF_S = 900

/** Setting that carries the marks of the running interval over a restart. */
const MARKS_KEY = 'profile.marks'

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

/** By `LogId`. */
const LOG_NAMES = ['standard', 'fraud', 'disconnector', 'standard', 'quality', 'communication'] as const
export type EventLogName = (typeof LOG_NAMES)[number] | 'powerFailure'
/**
 * What the world outside is told of as it happens. `log`: the one that the event belongs to, even where the flash has no room for it and the standard log
 * takes it.
 */
export type EventListener = (log: EventLogName, record: EventRecord) => void

export interface MeterCoreOptions {
  readonly device: Device
  /** Default: opened from the flash of the device. */
  readonly storage?: Storage
  readonly metering: MeteringSource
  /** What its IC measures. Default: everything. */
  readonly measured?: Measured
  readonly config: MeterConfig
  readonly onEvent?: EventListener
  /** The supply fails; the meter may die at any moment. Everything is saved already. */
  readonly onSupplyFailure?: (utc_s: number) => void
  /** The supply is back for good; `duration_s` is undefined when nobody knows how long it was gone. */
  readonly onSupplyReturn?: (utc_s: number, duration_s: number | undefined) => void
}

/** Latest time that anything in flash carries, in seconds of UTC; 0 when the flash is new. */
export function lastSign_s(storage: Storage): number {
  return latest_s(storage, [storage.events, storage.profile])
}

/** Latest time of the registers and of the newest entries of these logs. */
function latest_s(storage: Storage, logs: readonly RecordLog[]): number {
  let latest_s = storage.registers.load(new Float64Array(storage.registers.count))?.utc_s ?? 0
  for (const log of logs) {
    if (log.count === 0) continue
    const cursor = log.cursor(log.nextSequence - 1)
    if (cursor.next()) latest_s = Math.max(latest_s, cursor.utc_s)
  }
  return latest_s
}

/**
 * The metering part of the meter: samples the IC once a second, keeps registers, load profile and logs, and makes them survive. Knows no
 * protocol. Everything here is synchronous: from the sample to the journal nothing waits.
 */
export class MeterCore {
  readonly clock: MeterClock
  /** Where the clock has its time from. */
  readonly time: MeterTime
  readonly energy: EnergyRegisters
  readonly now = new Instantaneous()
  readonly profile: LoadProfile
  readonly logs: EventLogs
  readonly powerFailureLog: EventLog
  /** Power quality, tampering, self-test, alarms and errors. */
  readonly watch: MeterWatch
  readonly storage: Storage
  readonly metering: MeteringSource
  readonly measured: Measured
  readonly tariff: TariffEngine
  /** Demand, billing periods, daily and monthly values. */
  readonly accounts: Accounts
  /** Registers that this meter has: those of what its IC measures, with as many rates as its tariff. */
  readonly registers: readonly RegisterEntry[]
  /** The energies, then counters, then the energies by rate; see `RATE_INDEX`. */
  readonly #image: Float64Array<ArrayBuffer>
  readonly #saveInterval_s: number
  #lastSave_s: number
  #faults = 0
  #faultLogged_ms = Number.NEGATIVE_INFINITY
  #clockWasValid: boolean
  /** The second that was looked at last. */
  #second_s: number
  #wasDaylightSaving: boolean
  /** An invalid clock of this start is in the log. */
  #clockAnnounced = false
  /** All phases sag and the image is saved, in case it gets worse. */
  #sagging = false
  readonly #supply: SupplyWatch
  /** Sum of the image as it was saved last: values never decrease, so an equal sum is an equal image. */
  #savedSum = -1
  #gasps = GASPS_MAX
  /** Ticks at which numbers for messages are looked after again. */
  #reserve_ms = 0
  #gasped_ms = Number.NEGATIVE_INFINITY
  /** This start is in the counter of starts. */
  #counted = false
  /** The rates that were loaded add up to their totals. */
  readonly #settled: boolean
  #storageFailed = false
  /** Entries of an outage are still to be written. */
  #filling = false
  readonly #scrubber: Scrubber
  readonly #damage: DamageReport
  #damaged = 0
  /** A sample between two seconds said that the IC was configured anew. */
  #reconfigured = false

  constructor(options: MeterCoreOptions) {
    const { device, storage, config, metering, measured = EVERYTHING, onEvent, onSupplyFailure, onSupplyReturn } = options
    const { standardOffset_min, daylightSaving } = config.localTime
    this.metering = metering
    this.measured = measured
    const zone = { standard_min: standardOffset_min, dst: daylightSaving }
    this.storage = storage ?? openStorage(device.flash)
    this.time = new MeterTime({
      device,
      settings: this.storage.settings,
      config: config.clock,
      // Entries of the profile stay where they are when the clock is set back.
      alive_s: latest_s(this.storage, [this.storage.events]),
      onAdjusted: (adjustment) => this.clockAdjusted(adjustment),
      log: (code, parameter) => this.record(code, parameter),
      keep: (write) => this.keep(write),
    })
    this.clock = new MeterClock(this.time.clock, {
      standardOffset_min,
      offset_min: (utc_ms) => offset_min(utc_ms, zone),
      doubtful: () => this.time.clock.doubtful,
    })
    this.#image = new Float64Array(this.storage.registers.count)
    const rates = this.#image.subarray(RATE_INDEX, RATE_INDEX + RATE_VALUES)
    this.energy = new EnergyRegisters(metering.energyUnit, this.#image.subarray(0, ENERGY_VALUES), rates)
    this.logs = new EventLogs(this.storage, (event) => {
      onEvent?.(LOG_NAMES[event.log], event)
      this.watch.logged(event)
    })
    this.powerFailureLog = new EventLog(this.storage.powerFailures, (record) => onEvent?.('powerFailure', record))
    const now_s = this.clock.now_s()
    const period_min = config.profile.period_min ?? (measured.medium === undefined ? PERIOD_MIN : PERIOD_MEDIUM_MIN)
    this.profile = loadProfileOf(this.storage.profile, { ...config.profile, period_min }, this.clock)
    this.#saveInterval_s = config.save.interval_s
    this.#lastSave_s = now_s
    this.#clockWasValid = this.clock.valid
    this.#second_s = now_s
    this.#wasDaylightSaving = this.clock.daylightSaving(now_s * 1000)
    this.#scrubber = new Scrubber(LOGS.flatMap((name) => this.storage[name] ?? []))
    this.#damage = new DamageReport(this.storage.settings, (utc_s, count) => this.log(StandardEvent.memoryNonVolatileError, utc_s, count))
    this.tariff = new TariffEngine({
      clock: this.clock,
      energy: this.energy,
      settings: this.storage.settings,
      configured: tariffOf(config.tariff),
      onActivated: (utc_s) => this.log(StandardEvent.tariffActivated, utc_s),
      onRefused: (utc_s) => this.log(StandardEvent.tariffRefused, utc_s),
    })
    const rateCount = Math.max(this.tariff.rates, config.tariff.rates)
    this.registers = registerTable(rateCount, this.measured)
    this.storage.registers.load(this.#image)
    this.#settled = this.energy.settle()
    this.watch = new MeterWatch({
      ...{ device, config, measured, clock: this.clock, storage: this.storage, logs: this.logs, image: this.#image },
      log: (log, code, utc_s, parameter, value) => this.add(log, code, utc_s, parameter, value),
      keep: (write) => this.keep(write),
      status: this.#status,
      slewing: () => this.time.clock.slewing,
      storageFailed: () => this.#storageFailed,
    })
    this.accounts = new Accounts({
      clock: this.clock,
      energy: this.energy,
      storage: this.storage,
      config,
      measured: this.measured,
      rates: rateCount,
      keep: (write) => this.keep(write),
    })
    this.#supply = new SupplyWatch({
      clock: this.clock,
      log: { newest: (count) => this.latestStandard(count) },
      write: (code, utc_s, parameter) => this.log(code, utc_s, parameter),
      onFailure: (utc_s) => {
        this.mark(ProfileStatus.powerDown)
        onSupplyFailure?.(utc_s)
      },
      onReturn: (utc_s, duration_s) => {
        this.endOfFailure(utc_s, duration_s)
        onSupplyReturn?.(utc_s, duration_s)
      },
    })
    this.start(now_s, device.resetReason ?? 'power')
  }

  /** What the register table reads from. */
  get readings(): Readings {
    return this
  }

  /** The metering IC answers and the flash takes what is written. */
  get healthy(): boolean {
    return (this.now.status & MeteringStatus.fault) === 0 && !this.#storageFailed
  }

  get powerFailures(): number {
    return this.#image[POWER_FAILURES]
  }

  get standardLog(): GroupLog {
    return this.logs.standard
  }

  /** Events of the standard log, newest first, whoever clears it; not those that the other logs have no room for. */
  private latestStandard(count: number): LoggedEvent[] {
    return this.logs.standard.latest(count).filter(({ log }) => log === LogId.standard)
  }

  /** Seconds that the last power failure lasted; 0 without any. */
  get lastOutage_s(): number {
    return this.powerFailureLog.last?.parameter ?? 0
  }

  /** Total of active energy in both directions in mWh: what the LED flashes. */
  get pulseEnergy_mWh(): number {
    return this.energy.thousandths(this.energy.count(Quantity.activeImport, 0) + this.energy.count(Quantity.activeExport, 0))
  }

  /** The IC raised its interrupt: a voltage changed its state. */
  interrupt(): void {
    this.metering.acknowledge()
    this.measure()
    this.watchSupply()
    if (!this.#supply.failed) this.watch.interrupt(this.now, this.clock.now_s())
  }

  /** One second of the meter's life. */
  second(): void {
    this.measure()
    if (this.#reconfigured) this.now.status |= MeteringStatus.reconfigured
    this.#reconfigured = false
    this.watchSupply()
    this.time.second()
    const now_s = this.clock.now_s()
    this.watch.second(this.now, now_s, this.#supply.failed)
    this.keep(this.#switchRates)
    this.watchClock(now_s)
    this.accounts.second(now_s, this.#status, this.#save)
    if (this.profile.due(now_s)) this.capture(now_s)
    if (this.#filling && !this.#supply.unsettled) this.keep(this.#fill)
    // A clock that was set back saves at once; otherwise the interval would last as long as the correction.
    const elapsed_s = now_s - this.#lastSave_s
    if (elapsed_s >= this.#saveInterval_s || elapsed_s < 0) this.save()
    if (!this.#scrubber.done) this.scrub(now_s)
    // An erase takes long: never while the meter lives on its capacitors, where a save may still have to come.
    const wanted = !this.#storageFailed || now_s % WORN_RETRY_S === 0
    if (wanted && !this.#supply.failed) this.keep(this.#makeReady)
  }

  readonly #save = (): void => this.save()
  readonly #status = (): number => this.persistent(this.clock.now_s())
  readonly #switchRates = (): void => this.tariff.second()
  readonly #fill = (): void => {
    this.#filling = this.profile.fill()
    this.#filling = this.accounts.fill() || this.#filling
  }

  /** What a failing supply needs at once: erased blocks, and numbers for the messages. */
  readonly #makeReady = (): void => {
    this.storage.prepare()
    if (this.#supply.unsettled || this.clock.ticks_ms() < this.#reserve_ms) return
    this.#reserve_ms = this.clock.ticks_ms() + RESERVE_MS
    this.storage.counters.reserve(Counter.message)
  }

  /** Writes the register image to flash. */
  save(): void {
    this.#lastSave_s = this.clock.now_s()
    this.#savedSum = this.imageSum()
    this.keep(() => this.storage.registers.save(this.#image, this.#lastSave_s))
  }

  /** The supply is gone: takes the last counts, saves, and logs the power failure. The meter may die at any moment after this. */
  supplyFails(): void {
    this.measure()
    this.gasp()
    this.#supply.fails(this.clock.now_s())
  }

  /** The firmware ends in good order. `restart`: it starts again at once, and the supply has nothing to do with it. */
  stop(restart = false): void {
    this.measure()
    this.save()
    if (!restart) this.#supply.fails(this.clock.now_s())
    else if (this.profile.marks !== 0) this.keep(() => this.storage.settings.set(MARKS_KEY, Uint8Array.of(this.profile.marks)))
  }

  /** A sag of all phases may be the beginning of the end, so it saves; only when all phases are lost has the supply failed. */
  private watchSupply(): void {
    const { status } = this.now
    const { phases } = this.measured
    const sagging = allSagging(status, phases)
    if (sagging && !this.#sagging) this.gasp()
    this.#sagging = sagging
    if (!allLost(status, phases)) this.#supply.lives(this.clock.now_s())
    else if (!this.#supply.failed) this.supplyFails()
  }

  /** Saves what has not been saved, out of turn; within a budget, so that a supply that flickers for hours costs no more flash than the normal saves. */
  private gasp(): void {
    if (this.imageSum() === this.#savedSum) return
    const ticks_ms = this.clock.ticks_ms()
    if (ticks_ms - this.#gasped_ms >= GASP_REFILL_MS) {
      const refill = Math.min(GASPS_MAX, Math.floor((ticks_ms - this.#gasped_ms) / GASP_REFILL_MS))
      this.#gasps = Math.min(GASPS_MAX, this.#gasps + refill)
      this.#gasped_ms = ticks_ms
    }
    if (this.#gasps === 0) return
    this.#gasps--
    this.save()
  }

  private imageSum(): number {
    let sum = 0
    for (let i = 0; i < this.#image.length; i++) sum += this.#image[i]
    return sum
  }

  /** Sets the clock, by the rules of `ClockDiscipline`. Throws RangeError, and changes nothing, for a time that the meter cannot keep. */
  setClock(utc_ms: number): void {
    // What was counted so far belongs to the rate of the old time.
    this.measure()
    this.time.set(utc_ms)
    this.watch.clockSet()
  }

  /** Moves the clock by so much, at once. False, and nothing changes, for a clock without time and for a time that the meter cannot keep. */
  shiftClock(difference_ms: number): boolean {
    this.measure()
    return this.time.adjust(difference_ms)
  }

  /** The clock was stepped; more than a shift is logged: the old time, then the new one. */
  private clockAdjusted({ kind, old_ms }: ClockAdjustment): void {
    const old_s = Math.floor(Math.min(Math.max(old_ms, 0), TIME_MAX_MS) / 1000)
    const new_s = this.clock.now_s()
    this.keep(() => this.tariff.clockChanged())
    this.watch.clockSet()
    this.watch.mark(ProfileStatus.clockAdjusted)
    if (kind === 'set') {
      this.log(StandardEvent.clockAdjustedOld, old_s)
      this.log(StandardEvent.clockAdjustedNew, new_s)
    }
    this.profile.mark(ProfileStatus.clockAdjusted)
    this.accounts.clockAdjusted(old_s, new_s)
    this.#clockWasValid = true
    this.save()
  }

  /** Stores a calendar to come. Errors: FerrarisError `TARIFF`, those of `Settings.set`. */
  setPassive(calendar: ActivityCalendar): void {
    this.tariff.setPassive(calendar)
    this.record(StandardEvent.passiveTariffUpdated)
  }

  /** What was counted so far belongs to the old tariff. Errors: FerrarisError `TARIFF`, those of `Settings.set`. */
  activatePassive(): void {
    this.measure()
    this.tariff.activatePassive()
  }

  /** As `activatePassive`. */
  setSpecialDays(days: readonly SpecialDay[]): void {
    this.measure()
    this.tariff.setSpecialDays(days)
  }

  /** Ends the billing period by a command. False while that is blocked, or on a flash without room for snapshots. */
  endBilling(): boolean {
    this.measure()
    const now_s = this.clock.now_s()
    return this.accounts.endBilling(now_s, this.persistent(now_s), this.#save)
  }

  private start(now_s: number, reason: ResetReason): void {
    this.#savedSum = this.imageSum()
    this.keep(() => this.logs.start(now_s))
    this.watch.resume()
    if (!this.#settled || this.tariff.damaged > 0) {
      this.mark(ProfileStatus.dataNotValid)
      this.log(StandardEvent.memoryNonVolatileError, now_s)
    }
    const lastAlive_s = lastSign_s(this.storage)
    this.tariff.start(lastAlive_s, lastAlive_s > 0 && reason !== 'power')
    const { damaged } = this.storage.report
    if (damaged > 0) this.mark(ProfileStatus.dataNotValid)
    this.keep(() => {
      this.#damage.report(DAMAGE_AT_START, damaged, Math.max(now_s, lastAlive_s))
      this.#damage.settle(DAMAGE_AT_START, damaged)
    })
    if (this.storage.report.worn.length > 0) this.onStorageFault()
    if (lastAlive_s === 0) {
      this.accounts.start('first')
      this.countStart()
      this.#supply.first(now_s)
      this.announceClock(now_s)
      this.save()
      return
    }
    this.accounts.start(reason === 'power' ? 'power' : 'reset')
    // A reset in the first seconds after a failure leaves that to be ended.
    if (reason === 'power' || this.#supply.open) {
      this.mark(ProfileStatus.powerDown)
      this.#supply.start(now_s, lastAlive_s)
    }
    if (reason === 'power' && this.clock.valid) this.recover(now_s)
    if (reason === 'power') return
    this.countStart()
    this.afterReset(now_s, reason)
  }

  /** What ended while there was no supply, with the registers as they are now. */
  private recover(now_s: number): void {
    this.profile.recover(now_s, this.energy)
    this.accounts.recover(now_s)
    this.#filling = true
  }

  /** Once a life, when it is one: a start of a supply that flickers writes nothing. */
  private countStart(): void {
    if (this.#counted) return
    this.#counted = true
    this.keep(() => this.storage.counters.next(Counter.boot))
  }

  /** The firmware started again although the supply was there. */
  private afterReset(now_s: number, reason: ResetReason): void {
    if (!this.#supply.unsettled) this.announceClock(now_s)
    if (reason === 'restart') {
      this.keep(() => this.takeMarks())
      return
    }
    // What was counted since the last save and was still in memory is gone.
    this.mark(ProfileStatus.dataNotValid)
    this.watch.watchdogFired(now_s)
    const [last] = this.latestStandard(1)
    const again = last?.code === StandardEvent.watchdog && now_s - last.utc_s < RESET_HOLD_OFF_S
    if (!again) this.log(StandardEvent.watchdog, now_s, reason === 'watchdog' ? 1 : 2)
  }

  /** Marks of the running interval, which a planned restart handed over. */
  private takeMarks(): void {
    const { settings } = this.storage
    const marks = settings.get(MARKS_KEY)?.[0]
    if (marks === undefined) return
    this.mark(marks)
    settings.delete(MARKS_KEY)
  }

  private announceClock(now_s: number): void {
    this.#clockAnnounced = true
    if (!this.clock.valid) this.log(StandardEvent.clockInvalid, now_s)
  }

  /** The supply is back for good: counts the failure and logs how long it lasted. */
  private endOfFailure(utc_s: number, duration_s: number | undefined): void {
    this.countStart()
    this.#image[POWER_FAILURES]++
    this.watch.supplyReturned(duration_s)
    if (duration_s !== undefined) this.keep(() => this.powerFailureLog.add(StandardEvent.powerUp, utc_s, duration_s))
    if (!this.#clockAnnounced) this.announceClock(utc_s)
    this.save()
  }

  /** The meter lives on its capacitors. */
  get supplyFailed(): boolean {
    return this.#supply.failed
  }

  /** Logs an event of the disconnector, now. */
  recordSwitch(code: number, parameter: number): void {
    this.add(LogId.disconnector, code, this.clock.now_s(), parameter)
  }

  /** By the management: erases an event log, which is its first entry then. False when the flash did not take it, or there is no such log. */
  clearLog(log: number): boolean {
    let cleared = false
    this.keep(() => {
      cleared = this.logs.clear(log, this.clock.now_s())
    })
    return cleared
  }

  /** Logs an event of another part of the meter, now. */
  record(code: number, parameter = 0): void {
    this.log(code, this.clock.now_s(), parameter)
  }

  /** Logs an event of the communication log. */
  recordCommunication(code: number, utc_s: number, parameter: number): void {
    this.add(LogId.communication, code, utc_s, parameter)
  }

  private log(code: number, utc_s: number, parameter = 0): void {
    this.add(LogId.standard, code, utc_s, parameter)
  }

  private add(log: number, code: number, utc_s: number, parameter = 0, value = 0): void {
    this.keep(() => this.logs.add(log, code, utc_s, parameter, value))
  }

  /** A flash that takes no more does not stop the metering: registers go on in memory, and whoever reads the profile is warned. */
  private keep(write: () => void): void {
    try {
      write()
    } catch (error) {
      if (!(error instanceof FerrarisError && (error.code.startsWith('STORAGE') || error.code === 'SETTINGS_FULL'))) throw error
      this.onStorageFault()
    }
  }

  private onStorageFault(): void {
    this.mark(ProfileStatus.criticalError)
    if (this.#storageFailed) return
    this.#storageFailed = true
    this.log(StandardEvent.memoryNonVolatileError, this.clock.now_s())
  }

  /** One block of the logs a second, once after each start. */
  private scrub(now_s: number): void {
    this.#damaged += this.#scrubber.step()
    this.keep(() => {
      this.#damage.report(DAMAGE_SCRUBBED, this.#damaged, now_s)
      if (this.#scrubber.done) this.#damage.settle(DAMAGE_SCRUBBED, this.#damaged)
    })
  }

  private measure(): void {
    const sample = this.metering.sample()
    this.tariff.add(sample)
    this.now.copy(sample)
    const { counted } = this.metering
    if (counted !== undefined) this.#image[PULSE_POSITION] = advancedPosition(this.#image[PULSE_POSITION], counted)
    this.keepPositions()
    const faulty = (sample.status & (MeteringStatus.fault | MeteringStatus.starting)) === MeteringStatus.fault
    // Also with the first answer after a fault: it brings counts of the time before.
    if (faulty || this.#faults > 0 || (sample.status & INCOMPLETE) !== 0) this.mark(ProfileStatus.dataNotValid)
    if ((sample.status & MeteringStatus.recovered) !== 0) this.mark(ProfileStatus.recoveredValue)
    if ((sample.status & MeteringStatus.reconfigured) !== 0) this.#reconfigured = true
    if (faulty) this.onFault()
    else this.#faults = 0
  }

  private keepPositions(): void {
    for (let channel = 0; channel < PULSE_POSITIONS; channel++) {
      const reading = this.metering.position?.(channel)
      const place = PULSE_POSITION + channel
      if (reading !== undefined) this.#image[place] = advancedPosition(this.#image[place], reading)
    }
  }

  private onFault(): void {
    if (++this.#faults >= STALE_SAMPLES) this.now.clear()
    const ticks_ms = this.clock.ticks_ms()
    if (this.#faults > 1 || ticks_ms - this.#faultLogged_ms < FAULT_HOLD_OFF_MS) return
    this.#faultLogged_ms = ticks_ms
    this.log(StandardEvent.measurementSystemError, this.clock.now_s())
  }

  private watchClock(now_s: number): void {
    const valid = this.clock.valid
    if (valid !== this.#clockWasValid) this.validity(valid, now_s)
    this.#second_s = now_s
    if (now_s % 60 !== 0) return
    const daylightSaving = this.clock.daylightSaving(now_s * 1000)
    if (daylightSaving !== this.#wasDaylightSaving) this.log(StandardEvent.daylightSavingChanged, now_s)
    this.#wasDaylightSaving = daylightSaving
  }

  /** The clock lost its time, or a chip that did not answer at the start has one after all: that is a step, too. */
  private validity(valid: boolean, now_s: number): void {
    this.#clockWasValid = valid
    this.mark(ProfileStatus.clockInvalid)
    if (!valid) this.log(StandardEvent.clockInvalid, now_s)
    else this.clockAdjusted({ kind: 'set', old_ms: this.#second_s * 1000, new_ms: this.clock.now_ms(), wasValid: false })
  }

  private capture(now_s: number): void {
    // Image first: after a cut the registers must not be older than an entry that somebody may have read.
    this.save()
    this.keep(() => this.profile.capture(now_s, this.energy, this.persistent(now_s)))
  }

  /** What is measured now is not to be relied on: the running interval says so. */
  invalidate(): void {
    this.mark(ProfileStatus.dataNotValid)
  }

  /** Status bits that last as long as their cause. */
  private persistent(now_s: number): number {
    const daylightSaving = this.clock.daylightSaving(now_s * 1000) ? ProfileStatus.daylightSaving : 0
    return daylightSaving | (this.clock.valid ? 0 : ProfileStatus.clockInvalid) | this.watch.profileStatus
  }

  /** Marks the running interval of everything that has one. */
  private mark(status: number): void {
    this.profile.mark(status)
    this.accounts.mark(status)
    this.watch.mark(status)
  }
}
