import type { Device } from '../../hal/api/device.ts'
import { MeterClock } from '../core/clock/meter-clock.ts'
import { ProfileStatus, StandardEvent } from '../core/events/codes.ts'
import { EventLog, type EventRecord } from '../core/events/event-log.ts'
import { Instantaneous } from '../core/metrology/instantaneous.ts'
import { type MeteringSource, MeteringStatus } from '../core/metrology/source.ts'
import { LoadProfile } from '../core/profile/load-profile.ts'
import { ENERGY_VALUES, EnergyRegisters, Quantity } from '../core/registers/energy.ts'
import type { Readings } from '../core/registers/table.ts'
import { openStorage, type Storage } from '../core/storage/storage.ts'
import { offset_min } from '../lib/calendar.ts'
import type { MeterConfig } from './config.ts'

const POWER_FAILURES = ENERGY_VALUES

const ALL_PHASES_FAILING = [
  MeteringStatus.sagL1 | MeteringStatus.phaseLossL1,
  MeteringStatus.sagL2 | MeteringStatus.phaseLossL2,
  MeteringStatus.sagL3 | MeteringStatus.phaseLossL3,
] as const

/** What the world outside is told of as it happens. */
export type EventListener = (log: 'standard' | 'powerFailure', record: EventRecord) => void

export interface MeterCoreOptions {
  readonly device: Device
  readonly metering: MeteringSource
  readonly config: MeterConfig
  readonly onEvent?: EventListener
}

/** Latest time that anything in flash carries, in seconds of UTC; 0 when the flash is new. */
export function lastSign_s(storage: Storage): number {
  let latest_s = storage.registers.load(new Float64Array(storage.registers.count))?.utc_s ?? 0
  for (const log of [storage.events, storage.profile]) {
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
  readonly energy: EnergyRegisters
  readonly now = new Instantaneous()
  readonly profile: LoadProfile
  readonly standardLog: EventLog
  readonly powerFailureLog: EventLog
  readonly storage: Storage
  readonly metering: MeteringSource
  /** The energies, then counters; the rest is spare. */
  readonly #image: Float64Array
  readonly #saveInterval_s: number
  #lastSave_s: number
  #faulty = false
  #clockWasValid: boolean
  #wasDaylightSaving: boolean
  /** The supply failed and the image is saved; cleared when it returns before the meter dies. */
  #supplyFailed = false

  constructor(options: MeterCoreOptions) {
    const { device, config, metering, onEvent } = options
    const { standardOffset_min, daylightSaving } = config.localTime
    this.metering = metering
    const zone = { standard_min: standardOffset_min, dst: daylightSaving }
    this.clock = new MeterClock(device.clock, { standardOffset_min, offset_min: (utc_ms) => offset_min(utc_ms, zone) })
    this.storage = openStorage(device.flash)
    this.#image = new Float64Array(this.storage.registers.count)
    this.energy = new EnergyRegisters(metering.energyUnit, this.#image.subarray(0, ENERGY_VALUES))
    this.standardLog = new EventLog(this.storage.events, (record) => onEvent?.('standard', record))
    this.powerFailureLog = new EventLog(this.storage.powerFailures, (record) => onEvent?.('powerFailure', record))
    const now_s = this.clock.now_s()
    this.profile = new LoadProfile({ log: this.storage.profile, period_s: config.profile.period_min * 60 }, now_s)
    this.#saveInterval_s = config.save.interval_s
    this.#lastSave_s = now_s
    this.#clockWasValid = this.clock.valid
    this.#wasDaylightSaving = this.clock.daylightSaving(now_s * 1000)
    this.#start(now_s)
  }

  /** What the register table reads from. */
  get readings(): Readings {
    return this
  }

  get powerFailures(): number {
    return this.#image[POWER_FAILURES]
  }

  /** Code of the newest standard event; 0 without any. */
  get lastEventCode(): number {
    return this.standardLog.last?.code ?? 0
  }

  /** Seconds that the last power failure lasted; 0 without any. */
  get lastOutage_s(): number {
    return this.powerFailureLog.last?.parameter ?? 0
  }

  /** Total of active energy in both directions in mWh: what the LED flashes. */
  get pulseEnergy_mWh(): number {
    return this.energy.thousandths(this.energy.count(Quantity.activeImport, 0) + this.energy.count(Quantity.activeExport, 0))
  }

  /** All three phases are below the sag or phase loss threshold of the IC. */
  get supplyFailing(): boolean {
    const { status } = this.now
    return ALL_PHASES_FAILING.every((bits) => (status & bits) !== 0)
  }

  /** The IC raised its interrupt: a voltage changed its state. With all three gone, the board lives on its capacitors. */
  interrupt(): void {
    this.metering.acknowledge()
    this.#measure()
    if (this.supplyFailing) this.supplyFails()
  }

  /** One second of the meter's life. */
  second(): void {
    this.#measure()
    if (this.#supplyFailed && !this.supplyFailing) this.#supplyReturns()
    const now_s = this.clock.now_s()
    this.#watchClock(now_s)
    if (this.profile.due(now_s)) this.#capture(now_s)
    // A clock that was set back saves at once; otherwise the interval would last as long as the correction.
    const elapsed_s = now_s - this.#lastSave_s
    if (elapsed_s >= this.#saveInterval_s || elapsed_s < 0) this.save()
  }

  /** Writes the register image to flash. */
  save(): void {
    this.#lastSave_s = this.clock.now_s()
    this.storage.registers.save(this.#image, this.#lastSave_s)
  }

  /** The supply is failing: takes the last counts, saves, and logs the power failure. The meter may die at any moment after this. */
  supplyFails(): void {
    if (this.#supplyFailed) return
    this.#supplyFailed = true
    this.#measure()
    this.#image[POWER_FAILURES]++
    this.save()
    this.standardLog.add(StandardEvent.powerDown, this.clock.now_s())
  }

  /** The supply returned before the energy of the board was used up. */
  #supplyReturns(): void {
    this.#supplyFailed = false
    this.#logPowerUp(this.clock.now_s())
  }

  /** Sets the clock and logs it: the old time, then the new one. */
  setClock(utc_ms: number): void {
    const old_s = this.clock.now_s()
    this.clock.set(utc_ms)
    this.standardLog.add(StandardEvent.clockAdjustedOld, old_s)
    this.standardLog.add(StandardEvent.clockAdjustedNew, this.clock.now_s())
    this.profile.mark(ProfileStatus.clockAdjusted)
    this.#clockWasValid = true
    this.save()
  }

  #start(now_s: number): void {
    this.storage.registers.load(this.#image)
    const lastAlive_s = lastSign_s(this.storage)
    if (this.storage.report.damaged > 0) {
      this.standardLog.add(StandardEvent.memoryNonVolatileError, Math.max(now_s, lastAlive_s), this.storage.report.damaged)
      this.profile.mark(ProfileStatus.dataNotValid)
    }
    if (lastAlive_s > 0 && this.#lastStandardCode() !== StandardEvent.powerDown) {
      // Nobody was there to log the end: the supply failed at the last sign of life or within one save interval after it.
      this.standardLog.add(StandardEvent.powerDown, lastAlive_s)
      this.#image[POWER_FAILURES]++
    }
    if (lastAlive_s > 0) this.profile.mark(ProfileStatus.powerDown)
    this.#logPowerUp(now_s)
    if (!this.clock.valid) this.standardLog.add(StandardEvent.clockInvalid, now_s)
    this.save()
  }

  #lastStandardCode(): number | undefined {
    for (const record of this.standardLog.newest(4)) {
      if (record.code !== StandardEvent.memoryNonVolatileError) return record.code
    }
    return undefined
  }

  #logPowerUp(now_s: number): void {
    const down = this.standardLog.newest(4).find((record) => record.code === StandardEvent.powerDown)
    const duration_s = down === undefined || !this.clock.valid ? 0 : now_s - down.utc_s
    this.standardLog.add(StandardEvent.powerUp, now_s, duration_s)
    if (down !== undefined && this.clock.valid) this.powerFailureLog.add(StandardEvent.powerUp, now_s, duration_s)
  }

  #measure(): void {
    const sample = this.metering.sample()
    this.energy.add(sample)
    this.now.copy(sample)
    const faulty = (sample.status & MeteringStatus.fault) !== 0
    if (faulty || (sample.status & MeteringStatus.reconfigured) !== 0) this.profile.mark(ProfileStatus.dataNotValid)
    if (faulty && !this.#faulty) this.standardLog.add(StandardEvent.measurementSystemError, this.clock.now_s())
    this.#faulty = faulty
  }

  #watchClock(now_s: number): void {
    const valid = this.clock.valid
    if (!valid && this.#clockWasValid) this.standardLog.add(StandardEvent.clockInvalid, now_s)
    this.#clockWasValid = valid
    if (now_s % 60 !== 0) return
    const daylightSaving = this.clock.daylightSaving(now_s * 1000)
    if (daylightSaving !== this.#wasDaylightSaving) this.standardLog.add(StandardEvent.daylightSavingChanged, now_s)
    this.#wasDaylightSaving = daylightSaving
  }

  #capture(now_s: number): void {
    // Image first: after a cut the registers must not be older than an entry that somebody may have read.
    this.save()
    const daylightSaving = this.clock.daylightSaving(now_s * 1000) ? ProfileStatus.daylightSaving : 0
    const invalid = this.clock.valid ? 0 : ProfileStatus.clockInvalid
    this.profile.capture(now_s, this.energy, daylightSaving | invalid)
  }
}
