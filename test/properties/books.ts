import { BillingReason } from '../../src/core/billing/billing.ts'
import type { BillingSnapshot } from '../../src/core/billing/snapshot.ts'
import { ProfileStatus, StandardEvent } from '../../src/core/events/codes.ts'
import { type CaptureProfile, storedValue } from '../../src/core/profile/capture-profile.ts'
import { profileValue } from '../../src/core/profile/load-profile.ts'
import type { RecordLog } from '../../src/core/storage/record-log.ts'
import type { MeterCore } from '../../src/meter/core.ts'
import { must } from '../power/violation.ts'
import type { Life } from './life.ts'
import { isSummer } from './tariff-model.ts'
import { QUANTITIES, type Second } from './world.ts'

const RATES = 8
const ELEMENTS = 4
const DAY_S = 86_400
/** A clock that is shifted by so much leaves a demand period as it is: so much longer it may be. */
const SHIFT_S = 9
/** Why an entry does not follow the one before it. */
const EXPLAINED =
  ProfileStatus.powerDown |
  ProfileStatus.clockAdjusted |
  ProfileStatus.clockInvalid |
  ProfileStatus.dataNotValid |
  ProfileStatus.criticalError

/** One count is 25/8 mWh. */
const wholeUnits = (counts: number) => Math.floor((counts * 25) / 8000)
const watts = (counts: number, seconds: number) => Math.floor((counts * 25 * 3600) / (8000 * seconds))
const localOffset_s = (utc_s: number) => (isSummer(utc_s) ? 7200 : 3600)
const isMidnight = (utc_s: number) => (utc_s + localOffset_s(utc_s)) % DAY_S === 0

/** A profile entry that the meter owes, because it was there when the period ended. */
interface Debt {
  readonly generated: readonly number[]
  readonly slack: readonly number[]
  /** Nothing happened to the meter in this period, nor in the second before it. */
  readonly clean: boolean
  /** The clock has shown this time before: the entry may be an older one. */
  readonly again: boolean
}

/** What the meter owes, from what really happened. */
export class Books {
  readonly #life: Life
  /** Counts that may be missing since the start, because the meter was not told of an end of its supply. */
  readonly #slack = new Float64Array(QUANTITIES)
  /** Counts of each rate, quantity by quantity. */
  readonly #rates = new Float64Array(QUANTITIES * RATES)
  readonly #debts = new Map<number, Debt>()
  /** The most that a whole demand period brought since the last reset, in W. */
  readonly #demand = new Float64Array(QUANTITIES)
  /** Totals as they were read, second by second. */
  readonly #readings: number[][] = Array.from({ length: QUANTITIES }, () => [0])
  #disturbed = Number.NEGATIVE_INFINITY
  #everDisturbed = false
  #everLosing = false
  #generation = 1
  #seen_s = 0
  #billed = 0
  #resetAt = 0
  /** The flash is not what it should be: entries may be gone. */
  damaged = false
  /** Something that the meter is not told of is under way. */
  losing = false
  /** So is something that it is told of. */
  troubled = false
  #image: { readonly generation: number; readonly counts: Float64Array; readonly rates: Float64Array } | undefined

  constructor(life: Life) {
    this.#life = life
  }

  /** Something happened in the last `seconds`; what was counted in them may be lost, late, or in another rate. */
  disturbed(seconds: number): void {
    const { world } = this.#life
    this.#disturbed = world.now
    this.#everDisturbed = true
    this.losing = false
    this.troubled = false
    for (let quantity = 0; quantity < QUANTITIES; quantity++) this.#slack[quantity] += world.since(quantity, seconds)
  }

  clockSet(): void {
    this.#seen_s = Math.max(this.#seen_s, Math.floor(this.#life.world.utc_ms / 1000))
  }

  billed(): void {
    this.#demand.fill(0)
    this.#resetAt = this.#life.world.now
    this.#billed++
  }

  second(second: Second): void {
    const { world, tariff, rig } = this.#life
    if (this.losing || this.troubled) this.#disturbed = world.now
    this.#everLosing ||= this.losing
    const rate = tariff.rateAt(second.from_s)
    for (let quantity = 0; quantity < QUANTITIES; quantity++) this.#rates[quantity * RATES + rate - 1] += world.since(quantity, 1)
    const { meter } = rig.machine
    if (second.whole) this.#boundary(second.to_s)
    if (meter === undefined) {
      for (const readings of this.#readings) readings.push(readings[readings.length - 1])
      return
    }
    this.#seen_s = Math.max(this.#seen_s, second.to_s)
    this.#read(meter.core)
    const { billing } = meter.core.accounts
    if (billing === undefined || billing.counter === this.#billed) return
    this.billed()
    this.#billed = billing.counter
  }

  /** Registers never fall: not from second to second, and not over an end of the supply that was announced. */
  #read(core: MeterCore): void {
    const { generation } = this.#life.rig.machine
    const lost = generation !== this.#generation && this.losing
    this.#generation = generation
    for (let quantity = 0; quantity < QUANTITIES; quantity++) {
      const readings = this.#readings[quantity]
      const floor = Math.min(...readings.slice(-(lost ? this.#life.shape.save_s + 3 : 1)))
      const count = core.energy.count(quantity, 0)
      must(count >= floor, () => `register ${quantity}: ${count} after ${floor}`)
      readings.push(count)
    }
  }

  #boundary(utc_s: number): void {
    const { shape, world } = this.#life
    const quiet_s = world.now - this.#disturbed
    const period_s = 60 * shape.profile_min
    // In the second after a change of the clock the meter has not seen the period that ends.
    if (utc_s % period_s === 0 && quiet_s > 1 && !this.#debts.has(utc_s)) {
      this.#debts.set(utc_s, {
        generated: world.generated.map((list) => list[world.now]),
        slack: [...this.#slack],
        clean: quiet_s > period_s + 1,
        again: utc_s <= this.#seen_s,
      })
    }
    // A time that the clock shows for the second time has its entry already; what was before belongs to the next one.
    if (utc_s <= this.#seen_s) this.#disturbed = world.now
    const window_s = 60 * shape.demand_min * shape.periods
    if (utc_s % (60 * shape.demand_min) !== 0 || quiet_s <= window_s + 1 || world.now < window_s) return
    for (let quantity = 0; quantity < QUANTITIES; quantity++) {
      this.#demand[quantity] = Math.max(this.#demand[quantity], watts(world.since(quantity, window_s), window_s))
    }
  }

  check(): void {
    const { core } = this.#life.rig
    this.#checkSums(core)
    this.#checkTotals(core)
    this.#checkImage(core)
    const stamps = this.#checkProfile(core)
    this.#checkDays(core.accounts.daily, stamps)
    this.#checkDays(core.accounts.monthly, stamps)
    this.#checkEvents(core)
    this.#checkDemand(core)
    this.#checkBilling(core)
  }

  #checkSums({ energy }: MeterCore): void {
    for (let quantity = 0; quantity < QUANTITIES; quantity++) {
      let sum = 0
      for (let rate = 1; rate <= RATES; rate++) sum += energy.rateCount(quantity, rate)
      must(sum === energy.count(quantity, 0), () => `quantity ${quantity}: rates are ${sum}, the total is ${energy.count(quantity, 0)}`)
    }
    for (let element = 0; element < ELEMENTS; element++) {
      const count = (quantity: number) => energy.count(quantity, element)
      must(count(2) === count(4) + count(5) && count(3) === count(6) + count(7), () => `quadrants of element ${element}`)
    }
  }

  #checkTotals({ energy }: MeterCore): void {
    const { world } = this.#life
    for (let quantity = 0; quantity < QUANTITIES; quantity++) {
      const count = energy.count(quantity, 0)
      const most = world.total(quantity)
      const slack = this.#slack[quantity]
      must(count <= most && count >= most - slack, () => `quantity ${quantity}: ${count}, generated ${most}, of which ${slack} may be lost`)
      for (let rate = 1; rate <= RATES; rate++) {
        const given = energy.rateCount(quantity, rate)
        const due = this.#rates[quantity * RATES + rate - 1]
        must(Math.abs(given - due) <= slack, () => `quantity ${quantity}, rate ${rate}: ${given}, should be ${due} within ${slack}`)
      }
    }
  }

  /** All registers of all phases and rates. */
  #checkImage({ energy }: MeterCore): void {
    const before = this.#image
    const { generation } = this.#life.rig.machine
    if (before?.generation === generation) {
      must(
        energy.counts.every((count, i) => count >= before.counts[i]),
        () => 'a register fell',
      )
      must(
        energy.rates.every((count, i) => count >= before.rates[i]),
        () => 'the register of a rate fell',
      )
    }
    this.#image = { generation, counts: energy.counts.slice(), rates: energy.rates.slice() }
  }

  #checkProfile({ profile }: MeterCore): Map<number, number> {
    const period_s = 60 * this.#life.shape.profile_min
    const stamps = new Map<number, number>()
    // A power failure is no reason for a gap where its periods are marked.
    const explained = this.#life.shape.missing === 'marked' ? EXPLAINED & ~ProfileStatus.powerDown : EXPLAINED
    let last = { utc_s: -1, values: [0, 0, 0, 0] }
    for (const { utc_s, status, payload } of this.#entries(profile.log, 'profile')) {
      must(utc_s % period_s === 0, () => `profile: ${utc_s} is not the end of a period`)
      must(!stamps.has(utc_s), () => `profile: ${utc_s} twice`)
      const values = [0, 1, 2, 3].map((index) => profileValue(payload, index))
      must(
        values.every((value, i) => value >= last.values[i]),
        () => `profile: ${values} after ${last.values}`,
      )
      const follows = last.utc_s < 0 || utc_s === last.utc_s + period_s
      must(follows || (status & explained) !== 0, () => `profile: ${utc_s} after ${last.utc_s} with status ${status}`)
      stamps.set(utc_s, values[0])
      last = { utc_s, values }
      this.#checkEntry(utc_s, status, values)
    }
    for (const utc_s of this.#debts.keys()) must(stamps.has(utc_s) || this.damaged, () => `profile: no entry for ${utc_s}`)
    return stamps
  }

  #checkEntry(utc_s: number, status: number, values: readonly number[]): void {
    const debt = this.#debts.get(utc_s)
    if (debt === undefined || debt.again) return
    const summer = isSummer(utc_s) ? ProfileStatus.daylightSaving : 0
    must((status & ProfileStatus.daylightSaving) === summer, () => `profile: ${utc_s} has status ${status}`)
    // An error of the measuring system stays in the error register for a while.
    const known = this.#everLosing ? ProfileStatus.criticalError : 0
    const harmless = ProfileStatus.daylightSaving | ProfileStatus.clockInvalid | known
    must(!debt.clean || this.damaged || (status & ~harmless) === 0, () => `profile: status ${status} at ${utc_s}, but nothing happened`)
    for (const [i, value] of values.entries()) {
      const [most, least] = [wholeUnits(debt.generated[i]), wholeUnits(debt.generated[i] - debt.slack[i])]
      must(value <= most && value >= least, () => `profile: ${value} at ${utc_s}, should be ${least} to ${most}`)
    }
  }

  /** Daily or monthly values: at local midnight, none twice, and the same as in the load profile. */
  #checkDays(profile: CaptureProfile | undefined, stamps: ReadonlyMap<number, number>): void {
    must(profile !== undefined, () => 'no room for daily values')
    const known = new Set<number>()
    let last = { utc_s: -1, values: [] as number[] }
    for (const { utc_s, status, payload } of this.#entries(profile.log, 'days')) {
      must(isMidnight(utc_s), () => `days: ${utc_s} is not local midnight`)
      must(!known.has(utc_s), () => `days: ${utc_s} twice`)
      known.add(utc_s)
      let at = 0
      const values = profile.columns.map(({ bytes }) => {
        at += bytes
        return storedValue(payload, at - bytes, bytes)
      })
      must(
        last.values.every((value, i) => values[i] >= value),
        () => `days: ${values} after ${last.values}`,
      )
      const follows = last.utc_s < 0 || utc_s === profile.schedule.next(last.utc_s)
      must(follows || (status & EXPLAINED) !== 0, () => `days: ${utc_s} after ${last.utc_s} with status ${status}`)
      last = { utc_s, values }
      for (let quantity = 0; quantity < QUANTITIES; quantity++) {
        const [total, ...rates] = values.slice(quantity * (RATES + 1), (quantity + 1) * (RATES + 1))
        const sum = rates.reduce((all, rate) => all + rate, 0)
        must(sum <= total && sum > total - RATES, () => `days: rates of ${quantity} at ${utc_s} are ${sum}, the total is ${total}`)
      }
      const debt = this.#debts.get(utc_s)
      if (debt === undefined || debt.again) continue
      must(
        stamps.get(utc_s) === values[0] || this.damaged,
        () => `days: ${values[0]} at ${utc_s}, the load profile has ${stamps.get(utc_s)}`,
      )
    }
    if (profile.schedule.period_s !== DAY_S) return
    for (const utc_s of this.#debts.keys())
      must(!isMidnight(utc_s) || known.has(utc_s) || this.damaged, () => `days: no entry for ${utc_s}`)
  }

  #checkEvents(core: MeterCore): void {
    const { events, powerFailures, fraud, disconnector, quality, communication } = core.storage
    for (const log of [powerFailures, fraud, disconnector, quality, communication]) {
      if (log !== undefined) for (const _ of this.#entries(log, 'events'));
    }
    let up: boolean | undefined
    for (const { type } of this.#entries(events, 'standard events')) {
      if (type !== StandardEvent.powerDown && type !== StandardEvent.powerUp) continue
      must(up !== (type === StandardEvent.powerUp) || this.damaged, () => `two events ${type} without the other one in between`)
      up = type === StandardEvent.powerUp
    }
  }

  #checkDemand({ accounts: { demand, billing } }: MeterCore): void {
    const { shape, world } = this.#life
    const period_s = 60 * shape.demand_min
    const window_s = period_s * shape.periods
    const longest_s = window_s + shape.periods * SHIFT_S + 2
    const newest = billing?.read(1)
    for (let quantity = 0; quantity < QUANTITIES; quantity++) {
      const most = watts(world.most(quantity, longest_s, this.#resetAt - longest_s), window_s)
      const maximum = demand.maximum_W(quantity)
      must(maximum <= most, () => `demand ${quantity}: ${maximum} W, the world had ${most} W`)
      const least = this.#demand[quantity]
      must(maximum >= least || this.damaged, () => `demand ${quantity}: ${maximum} W, one period had ${least} W`)
      must(this.#everDisturbed || maximum === least, () => `demand ${quantity}: ${maximum} W, should be ${least} W`)
      for (let rate = 0; rate <= RATES; rate++) {
        must(
          demand.maximum_W(quantity, rate) <= maximum,
          () => `demand ${quantity}: the maximum of rate ${rate} is above that of the total`,
        )
        must(
          demand.maximumTime_s(quantity, rate) % period_s === 0,
          () => `demand ${quantity}: maximum of rate ${rate} in the middle of a period`,
        )
        const sum = (newest?.find(quantity + 1, 2, rate)?.value ?? 0) + (newest?.find(quantity + 1, 6, rate)?.value ?? 0)
        must(demand.cumulative_W(quantity, rate) === sum || this.damaged, () => `demand ${quantity}: cumulative maximum of rate ${rate}`)
      }
    }
  }

  #checkBilling({ accounts: { billing }, energy }: MeterCore): void {
    must(billing !== undefined, () => 'no room for billing periods')
    const snapshots: BillingSnapshot[] = []
    for (let index = billing.count; index > 0; index--) {
      const snapshot = billing.read(index)
      must(snapshot !== undefined || this.damaged, () => `billing: snapshot ${index} cannot be read`)
      if (snapshot !== undefined) snapshots.push(snapshot)
    }
    must(new Set(snapshots.map(({ utc_s }) => utc_s)).size === snapshots.length, () => 'billing: a time stamp twice')
    for (const [i, snapshot] of snapshots.entries()) {
      this.#checkSnapshot(snapshot, snapshots[i - 1])
      const value = (e: number) => snapshot.find(1, 8, e)?.value ?? 0
      must(value(0) <= energy.count(0, 0), () => 'billing: a snapshot is ahead of the register')
    }
  }

  #checkSnapshot(snapshot: BillingSnapshot, before: BillingSnapshot | undefined): void {
    const { number, utc_s, reason } = snapshot
    must(before === undefined || this.damaged || number === before.number + 1, () => `billing: number ${number} after ${before?.number}`)
    if (reason === BillingReason.scheduled) {
      const local = new Date((utc_s + localOffset_s(utc_s)) * 1000)
      must(isMidnight(utc_s) && local.getUTCDate() === 1, () => `billing: ${utc_s} is no end of a month`)
    }
    for (let quantity = 0; quantity < QUANTITIES; quantity++) {
      const value = (e: number) => snapshot.find(quantity + 1, 8, e)?.value ?? 0
      let sum = 0
      for (let rate = 1; rate <= RATES; rate++) sum += value(rate)
      must(sum === value(0), () => `billing ${number}: rates of ${quantity} are ${sum}, the total is ${value(0)}`)
      for (let e = 0; e <= RATES; e++) {
        must(value(e) >= (before?.find(quantity + 1, 8, e)?.value ?? 0), () => `billing ${number}: register ${quantity}.8.${e} fell`)
      }
    }
  }

  /** The entries of a log, none missing. */
  *#entries(log: RecordLog, name: string) {
    const cursor = log.cursor()
    let expected = log.firstSequence
    while (cursor.next()) {
      const { sequence } = cursor
      must(sequence === expected || (this.damaged && sequence > expected), () => `${name}: entry ${expected} is missing, found ${sequence}`)
      expected = sequence + 1
      yield cursor
    }
    must(expected === log.nextSequence || this.damaged, () => `${name}: ends at ${expected}, not at ${log.nextSequence}`)
  }
}
