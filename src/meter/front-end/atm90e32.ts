import type { ATM90E32Wiring } from '../../../hal/api/metering.ts'
import { CalibrationStore } from '../../core/calibration/store.ts'
import { EVERYTHING } from '../../core/metrology/measured.ts'
import { SecretBox } from '../../core/security/secret-box.ts'
import { Counter } from '../../core/storage/counters.ts'
import { ATM90E32 } from '../../drivers/metering/atm90e32/atm90e32.ts'
import { PendingEnergy } from '../../drivers/metering/atm90e32/energy.ts'
import { boundedWait } from '../metering.ts'
import type { FrontEnd, FrontEndOptions } from './front-end.ts'

/** Energy of one count at 3200 imp/kWh. */
const ENERGY_UNIT = Object.freeze({ numerator: 25, denominator: 8 })
/** What the driver may wait for its chip while it starts; it needs 65 ms. */
const DRIVER_WAIT_MAX_MS = 250
/** Starting power of a 5(60) A meter: half of 4.6 W in sum, a tenth of it in a phase (datasheet, registers PStartTh and PPhaseTh). */
const START_W = 2.3
const PHASE_START_W = 0.46

/** Three phases, four quadrants; it answers while its driver is made, and has an interrupt. */
export const atm90e32 = Object.freeze({
  measured: EVERYTHING,
  create: (options: FrontEndOptions, { sensor }: ATM90E32Wiring): FrontEnd => {
    const { device, storage, config, sealOpen, onCalibrated, onDamaged } = options
    const { crypto, key, wait_ms } = device
    const { frequency_Hz, nominalVoltage_V } = config.mains
    const calibration = new CalibrationStore({
      settings: storage.settings,
      sealOpen,
      box: new SecretBox({ crypto, key, nextNonce: () => storage.counters.next(Counter.secretNonce) }),
      onChange: ({ change }) => onCalibrated(change),
    })
    /** What one driver leaves to the next. */
    const pending = new PendingEnergy()
    return {
      energyUnit: ENERGY_UNIT,
      measured: EVERYTHING,
      settle_ms: 0,
      start: () => {
        const found = calibration.load('ATM90E32')
        if (found.state === 'damaged') onDamaged(found.reason)
        const driver = new ATM90E32({ sensor, wait_ms: wait_ms && boundedWait(wait_ms, DRIVER_WAIT_MAX_MS), pending })
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
      },
    }
  },
})
