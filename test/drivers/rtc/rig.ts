import type { I2CConstructor } from '../../../hal/api/i2c.ts'
import type { RealTimeClock } from '../../../src/core/clock/real-time-clock.ts'
import { DS3231 } from '../../../src/drivers/rtc/ds3231/ds3231.ts'
import { PCF8563 } from '../../../src/drivers/rtc/pcf8563/pcf8563.ts'
import { RV3028 } from '../../../src/drivers/rtc/rv3028/rv3028.ts'
import { DS3231 as DS3231Chip } from '../../../src/world/chips/ds3231.ts'
import { PCF8563 as PCF8563Chip } from '../../../src/world/chips/pcf8563.ts'
import type { RtcChip, RtcChipOptions } from '../../../src/world/chips/rtc-chip.ts'
import { RV3028 as RV3028Chip } from '../../../src/world/chips/rv3028.ts'
import { I2CBus } from '../../../src/world/i2c-bus.ts'
import { Scheduler } from '../../../src/world/scheduler.ts'

/** A capacitor that the supply fills in four hours. */
const RESERVE_S = 8 * 86_400
const CAPACITOR = { reserve_s: RESERVE_S, charge_s: 4 * 3600 }

type Driver = RealTimeClock & { close(): void }

/** How a chip and its driver are made. */
export const CHIPS: Readonly<
  Record<string, { readonly chip: (options: RtcChipOptions) => RtcChip; readonly driver: (io: I2CConstructor) => Driver }>
> = {
  DS3231: { chip: (options) => new DS3231Chip(options), driver: (io) => new DS3231({ clock: { io } }) },
  'RV-3028-C7': {
    chip: (options) => new RV3028Chip(options),
    driver: (io) => {
      const driver = new RV3028({ clock: { io } })
      driver.configure()
      return driver
    },
  },
  PCF8563: { chip: (options) => new PCF8563Chip(options), driver: (io) => new PCF8563({ clock: { io } }) },
}

/** One chip on a bus, with a driver. */
export class RtcRig {
  readonly scheduler = new Scheduler(0)
  readonly bus = new I2CBus()
  readonly chip: RtcChip
  readonly reserve_s = RESERVE_S
  readonly io = this.bus.constructorFor()
  rtc: Driver
  readonly #driver: (io: I2CConstructor) => Driver

  constructor(name: string, options: Partial<RtcChipOptions> = {}) {
    const { chip, driver } = CHIPS[name]
    this.chip = chip({ now_us: () => this.scheduler.now_us, backup: CAPACITOR, ...options })
    this.bus.attach(this.chip)
    this.#driver = driver
    this.rtc = driver(this.io)
  }

  advance(ms: number): void {
    this.scheduler.run(this.scheduler.now_us + ms * 1000)
  }

  restart(): Driver {
    this.rtc.close()
    this.bus.release()
    this.rtc = this.#driver(this.io)
    return this.rtc
  }
}
