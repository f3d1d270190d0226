import type { Clock } from '../hal/api/time.ts'
import { MemoryFlash } from '../hal/portable/flash.ts'
import { ATM90E32 } from '../src/drivers/metering/atm90e32/atm90e32.ts'
import { validate } from '../src/lib/schema-validate.ts'
import { METER_CONFIG } from '../src/meter/config.ts'
import { MeterCore } from '../src/meter/core.ts'
import { StillBus } from './still-bus.ts'

/** A minute before the end of a capture period. */
const START_S = 1_767_225_600 + 900 - 60
/** Tariff, demand and profile of a meter that uses everything: four rates, sliding demand. */
export const FULL_CONFIG = {
  tariff: {
    rates: 4,
    days: [
      {
        id: 1,
        switches: [
          { at: '06:00', rate: 1 },
          { at: '12:00', rate: 3 },
          { at: '17:00', rate: 4 },
          { at: '22:00', rate: 2 },
        ],
      },
    ],
  },
  demand: { period_min: 5, periods: 3 },
  save: { interval_s: 3600 },
}

/** The metering part of a three-phase meter on a bus that costs next to nothing, and a flash in memory. */
export class SampleWork {
  readonly #driver: ATM90E32
  readonly #core: MeterCore
  #second = 0

  constructor() {
    const config = validate(METER_CONFIG, FULL_CONFIG)
    if (!config.ok) throw new Error(config.errors[0].text)
    const clock: Clock = {
      valid: true,
      now_ms: () => (START_S + this.#second) * 1000,
      ticks_ms: () => this.#second * 1000,
      set: () => {},
    }
    this.#driver = new ATM90E32({ sensor: { io: StillBus, hz: 1_000_000, mode: 3 } })
    this.#driver.configure({})
    this.#core = new MeterCore({
      device: {
        clock,
        timer: { set: () => ({}), clear: () => {} },
        random: () => {},
        crypto: undefined as never,
        flash: new MemoryFlash({ blocks: 512, blockLength: 4096, writeAlign: 16 }),
        metering: { part: 'ATM90E32', sensor: { io: StillBus, hz: 1_000_000 } },
      },
      metering: this.#driver,
      config: config.value,
    })
    // A start looks through its logs for the first minutes.
    this.seconds(900)
    if (!this.#core.healthy || this.#core.energy.value(0, 0) === 0) throw new Error('the meter does not measure')
  }

  /** Samples of the driver, which nobody books. */
  samples(count: number): void {
    for (let i = 0; i < count; i++) this.#driver.sample()
  }

  /** Seconds of the core, sample and all that follows from it. */
  seconds(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#second++
      this.#core.second()
    }
  }

  /** Up to the second before the next end of a capture period. */
  align(): void {
    while ((START_S + this.#second + 1) % 900 !== 0) this.seconds(1)
  }

  /** The register image, saved. */
  saves(count: number): void {
    for (let i = 0; i < count; i++) this.#core.save()
  }
}
