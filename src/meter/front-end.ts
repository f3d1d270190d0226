import type { Device } from '../../hal/api/device.ts'
import { CalibrationStore } from '../core/calibration/store.ts'
import type { MeteringSource } from '../core/metrology/source.ts'
import { SecretBox } from '../core/security/secret-box.ts'
import { Counter } from '../core/storage/counters.ts'
import type { Storage } from '../core/storage/storage.ts'
import { ATM90E32 } from '../drivers/metering/atm90e32/atm90e32.ts'
import { PendingEnergy } from '../drivers/metering/atm90e32/energy.ts'
import type { MeterConfig } from './config.ts'
import { isSealOpen } from './console/meter-target.ts'
import { boundedWait } from './metering.ts'

/** Energy of one count of the ATM90E32 at 3200 imp/kWh. */
export const ENERGY_UNIT = Object.freeze({ numerator: 25, denominator: 8 })
/** What a driver may wait for its chip while it starts; the ATM90E32 needs 65 ms. */
const DRIVER_WAIT_MAX_MS = 250
/** Starting power of a 5(60) A meter: half of 4.6 W in sum, a tenth of it in a phase (ATM90E32 datasheet, registers PStartTh and PPhaseTh). */
const START_W = 2.3
const PHASE_START_W = 0.46

export interface FrontEndOptions {
  readonly device: Device
  readonly storage: Storage
  readonly config: MeterConfig
  /** A calibration was stored. */
  readonly onCalibrated: (change: number) => void
  /** What is stored cannot be used: the meter measures uncalibrated. */
  readonly onDamaged: (reason: string) => void
}

/** Makes the driver of the metering IC, with the calibration of this meter. */
export class FrontEnd {
  readonly calibration: CalibrationStore
  readonly #options: FrontEndOptions
  /** What one driver leaves to the next. */
  readonly #pending = new PendingEnergy()

  constructor(options: FrontEndOptions) {
    this.#options = options
    const { device, storage, onCalibrated } = options
    const { crypto, key } = device
    this.calibration = new CalibrationStore({
      settings: storage.settings,
      sealOpen: () => isSealOpen(device),
      box: new SecretBox({ crypto, key, nextNonce: () => storage.counters.next(Counter.secretNonce) }),
      onChange: ({ change }) => onCalibrated(change),
    })
  }

  /** A configured driver. Throws FerrarisError when nobody answers. */
  start(): MeteringSource {
    const { device, config, onDamaged } = this.#options
    const { metering, wait_ms } = device
    const { frequency_Hz, nominalVoltage_V } = config.mains
    const found = this.calibration.load('ATM90E32')
    if (found.state === 'damaged') onDamaged(found.reason)
    const driver = new ATM90E32({
      sensor: metering.sensor,
      wait_ms: wait_ms && boundedWait(wait_ms, DRIVER_WAIT_MAX_MS),
      pending: this.#pending,
    })
    try {
      driver.configure({
        mainsFrequency_Hz: frequency_Hz,
        nominalVoltage_V,
        start_W: START_W,
        phaseStart_W: PHASE_START_W,
        phases: found.state === 'good' ? found.record.phases : undefined,
      })
      return driver
    } catch (error) {
      driver.close()
      throw error
    }
  }
}
