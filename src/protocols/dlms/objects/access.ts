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

export interface ManagedAccess {
  /** Service access points that read every attribute. */
  readonly readers: readonly number[]
  /** Those that also write `attributes` and invoke `methods`. */
  readonly managers: readonly number[]
  readonly attributes?: readonly number[]
  readonly methods?: readonly number[]
}

/** Rights of an object that some clients read and some manage. */
export function managedBy(access: ManagedAccess): AccessRights {
  const { readers, managers, attributes = [], methods = [] } = access
  return Object.freeze({
    attribute: (attribute: number, { sap }: DlmsClient) => {
      if (!managers.includes(sap)) return readers.includes(sap) ? AttributeAccess.read : AttributeAccess.none
      return attributes.includes(attribute) ? AttributeAccess.readWrite : AttributeAccess.read
    },
    method: (method: number, { sap }: DlmsClient) =>
      managers.includes(sap) && methods.includes(method) ? MethodAccess.access : MethodAccess.none,
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
