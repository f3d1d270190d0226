import type { SPI } from '../hal/api/io.ts'
import type { Clock } from '../hal/api/time.ts'
import { MemoryFlash } from '../hal/portable/flash.ts'
import { ATM90E32 } from '../src/drivers/metering/atm90e32/atm90e32.ts'
import { Register } from '../src/drivers/metering/atm90e32/registers.ts'
import { validate } from '../src/lib/schema-validate.ts'
import { METER_CONFIG } from '../src/meter/config.ts'
import { MeterCore } from '../src/meter/core.ts'

/** A quarter of an hour, less one second. */
const START_S = 1_767_225_600 - 60
/** Energy of a second at 3.5 kW, in counts. */
const COUNTS = 311
const REGISTERS = 0x100
/** UrmsA and IrmsA; the other phases follow. */
const URMS_A = 0xd9
const IRMS_A = 0xdd

/** Registers that keep what is written: a bus without a chip behind it, so that what is measured is the firmware and nothing else. */
class StillBus implements SPI {
  readonly #registers = new Uint16Array(REGISTERS)

  constructor() {
    this.#registers[Register.APenergyT] = COUNTS
    this.#registers[Register.SAenergyT] = COUNTS
    // 230 V and 5 A on each phase, 50 Hz: mains that no monitor has anything to say about.
    for (let phase = 0; phase < 3; phase++) {
      this.#registers[URMS_A + phase] = 23_000
      this.#registers[IRMS_A + phase] = 5000
      this.#registers[Register.PmeanT + 1 + phase] = 55
    }
    this.#registers[Register.Freq] = 5000
    this.#registers[Register.UangleB] = 2400
    this.#registers[Register.UangleC] = 1200
  }

  transfer(bytes: Uint8Array): void {
    const registers = this.#registers
    const address = bytes[1]
    if ((bytes[0] & 0x80) === 0) {
      registers[address] = registers[Register.LastSPIData] = (bytes[2] << 8) | bytes[3]
      return
    }
    const value = registers[address]
    registers[Register.LastSPIData] = value
    bytes[2] = value >> 8
    bytes[3] = value
  }

  read(): never {
    throw new Error('not used')
  }
  write(): never {
    throw new Error('not used')
  }
  close(): void {}
}

/** Tariff, demand and profile of a meter that uses everything: four rates, sliding demand. */
const CONFIG = {
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
    const config = validate(METER_CONFIG, CONFIG)
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
    this.seconds(1800)
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
