/** Interface class 22 "Single action schedule", version 0 (IEC 62056-6-2 clause 4.5.7), of a script that comes again and again; can be read only. */
import type { ByteWriter } from '../../../lib/bytes.ts'
import { DataAccessResult } from '../apdu.ts'
import { writeArray, writeEnum, writeLongUnsigned, writeStructure } from '../axdr.ts'
import { writeTimeOctetString } from '../datetime.ts'
import { writeLogicalName } from '../logical-name.ts'
import type { AssociationContext, Selection } from '../source.ts'
import type { ObjectOptions } from './access.ts'
import { InterfaceObject } from './base.ts'
import { type OpenDate, writeOpenDateOctetString } from './open-date.ts'

/** Value of `type`: one execution time, whose date may have wildcards. */
const WILDCARDS = 1

/** Local time: every date that fits, at one time of the day. */
export interface RecurringTime {
  readonly date: OpenDate
  readonly secondOfDay: number
}

export interface RecurringScheduleOptions extends ObjectOptions {
  /** Logical name of the script table, 'a.b.c.d.e.f', and the script in it. */
  readonly script: { readonly table: string; readonly identifier: number }
  /** Undefined: never. */
  readonly time: RecurringTime | undefined
}

export class RecurringScheduleObject extends InterfaceObject {
  readonly #options: RecurringScheduleOptions

  constructor(options: RecurringScheduleOptions) {
    super(options, 22, 0, 4, 0)
    this.#options = options
  }

  get(attribute: number, _selection: Selection | undefined, _context: AssociationContext, writer: ByteWriter): DataAccessResult {
    const { script, time } = this.#options
    if (attribute === 2) {
      writeStructure(writer, 2)
      writeLogicalName(writer, script.table)
      writeLongUnsigned(writer, script.identifier)
    } else if (attribute === 3) writeEnum(writer, WILDCARDS)
    else {
      writeArray(writer, time === undefined ? 0 : 1)
      if (time === undefined) return DataAccessResult.success
      writeStructure(writer, 2)
      writeTimeOctetString(writer, time.secondOfDay * 1000)
      writeOpenDateOctetString(writer, time.date)
    }
    return DataAccessResult.success
  }
}
