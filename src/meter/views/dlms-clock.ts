import { CLOCK_METHODS, ClockBase, ClockObject, type ClockSource } from '../../protocols/dlms/objects/clock.ts'
import type { CosemObject } from '../../protocols/dlms/source.ts'
import { managed } from './dlms-clients.ts'
import type { DlmsMeter } from './dlms-meter.ts'

/** The clock, and the column of every profile that shows when an entry was made. */
export const CLOCK = '0.0.1.0.0.255'
const CLOCK_TIME = 2
const ACCESS = managed([CLOCK_TIME], CLOCK_METHODS)

/** Date-time pattern of the last Sunday of a month at a full hour of local time (IEC 62056-6-2, class Clock). */
function lastSunday(month: number, hour: number, status: number): Uint8Array {
  return Uint8Array.of(0xff, 0xff, month, 0xfe, 7, hour, 0, 0, 0, 0x80, 0, status)
}

const NEVER = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x80, 0, 0xff)

class MeterClockSource implements ClockSource {
  readonly clockBase = ClockBase.internalCrystal
  readonly adjustment: ClockSource['adjustment']
  readonly #meter: DlmsMeter

  constructor(meter: DlmsMeter) {
    this.#meter = meter
    const { core } = meter
    this.adjustment = {
      get preset() {
        return meter.preset
      },
      set preset(preset) {
        meter.preset = preset
      },
      setTime: (utc_ms) => meter.setTime(utc_ms),
      shift: (difference_ms) => core.shiftClock(difference_ms),
      utcOfLocal: (local_ms) => meter.utcOfLocal(local_ms),
      measuringPeriod_s: core.profile.period_s,
    }
  }

  get utc_ms(): number {
    return this.#meter.now_ms()
  }

  get deviation_min(): number {
    return -this.#meter.offset_min(this.utc_ms)
  }

  get status(): number {
    return this.#meter.status(this.utc_ms)
  }

  get timeZone_min(): number {
    return -this.hourOffset_min
  }

  // 01:00 UTC in the local time that is valid before the change.
  get daylightSavingsBegin(): Uint8Array {
    return this.daylightSavingsEnabled ? lastSunday(3, 1 + this.hourOffset_min / 60, 0) : NEVER
  }

  get daylightSavingsEnd(): Uint8Array {
    return this.daylightSavingsEnabled ? lastSunday(10, 2 + this.hourOffset_min / 60, 0x80) : NEVER
  }

  get daylightSavingsDeviation_min(): number {
    return this.daylightSavingsEnabled ? 60 : 0
  }

  get daylightSavingsEnabled(): boolean {
    return this.#meter.config.localTime.daylightSaving === 'eu'
  }

  private get hourOffset_min(): number {
    return this.#meter.config.localTime.standardOffset_min
  }
}

export function clockObject(meter: DlmsMeter): CosemObject {
  return new ClockObject({ logicalName: CLOCK, access: ACCESS, source: new MeterClockSource(meter) })
}
