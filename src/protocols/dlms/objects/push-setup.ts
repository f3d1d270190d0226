/** Interface class 40 "Push setup", version 0 (IEC 62056-6-2 clause 4.4.8): what is sent unasked, and where to. */
import type { ByteWriter } from '../../../lib/bytes.ts'
import { ActionResult, DataAccessResult } from '../apdu.ts'
import { type DataValue, writeArray, writeAsciiOctetString, writeEnum, writeLongUnsigned, writeStructure, writeUnsigned } from '../axdr.ts'
import type { AssociationContext, Selection } from '../source.ts'
import type { ObjectOptions } from './access.ts'
import { InterfaceObject } from './base.ts'
import { nothing } from './parameters.ts'
import { writeColumns } from './profile.ts'
import type { CaptureObject } from './profile-source.ts'

/** `transport_service` of attribute 3. */
export const TransportService = Object.freeze({ tcp: 0, udp: 1, ftp: 2, smtp: 3, sms: 4, hdlc: 5, mbus: 6, zigbee: 7 })
/** `message`: an xDLMS APDU in A-XDR. */
const A_XDR = 0

export interface PushSetupSource {
  readonly objects: readonly CaptureObject[]
  /** A number of `TransportService`. */
  readonly transport: number
  /** 'host:port', ASCII; empty when nothing is sent. */
  readonly destination: string
  /** 0…255 */
  readonly retries: number
  /** 0…65535 */
  readonly retryDelay_s: number
  /** Sends a message at once. Without it the method is refused. */
  push?(): ActionResult
}

export interface PushSetupOptions extends ObjectOptions {
  readonly source: PushSetupSource
}

export class PushSetupObject extends InterfaceObject {
  readonly #source: PushSetupSource

  constructor(options: PushSetupOptions) {
    super(options, 40, 0, 7, 1)
    this.#source = options.source
  }

  get(attribute: number, _selection: Selection | undefined, _context: AssociationContext, writer: ByteWriter): DataAccessResult {
    const source = this.#source
    if (attribute === 2) {
      writeColumns(writer, source.objects)
    } else if (attribute === 3) {
      writeStructure(writer, 3)
      writeEnum(writer, source.transport)
      writeAsciiOctetString(writer, source.destination)
      writeEnum(writer, A_XDR)
    } else if (attribute === 4) {
      // No communication window: always.
      writeArray(writer, 0)
    } else if (attribute === 5) writeLongUnsigned(writer, 0)
    else if (attribute === 6) writeUnsigned(writer, source.retries)
    else writeLongUnsigned(writer, source.retryDelay_s)
    return DataAccessResult.success
  }

  /** Method 1, push. */
  override action(_method: number, parameter: DataValue | undefined): ActionResult {
    nothing(parameter)
    return this.#source.push?.() ?? ActionResult.objectUnavailable
  }
}
