/** Interface class 112 "Credit", version 0 (IEC 62056-6-2 clause "Credit"): one kind of credit of an account. */
import type { ByteWriter } from '../../../lib/bytes.ts'
import { DecodeError } from '../../../lib/bytes.ts'
import { ActionResult, DataAccessResult } from '../apdu.ts'
import { DataTag, type DataValue, writeBitString, writeDoubleLong, writeEnum, writeOctetString, writeUnsigned } from '../axdr.ts'
import type { AssociationContext, Selection } from '../source.ts'
import type { ObjectOptions } from './access.ts'
import { InterfaceObject } from './base.ts'

/** `credit_type` */
export const CreditType = Object.freeze({ token: 0, emergency: 2 })
/** `credit_status` */
export const CreditStatus = Object.freeze({ enabled: 0, selectable: 1, invoked: 2, inUse: 3, exhausted: 4 })
/** `credit_configuration`: five bits, the first one foremost. */
export const CreditConfiguration = Object.freeze({ visual: 0x80, confirmed: 0x40, paidBack: 0x20, resettable: 0x10, tokens: 0x08 })

const CONFIGURATION_BITS = 5
const UNSPECIFIED = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x80, 0, 0xff)
const INVOKE = 3

export interface CreditSource {
  /** All amounts in the unit of the account. */
  readonly amount: number
  /** One of `CreditType`. */
  readonly type: number
  readonly priority: number
  readonly warningThreshold: number
  readonly limit: number
  /** Bits of `CreditConfiguration`. */
  readonly configuration: number
  /** One of `CreditStatus`. */
  readonly status: number
  readonly preset: number
  readonly availableThreshold: number
  invoke(): ActionResult
}

export interface CreditOptions extends ObjectOptions {
  readonly source: CreditSource
}

export class CreditObject extends InterfaceObject {
  readonly #source: CreditSource

  constructor(options: CreditOptions) {
    super(options, 112, 0, 11, 3)
    this.#source = options.source
  }

  get(attribute: number, _selection: Selection | undefined, _context: AssociationContext, writer: ByteWriter): DataAccessResult {
    const source = this.#source
    if (attribute === 2) writeDoubleLong(writer, source.amount)
    else if (attribute === 3) writeEnum(writer, source.type)
    else if (attribute === 4) writeUnsigned(writer, source.priority)
    else if (attribute === 5) writeDoubleLong(writer, source.warningThreshold)
    else if (attribute === 6) writeDoubleLong(writer, source.limit)
    else if (attribute === 7) writeBitString(writer, CONFIGURATION_BITS, Uint8Array.of(source.configuration))
    else if (attribute === 8) writeEnum(writer, source.status)
    else if (attribute === 9) writeDoubleLong(writer, source.preset)
    else if (attribute === 10) writeDoubleLong(writer, source.availableThreshold)
    else writeOctetString(writer, UNSPECIFIED)
    return DataAccessResult.success
  }

  /** Amounts are changed by tokens alone. */
  override action(method: number, parameter: DataValue | undefined): ActionResult {
    if (method !== INVOKE) return ActionResult.readWriteDenied
    const known = parameter === undefined || parameter.tag === DataTag.integer || parameter.tag === DataTag.unsigned
    if (!known) throw new DecodeError('integer(0)')
    return this.#source.invoke()
  }
}
