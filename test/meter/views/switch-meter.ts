import { sameSecret } from '../../../src/lib/secret.ts'
import { SWITCH_OBJECTS, type SwitchView } from '../../../src/meter/views/dlms-switch.ts'
import { Mechanism } from '../../../src/protocols/dlms/acse.ts'
import { SUPPORTED_CONFORMANCE } from '../../../src/protocols/dlms/initiate.ts'
import { MadeObjects, objectGroup } from '../../../src/protocols/dlms/made-objects.ts'
import { readableBy } from '../../../src/protocols/dlms/objects/access.ts'
import { AssociationLnObject } from '../../../src/protocols/dlms/objects/association-ln.ts'
import type { DlmsSource, LogicalDevice } from '../../../src/protocols/dlms/source.ts'
import { type RigOptions, SwitchRig } from '../../core/switch/rig.ts'
import { ascii } from '../../protocols/dlms/bytes.ts'
import { MANAGER, MANAGER_SECRET } from '../../protocols/dlms/managed-source.ts'
import { NAME, READER, SECRET } from '../../protocols/dlms/memory-source.ts'

/** Central European Time. */
const OFFSET_MIN = 60
const MS_PER_MIN = 60_000

/** A meter that offers its supply switch and nothing else. */
export class SwitchMeter implements DlmsSource {
  readonly rig: SwitchRig
  readonly devices: readonly LogicalDevice[]

  constructor(options?: RigOptions) {
    this.rig = new SwitchRig(options).start()
    const times = {
      now_ms: () => 0,
      utcOfLocal: (local_ms: number) => local_ms - OFFSET_MIN * MS_PER_MIN,
      localOfUtc: (utc_ms: number) => utc_ms + OFFSET_MIN * MS_PER_MIN,
      standardOffset_min: OFFSET_MIN,
      offset_min: () => OFFSET_MIN,
      status: () => 0,
    }
    const association = objectGroup<SwitchView>(() => new AssociationLnObject({ access: readableBy(READER, MANAGER) }))
    this.devices = [
      {
        sap: 1,
        name: NAME,
        clients: [
          { sap: MANAGER, mechanism: Mechanism.low, conformance: SUPPORTED_CONFORMANCE },
          { sap: READER, mechanism: Mechanism.low, conformance: SUPPORTED_CONFORMANCE },
        ],
        objects: new MadeObjects({ options: { supply: this.rig.parts }, times }, [association, SWITCH_OBJECTS]),
        authenticate: (sap, secret) => sameSecret(secret, ascii(sap === MANAGER ? MANAGER_SECRET : SECRET)),
      },
    ]
  }
}
