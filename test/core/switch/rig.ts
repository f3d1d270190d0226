import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { Settings } from '../../../src/core/storage/settings.ts'
import { SwitchEvent } from '../../../src/core/switch/events.ts'
import { LimiterScript } from '../../../src/core/switch/limiter-settings.ts'
import { SupplySwitch } from '../../../src/core/switch/supply-switch.ts'
import { SupplyRelay } from '../../../src/drivers/relay/supply-relay.ts'
import { NorFlash, PowerLoss } from '../../../src/world/chips/nor-flash.ts'
import { PinBank } from '../../../src/world/pins.ts'
import { LatchingRelay } from '../../../src/world/relay.ts'
import { Scheduler } from '../../../src/world/scheduler.ts'
import { WorldClock, WorldTimer } from '../../../src/world/time.ts'

const PINS = Object.freeze({ close: 10, open: 11, feedback: 12 })
export const POWER = Object.freeze({ classId: 3, logicalName: '1.0.1.7.0.255', attribute: 2 })
export const START_MS = Date.UTC(2026, 0, 5, 12)
const VOLTAGE_V = 230

export interface RigOptions {
  readonly mode?: number
  readonly position?: 'assert' | 'leave'
  readonly feedback?: boolean
  readonly closed?: boolean
}

/** A meter with nothing but a supply switch: flash, relay and load outlive its power cuts. */
export class SwitchRig {
  readonly scheduler = new Scheduler(START_MS * 1000)
  readonly clock = new WorldClock(this.scheduler)
  readonly pins = new PinBank(this.scheduler)
  readonly flash = new NorFlash(new MemoryFlash({ blocks: 4, blockLength: 1024 }))
  readonly relay: LatchingRelay
  /** Codes and parameters, of all starts. */
  events: [code: number, parameter: number][] = []
  /** What the house would draw. */
  load_W = 1000
  /** The metering IC answers. */
  metering = true
  on = false
  parts!: SupplySwitch
  driver!: SupplyRelay
  readonly #options: RigOptions
  #timer = new WorldTimer(this.scheduler)
  #starts = 0

  constructor(options: RigOptions = {}) {
    this.#options = options
    this.relay = new LatchingRelay({ scheduler: this.scheduler, closed: options.closed ?? true })
    this.relay.connect(this.pins, PINS)
    // The firmware starts in steps of whole seconds, as the ticker of a meter does.
    this.scheduler.after(1_000_000, () => this.#survive(() => this.#second()), 1_000_000)
  }

  get disconnector(): SupplySwitch['disconnector'] {
    return this.parts.disconnector
  }

  get limiter(): SupplySwitch['limiter'] {
    return this.parts.limiter
  }

  get power_W(): number {
    return this.relay.conducts(0) ? this.load_W : 0
  }

  get codes(): number[] {
    return this.events.map(([code]) => code)
  }

  start(): this {
    this.flash.powerOn()
    this.#survive(() => this.#boot())
    return this
  }

  /** The supply fails, at once. */
  cut(): void {
    this.on = false
    this.flash.powerOff()
    this.pins.release()
    this.#timer.stop()
  }

  run(seconds: number): void {
    this.scheduler.run(this.scheduler.now_us + Math.round(seconds * 1_000_000))
  }

  /** Gives a command; what the supply does meanwhile is a power cut. */
  attempt(command: (parts: SupplySwitch) => void): void {
    if (this.on) this.#survive(() => command(this.parts))
  }

  #boot(): void {
    this.#timer = new WorldTimer(this.scheduler)
    const { mode = 1, position = 'assert', feedback = true } = this.#options
    const settings = new Settings(this.flash, { area: 1, firstBlock: 0, blocks: 4 })
    settings.mount()
    this.parts = new SupplySwitch({
      settings,
      mode,
      position,
      clock: {
        now_s: () => Math.floor(this.clock.now_ms() / 1000),
        ticks_ms: () => this.clock.ticks_ms(),
        valid: true,
      },
      monitored: [
        { ...POWER, read: () => (this.metering ? this.power_W : undefined) },
        { classId: 5, logicalName: '1.0.1.4.0.255', attribute: 2, read: () => 0 },
      ],
      onEvent: (code, parameter) => this.events.push([code, parameter]),
    })
    const io = this.pins.constructorFor()
    this.driver = new SupplyRelay({
      coil: { type: 'bistable', io, closePin: PINS.close, openPin: PINS.open },
      ...(feedback ? { feedback: { io, pin: PINS.feedback, closed: 0 } } : {}),
      timer: this.#timer,
      ticks_ms: () => this.clock.ticks_ms(),
      // Without feedback a start knows only that the contact stays where it was.
      ...(this.#starts > 0 && !feedback ? { closed: this.parts.disconnector.outputState } : {}),
    })
    this.#starts++
    this.on = true
    this.parts.disconnector.attach(this.driver)
  }

  #second(): void {
    if (!this.on) return
    this.parts.second(this.metering ? this.power_W / VOLTAGE_V : undefined)
  }

  #survive(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!(error instanceof PowerLoss)) throw error
      this.cut()
    }
  }
}

/** A limiter of 3 kW that switches off after 10 s and, where the mode allows it, on again after 20 s. */
export function limitTo3kW(rig: SwitchRig): void {
  rig.limiter.change({
    thresholdNormal: 3000,
    minOver_s: 10,
    minUnder_s: 20,
    actionOver: LimiterScript.disconnect,
    actionUnder: LimiterScript.reconnect,
  })
  rig.events = rig.events.filter(([code]) => code !== SwitchEvent.limiterChanged)
}
