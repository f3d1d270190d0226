/** Looks up the objects and clients of a logical device. */
import { assert } from '../../lib/assert.ts'
import { logicalNameKey, logicalNameText } from './logical-name.ts'
import type { CosemObject, DlmsClient, LogicalDevice } from './source.ts'

export class ObjectDirectory {
  readonly device: LogicalDevice
  /** By class, then by logical name: two classes may share a name. */
  readonly #classes = new Map<number, Map<number, CosemObject>>()
  readonly #clients = new Map<number, DlmsClient>()

  constructor(device: LogicalDevice) {
    this.device = device
    for (const client of device.clients) {
      assert(!this.#clients.has(client.sap), `client ${client.sap} twice`)
      this.#clients.set(client.sap, client)
    }
    for (const object of device.objects) this.#add(object)
  }

  #add(object: CosemObject): void {
    const instances = this.#classes.get(object.classId) ?? new Map<number, CosemObject>()
    const key = logicalNameKey(object.logicalName)
    assert(!instances.has(key), `object ${object.classId} ${logicalNameText(object.logicalName)} twice`)
    instances.set(key, object)
    this.#classes.set(object.classId, instances)
  }

  client(sap: number): DlmsClient | undefined {
    return this.#clients.get(sap)
  }

  /** `instance` is a `logicalNameKey`. */
  find(classId: number, instance: number): CosemObject | undefined {
    return this.#classes.get(classId)?.get(instance)
  }
}
