/** Interface class 5 "Demand register", version 0 (IEC 62056-6-2 clause 4.3.4): the average of the running period, and of the last one. */
import type { ByteWriter } from '../../../lib/bytes.ts'
import { DataAccessResult } from '../apdu.ts'
import { writeDoubleLongUnsigned, writeLongUnsigned } from '../axdr.ts'
import type { AssociationContext, Selection } from '../source.ts'
import type { ObjectOptions } from './access.ts'
import { InterfaceObject, type ValueWriter } from './base.ts'
import { writeScalerUnit } from './register.ts'

export interface DemandRegisterOptions extends ObjectOptions {
  readonly current: ValueWriter
  readonly last: ValueWriter
  readonly scaler: number
  /** A number of `Unit`. */
  readonly unit: number
  readonly status: ValueWriter
  /** When the last period ended. Like `start`, writes a date-time as an octet-string of 12 bytes. */
  readonly captureTime: ValueWriter
  /** When the running period began; with several periods, the first of them. */
  readonly start: ValueWriter
  /** Time between two updates of the last average. */
  readonly period_s: number
  /** How many of them the averages span: more than 1 is sliding demand. */
  readonly periods: number
}

export class DemandRegisterObject extends InterfaceObject {
  readonly #options: DemandRegisterOptions

  constructor(options: DemandRegisterOptions) {
    super(options, 5, 0, 9, 2)
    this.#options = options
  }

  get(attribute: number, _selection: Selection | undefined, context: AssociationContext, writer: ByteWriter): DataAccessResult {
    const options = this.#options
    if (attribute === 2) options.current(writer, context)
    else if (attribute === 3) options.last(writer, context)
    else if (attribute === 4) writeScalerUnit(writer, options.scaler, options.unit)
    else if (attribute === 5) options.status(writer, context)
    else if (attribute === 6) options.captureTime(writer, context)
    else if (attribute === 7) options.start(writer, context)
    else if (attribute === 8) writeDoubleLongUnsigned(writer, options.period_s)
    else writeLongUnsigned(writer, options.periods)
    return DataAccessResult.success
  }
}
