/** Interface class 115 "Token gateway", version 0 (IEC 62056-6-2 clause "Token gateway"): where tokens come in. */
import type { ByteWriter } from '../../../lib/bytes.ts'
import { type ActionResult, DataAccessResult } from '../apdu.ts'
import { type DataValue, writeArray, writeBitString, writeEnum, writeOctetString, writeStructure } from '../axdr.ts'
import type { AssociationContext, Selection } from '../source.ts'
import type { ObjectOptions } from './access.ts'
import { InterfaceObject, type ValueWriter } from './base.ts'
import { octets } from './parameters.ts'

/** `status_code` of attribute 6. */
export const TokenStatus = Object.freeze({
  executionOk: 3,
  formatFailure: 4,
  authenticationFailure: 5,
  validationFailure: 6,
  executionFailure: 7,
  /** Taken, and waits for others. */
  received: 8,
})

const STATUS_BITS = 8

export interface TokenGatewaySource {
  /** The last token, as it was given; empty before the first. */
  readonly token: Uint8Array
  /** Writes the time of the last token: a date-time as an octet-string of 12 bytes. */
  readonly tokenTime: ValueWriter
  /** 0 remote, 1 local, 2 manual. */
  readonly delivery: number
  /** One of `TokenStatus`. */
  readonly status: number
  /** More about it, for the manufacturer: 8 bits. */
  readonly detail: number
  enter(token: Uint8Array): ActionResult
}

export interface TokenGatewayOptions extends ObjectOptions {
  readonly source: TokenGatewaySource
}

export class TokenGatewayObject extends InterfaceObject {
  readonly #source: TokenGatewaySource

  constructor(options: TokenGatewayOptions) {
    super(options, 115, 0, 6, 1)
    this.#source = options.source
  }

  get(attribute: number, _selection: Selection | undefined, context: AssociationContext, writer: ByteWriter): DataAccessResult {
    const { token, tokenTime, delivery, status, detail } = this.#source
    if (attribute === 2) writeOctetString(writer, token)
    else if (attribute === 3) tokenTime(writer, context)
    // Descriptions are optional texts of the token; STS tokens have none.
    else if (attribute === 4) writeArray(writer, 0)
    else if (attribute === 5) writeEnum(writer, delivery)
    else {
      writeStructure(writer, 2)
      writeEnum(writer, status)
      writeBitString(writer, STATUS_BITS, Uint8Array.of(detail))
    }
    return DataAccessResult.success
  }

  override action(_method: number, parameter: DataValue | undefined): ActionResult {
    return this.#source.enter(octets(parameter))
  }
}
