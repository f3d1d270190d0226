import type { BL0942Wiring } from '../../../hal/api/metering.ts'
import { correctionsOf, ppmRules } from '../../core/calibration/ppm.ts'
import type { Measured } from '../../core/metrology/measured.ts'
import { BL0942 } from '../../drivers/metering/bl0942/bl0942.ts'
import { createImage } from '../../drivers/metering/bl0942/image.ts'
import { FrontEndCalibration, ONE_CHANNEL } from './calibration.ts'
import type { FrontEnd, FrontEndOptions } from './front-end.ts'
import { pulseDrivers } from './serial.ts'

/** It measures no angle, and counts active energy only. */
const MEASURED: Measured = Object.freeze({
  phases: 1,
  direction: true,
  reactive: false,
  apparentEnergy: false,
  neutral: false,
  frequency: true,
  angle: false,
})
/** Reading and writing all registers and reading them again takes 0.4 s at 4800 baud; a chip that starts needs as long for its first values. */
const SETTLE_MS = 3000
/** Starting current of class 1: 0.4 % of the reference (IEC 62053-21, table 7); the chip starts at half of that power. */
const START_FRACTION = 0.004 / 2
const REFERENCE_A = 5

export const bl0942 = Object.freeze({
  measured: MEASURED,
  create: (options: FrontEndOptions, wiring: BL0942Wiring, counted: number | undefined): FrontEnd => {
    const { device, config } = options
    const { sensor, circuit, address, rating } = wiring
    const { frequency_Hz, nominalVoltage_V } = config.mains
    const configuration = {
      ...circuit,
      mainsFrequency_Hz: frequency_Hz,
      nominalVoltage_V,
      maximumCurrent_A: rating?.maximum_A,
      start_W: START_FRACTION * (rating?.reference_A ?? REFERENCE_A) * nominalVoltage_V,
    }
    const calibration = new FrontEndCalibration(ppmRules('BL0942'), ONE_CHANNEL, options)
    const ticks_ms = () => device.clock.ticks_ms()
    return {
      energyUnit: createImage(configuration).energyUnit,
      measured: MEASURED,
      settle_ms: SETTLE_MS,
      calibration,
      start: pulseDrivers({
        io: sensor.io,
        calibration,
        configuration: (codes) => ({ ...configuration, ...correctionsOf(codes) }),
        counted,
        make: (io) => new BL0942({ sensor: { ...sensor, io }, ticks_ms, address }),
      }),
    }
  },
})
