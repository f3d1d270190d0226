import type { ByteWriter } from '../../../lib/bytes.ts'
import type { ActionResult, DataAccessResult } from '../apdu.ts'
import type { DataValue } from '../axdr.ts'
import type { AssociationContext, CosemObject, DlmsClient, RowStream, Selection } from '../source.ts'
import { type AccessRights, attributeAccess, methodAccess, type ObjectOptions } from './access.ts'

/** Writes one encoded value; the context tells who asks. */
export type ValueWriter = (writer: ByteWriter, context: AssociationContext) => void

/**
 * The common part of the interface classes: numbers, name and access rights. An object is made for each request, and V8 defines the fields of a class with
 * many subclasses slowly: these are only assigned.
 */
export abstract class InterfaceObject implements CosemObject {
  declare readonly classId: number
  declare readonly version: number
  declare readonly logicalName: string
  declare readonly attributes: number
  declare readonly methods: number
  declare private readonly access: AccessRights

  constructor(options: ObjectOptions, classId: number, version: number, attributes: number, methods: number) {
    this.classId = classId
    this.version = version
    this.attributes = attributes
    this.methods = methods
    this.logicalName = options.logicalName
    this.access = options.access
  }

  attributeAccess(attribute: number, client: DlmsClient): number {
    return attributeAccess(this.access, attribute, client)
  }

  methodAccess(method: number, client: DlmsClient): number {
    return methodAccess(this.access, method, client)
  }

  abstract get(
    attribute: number,
    selection: Selection | undefined,
    context: AssociationContext,
    writer: ByteWriter,
  ): DataAccessResult | RowStream

  set?(attribute: number, value: DataValue, context: AssociationContext): DataAccessResult

  action?(method: number, parameter: DataValue | undefined, context: AssociationContext): ActionResult
}
