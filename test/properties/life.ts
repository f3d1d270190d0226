import { type ActivityCalendar, calendarErrors } from '../../src/core/tariff/activity-calendar.ts'
import { FerrarisError } from '../../src/lib/errors.ts'
import type { MeterCore } from '../../src/meter/core.ts'
import { PowerLoss } from '../../src/world/chips/nor-flash.ts'
import { Rig } from '../scenarios/rig.ts'
import { Books } from './books.ts'
import type { Shape, Step } from './steps.ts'
import { isSummer, TariffModel } from './tariff-model.ts'
import { World } from './world.ts'

/** A start takes 150 ms, and the supply counts as settled after three seconds. */
const SETTLE_S = 5
/** From where a clock begins that has lost its time to the days of a test: a quarter of a century. */
const RECOVERED_MS = 26 * 365.25 * 86_400_000
/** Registers are saved within this; what is lost with the supply was counted in it. */
const UNSAVED_S = 62
/** How often the bits of a configuration register are turned. */
const FLIP_ADDRESS = 0x31

type Command = Extract<Step, { kind: 'passive' | 'activate' | 'activateAt' | 'specialDays' | 'bill' | 'supply' }>

const nextOf = (utc_s: number, period_s: number) => (Math.floor(utc_s / period_s) + 1) * period_s
const localOffset_s = (utc_s: number) => (isSummer(utc_s) ? 7200 : 3600)

/** Seconds of UTC at the start of the local day that follows, or of the month that follows. */
function localMidnight(utc_s: number, to: 'day' | 'month'): number {
  const local = new Date((utc_s + localOffset_s(utc_s)) * 1000)
  const [year, month, day] = [local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()]
  const next_s = (to === 'day' ? Date.UTC(year, month, day + 1) : Date.UTC(year, month + 1, 1)) / 1000
  return next_s - localOffset_s(next_s - 7200)
}

function nextSaving(utc_s: number): number {
  let at_s = nextOf(utc_s, 3600)
  while (isSummer(at_s) === isSummer(at_s - 1)) at_s += 3600
  return at_s
}

/** A whole virtual meter, the world around it, and the accounts of what the meter owes. */
export class Life {
  readonly rig: Rig
  readonly world: World
  readonly tariff: TariffModel
  readonly books: Books
  readonly shape: Shape

  constructor(shape: Shape) {
    this.shape = shape
    this.rig = new Rig({
      trace: null,
      start_ms: Date.parse(shape.start),
      seed: shape.seed,
      config: {
        meter: {
          tariff: { rates: 8, rateWithoutClock: shape.rateWithoutClock },
          profile: { period_min: shape.profile_min, missing: shape.missing },
          demand: { period_min: shape.demand_min, periods: shape.periods },
          save: { interval_s: shape.save_s },
          billing: { blockOut_s: 0 },
          clock: { correctDrift: false },
        },
        world: { wander: false, rtc: 'none', holdUp_ms: shape.holdUp_ms },
      },
    })
    this.world = new World(this.rig.machine)
    this.tariff = new TariffModel(shape.rateWithoutClock)
    this.books = new Books(this)
  }

  /** Time passes; every second is written down. */
  pass(seconds: number): void {
    for (let i = 0; i < seconds; i++) {
      const second = this.world.second()
      this.books.second(second)
      if (this.rig.machine.meter !== undefined && this.world.valid) this.tariff.saw(second.to_s)
    }
    this.rig.run(0)
  }

  run(step: Step): void {
    if (step.kind === 'run') this.pass(step.seconds)
    else if (step.kind === 'load') this.#load(step.appliances, step.photovoltaics_W)
    else if (step.kind === 'outage') this.#outage(step.seconds, step.forgets)
    else if (step.kind === 'dip') this.#dip(step)
    else if (step.kind === 'shift') this.#setClock(step.seconds)
    else if (step.kind === 'leap') this.#leap(step)
    else if (step.kind === 'cut') this.#cut(step)
    else if (step.kind === 'reset') this.#reset(step.reason)
    else if (step.kind === 'bus') this.#bus(step)
    else if (step.kind === 'worn') for (const block of step.blocks) this.rig.machine.flash.wearOut(block)
    else if (step.kind === 'rot') this.rig.machine.flash.rot(step.bits)
    else if (step.kind === 'dropped') this.rig.machine.flash.cutAt(this.rig.machine.flash.operations + 1 + step.operations, 'dropped')
    else this.#command(step)
    if (this.rig.machine.meter === undefined) this.pass(SETTLE_S)
  }

  #load(appliances: number, photovoltaics_W: number): void {
    const { machine } = this.rig
    for (const [i, appliance] of machine.appliances.entries()) appliance.switch(((appliances >> i) & 1) === 1)
    machine.photovoltaics.set(photovoltaics_W > 0, photovoltaics_W)
    machine.mains.update()
  }

  #outage(seconds: number, forgets: boolean): void {
    const { machine } = this.rig
    this.books.troubled = true
    machine.mains.disturbAll(0)
    this.pass(seconds)
    if (forgets && machine.meter === undefined) this.world.loseClock()
    machine.mains.disturbAll(1)
    this.pass(SETTLE_S)
    this.books.disturbed(0)
  }

  #dip({ phase, factor, seconds }: Extract<Step, { kind: 'dip' }>): void {
    const { mains } = this.rig.machine
    const set = (value: number) => (phase === 3 ? mains.disturbAll(value) : mains.disturb(phase, value))
    this.books.troubled = true
    set(factor)
    this.pass(seconds)
    set(1)
    this.pass(SETTLE_S)
    this.books.disturbed(0)
  }

  #setClock(change_s: number): void {
    const { machine } = this.rig
    const { meter } = machine
    if (meter === undefined) return
    const { world } = this
    const change_ms = 1000 * change_s
    this.books.disturbed(0)
    let moved = false
    machine.board.run(() => {
      if (world.valid) moved = meter.core.shiftClock(change_ms)
      else {
        // A time for a clock that has none is taken as it is.
        meter.core.setClock(world.utc_ms + change_ms + RECOVERED_MS)
        moved = true
      }
    })
    if (moved) world.offset_ms += change_ms + (world.valid ? 0 : RECOVERED_MS)
    world.valid ||= moved
    this.tariff.saw(Math.floor(world.utc_ms / 1000))
    this.books.clockSet()
  }

  #leap({ to, before_s }: Extract<Step, { kind: 'leap' }>): void {
    const now_s = Math.floor(this.world.utc_ms / 1000)
    const at_s = to === 'hour' ? nextOf(now_s, 3600) : to === 'saving' ? nextSaving(now_s) : localMidnight(now_s, to)
    if (at_s - before_s <= now_s) return
    this.#setClock(at_s - before_s - now_s)
    this.pass(2 * before_s)
  }

  /** Power ends in an operation of the flash from now on; the mains are there, so the meter starts again. */
  #cut({ operations, tear }: Extract<Step, { kind: 'cut' }>): void {
    const { machine } = this.rig
    const { flash, generation } = machine
    this.books.losing = true
    flash.cutAt(flash.operations + 1 + operations, tear)
    for (let i = 0; i < 20 * UNSAVED_S && machine.generation === generation; i++) this.pass(1)
    this.pass(SETTLE_S)
    this.books.disturbed(UNSAVED_S + SETTLE_S)
    this.#followMeter()
  }

  #reset(reason: 'watchdog' | 'fault' | 'restart'): void {
    const { meter, board } = this.rig.machine
    if (meter === undefined) return
    this.books.losing = reason !== 'restart'
    if (reason === 'restart') meter.restart()
    else board.reset(reason)
    this.pass(SETTLE_S)
    this.books.disturbed(reason === 'restart' ? 2 : UNSAVED_S + SETTLE_S)
  }

  #bus({ fault, seconds, at }: Extract<Step, { kind: 'bus' }>): void {
    const { chip } = this.rig.machine
    this.books.losing = true
    if (fault === 'clock') chip.loseClock(at)
    else if (fault === 'reset') chip.spontaneousReset()
    else if (fault === 'flip') chip.flip(FLIP_ADDRESS + (at & 7), at & 15)
    else chip.stick(fault === 'low' ? 0 : 1)
    this.pass(seconds)
    chip.stick(undefined)
    // The driver may have been given up and is made again after a pause.
    this.pass(20)
    this.books.disturbed(seconds + 21)
  }

  #command(step: Command): void {
    const { machine } = this.rig
    const { meter } = machine
    if (meter === undefined) return
    machine.board.run(() => {
      try {
        this.#carryOut(step, meter.core)
      } catch (error) {
        if (!(error instanceof FerrarisError) || error instanceof PowerLoss) throw error
        this.#followMeter()
      }
    })
    if (step.kind === 'supply') meter.supplySwitch?.supply.disconnector.trigger(step.connect ? 'remoteReconnect' : 'remoteDisconnect')
    if (step.kind === 'supply') this.pass(2)
  }

  #carryOut(step: Command, core: MeterCore): void {
    const { tariff } = this
    const now_s = Math.floor(this.world.utc_ms / 1000)
    if (step.kind === 'passive') {
      core.setPassive(step.calendar as ActivityCalendar)
      tariff.passive = step.calendar
    } else if (step.kind === 'activate' && calendarErrors(tariff.passive).length === 0) {
      core.activatePassive()
      tariff.active = tariff.passive
      tariff.due_s = Number.POSITIVE_INFINITY
    } else if (step.kind === 'activateAt') {
      core.tariff.activateAt(Math.max(0, now_s + step.in_s))
      tariff.due_s = this.world.valid ? Math.max(now_s + step.in_s, now_s + 1) : Math.max(0, now_s + step.in_s)
    } else if (step.kind === 'specialDays') {
      const days = [{ index: 1, date: step.month === null ? {} : { month: step.month }, day: step.day }]
      core.setSpecialDays(days)
      tariff.setSpecialDays(days)
    } else if (step.kind === 'bill' && core.endBilling()) this.books.billed()
  }

  /** What the meter has become after something that it was not told of. */
  #followMeter(): void {
    const { meter } = this.rig.machine
    if (meter !== undefined) this.tariff.follow(meter.core.tariff)
  }

  /** All that the meter owes. */
  check(): void {
    if (this.rig.machine.meter !== undefined) this.books.check()
  }
}
