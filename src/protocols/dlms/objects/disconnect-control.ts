/** Interface class 70 "Disconnect control", version 0 (IEC 62056-6-2 clause "Disconnect control"): the switch between the mains and the house. */
import type { ByteWriter } from '../../../lib/bytes.ts'
import { type ActionResult, DataAccessResult } from '../apdu.ts'
import { DataTag, type DataValue, writeBoolean, writeEnum } from '../axdr.ts'
import type { AssociationContext, Selection } from '../source.ts'
import type { ObjectOptions } from './access.ts'
import { InterfaceObject } from './base.ts'
import { integer, nothing } from './parameters.ts'

const CONTROL_MODE = 4
const REMOTE_DISCONNECT = 1

export interface DisconnectControlSource {
  /** The contact is closed: what is, not what shall be. */
  readonly outputState: boolean
  /** 0 disconnected, 1 connected, 2 ready for reconnection. */
  readonly controlState: number
  /** 0..6 */
  readonly controlMode: number
  setControlMode(mode: number): DataAccessResult
  /** Both answer when the command is taken; the contact moves later. */
  remoteDisconnect(): ActionResult
  remoteReconnect(): ActionResult
}

export interface DisconnectControlOptions extends ObjectOptions {
  readonly source: DisconnectControlSource
}

export class DisconnectControlObject extends InterfaceObject {
  readonly #source: DisconnectControlSource

  constructor(options: DisconnectControlOptions) {
    super(options, 70, 0, 4, 2)
    this.#source = options.source
  }

  get(attribute: number, _selection: Selection | undefined, _context: AssociationContext, writer: ByteWriter): DataAccessResult {
    if (attribute === 2) writeBoolean(writer, this.#source.outputState)
    else writeEnum(writer, attribute === CONTROL_MODE ? this.#source.controlMode : this.#source.controlState)
    return DataAccessResult.success
  }

  override set(attribute: number, value: DataValue): DataAccessResult {
    if (attribute !== CONTROL_MODE) return DataAccessResult.readWriteDenied
    return this.#source.setControlMode(integer(value, DataTag.enumerated))
  }

  override action(method: number, parameter: DataValue | undefined): ActionResult {
    nothing(parameter)
    return method === REMOTE_DISCONNECT ? this.#source.remoteDisconnect() : this.#source.remoteReconnect()
  }
}
