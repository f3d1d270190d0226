/** Interface class 15 "Association LN", version 1 (IEC 62056-6-2 clause 4.4.4): the association in which it is read. */
import type { ByteWriter } from '../../../lib/bytes.ts'
import { ApplicationContext } from '../acse.ts'
import { DataAccessResult } from '../apdu.ts'
import {
  writeArray,
  writeBitString,
  writeEnum,
  writeInteger,
  writeLongUnsigned,
  writeNull,
  writeOctetString,
  writeStructure,
  writeUnsigned,
} from '../axdr.ts'
import { DLMS_VERSION } from '../initiate.ts'
import { writeLogicalName } from '../logical-name.ts'
import {
  type AssociationContext,
  AttributeAccess,
  type CosemObject,
  type DlmsClient,
  type ObjectList,
  type RowStream,
  type Selection,
} from '../source.ts'
import { type AccessRights, isVisible } from './access.ts'
import { InterfaceObject } from './base.ts'

const SECRET = 7
/** Value of association_status in an open association. */
const ASSOCIATED = 2
const NO_OBJECT = new Uint8Array(6)

export interface AssociationLnOptions {
  /** Default 0.0.40.0.0.255, the current association. */
  readonly logicalName?: string
  readonly access: AccessRights
}

function writeAttributeRights(writer: ByteWriter, object: CosemObject, client: DlmsClient): void {
  writeArray(writer, object.attributes)
  for (let attribute = 1; attribute <= object.attributes; attribute++) {
    writeStructure(writer, 3)
    writeInteger(writer, attribute)
    writeEnum(writer, object.attributeAccess(attribute, client))
    const selectors = object.selectors?.(attribute) ?? []
    if (selectors.length === 0) {
      writeNull(writer)
    } else {
      writeArray(writer, selectors.length)
      for (const selector of selectors) writeInteger(writer, selector)
    }
  }
}

function writeObjectListElement(writer: ByteWriter, object: CosemObject, client: DlmsClient): void {
  writeStructure(writer, 4)
  writeLongUnsigned(writer, object.classId)
  writeUnsigned(writer, object.version)
  writeLogicalName(writer, object.logicalName)
  writeStructure(writer, 2)
  writeAttributeRights(writer, object, client)
  writeArray(writer, object.methods)
  for (let method = 1; method <= object.methods; method++) {
    writeStructure(writer, 2)
    writeInteger(writer, method)
    writeEnum(writer, object.methodAccess(method, client))
  }
}

/** The objects that a client sees, one row each: the list of a large meter takes tens of kilobytes. */
class VisibleObjects implements RowStream {
  readonly count: number
  readonly #objects: ObjectList
  readonly #client: DlmsClient
  #place = 0

  constructor({ device, client, visible }: AssociationContext) {
    this.#objects = device.objects
    this.#client = client
    this.count = visible
  }

  next(writer: ByteWriter): boolean {
    const object = this.nextVisible()
    if (object !== undefined) writeObjectListElement(writer, object, this.#client)
    return object !== undefined
  }

  private nextVisible(): CosemObject | undefined {
    while (this.#place < this.#objects.length) {
      const object = this.#objects.at(this.#place++)
      if (object !== undefined && isVisible(object, this.#client)) return object
    }
    return undefined
  }
}

/** Names below 2.16.756.5.8 as the octet-string that holds their BER content. */
function writeName(writer: ByteWriter, arc: number, value: number): void {
  writeOctetString(writer, Uint8Array.of(0x60, 0x85, 0x74, 0x05, 0x08, arc, value))
}

function writeXdlmsContext(writer: ByteWriter, context: AssociationContext): void {
  const { conformance } = context
  writeStructure(writer, 6)
  writeBitString(writer, 24, Uint8Array.of(conformance >>> 16, conformance >>> 8, conformance))
  writeLongUnsigned(writer, context.largestReceive)
  writeLongUnsigned(writer, context.largestSend)
  writeUnsigned(writer, DLMS_VERSION)
  writeInteger(writer, 0)
  // No dedicated key without ciphering.
  writeOctetString(writer, new Uint8Array(0))
}

export class AssociationLnObject extends InterfaceObject {
  constructor(options: AssociationLnOptions) {
    super({ logicalName: options.logicalName ?? '0.0.40.0.0.255', access: options.access }, 15, 1, 9, 4)
  }

  /** The secret can never be read, whatever the access rights of the object say. */
  override attributeAccess(attribute: number, client: DlmsClient): number {
    const access = super.attributeAccess(attribute, client)
    return attribute === SECRET ? access & ~AttributeAccess.read : access
  }

  get(attribute: number, _selection: Selection | undefined, context: AssociationContext, writer: ByteWriter): DataAccessResult | RowStream {
    const { client, device } = context
    if (attribute === 2) return new VisibleObjects(context)
    if (attribute === 3) {
      writeStructure(writer, 2)
      writeInteger(writer, client.sap)
      writeLongUnsigned(writer, device.sap)
    } else if (attribute === 4) writeName(writer, 1, ApplicationContext.logicalName)
    else if (attribute === 5) writeXdlmsContext(writer, context)
    else if (attribute === 6) writeName(writer, 2, client.mechanism)
    else if (attribute === 8) writeEnum(writer, ASSOCIATED)
    else if (attribute === 9) writeOctetString(writer, NO_OBJECT)
    else return DataAccessResult.readWriteDenied
    return DataAccessResult.success
  }
}
