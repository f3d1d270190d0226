import type { CSE7766Wiring } from '../../../hal/api/metering.ts'
import { correctionsOf, ppmRules } from '../../core/calibration/ppm.ts'
import type { Measured } from '../../core/metrology/measured.ts'
import { CSE7766 } from '../../drivers/metering/cse7766/cse7766.ts'
import { MILLI_UNIT } from '../../lib/energy-carry.ts'
import { FrontEndCalibration, ONE_CHANNEL } from './calibration.ts'
import type { FrontEnd, FrontEndOptions } from './front-end.ts'
import { pulseDrivers } from './serial.ts'

/** U, I and P without a sign; what it counts is |A|. */
const MEASURED: Measured = Object.freeze({
  phases: 1,
  direction: false,
  reactive: false,
  apparentEnergy: false,
  neutral: false,
  frequency: false,
  angle: false,
})
/** Three frames are needed, 105 ms apart. */
const SETTLE_MS = 2000

export const cse7766 = Object.freeze({
  measured: MEASURED,
  create: (options: FrontEndOptions, wiring: CSE7766Wiring, counted: number | undefined): FrontEnd => {
    const { device, config, onAlert } = options
    const { sensor, circuit, rating } = wiring
    const configuration = { ...circuit, nominalVoltage_V: config.mains.nominalVoltage_V, maximumCurrent_A: rating?.maximum_A }
    const calibration = new FrontEndCalibration(ppmRules('CSE7766'), ONE_CHANNEL, options)
    const ticks_ms = () => device.clock.ticks_ms()
    return {
      energyUnit: MILLI_UNIT,
      measured: MEASURED,
      settle_ms: SETTLE_MS,
      calibration,
      start: pulseDrivers({
        io: sensor.io,
        calibration,
        configuration: (codes) => ({ ...configuration, ...correctionsOf(codes) }),
        counted,
        make: (io) => new CSE7766({ sensor: { ...sensor, io }, ticks_ms, onLoss: onAlert }),
      }),
    }
  },
})
