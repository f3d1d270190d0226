import { LockOut } from '../../protocols/dlms/lock-out.ts'
import { MadeObjects, type ObjectGroup } from '../../protocols/dlms/made-objects.ts'
import type { DlmsSource, LogicalDevice } from '../../protocols/dlms/source.ts'
import { ALARM_GROUPS } from './dlms-alarms.ts'
import { BILLING_OBJECTS } from './dlms-billing.ts'
import { CLIENTS, MANAGEMENT_CLIENT, MANAGEMENT_DEVICE, READING_CLIENT } from './dlms-clients.ts'
import { DEMAND_OBJECTS } from './dlms-demand.ts'
import { EVENT_LOG_GROUPS } from './dlms-events.ts'
import { DEVICE_OBJECTS, IDENTITY_OBJECTS } from './dlms-identity.ts'
import { IMAGE_OBJECTS, PUSH_GROUPS } from './dlms-management.ts'
import { DlmsMeter, type DlmsMeterOptions } from './dlms-meter.ts'
import { PREPAYMENT_OBJECTS } from './dlms-prepayment.ts'
import { LOG_OBJECTS, PERIOD_OBJECTS } from './dlms-profiles.ts'
import { QUALITY_GROUPS } from './dlms-quality.ts'
import { REGISTER_OBJECTS } from './dlms-registers.ts'
import { SWITCH_OBJECTS } from './dlms-switch.ts'
import { TARIFF_OBJECTS } from './dlms-tariff.ts'

export { MANAGEMENT_CLIENT, PUBLIC_CLIENT, READING_CLIENT } from './dlms-clients.ts'
export { logicalDeviceName } from './dlms-meter.ts'

/** Clients with a secret that can be guessed at. */
const WITH_SECRET: readonly number[] = Object.freeze([MANAGEMENT_CLIENT, READING_CLIENT])

/** Everything that a meter can have, in the order of the object list. */
const OBJECTS: readonly ObjectGroup<DlmsMeter>[] = Object.freeze([
  DEVICE_OBJECTS,
  REGISTER_OBJECTS,
  LOG_OBJECTS,
  IMAGE_OBJECTS,
  ...PUSH_GROUPS,
  SWITCH_OBJECTS,
  PREPAYMENT_OBJECTS,
  TARIFF_OBJECTS,
  DEMAND_OBJECTS,
  BILLING_OBJECTS,
  PERIOD_OBJECTS,
  ...EVENT_LOG_GROUPS,
  ...ALARM_GROUPS,
  ...QUALITY_GROUPS,
  IDENTITY_OBJECTS,
])

export interface DlmsViewOptions extends DlmsMeterOptions {
  /** Whether `secret` is the LLS secret of a client: the reading or the management client. False for one that has none. */
  readonly authenticate: (clientSap: number, secret: Uint8Array) => boolean
  /** A client sent too many wrong secrets and is refused for so long. */
  readonly onLockOut?: (clientSap: number, duration_ms: number) => void
}

/** The meter as COSEM objects: the current reading of the core, written straight into the response. */
export class DlmsView implements DlmsSource {
  /** The management logical device, the only one. */
  readonly devices: readonly LogicalDevice[]

  constructor(options: DlmsViewOptions) {
    const { core, authenticate, onLockOut } = options
    const meter = new DlmsMeter(options)
    const lockOut = new LockOut(WITH_SECRET, { ticks_ms: () => core.clock.ticks_ms(), onLockOut })
    this.devices = [
      {
        sap: MANAGEMENT_DEVICE,
        name: meter.name,
        clients: CLIENTS,
        objects: new MadeObjects(meter, OBJECTS),
        authenticate: (clientSap, secret) => lockOut.admit(clientSap, () => authenticate(clientSap, secret)),
      },
    ]
  }
}
