import type { ADE7953Wiring } from '../../../hal/api/metering.ts'
import { EVERYTHING, type Measured } from '../../core/metrology/measured.ts'
import { ADE7953, type ADE7953Options } from '../../drivers/metering/ade7953/ade7953.ts'
import { PendingEnergy } from '../../drivers/metering/ade7953/energy.ts'
import { MILLI_UNIT } from '../../lib/energy-carry.ts'
import { boundedWait } from '../metering.ts'
import { calibrationFor } from './calibration.ts'
import type { FrontEnd, FrontEndOptions } from './front-end.ts'

const MEASURED: Measured = Object.freeze({ ...EVERYTHING, phases: 1 })
/** What the driver may wait for its chip while it starts; it needs 125 ms at most to answer, and 5 ms after a reset. */
const DRIVER_WAIT_MAX_MS = 400
/** Starting current of class 1: 0.4 % of the reference (IEC 62053-21, table 7); the chip starts at half of that power. */
const START_FRACTION = 0.004 / 2
const REFERENCE_A = 5

/** One phase, four quadrants, neutral current; it answers while its driver is made, and has an interrupt. */
export const ade7953 = Object.freeze({
  measured: MEASURED,
  create: (options: FrontEndOptions, wiring: ADE7953Wiring): FrontEnd => {
    const { device, config } = options
    const calibration = calibrationFor('ADE7953', options)
    const { circuit, rating } = wiring
    const { clock, wait_ms } = device
    const { frequency_Hz, nominalVoltage_V } = config.mains
    /** What one driver leaves to the next. */
    const pending = new PendingEnergy()
    return {
      energyUnit: MILLI_UNIT,
      measured: MEASURED,
      settle_ms: 0,
      start: () => {
        const common = { ticks_ms: () => clock.ticks_ms(), wait_ms: wait_ms && boundedWait(wait_ms, DRIVER_WAIT_MAX_MS), pending }
        const phases = calibration()
        const chip: ADE7953Options =
          wiring.bus === 'SPI' ? { ...common, bus: 'SPI', sensor: wiring.sensor } : { ...common, bus: 'I2C', sensor: wiring.sensor }
        const driver = new ADE7953(chip)
        try {
          driver.configure({
            ...circuit,
            mainsFrequency_Hz: frequency_Hz,
            nominalVoltage_V,
            phases,
            start_W: START_FRACTION * (rating?.reference_A ?? REFERENCE_A) * nominalVoltage_V,
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
