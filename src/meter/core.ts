import type { Device } from '../../hal/api/device.ts'
import type { ClockAdjustment } from '../core/clock/clock-discipline.ts'
import { MeterClock, TIME_MAX_MS } from '../core/clock/meter-clock.ts'
import { LogId, ProfileStatus, StandardEvent } from '../core/events/codes.ts'
import type { EventLog } from '../core/events/event-log.ts'
import type { EventLogs } from '../core/events/event-logs.ts'
import type { GroupLog, LoggedEvent } from '../core/events/group-log.ts'
import { SupplyWatch } from '../core/events/supply.ts'
import type { Instantaneous } from '../core/metrology/instantaneous.ts'
import { EVERYTHING, type Measured } from '../core/metrology/measured.ts'
import type { MeteringSource } from '../core/metrology/source.ts'
import { allLost, allSagging } from '../core/metrology/voltages.ts'
import { type LoadProfile, loadProfileOf } from '../core/profile/load-profile.ts'
import { ENERGY_VALUES, EnergyRegisters, Quantity, RATE_INDEX, RATE_VALUES } from '../core/registers/energy.ts'
import { type Readings, type RegisterEntry, registerTable } from '../core/registers/table.ts'
import { Counter } from '../core/storage/counters.ts'
import { openStorage, type Storage } from '../core/storage/storage.ts'
import type { ActivityCalendar, SpecialDay } from '../core/tariff/activity-calendar.ts'
import { tariffOf } from '../core/tariff/tariff-config.ts'
import { TariffEngine } from '../core/tariff/tariff-engine.ts'
import { offset_min } from '../lib/calendar.ts'
import { MeteringStatus } from '../lib/metering-sample.ts'
import { Accounts } from './accounts.ts'
import type { MeterConfig } from './config.ts'
import { FlashCheck } from './flash-check.ts'
import { type EventListener, Journal, type JournalOwner } from './journal.ts'
import { latest_s } from './last-sign.ts'
import { MeterTime } from './meter-time.ts'
import { RegisterImage } from './register-image.ts'
import { Sampler } from './sampler.ts'
import { handMarks, startMeter } from './start.ts'
import { MeterWatch } from './watch.ts'

const POWER_FAILURES = ENERGY_VALUES

/** Load profile, where the configuration says nothing: electricity, and other media, which are read by the hour. */
const PERIOD_MIN = 15
const PERIOD_MEDIUM_MIN = 60
/** How often numbers for messages are reserved, if there are not enough. */
const RESERVE_MS = 60_000
/** Flash that takes no more is tried again so rarely: each time costs erases. */
const WORN_RETRY_S = 60
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

/**
 * The metering part of the meter: samples the IC once a second, keeps registers, load profile and logs, and makes them survive. Knows no
 * protocol. Everything here is synchronous: from the sample to the journal nothing waits.
 */
export class MeterCore implements JournalOwner {
  readonly clock: MeterClock
  /** Where the clock has its time from. */
  readonly time: MeterTime
  readonly energy: EnergyRegisters
  readonly profile: LoadProfile
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
  readonly #journal: Journal
  readonly #image: RegisterImage
  readonly #sampler: Sampler
  readonly #supply: SupplyWatch
  readonly #check: FlashCheck
  #clockWasValid: boolean
  /** The second that was looked at last. */
  #second_s: number
  #wasDaylightSaving: boolean
  /** An invalid clock of this start is in the log. */
  #clockAnnounced = false
  /** All phases sag and the image is saved, in case it gets worse. */
  #sagging = false
  /** Ticks at which numbers for messages are looked after again. */
  #reserve_ms = 0
  /** This start is in the counter of starts. */
  #counted = false
  /** Entries of an outage are still to be written. */
  #filling = false

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
      owner: this,
    })
    this.clock = new MeterClock(this.time.clock, {
      standardOffset_min,
      offset_min: (utc_ms) => offset_min(utc_ms, zone),
      doubtful: () => this.time.clock.doubtful,
    })
    this.#journal = new Journal(this.storage, this.clock, this, onEvent)
    const journal = this.#journal
    this.#image = new RegisterImage(this.storage.registers, this.clock, journal, config.save.interval_s)
    const image = this.#image.values
    const rates = image.subarray(RATE_INDEX, RATE_INDEX + RATE_VALUES)
    this.energy = new EnergyRegisters(metering.energyUnit, image.subarray(0, ENERGY_VALUES), rates)
    const now_s = this.clock.now_s()
    const period_min = config.profile.period_min ?? (measured.medium === undefined ? PERIOD_MIN : PERIOD_MEDIUM_MIN)
    this.profile = loadProfileOf(this.storage.profile, { ...config.profile, period_min }, this.clock)
    this.#clockWasValid = this.clock.valid
    this.#second_s = now_s
    this.#wasDaylightSaving = this.clock.daylightSaving(now_s * 1000)
    this.#check = new FlashCheck(this.storage, journal)
    this.tariff = new TariffEngine({
      clock: this.clock,
      energy: this.energy,
      settings: this.storage.settings,
      configured: tariffOf(config.tariff),
      onActivated: (utc_s) => journal.write(StandardEvent.tariffActivated, utc_s),
      onRefused: (utc_s) => journal.write(StandardEvent.tariffRefused, utc_s),
    })
    const rateCount = Math.max(this.tariff.rates, config.tariff.rates)
    this.registers = registerTable(rateCount, this.measured)
    this.#sampler = new Sampler({ metering, tariff: this.tariff, image, clock: this.clock, journal, owner: this })
    this.#image.load()
    const settled = this.energy.settle()
    this.watch = new MeterWatch({
      device,
      config,
      measured,
      time: this.time,
      clock: this.clock,
      storage: this.storage,
      image,
      journal,
      owner: this,
    })
    this.accounts = new Accounts({
      clock: this.clock,
      energy: this.energy,
      storage: this.storage,
      config,
      measured: this.measured,
      rates: rateCount,
      journal,
    })
    this.#supply = new SupplyWatch({
      clock: this.clock,
      log: journal,
      write: journal.write,
      onFailure: (utc_s) => {
        this.mark(ProfileStatus.powerDown)
        onSupplyFailure?.(utc_s)
      },
      onReturn: (utc_s, duration_s) => {
        this.endOfFailure(utc_s, duration_s)
        onSupplyReturn?.(utc_s, duration_s)
      },
    })
    const { storage: opened, clock, tariff, accounts, watch } = this
    startMeter(
      {
        ...{ storage: opened, clock, journal, image: this.#image, tariff, accounts, watch, supply: this.#supply, settled },
        checkFlash: (damaged, utc_s) => this.#check.start(damaged, utc_s),
        mark: (status) => this.mark(status),
        countStart: () => this.countStart(),
        announceClock: (utc_s) => this.announceClock(utc_s),
        recover: (utc_s) => this.recover(utc_s),
      },
      now_s,
      device.resetReason ?? 'power',
    )
  }

  /** What the register table reads from. */
  get readings(): Readings {
    return this
  }

  /** The metering IC answers and the flash takes what is written. */
  get healthy(): boolean {
    return (this.now.status & MeteringStatus.fault) === 0 && !this.#journal.failed
  }

  get powerFailures(): number {
    return this.#image.values[POWER_FAILURES]
  }

  /** Values of the last sample. */
  get now(): Instantaneous {
    return this.#sampler.now
  }

  get logs(): EventLogs {
    return this.#journal.logs
  }

  get powerFailureLog(): EventLog {
    return this.#journal.powerFailures
  }

  get standardLog(): GroupLog {
    return this.logs.standard
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
    this.#sampler.measure()
    this.watchSupply()
    if (!this.#supply.failed) this.watch.interrupt(this.now, this.clock.now_s())
  }

  /** One second of the meter's life. */
  second(): void {
    this.#sampler.second()
    this.watchSupply()
    this.time.second()
    const now_s = this.clock.now_s()
    this.watch.second(this.now, now_s, this.#supply.failed)
    this.#journal.keep(this.switchRates, this)
    this.watchClock(now_s)
    this.accounts.second(now_s, this)
    if (this.profile.due(now_s)) this.capture(now_s)
    if (this.#filling && !this.#supply.unsettled) this.#journal.keep(this.fill, this)
    if (this.#image.due(now_s)) this.save()
    this.#check.second(now_s)
    // An erase takes long: never while the meter lives on its capacitors, where a save may still have to come.
    const wanted = !this.#journal.failed || now_s % WORN_RETRY_S === 0
    if (wanted && !this.#supply.failed) this.#journal.keep(this.makeReady, this)
  }

  private switchRates(): void {
    this.tariff.second()
  }

  private fill(): void {
    this.#filling = this.profile.fill()
    this.#filling = this.accounts.fill() || this.#filling
  }

  /** What a failing supply needs at once: erased blocks, and numbers for the messages. */
  private makeReady(): void {
    this.storage.prepare()
    if (this.#supply.unsettled || this.clock.ticks_ms() < this.#reserve_ms) return
    this.#reserve_ms = this.clock.ticks_ms() + RESERVE_MS
    this.storage.counters.reserve(Counter.message)
  }

  /** Writes the register image to flash. */
  save(): void {
    this.#image.save()
  }

  /** The supply is gone: takes the last counts, saves, and logs the power failure. The meter may die at any moment after this. */
  supplyFails(): void {
    this.#sampler.measure()
    this.#image.gasp()
    this.#supply.fails(this.clock.now_s())
  }

  /** The firmware ends in good order. `restart`: it starts again at once, and the supply has nothing to do with it. */
  stop(restart = false): void {
    this.#sampler.measure()
    this.save()
    if (!restart) this.#supply.fails(this.clock.now_s())
    else this.keep(() => handMarks(this.storage, this.profile.marks))
  }

  /** A sag of all phases may be the beginning of the end, so it saves; only when all phases are lost has the supply failed. */
  private watchSupply(): void {
    const { status } = this.now
    const { phases } = this.measured
    const sagging = allSagging(status, phases)
    if (sagging && !this.#sagging) this.#image.gasp()
    this.#sagging = sagging
    if (!allLost(status, phases)) this.#supply.lives(this.clock.now_s())
    else if (!this.#supply.failed) this.supplyFails()
  }

  /** Sets the clock, by the rules of `ClockDiscipline`. Throws RangeError, and changes nothing, for a time that the meter cannot keep. */
  setClock(utc_ms: number): void {
    // What was counted so far belongs to the rate of the old time.
    this.#sampler.measure()
    this.time.set(utc_ms)
    this.watch.clockSet()
  }

  /** Moves the clock by so much, at once. False, and nothing changes, for a clock without time and for a time that the meter cannot keep. */
  shiftClock(difference_ms: number): boolean {
    this.#sampler.measure()
    return this.time.adjust(difference_ms)
  }

  /** The clock was stepped; called by the time. More than a shift is logged: the old time, then the new one. */
  clockAdjusted({ kind, old_ms }: ClockAdjustment): void {
    const old_s = Math.floor(Math.min(Math.max(old_ms, 0), TIME_MAX_MS) / 1000)
    const new_s = this.clock.now_s()
    this.keep(() => this.tariff.clockChanged())
    this.watch.clockSet()
    this.watch.mark(ProfileStatus.clockAdjusted)
    if (kind === 'set') {
      this.#journal.write(StandardEvent.clockAdjustedOld, old_s)
      this.#journal.write(StandardEvent.clockAdjustedNew, new_s)
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
    this.#sampler.measure()
    this.tariff.activatePassive()
  }

  /** As `activatePassive`. */
  setSpecialDays(days: readonly SpecialDay[]): void {
    this.#sampler.measure()
    this.tariff.setSpecialDays(days)
  }

  /** Ends the billing period by a command. False while that is blocked, or on a flash without room for snapshots. */
  endBilling(): boolean {
    this.#sampler.measure()
    const now_s = this.clock.now_s()
    return this.accounts.endBilling(now_s, this)
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

  private announceClock(now_s: number): void {
    this.#clockAnnounced = true
    if (!this.clock.valid) this.#journal.write(StandardEvent.clockInvalid, now_s)
  }

  /** The supply is back for good: counts the failure and logs how long it lasted. */
  private endOfFailure(utc_s: number, duration_s: number | undefined): void {
    this.countStart()
    this.#image.values[POWER_FAILURES]++
    this.watch.supplyReturned(duration_s)
    if (duration_s !== undefined) this.#journal.keep(() => this.powerFailureLog.add(StandardEvent.powerUp, utc_s, duration_s))
    if (!this.#clockAnnounced) this.announceClock(utc_s)
    this.save()
  }

  /** The meter lives on its capacitors. */
  get supplyFailed(): boolean {
    return this.#supply.failed
  }

  /** Logs an event of the disconnector, now. */
  recordSwitch(code: number, parameter: number): void {
    this.#journal.add(LogId.disconnector, code, this.clock.now_s(), parameter)
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
    this.#journal.record(code, parameter)
  }

  /** Logs an event of the communication log. */
  recordCommunication(code: number, utc_s: number, parameter: number): void {
    this.#journal.add(LogId.communication, code, utc_s, parameter)
  }

  /** Runs something that writes to flash, which may take no more. */
  keep(write: () => void): void {
    this.#journal.keep(write)
  }

  /** An event is in flash; called by the journal. */
  logged(event: LoggedEvent): void {
    this.watch.logged(event)
  }

  private watchClock(now_s: number): void {
    const valid = this.clock.valid
    if (valid !== this.#clockWasValid) this.validity(valid, now_s)
    this.#second_s = now_s
    if (now_s % 60 !== 0) return
    const daylightSaving = this.clock.daylightSaving(now_s * 1000)
    if (daylightSaving !== this.#wasDaylightSaving) this.#journal.write(StandardEvent.daylightSavingChanged, now_s)
    this.#wasDaylightSaving = daylightSaving
  }

  /** The clock lost its time, or a chip that did not answer at the start has one after all: that is a step, too. */
  private validity(valid: boolean, now_s: number): void {
    this.#clockWasValid = valid
    this.mark(ProfileStatus.clockInvalid)
    if (!valid) this.#journal.write(StandardEvent.clockInvalid, now_s)
    else this.clockAdjusted({ kind: 'set', old_ms: this.#second_s * 1000, new_ms: this.clock.now_ms(), wasValid: false })
  }

  private capture(now_s: number): void {
    // Image first: after a cut the registers must not be older than an entry that somebody may have read.
    this.save()
    this.keep(() => this.profile.capture(now_s, this.energy, this.persistentStatus()))
  }

  /** What is measured now is not to be relied on: the running interval says so. */
  invalidate(): void {
    this.mark(ProfileStatus.dataNotValid)
  }

  /** Bits of `ProfileStatus` that last as long as their cause. */
  persistentStatus(): number {
    const daylightSaving = this.clock.daylightSaving(this.clock.now_s() * 1000) ? ProfileStatus.daylightSaving : 0
    return daylightSaving | (this.clock.valid ? 0 : ProfileStatus.clockInvalid) | this.watch.profileStatus
  }

  /** Marks the running interval of everything that has one. */
  mark(status: number): void {
    this.profile.mark(status)
    this.accounts.mark(status)
    this.watch.mark(status)
  }
}
