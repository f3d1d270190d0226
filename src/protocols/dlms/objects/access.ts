/** Who may do what with an object. */
import { AttributeAccess, type CosemObject, type DlmsClient, MethodAccess } from '../source.ts'

export interface AccessRights {
  /** `AttributeAccess` of a client. */
  attribute(attribute: number, client: DlmsClient): number
  /** `MethodAccess` of a client. */
  method(method: number, client: DlmsClient): number
}

/** Every attribute can be read by the clients with these service access points; nothing can be written or invoked. */
export function readableBy(...saps: readonly number[]): AccessRights {
  return Object.freeze({
    attribute: (_attribute: number, client: DlmsClient) => (saps.includes(client.sap) ? AttributeAccess.read : AttributeAccess.none),
    method: () => MethodAccess.none,
  })
}

/** Does the client see the object in its object list? */
export function isVisible(object: CosemObject, client: DlmsClient): boolean {
  for (let attribute = 1; attribute <= object.attributes; attribute++) {
    if (object.attributeAccess(attribute, client) !== AttributeAccess.none) return true
  }
  for (let method = 1; method <= object.methods; method++) if (object.methodAccess(method, client) !== MethodAccess.none) return true
  return false
}

/** What every interface class has. */
export interface ObjectOptions {
  /** 'a.b.c.d.e.f'. */
  readonly logicalName: string
  readonly access: AccessRights
}
