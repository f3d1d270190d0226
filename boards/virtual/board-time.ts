import type { Device } from '../../hal/api/device.ts'
import { DS3231 } from '../../src/world/chips/ds3231.ts'
import { PCF8563 } from '../../src/world/chips/pcf8563.ts'
import type { RtcChip, RtcChipOptions } from '../../src/world/chips/rtc-chip.ts'
import { type CrystalCurve, tuningFork } from '../../src/world/chips/rtc-crystal.ts'
import { RV3028 } from '../../src/world/chips/rv3028.ts'
import { I2CBus } from '../../src/world/i2c-bus.ts'
import type { PinBank } from '../../src/world/pins.ts'
import type { Scheduler } from '../../src/world/scheduler.ts'
import { ProcessorClock, WorldClock, WorldTimer } from '../../src/world/time.ts'
import { BOARD } from './board.ts'
import type { VirtualConfig } from './config.ts'

/** Clock chips that the board can have. */
const CHIPS = {
  RV3028: (options: RtcChipOptions) => new RV3028(options),
  DS3231: (options: RtcChipOptions) => new DS3231(options),
  PCF8563: (options: RtcChipOptions) => new PCF8563(options),
}

export type BoardTimeConfig = Pick<VirtualConfig['world'], 'rtc' | 'rtcReserve_h' | 'rtcDrift_ppm' | 'processorDrift_ppm' | 'temperature_C'>

export interface BoardTimeOptions {
  readonly scheduler: Scheduler
  readonly pins: PinBank
  readonly config: BoardTimeConfig
}

/** A DS3231 compensates its temperature; the others are as the crystal is. */
function crystalOf({ rtc, rtcDrift_ppm }: BoardTimeConfig): CrystalCurve {
  return rtc === 'DS3231' ? () => rtcDrift_ppm : tuningFork({ offset_ppm: rtcDrift_ppm })
}

/**
 * What the board tells the time with: the oscillator of the processor, and a clock chip with a capacitor, whose time the factory has set to that of
 * the world. Without a chip the time of the world.
 */
export class BoardTime {
  /** Clock chip; undefined on a board without one. */
  readonly chip: RtcChip | undefined
  readonly bus = new I2CBus()
  readonly #scheduler: Scheduler
  readonly #pins: PinBank
  readonly #config: BoardTimeConfig
  readonly #world: WorldClock
  #powered = true
  /** The store holds nothing any more, however long it is charged. */
  #worn = false

  constructor({ scheduler, pins, config }: BoardTimeOptions) {
    this.#scheduler = scheduler
    this.#pins = pins
    this.#config = config
    this.#world = new WorldClock(scheduler)
    pins.drive(BOARD.rtc.storeLow, 1)
    if (config.rtc === 'none') return
    this.chip = CHIPS[config.rtc]({
      now_us: () => scheduler.now_us,
      crystal: crystalOf(config),
      backup: { reserve_s: config.rtcReserve_h * 3600, charge_s: BOARD.rtc.charge_s },
      temperature_C: config.temperature_C,
    })
    this.chip.setTime(scheduler.now_us)
    this.bus.attach(this.chip)
    this.#watchStore()
  }

  /** What a firmware that starts gets. */
  timer(): WorldTimer {
    return new WorldTimer(this.#scheduler, this.#config.processorDrift_ppm)
  }

  device(): Pick<Device, 'clock' | 'rtc'> {
    const { rtc, processorDrift_ppm } = this.#config
    if (rtc === 'none') return { clock: this.#world }
    const { hz, trickle_ohm, storeLow } = BOARD.rtc
    return {
      clock: new ProcessorClock(this.#scheduler, processorDrift_ppm),
      rtc: {
        part: rtc,
        clock: { io: this.bus.constructorFor(), hz },
        trickle_ohm,
        storeLow: { io: this.#pins.constructorFor(), pin: storeLow },
      },
    }
  }

  powerOff(): void {
    this.#powered = false
    this.bus.release()
    this.chip?.powerOff()
  }

  powerOn(): void {
    this.#powered = true
    this.chip?.powerOn()
    this.#watchStore()
  }

  // --- back door ---

  /** Somebody, or a fault, sets the clock of the board behind the back of the meter. */
  set(utc_ms: number): void {
    if (this.chip === undefined) this.#world.set(utc_ms)
    else this.chip.setTime(utc_ms * 1000)
  }

  /** The store was empty when the supply failed. */
  loseBackup(): void {
    if (this.chip === undefined) this.#world.loseBackup()
    else this.chip.emptyStore()
  }

  /** The capacitor has dried out. */
  wearStore(): void {
    this.#worn = true
    this.#watchStore()
  }

  /** The detector follows the store, which is filled evenly. */
  #watchStore(): void {
    const { storeLow, low, charge_s } = BOARD.rtc
    const level = this.#worn ? 0 : (this.chip?.storeLevel ?? 1)
    this.#pins.drive(storeLow, level < low ? 0 : 1)
    if (level >= low || this.#worn || this.#config.rtcReserve_h === 0) return
    this.#scheduler.after(Math.ceil((low - level) * charge_s) * 1_000_000, () => {
      if (this.#powered) this.#watchStore()
    })
  }
}
