import { CalibrationStore, type CalibrationStoreOptions } from '../../../src/core/calibration/store.ts'
import { SealedParameters } from '../../../src/core/selftest/sealed-parameters.ts'

/** Where the calibration lies in the settings, and its 13 bytes of number, time and checksum. */
export const CALIBRATION_KEY = 'sealed.calibration'
export const SEALED_HEADER = 13

/** A store on a map that stands for the settings of a meter. */
export function storeOn(flash: Map<string, Uint8Array>, options: { sealOpen?: () => boolean; box?: CalibrationStoreOptions['box'] } = {}) {
  const changes: number[] = []
  const settings = {
    keys: () => [...flash.keys()],
    get: (key: string) => flash.get(key)?.slice(),
    set: (key: string, value: Uint8Array) => void flash.set(key, value.slice()),
  }
  const sealed = new SealedParameters({
    settings,
    sealOpen: options.sealOpen ?? (() => true),
    nextNumber: () => changes.length + 1,
    onChange: (_name, number) => void changes.push(number),
  })
  return { store: new CalibrationStore({ settings, sealed, box: options.box }), sealed, changes }
}
