import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { LogId } from '../../../src/core/events/codes.ts'
import { EventLogs } from '../../../src/core/events/event-logs.ts'
import { QUALITY_COUNTERS } from '../../../src/core/quality/failure-counters.ts'
import { QualityMonitor, type QualityOptions } from '../../../src/core/quality/quality-monitor.ts'
import { openStorage } from '../../../src/core/storage/storage.ts'
import { createMeteringSample, type MeteringSample } from '../../../src/lib/metering-sample.ts'

const START_S = 1_767_614_400
export const NOMINAL_MV = 230_000

export interface Told {
  readonly utc_s: number
  readonly ticks_ms: number
  readonly code: number
  readonly parameter: number
  readonly value: number
}

/** The mains as they should be, three phases. */
export function goodSample(): MeteringSample & { voltageThd_permille?: number[] } {
  const sample = createMeteringSample()
  sample.voltage_mV.fill(NOMINAL_MV)
  sample.current_mA.fill(5000)
  sample.voltageAngle_ddeg.set([0, 1200, 2400])
  sample.frequency_mHz = 50_000
  return sample
}

/** A monitor with its log in flash and a clock. */
export class QualityRig {
  readonly flash: MemoryFlash
  readonly sample = goodSample()
  readonly told: Told[] = []
  readonly counters = new Float64Array(QUALITY_COUNTERS)
  monitor: QualityMonitor
  logs: EventLogs
  ticks_ms = 0
  offset_ms = 0
  readonly #options: Partial<QualityOptions>

  constructor(options: Partial<QualityOptions> = {}, flash = new MemoryFlash({ blocks: 512, blockLength: 4096, writeAlign: 16 })) {
    this.#options = options
    this.flash = flash
    this.logs = new EventLogs(openStorage(flash))
    this.monitor = this.#create()
  }

  get utc_s(): number {
    return START_S + Math.floor((this.ticks_ms + this.offset_ms) / 1000)
  }

  /** The meter starts again; its ticks begin at 0 while the clock goes on. */
  restart(): void {
    this.offset_ms += this.ticks_ms
    this.ticks_ms = 0
    this.logs = new EventLogs(openStorage(this.flash))
    this.logs.start(this.utc_s)
    this.monitor = this.#create()
    const log = this.logs.get(LogId.quality)
    if (log !== undefined) this.monitor.resume(log, this.utc_s, 0)
  }

  observe(): void {
    this.monitor.observe(this.sample, this.utc_s, this.ticks_ms)
  }

  seconds(count: number): void {
    for (let i = 0; i < count; i++) {
      this.ticks_ms += 1000
      this.observe()
    }
  }

  /** Codes told since the last call. */
  codes(): number[] {
    return this.told.splice(0).map(({ code }) => code)
  }

  #create(): QualityMonitor {
    return new QualityMonitor({
      ...{ phases: 3, nominal_mV: NOMINAL_MV, nominal_mHz: 50_000, maximum_mA: 60_000, counters: this.counters },
      log: (code, utc_s, parameter, value) => {
        this.told.push({ utc_s, ticks_ms: this.ticks_ms, code, parameter, value })
        this.logs.add(LogId.quality, code, utc_s, parameter, value)
      },
      ...this.#options,
    })
  }
}
