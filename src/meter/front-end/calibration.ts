import type { CalibratedIC, CodesOf } from '../../core/calibration/codes.ts'
import { CalibrationStore } from '../../core/calibration/store.ts'
import { SecretBox } from '../../core/security/secret-box.ts'
import { Counter } from '../../core/storage/counters.ts'
import type { FrontEndOptions } from './front-end.ts'

/** The calibration of this meter for a driver that is being made; undefined without one, or when it cannot be used, which is said. */
export function calibrationFor<IC extends CalibratedIC>(ic: IC, options: FrontEndOptions): () => CodesOf[IC] | undefined {
  const { device, storage, sealOpen, onCalibrated, onDamaged } = options
  const { crypto, key } = device
  const store = new CalibrationStore({
    settings: storage.settings,
    sealOpen,
    box: new SecretBox({ crypto, key, nextNonce: () => storage.counters.next(Counter.secretNonce) }),
    onChange: ({ change }) => onCalibrated(change),
  })
  return () => {
    const found = store.load(ic)
    if (found.state === 'damaged') onDamaged(found.reason)
    return found.state === 'good' ? found.record.phases : undefined
  }
}
