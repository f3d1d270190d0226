/** Looks up the objects and clients of a logical device. */
import { assert } from '../../lib/assert.ts'
import { logicalNameKey } from './logical-name.ts'
import { isVisible } from './objects/access.ts'
import type { CosemObject, DlmsClient, LogicalDevice } from './source.ts'

export class ObjectDirectory {
  readonly device: LogicalDevice
  /** Names of all objects as `logicalNameKey`, in ascending order, and their places in the list: ten bytes for an object that need not exist. */
  readonly #names: Float64Array
  readonly #places: Uint16Array
  /** How many objects each client sees. */
  readonly #visible: Uint16Array

  constructor(device: LogicalDevice) {
    this.device = device
    const { clients, objects } = device
    for (const [index, { sap }] of clients.entries()) {
      assert(clients.findIndex((client) => client.sap === sap) === index, `client ${sap} twice`)
    }
    this.#visible = new Uint16Array(clients.length)
    const keys = new Float64Array(objects.length)
    const found: number[] = []
    for (let place = 0; place < objects.length; place++) {
      const object = objects.at(place)
      if (object === undefined) continue
      keys[place] = logicalNameKey(object.logicalName)
      found.push(place)
      for (let i = 0; i < clients.length; i++) if (isVisible(object, clients[i])) this.#visible[i]++
    }
    found.sort((a, b) => keys[a] - keys[b])
    this.#places = Uint16Array.from(found)
    this.#names = Float64Array.from(found, (place) => keys[place])
    for (let index = 1; index < found.length; index++) this.checkTwin(index)
  }

  /** Two classes may share a name. */
  private checkTwin(index: number): void {
    for (let other = index - 1; other >= 0 && this.#names[other] === this.#names[index]; other--) {
      const [a, b] = [other, index].map((each) => this.device.objects.at(this.#places[each]))
      assert(a?.classId !== b?.classId, `object ${a?.classId} ${a?.logicalName} twice`)
    }
  }

  client(sap: number): DlmsClient | undefined {
    for (const client of this.device.clients) if (client.sap === sap) return client
    return undefined
  }

  /** How many objects a client sees: the length of its object list. */
  visible(client: DlmsClient): number {
    return this.#visible[this.device.clients.indexOf(client)]
  }

  /** `instance` is a `logicalNameKey`. */
  find(classId: number, instance: number): CosemObject | undefined {
    const names = this.#names
    let low = 0
    let high = names.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (names[middle] < instance) low = middle + 1
      else high = middle
    }
    for (; low < names.length && names[low] === instance; low++) {
      const object = this.device.objects.at(this.#places[low])
      if (object?.classId === classId) return object
    }
    return undefined
  }
}
