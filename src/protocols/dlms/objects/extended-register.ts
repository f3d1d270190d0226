/** Interface class 4 "Extended register", version 0 (IEC 62056-6-2 clause 4.3.3): a value with its status and the time of its capture. */
import type { ByteWriter } from '../../../lib/bytes.ts'
import { DataAccessResult } from '../apdu.ts'
import type { AssociationContext, Selection } from '../source.ts'
import { InterfaceObject, type ValueWriter } from './base.ts'
import { type RegisterOptions, writeScalerUnit } from './register.ts'

export interface ExtendedRegisterOptions extends RegisterOptions {
  readonly status: ValueWriter
  /** Writes a date-time as an octet-string of 12 bytes. */
  readonly captureTime: ValueWriter
}

export class ExtendedRegisterObject extends InterfaceObject {
  readonly #options: ExtendedRegisterOptions

  constructor(options: ExtendedRegisterOptions) {
    super(options, 4, 0, 5, 1)
    this.#options = options
  }

  get(attribute: number, _selection: Selection | undefined, context: AssociationContext, writer: ByteWriter): DataAccessResult {
    const { value, scaler, unit, status, captureTime } = this.#options
    if (attribute === 2) value(writer, context)
    else if (attribute === 3) writeScalerUnit(writer, scaler, unit)
    else if (attribute === 4) status(writer, context)
    else captureTime(writer, context)
    return DataAccessResult.success
  }
}
