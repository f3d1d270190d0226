import type { ADE7953Wiring } from '../../../hal/api/metering.ts'
import { ade7953Rules } from '../../core/calibration/ade7953.ts'
import type { TwoChannelCodes } from '../../core/calibration/codes.ts'
import { EVERYTHING, type Measured } from '../../core/metrology/measured.ts'
import { ADE7953, type ADE7953Options } from '../../drivers/metering/ade7953/ade7953.ts'
import { PendingEnergy } from '../../drivers/metering/ade7953/energy.ts'
import { MILLI_UNIT } from '../../lib/energy-carry.ts'
import { WaitBudget } from '../metering.ts'
import { FrontEndCalibration } from './calibration.ts'
import type { FrontEnd, FrontEndOptions } from './front-end.ts'

const MEASURED: Measured = Object.freeze({ ...EVERYTHING, phases: 1 })
/** What the driver may wait for its chip while it starts; it needs 125 ms at most to answer, and 5 ms after a reset. */
const DRIVER_WAIT_MAX_MS = 400
/** Starting current of class 1: 0.4 % of the reference (IEC 62053-21, table 7); the chip starts at half of that power. */
const START_FRACTION = 0.004 / 2
const REFERENCE_A = 5

const CHANNELS = Object.freeze(['L1', 'N'])

/** One phase, four quadrants, neutral current; it answers while its driver is made, and has an interrupt. */
export const ade7953 = Object.freeze({
  measured: MEASURED,
  create: (options: FrontEndOptions, wiring: ADE7953Wiring): FrontEnd => {
    const { device, config } = options
    const { circuit, rating } = wiring
    const { fullScaleVoltage_V: voltage_V, fullScaleCurrent_A: current_A, fullScaleNeutral_A: neutral_A = current_A } = circuit
    const calibration = new FrontEndCalibration(ade7953Rules({ voltage_V, current_A, neutral_A }), CHANNELS, options)
    const { clock, wait_ms } = device
    const { frequency_Hz, nominalVoltage_V } = config.mains
    /** What one driver leaves to the next. */
    const pending = new PendingEnergy()
    return {
      energyUnit: MILLI_UNIT,
      measured: MEASURED,
      settle_ms: 0,
      calibration,
      start: () => {
        const budget = new WaitBudget(wait_ms, DRIVER_WAIT_MAX_MS)
        const common = { ticks_ms: () => clock.ticks_ms(), wait_ms: budget.wait_ms, pending }
        const chip: ADE7953Options =
          wiring.bus === 'SPI' ? { ...common, bus: 'SPI', sensor: wiring.sensor } : { ...common, bus: 'I2C', sensor: wiring.sensor }
        const driver = new ADE7953(chip)
        const start_W = START_FRACTION * (rating?.reference_A ?? REFERENCE_A) * nominalVoltage_V
        const configure = (phases: TwoChannelCodes | undefined) =>
          driver.configure({ ...circuit, mainsFrequency_Hz: frequency_Hz, nominalVoltage_V, phases, start_W })
        return calibration.start(driver, { configure, budget })
      },
    }
  },
})
