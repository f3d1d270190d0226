/** Interface class 111 "Account", version 0 (IEC 62056-6-2 clause "Account"): what ties credits, charges and tokens together. */
import type { ByteWriter } from '../../../lib/bytes.ts'
import { DataAccessResult } from '../apdu.ts'
import {
  writeArray,
  writeBitString,
  writeDoubleLong,
  writeEnum,
  writeInteger,
  writeLongUnsigned,
  writeOctetString,
  writeStructure,
  writeUnsigned,
  writeUtf8String,
} from '../axdr.ts'
import { writeLogicalName } from '../logical-name.ts'
import type { AssociationContext, Selection } from '../source.ts'
import type { ObjectOptions } from './access.ts'
import { InterfaceObject } from './base.ts'

/** `current_credit_status`: the first bit foremost. */
export const AccountCredit = Object.freeze({
  inCredit: 0x80,
  low: 0x40,
  nextEnabled: 0x20,
  nextSelectable: 0x10,
  selectableInUse: 0x04,
  outOfCredit: 0x02,
})

const STATUS_BITS = 8
const PREPAYMENT_MODE = 2
const ACTIVE = 2
/** All that a gateway brings goes to one credit. */
const WHOLE_PERCENT = 100
/** The account counts a consumption, not money. */
const UNIT_CONSUMPTION = 1
const UNSPECIFIED = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x80, 0, 0xff)

export interface AccountSource {
  /** Index into `credits`. */
  readonly creditInUse: number
  /** Bits of `AccountCredit`. */
  readonly creditStatus: number
  /** All amounts in `unit`. */
  readonly available: number
  /** What has to be paid before there is credit again: 0 or negative. */
  readonly amountToClear: number
  readonly lowThreshold: number
  readonly nextThreshold: number
}

export interface AccountOptions extends ObjectOptions {
  readonly source: AccountSource
  /** Logical names; the first one takes what tokens bring. */
  readonly credits: readonly string[]
  /** ASCII, such as Wh. */
  readonly unit: string
}

export class AccountObject extends InterfaceObject {
  readonly #source: AccountSource
  readonly #credits: readonly string[]
  readonly #unit: Uint8Array

  constructor(options: AccountOptions) {
    super(options, 111, 0, 19, 3)
    this.#source = options.source
    this.#credits = options.credits
    this.#unit = Uint8Array.from(options.unit, (character) => character.charCodeAt(0))
  }

  get(attribute: number, _selection: Selection | undefined, _context: AssociationContext, writer: ByteWriter): DataAccessResult {
    if (attribute <= 8) this.state(attribute, writer)
    else if (attribute <= 12) this.references(attribute, writer)
    else this.parameters(attribute, writer)
    return DataAccessResult.success
  }

  private state(attribute: number, writer: ByteWriter): void {
    const { creditInUse, creditStatus, available, amountToClear } = this.#source
    if (attribute === 2) {
      writeStructure(writer, 2)
      writeEnum(writer, PREPAYMENT_MODE)
      writeEnum(writer, ACTIVE)
    } else if (attribute === 3) writeUnsigned(writer, creditInUse)
    else if (attribute === 4) writeBitString(writer, STATUS_BITS, Uint8Array.of(creditStatus))
    else if (attribute === 5) writeDoubleLong(writer, available)
    else if (attribute === 6) writeDoubleLong(writer, amountToClear)
    // No debt but the one of the credit itself.
    else writeDoubleLong(writer, 0)
  }

  private references(attribute: number, writer: ByteWriter): void {
    const [first] = this.#credits
    if (attribute === 9) {
      writeArray(writer, this.#credits.length)
      for (const name of this.#credits) writeLogicalName(writer, name)
    } else if (attribute === 12) {
      writeArray(writer, 1)
      writeStructure(writer, 2)
      writeLogicalName(writer, first)
      writeUnsigned(writer, WHOLE_PERCENT)
    }
    // Consumption is charged as it is counted: there are no charges of their own.
    else writeArray(writer, 0)
  }

  private parameters(attribute: number, writer: ByteWriter): void {
    const { lowThreshold, nextThreshold } = this.#source
    if (attribute <= 14) writeOctetString(writer, UNSPECIFIED)
    else if (attribute === 15) {
      writeStructure(writer, 3)
      writeUtf8String(writer, this.#unit)
      writeInteger(writer, 0)
      writeEnum(writer, UNIT_CONSUMPTION)
    } else if (attribute === 16) writeDoubleLong(writer, lowThreshold)
    else if (attribute === 17) writeDoubleLong(writer, nextThreshold)
    // No limit of what may be paid in a period.
    else if (attribute === 18) writeLongUnsigned(writer, 0xffff)
    else writeDoubleLong(writer, 0)
  }
}
