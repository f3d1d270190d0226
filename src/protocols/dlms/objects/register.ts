/** Interface classes 1 "Data" and 3 "Register" (IEC 62056-6-2 clauses 4.3.1 and 4.3.2). */
import type { ByteWriter } from '../../../lib/bytes.ts'
import { DataAccessResult } from '../apdu.ts'
import { type DataValue, writeEnum, writeInteger, writeStructure } from '../axdr.ts'
import type { AssociationContext, Selection } from '../source.ts'
import type { ObjectOptions } from './access.ts'
import { InterfaceObject, type ValueWriter } from './base.ts'

/** Physical units (IEC 62056-6-2 table "Enumerated values for physical units"). */
export const Unit = Object.freeze({
  year: 1,
  month: 2,
  week: 3,
  day: 4,
  hour: 5,
  minute: 6,
  second: 7,
  degree: 8,
  degreeCelsius: 9,
  cubicMetre: 13,
  watt: 27,
  voltAmpere: 28,
  var: 29,
  wattHour: 30,
  voltAmpereHour: 31,
  varHour: 32,
  ampere: 33,
  coulomb: 34,
  volt: 35,
  hertz: 44,
  percent: 56,
  ampereHour: 57,
  count: 255,
})

/** Takes what a client writes; a DecodeError is the client's "type unmatched". */
export type ValueReader = (value: DataValue) => DataAccessResult

export interface DataOptions extends ObjectOptions {
  readonly value: ValueWriter
  /** Absent: the value is only read. */
  readonly write?: ValueReader
}

export class DataObject extends InterfaceObject {
  readonly #value: ValueWriter
  readonly #write: ValueReader | undefined

  constructor(options: DataOptions) {
    super(options, 1, 0, 2, 0)
    this.#value = options.value
    this.#write = options.write
  }

  get(_attribute: number, _selection: Selection | undefined, context: AssociationContext, writer: ByteWriter): DataAccessResult {
    this.#value(writer, context)
    return DataAccessResult.success
  }

  override set(_attribute: number, value: DataValue): DataAccessResult {
    return this.#write?.(value) ?? DataAccessResult.readWriteDenied
  }
}

/** The physical value is `value * 10^scaler` in `unit`. */
export interface RegisterOptions extends DataOptions {
  readonly scaler: number
  /** A number of `Unit`. */
  readonly unit: number
}

export function writeScalerUnit(writer: ByteWriter, scaler: number, unit: number): void {
  writeStructure(writer, 2)
  writeInteger(writer, scaler)
  writeEnum(writer, unit)
}

export class RegisterObject extends InterfaceObject {
  readonly #value: ValueWriter
  readonly #scaler: number
  readonly #unit: number
  readonly #write: ValueReader | undefined

  constructor(options: RegisterOptions) {
    super(options, 3, 0, 3, 1)
    this.#value = options.value
    this.#scaler = options.scaler
    this.#unit = options.unit
    this.#write = options.write
  }

  override set(attribute: number, value: DataValue): DataAccessResult {
    return (attribute === 2 ? this.#write?.(value) : undefined) ?? DataAccessResult.readWriteDenied
  }

  get(attribute: number, _selection: Selection | undefined, context: AssociationContext, writer: ByteWriter): DataAccessResult {
    if (attribute === 2) this.#value(writer, context)
    else writeScalerUnit(writer, this.#scaler, this.#unit)
    return DataAccessResult.success
  }
}
