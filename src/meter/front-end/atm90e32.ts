import type { ATM90E32Wiring } from '../../../hal/api/metering.ts'
import { ATM90E32_RULES } from '../../core/calibration/atm90e32.ts'
import type { ThreePhaseCodes } from '../../core/calibration/codes.ts'
import { EVERYTHING } from '../../core/metrology/measured.ts'
import { ATM90E32 } from '../../drivers/metering/atm90e32/atm90e32.ts'
import { PendingEnergy } from '../../drivers/metering/atm90e32/energy.ts'
import { WaitBudget } from '../metering.ts'
import { FrontEndCalibration } from './calibration.ts'
import type { FrontEnd, FrontEndOptions } from './front-end.ts'

/** Energy of one count at 3200 imp/kWh. */
const ENERGY_UNIT = Object.freeze({ numerator: 25, denominator: 8 })
/** What the driver may wait for its chip while it starts; it needs 65 ms. */
const DRIVER_WAIT_MAX_MS = 250
/** Starting power of a 5(60) A meter: half of 4.6 W in sum, a tenth of it in a phase (datasheet, registers PStartTh and PPhaseTh). */
const START_W = 2.3
const PHASE_START_W = 0.46

const CHANNELS = Object.freeze(['L1', 'L2', 'L3'])

/** Three phases, four quadrants; it answers while its driver is made, and has an interrupt. */
export const atm90e32 = Object.freeze({
  measured: EVERYTHING,
  create: (options: FrontEndOptions, { sensor }: ATM90E32Wiring): FrontEnd => {
    const { device, config } = options
    const { wait_ms } = device
    const { frequency_Hz, nominalVoltage_V } = config.mains
    const calibration = new FrontEndCalibration(ATM90E32_RULES, CHANNELS, options)
    /** What one driver leaves to the next. */
    const pending = new PendingEnergy()
    return {
      energyUnit: ENERGY_UNIT,
      measured: EVERYTHING,
      settle_ms: 0,
      calibration,
      start: () => {
        const budget = new WaitBudget(wait_ms, DRIVER_WAIT_MAX_MS)
        const driver = new ATM90E32({ sensor, wait_ms: budget.wait_ms, pending })
        const configure = (phases: ThreePhaseCodes | undefined) =>
          driver.configure({ mainsFrequency_Hz: frequency_Hz, nominalVoltage_V, start_W: START_W, phaseStart_W: PHASE_START_W, phases })
        return calibration.start(driver, { configure, budget })
      },
    }
  },
})
