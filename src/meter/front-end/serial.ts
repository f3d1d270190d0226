import type { SerialConstructor, SerialOptions } from '../../../hal/api/io.ts'
import type { CalibratedIC, CodesOf } from '../../core/calibration/codes.ts'
import type { MeteringSource } from '../../core/metrology/source.ts'
import type { SinglePhaseReading } from '../../lib/metering-sample.ts'
import { isEndOfSupply } from '../supervisor.ts'
import type { FrontEndCalibration } from './calibration.ts'

/** A serial port whose callbacks throw to `onFault`. They are called for each byte: nothing is allocated in them. */
function faultySerial(io: SerialConstructor, onFault: (error: unknown) => void): SerialConstructor {
  const failed = (error: unknown) => {
    if (isEndOfSupply(error)) throw error
    onFault(error)
  }
  const guarded = (callback: ((count: number) => void) | undefined) =>
    callback &&
    ((count: number) => {
      try {
        callback(count)
      } catch (error) {
        failed(error)
      }
    })
  return class extends io {
    constructor(options: SerialOptions) {
      super({ ...options, onReadable: guarded(options.onReadable), onWritable: guarded(options.onWritable) })
    }
  }
}

/** A driver on a UART whose chip counts pulses for itself. */
interface PulseDriver<Configuration> extends MeteringSource {
  readonly counted: number | undefined
  readonly fine: SinglePhaseReading
  /** Absent where the chip has no registers. */
  readonly intact?: boolean
  configure(options: Configuration & { readonly counted: number | undefined }): void
}

export interface PulseDriversOptions<IC extends CalibratedIC, Configuration> {
  readonly io: SerialConstructor
  readonly calibration: FrontEndCalibration<IC>
  readonly configuration: (codes: CodesOf[IC] | undefined) => Configuration
  readonly counted: number | undefined
  readonly make: (io: SerialConstructor) => PulseDriver<Configuration>
}

/**
 * Makes such drivers one after the other, and each goes on at the pulse where the one before stopped: what the chip counted in between is not lost, and
 * nothing comes twice.
 */
export function pulseDrivers<IC extends CalibratedIC, Configuration>(
  options: PulseDriversOptions<IC, Configuration>,
): (onFault: (error: unknown) => void) => MeteringSource {
  const { io, calibration, configuration, make } = options
  let position = options.counted
  let before: PulseDriver<Configuration> | undefined
  return (onFault) => {
    position = before?.counted ?? position
    const driver = make(faultySerial(io, onFault))
    before = driver
    const configure = (codes: CodesOf[IC] | undefined) => driver.configure({ ...configuration(codes), counted: driver.counted ?? position })
    return calibration.start(driver, { configure })
  }
}
