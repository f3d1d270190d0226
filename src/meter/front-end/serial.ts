import type { SerialConstructor, SerialOptions } from '../../../hal/api/io.ts'
import type { MeteringSource } from '../../core/metrology/source.ts'
import { isEndOfSupply } from '../supervisor.ts'

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
  configure(options: Configuration & { readonly counted: number | undefined }): void
}

/**
 * Makes such drivers one after the other, and each goes on at the pulse where the one before stopped: what the chip counted in between is not lost, and
 * nothing comes twice.
 */
export function pulseDrivers<Configuration>(
  io: SerialConstructor,
  configuration: Configuration,
  counted: number | undefined,
  make: (io: SerialConstructor) => PulseDriver<Configuration>,
): (onFault: (error: unknown) => void) => MeteringSource {
  let position = counted
  let before: PulseDriver<Configuration> | undefined
  return (onFault) => {
    position = before?.counted ?? position
    const driver = make(faultySerial(io, onFault))
    before = driver
    try {
      driver.configure({ ...configuration, counted: position })
      return driver
    } catch (error) {
      driver.close()
      throw error
    }
  }
}
