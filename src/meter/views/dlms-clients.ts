import { Mechanism } from '../../protocols/dlms/acse.ts'
import { READING_CONFORMANCE, SUPPORTED_CONFORMANCE } from '../../protocols/dlms/initiate.ts'
import { type AccessRights, managedBy, readableBy } from '../../protocols/dlms/objects/access.ts'
import type { DlmsClient } from '../../protocols/dlms/source.ts'

/** The management logical device. */
export const MANAGEMENT_DEVICE = 1

/** Service access points of the clients. */
export const MANAGEMENT_CLIENT = 1
export const PUBLIC_CLIENT = 16
export const READING_CLIENT = 17

export const CLIENTS: readonly DlmsClient[] = Object.freeze([
  { sap: MANAGEMENT_CLIENT, mechanism: Mechanism.low, conformance: SUPPORTED_CONFORMANCE },
  { sap: PUBLIC_CLIENT, mechanism: Mechanism.none, conformance: READING_CONFORMANCE },
  { sap: READING_CLIENT, mechanism: Mechanism.low, conformance: READING_CONFORMANCE },
])

/** Everybody reads. */
export const EVERYONE: AccessRights = readableBy(MANAGEMENT_CLIENT, PUBLIC_CLIENT, READING_CLIENT)
/** Both clients with a secret read. */
export const READERS: AccessRights = readableBy(MANAGEMENT_CLIENT, READING_CLIENT)

/** Only the management client sees the object; it reads all attributes, and writes and invokes those that are named. */
export function management(attributes: readonly number[], methods: readonly number[]): AccessRights {
  return managedBy({ readers: [], managers: [MANAGEMENT_CLIENT], attributes, methods })
}

/** Everybody reads, the management client writes and invokes what is named. */
export function managed(attributes: readonly number[], methods: readonly number[]): AccessRights {
  return managedBy({ readers: [PUBLIC_CLIENT, READING_CLIENT], managers: [MANAGEMENT_CLIENT], attributes, methods })
}

/** Both clients with a secret read, the management client writes and invokes what is named. */
export function managedByReaders(attributes: readonly number[], methods: readonly number[]): AccessRights {
  return managedBy({ readers: [READING_CLIENT], managers: [MANAGEMENT_CLIENT], attributes, methods })
}
