/** Who may do what with an object. */
import { AttributeAccess, type CosemObject, type DlmsClient, MethodAccess } from '../source.ts'

/** Data, so that a constant of a module can hold it. Bit _n_ of a mask stands for attribute or method _n_. */
export interface AccessRights {
  /** Service access points that read every attribute. */
  readonly readers: readonly number[]
  /** Those that also write the attributes of `writable` and invoke the methods of `invocable`. */
  readonly managers: readonly number[]
  readonly writable: number
  readonly invocable: number
}

/** Every attribute can be read by the clients with these service access points; nothing can be written or invoked. */
export function readableBy(...saps: readonly number[]): AccessRights {
  return managedBy({ readers: saps, managers: [] })
}

export interface ManagedAccess {
  readonly readers: readonly number[]
  readonly managers: readonly number[]
  /** Numbers below 32. */
  readonly attributes?: readonly number[]
  readonly methods?: readonly number[]
}

const bits = (numbers: readonly number[]) => numbers.reduce((mask, number) => mask | (1 << number), 0)

/** Rights of an object that some clients read and some manage. */
export function managedBy({ readers, managers, attributes = [], methods = [] }: ManagedAccess): AccessRights {
  return Object.freeze({ readers, managers, writable: bits(attributes), invocable: bits(methods) })
}

/** `AttributeAccess` of a client. */
export function attributeAccess({ readers, managers, writable }: AccessRights, attribute: number, { sap }: DlmsClient): number {
  if (managers.includes(sap)) return ((writable >> attribute) & 1) === 1 ? AttributeAccess.readWrite : AttributeAccess.read
  return readers.includes(sap) ? AttributeAccess.read : AttributeAccess.none
}

/** `MethodAccess` of a client. */
export function methodAccess({ managers, invocable }: AccessRights, method: number, { sap }: DlmsClient): number {
  return ((invocable >> method) & 1) === 1 && managers.includes(sap) ? MethodAccess.access : MethodAccess.none
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
