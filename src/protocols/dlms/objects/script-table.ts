/** Interface class 9 "Script table", version 0 (IEC 62056-6-2 clause 4.5.2), for scripts that are built in. */
import type { ByteWriter } from '../../../lib/bytes.ts'
import { ActionResult, DataAccessResult } from '../apdu.ts'
import { DataTag, type DataValue, writeArray, writeEnum, writeInteger, writeLongUnsigned, writeStructure } from '../axdr.ts'
import { writeLogicalName } from '../logical-name.ts'
import type { AssociationContext, Selection } from '../source.ts'
import type { ObjectOptions } from './access.ts'
import { InterfaceObject } from './base.ts'
import { integer } from './parameters.ts'

/** `service_id` of an action specification. */
const EXECUTE = 2

/** A script of one step: it invokes a method with integer(0). */
export interface Script {
  /** 1 or higher. */
  readonly identifier: number
  readonly classId: number
  /** 'a.b.c.d.e.f' */
  readonly logicalName: string
  readonly method: number
  /** Does what the method does. */
  readonly execute: () => ActionResult
}

export interface ScriptTableOptions extends ObjectOptions {
  readonly scripts: readonly Script[]
}

export class ScriptTableObject extends InterfaceObject {
  readonly #scripts: readonly Script[]

  constructor(options: ScriptTableOptions) {
    super(options, 9, 0, 2, 1)
    this.#scripts = options.scripts
  }

  get(_attribute: number, _selection: Selection | undefined, _context: AssociationContext, writer: ByteWriter): DataAccessResult {
    writeArray(writer, this.#scripts.length)
    for (const script of this.#scripts) {
      writeStructure(writer, 2)
      writeLongUnsigned(writer, script.identifier)
      writeArray(writer, 1)
      writeStructure(writer, 5)
      writeEnum(writer, EXECUTE)
      writeLongUnsigned(writer, script.classId)
      writeLogicalName(writer, script.logicalName)
      writeInteger(writer, script.method)
      writeInteger(writer, 0)
    }
    return DataAccessResult.success
  }

  /** Method 1, execute: the identifier of a script. */
  override action(_method: number, parameter: DataValue | undefined): ActionResult {
    const identifier = integer(parameter, DataTag.longUnsigned)
    const script = this.#scripts.find((candidate) => candidate.identifier === identifier)
    return script === undefined ? ActionResult.otherReason : script.execute()
  }
}
