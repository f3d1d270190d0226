/** Interface class 17 "SAP assignment" (IEC 62056-6-2 clause 4.4.5): which logical devices live behind this address. */
import type { ByteWriter } from '../../../lib/bytes.ts'
import { DataAccessResult } from '../apdu.ts'
import { writeArray, writeAsciiOctetString, writeLongUnsigned, writeStructure } from '../axdr.ts'
import type { AssociationContext, LogicalDevice, Selection } from '../source.ts'
import type { AccessRights } from './access.ts'
import { InterfaceObject } from './base.ts'

export interface SapAssignmentOptions {
  /** Default 0.0.41.0.0.255. */
  readonly logicalName?: string
  readonly access: AccessRights
  /** Called at each read, so that the list may name the device that the object belongs to. */
  readonly devices: () => readonly Pick<LogicalDevice, 'sap' | 'name'>[]
}

export class SapAssignmentObject extends InterfaceObject {
  readonly #devices: SapAssignmentOptions['devices']

  constructor(options: SapAssignmentOptions) {
    super({ logicalName: options.logicalName ?? '0.0.41.0.0.255', access: options.access }, 17, 0, 2, 1)
    this.#devices = options.devices
  }

  get(_attribute: number, _selection: Selection | undefined, _context: AssociationContext, writer: ByteWriter): DataAccessResult {
    const devices = this.#devices()
    writeArray(writer, devices.length)
    for (const device of devices) {
      writeStructure(writer, 2)
      writeLongUnsigned(writer, device.sap)
      writeAsciiOctetString(writer, device.name)
    }
    return DataAccessResult.success
  }
}
