import type { Clock } from '../../../hal/api/time.ts'
import { RtcClock } from '../../../src/core/clock/rtc-clock.ts'
import type { RtcChipOptions } from '../../../src/world/chips/rtc-chip.ts'
import { WorldTimer } from '../../../src/world/time.ts'
import { RtcRig } from '../../drivers/rtc/rig.ts'

/** A clock below the discipline: true time, with a drift and steps. */
export class FakeClock implements Clock {
  valid = true
  /** True milliseconds since the start. */
  true_ms = 0
  drift_ppm = 0
  sets = 0
  /** It stays behind by so much, as one that slews. */
  lag_ms = 0
  #offset_ms: number

  constructor(utc_ms: number) {
    this.#offset_ms = utc_ms
  }

  now_ms(): number {
    return this.#offset_ms + this.ticks_ms() - this.lag_ms
  }

  /** The processor counts with the same crystal here. */
  ticks_ms(): number {
    return Math.floor(this.true_ms * (1 + this.drift_ppm / 1e6))
  }

  set(utc_ms: number): void {
    this.#offset_ms = utc_ms - this.ticks_ms() + this.lag_ms
    this.valid = true
    this.sets++
  }
}

/** An RTC chip, its driver and a processor with a crystal of its own, which can lose its supply. */
export class ClockRig {
  readonly rtc: RtcRig
  readonly ticks_ppm: number
  clock: RtcClock
  timer: WorldTimer
  /** True time of the start. */
  readonly start_ms: number

  constructor(chip: string, start_ms: number, options: Partial<RtcChipOptions> = {}, ticks_ppm = 0) {
    this.rtc = new RtcRig(chip, options)
    this.ticks_ppm = ticks_ppm
    this.start_ms = start_ms
    this.timer = new WorldTimer(this.rtc.scheduler)
    this.clock = this.#start()
  }

  /** True time. */
  get true_ms(): number {
    return this.start_ms + this.rtc.scheduler.now_us / 1000
  }

  /** The clock against true time. */
  get error_ms(): number {
    return this.clock.now_ms() - this.true_ms
  }

  advance(ms: number): void {
    this.rtc.advance(ms)
  }

  /** The mains fail for so long, then the meter starts again. */
  outage(ms: number): void {
    this.timer.stop()
    this.clock.close()
    this.rtc.bus.release()
    this.rtc.chip.powerOff()
    this.advance(ms)
    this.rtc.chip.powerOn()
    this.timer = new WorldTimer(this.rtc.scheduler)
    this.clock = this.#start()
  }

  #start(): RtcClock {
    const started_us = this.rtc.scheduler.now_us
    const ticks_ms = () => Math.floor(((this.rtc.scheduler.now_us - started_us) / 1000) * (1 + this.ticks_ppm / 1e6))
    return new RtcClock({ open: () => this.rtc.restart(), timer: this.timer, ticks_ms })
  }
}
