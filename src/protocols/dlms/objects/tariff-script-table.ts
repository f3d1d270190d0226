/** Interface class 9 "Script table", version 0 (IEC 62056-6-2 clause 4.5.2), of scripts that select a mask of register activation objects. */
import type { ByteWriter } from '../../../lib/bytes.ts'
import { DataAccessResult } from '../apdu.ts'
import { writeArray, writeEnum, writeInteger, writeLongUnsigned, writeOctetString, writeStructure } from '../axdr.ts'
import { writeLogicalName } from '../logical-name.ts'
import type { AssociationContext, Selection } from '../source.ts'
import type { ObjectOptions } from './access.ts'
import { InterfaceObject } from './base.ts'

/** `service_id` of an action specification. */
const WRITE = 1
const REGISTER_ACTIVATION_CLASS = 6
const ACTIVE_MASK = 4

export interface TariffScriptTableOptions extends ObjectOptions {
  /** Logical names of the register activation objects whose active_mask each script writes. */
  readonly activations: readonly string[]
  /** Name of the mask that script n selects, beginning with script 1. */
  readonly masks: readonly Uint8Array[]
}

/** Can be read only: the calendar executes the scripts, and would undo what a client does. */
export class TariffScriptTableObject extends InterfaceObject {
  readonly #activations: readonly string[]
  readonly #masks: readonly Uint8Array[]

  constructor(options: TariffScriptTableOptions) {
    super(options, 9, 0, 2, 1)
    this.#activations = options.activations
    this.#masks = options.masks
  }

  get(_attribute: number, _selection: Selection | undefined, _context: AssociationContext, writer: ByteWriter): DataAccessResult {
    writeArray(writer, this.#masks.length)
    for (const [index, mask] of this.#masks.entries()) {
      writeStructure(writer, 2)
      writeLongUnsigned(writer, index + 1)
      writeArray(writer, this.#activations.length)
      for (const activation of this.#activations) {
        writeStructure(writer, 5)
        writeEnum(writer, WRITE)
        writeLongUnsigned(writer, REGISTER_ACTIVATION_CLASS)
        writeLogicalName(writer, activation)
        writeInteger(writer, ACTIVE_MASK)
        writeOctetString(writer, mask)
      }
    }
    return DataAccessResult.success
  }
}
