import type { Device } from '../../../hal/api/device.ts'
import type { MeteringWiring, PulsePlate } from '../../../hal/api/metering.ts'
import type { Measured } from '../../core/metrology/measured.ts'
import { storedPosition } from '../../core/metrology/pulse-position.ts'
import type { MeteringSource } from '../../core/metrology/source.ts'
import type { SealedParameters } from '../../core/selftest/sealed-parameters.ts'
import type { Storage } from '../../core/storage/storage.ts'
import type { Fraction } from '../../lib/fraction.ts'
import type { MeterConfig } from '../config.ts'
import { ade7953 } from './ade7953.ts'
import { atm90e32 } from './atm90e32.ts'
import { bl0942 } from './bl0942.ts'
import type { FrontEndCalibration } from './calibration.ts'
import { cse7766 } from './cse7766.ts'
import { pulse, pulseMeasured } from './pulse.ts'

export interface FrontEndOptions {
  readonly device: Device
  readonly storage: Storage
  readonly config: MeterConfig
  /** Where the calibration is stored. */
  readonly sealed: SealedParameters
  /** What is stored cannot be used: the meter measures uncalibrated. */
  readonly onDamaged: (reason: string) => void
  /** As an interrupt, of a driver that notices by itself that the voltage is gone. */
  readonly onAlert: () => void
}

/** What the meter knows of its metering IC before that answers, and its drivers. */
export interface FrontEnd {
  /** One count of its drivers. */
  readonly energyUnit: Fraction
  readonly measured: Measured
  /** So long a driver that was just made may be without an answer: a chip on a UART answers later than a constructor can wait. */
  readonly settle_ms: number
  /** Absent where there is nothing to calibrate. */
  readonly calibration?: FrontEndCalibration
  /** A configured driver with the calibration of this meter; it goes on where the one before stopped. Throws FerrarisError when nobody answers. */
  start(onFault: (error: unknown) => void): MeteringSource
}

/**
 * An IC with a pulse counter: reading up to which the registers count when the firmware starts. The supply of the board is that of the IC. Undefined after
 * everything was erased: what the IC counted before is no energy of this meter.
 */
function firstPosition({ device, storage }: FrontEndOptions): number | undefined {
  return (device.resetReason ?? 'power') === 'power' ? 0 : storedPosition(storage.registers)
}

type IC = Exclude<MeteringWiring, PulsePlate>['part']

/** What a meter with this IC measures. */
export function measuredBy({ part }: { readonly part: IC }): Measured {
  return { ATM90E32: atm90e32, ADE7953: ade7953, BL0942: bl0942, CSE7766: cse7766 }[part].measured
}

/** What a meter measures that has this IC, or pulse inputs. */
export function measuredOn(metering: { readonly part: IC } | PulsePlate, config: MeterConfig): Measured {
  return metering.part === 'PULSE' ? pulseMeasured(metering, config) : measuredBy(metering)
}

/** The front end for the IC of the board. */
export function createFrontEnd(options: FrontEndOptions): FrontEnd {
  const { metering } = options.device
  switch (metering.part) {
    case 'ATM90E32':
      return atm90e32.create(options, metering)
    case 'ADE7953':
      return ade7953.create(options, metering)
    case 'BL0942':
      return bl0942.create(options, metering, firstPosition(options))
    case 'CSE7766':
      return cse7766.create(options, metering, firstPosition(options))
    case 'PULSE':
      return pulse.create(options, metering)
  }
}
