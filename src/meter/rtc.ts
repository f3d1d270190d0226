import type { RtcPart } from '../../hal/api/device.ts'
import type { RealTimeClock } from '../core/clock/real-time-clock.ts'
import { DS3231 } from '../drivers/rtc/ds3231/ds3231.ts'
import { PCF8563 } from '../drivers/rtc/pcf8563/pcf8563.ts'
import { RV3028 } from '../drivers/rtc/rv3028/rv3028.ts'
import { FerrarisError } from '../lib/errors.ts'

/** A clock chip of the board, ready to be asked. */
export interface OpenRtc extends RealTimeClock {
  close(): void
  /** What a correction is rounded to, in ppm; undefined for a chip without one. */
  readonly trimStep_ppm: number | undefined
  /** Correction in force, in ppm; undefined when the chip has none or does not answer. */
  readonly trim_ppm: number | undefined
  /** Corrects the crystal, positive for a faster clock. False when the chip does not take it, or has no correction so large. */
  trim(trim_ppm: number): boolean
}

/** What the driver of a chip with a correction has. */
type Trimmed = RealTimeClock & { readonly trimStep_ppm: number; readonly trim_ppm: number | undefined; close(): void }

/** Runs a configuration: a chip that does not take it still tells the time. */
function taken(configure: () => void): boolean {
  try {
    configure()
    return true
  } catch (error) {
    if (error instanceof FerrarisError || error instanceof RangeError) return false
    throw error
  }
}

function withTrim(driver: Trimmed, configure: (trim_ppm: number | undefined) => void): OpenRtc {
  taken(() => configure(undefined))
  return {
    setPhase_ms: driver.setPhase_ms,
    sample: () => driver.sample(),
    set: (utc_s) => driver.set(utc_s),
    close: () => driver.close(),
    trimStep_ppm: driver.trimStep_ppm,
    get trim_ppm() {
      return driver.trim_ppm
    },
    trim: (trim_ppm) => taken(() => configure(trim_ppm)),
  }
}

function openRV3028(part: RtcPart, wait_ms: ((duration_ms: number) => void) | undefined): OpenRtc {
  const { clock, trickle_ohm } = part
  const driver = new RV3028({ clock, wait_ms })
  return withTrim(driver, (trim_ppm) => driver.configure({ switchover: 'level', trickle_ohm, trim_ppm }))
}

function openDS3231({ clock }: RtcPart): OpenRtc {
  const driver = new DS3231({ clock })
  return withTrim(driver, (trim_ppm) => driver.configure({ trim_ppm }))
}

function openPCF8563({ clock }: RtcPart): OpenRtc {
  const driver = new PCF8563({ clock })
  return {
    setPhase_ms: driver.setPhase_ms,
    sample: () => driver.sample(),
    set: (utc_s) => driver.set(utc_s),
    close: () => driver.close(),
    trimStep_ppm: undefined,
    trim_ppm: undefined,
    trim: () => false,
  }
}

/** Throws FerrarisError `NO_DEVICE` when nobody answers. `wait_ms` blocks, for an EEPROM that takes its time. */
export function openRtc(part: RtcPart, wait_ms?: (duration_ms: number) => void): OpenRtc {
  if (part.part === 'RV3028') return openRV3028(part, wait_ms)
  return part.part === 'DS3231' ? openDS3231(part) : openPCF8563(part)
}
