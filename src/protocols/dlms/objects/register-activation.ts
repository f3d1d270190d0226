/** Interface class 6 "Register activation", version 0 (IEC 62056-6-2 clause 4.3.5): which registers count with which tariff. Masks are built in. */
import type { ByteWriter } from '../../../lib/bytes.ts'
import { DataAccessResult } from '../apdu.ts'
import { writeArray, writeLongUnsigned, writeOctetString, writeStructure, writeUnsigned } from '../axdr.ts'
import { writeLogicalName } from '../logical-name.ts'
import type { AssociationContext, Selection } from '../source.ts'
import type { ObjectOptions } from './access.ts'
import { InterfaceObject } from './base.ts'

export interface AssignedRegister {
  readonly classId: number
  /** 'a.b.c.d.e.f' */
  readonly logicalName: string
}

export interface ActivationMask {
  readonly name: Uint8Array
  /** Numbers of the registers, the first one is 1. */
  readonly registers: readonly number[]
}

export interface RegisterActivationOptions extends ObjectOptions {
  /** At most 255. */
  readonly registers: readonly AssignedRegister[]
  readonly masks: readonly ActivationMask[]
  /** Name of the mask that is active now. */
  readonly active: () => Uint8Array
}

export class RegisterActivationObject extends InterfaceObject {
  readonly #options: RegisterActivationOptions

  constructor(options: RegisterActivationOptions) {
    super(options, 6, 0, 4, 3)
    this.#options = options
  }

  get(attribute: number, _selection: Selection | undefined, _context: AssociationContext, writer: ByteWriter): DataAccessResult {
    const { registers, masks, active } = this.#options
    if (attribute === 2) {
      writeArray(writer, registers.length)
      for (const register of registers) {
        writeStructure(writer, 2)
        writeLongUnsigned(writer, register.classId)
        writeLogicalName(writer, register.logicalName)
      }
    } else if (attribute === 3) {
      writeArray(writer, masks.length)
      for (const mask of masks) {
        writeStructure(writer, 2)
        writeOctetString(writer, mask.name)
        writeArray(writer, mask.registers.length)
        for (const register of mask.registers) writeUnsigned(writer, register)
      }
    } else writeOctetString(writer, active())
    return DataAccessResult.success
  }
}
