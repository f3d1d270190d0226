import type { ByteWriter } from '../../../src/lib/bytes.ts'
import { sameSecret } from '../../../src/lib/secret.ts'
import { Mechanism } from '../../../src/protocols/dlms/acse.ts'
import { DataAccessResult } from '../../../src/protocols/dlms/apdu.ts'
import { type DataValue, writeAsciiOctetString, writeDoubleLongUnsigned, writeOctetString } from '../../../src/protocols/dlms/axdr.ts'
import { READING_CONFORMANCE, SUPPORTED_CONFORMANCE } from '../../../src/protocols/dlms/initiate.ts'
import { managedBy, readableBy } from '../../../src/protocols/dlms/objects/access.ts'
import { ActionScheduleObject } from '../../../src/protocols/dlms/objects/action-schedule.ts'
import { AssociationLnObject } from '../../../src/protocols/dlms/objects/association-ln.ts'
import { InterfaceObject } from '../../../src/protocols/dlms/objects/base.ts'
import { CLOCK_METHODS, ClockBase, ClockObject } from '../../../src/protocols/dlms/objects/clock.ts'
import { ImageTransferObject } from '../../../src/protocols/dlms/objects/image-transfer.ts'
import { octets } from '../../../src/protocols/dlms/objects/parameters.ts'
import { captureObject } from '../../../src/protocols/dlms/objects/profile-source.ts'
import { PushSetupObject, TransportService } from '../../../src/protocols/dlms/objects/push-setup.ts'
import { DataObject } from '../../../src/protocols/dlms/objects/register.ts'
import { ScriptTableObject } from '../../../src/protocols/dlms/objects/script-table.ts'
import type { CosemObject, DlmsSource, LogicalDevice } from '../../../src/protocols/dlms/source.ts'
import { ascii } from './bytes.ts'
import { MemoryImage } from './memory-image.ts'
import { NAME, NOW_MS, PUBLIC, READER, SECRET } from './memory-source.ts'

export const MANAGER = 1
export const MANAGER_SECRET = 'let me manage'
/** Central European Time. */
const DEVIATION_MIN = -60
const TABLE = '0.0.10.0.107.255'
const IMAGE = '0.0.44.0.0.255'

/** A Data object that keeps an octet-string; the value 'throw' is a fault of the meter. */
class Note extends InterfaceObject {
  value = new Uint8Array(0)

  constructor(name: string) {
    super({ logicalName: name, access: managedBy({ readers: [READER], managers: [MANAGER], attributes: [2] }) }, 1, 0, 2, 0)
  }

  get(_attribute: number, _selection: unknown, _context: unknown, writer: ByteWriter): DataAccessResult {
    writeOctetString(writer, this.value)
    return DataAccessResult.success
  }

  override set(_attribute: number, value: DataValue): DataAccessResult {
    const bytes = octets(value)
    if (bytes.length === 5 && String.fromCharCode(...bytes) === 'throw') throw new Error('worn out')
    this.value = bytes.slice()
    return DataAccessResult.success
  }
}

export const NOTE = '0.0.96.50.0.255'
export const OTHER_NOTE = '0.0.96.50.1.255'

/** A meter that a management client may write to; its time stands still until it is set. */
export class ManagedMeter implements DlmsSource {
  readonly devices: readonly LogicalDevice[]
  readonly image: MemoryImage
  readonly notes = [new Note(NOTE), new Note(OTHER_NOTE)] as const
  utc_ms = NOW_MS
  scheduled_ms: number | undefined
  pushes = 0

  constructor(blockSize?: number) {
    this.image = new MemoryImage(blockSize)
    const everyone = readableBy(PUBLIC, READER, MANAGER)
    this.devices = [
      {
        sap: 1,
        name: NAME,
        clients: [
          { sap: MANAGER, mechanism: Mechanism.low, conformance: SUPPORTED_CONFORMANCE },
          { sap: PUBLIC, mechanism: Mechanism.none, conformance: READING_CONFORMANCE },
          { sap: READER, mechanism: Mechanism.low, conformance: SUPPORTED_CONFORMANCE },
        ],
        objects: [
          new DataObject({ logicalName: '0.0.42.0.0.255', access: everyone, value: (writer) => writeAsciiOctetString(writer, NAME) }),
          new AssociationLnObject({ access: everyone }),
          this.#clock(),
          ...this.#imageObjects(),
          this.#pushSetup(),
          ...this.notes,
          new DataObject({ logicalName: '0.0.96.15.0.255', access: everyone, value: (writer) => writeDoubleLongUnsigned(writer, 7) }),
        ],
        authenticate: (sap, secret) => sameSecret(secret, ascii(sap === MANAGER ? MANAGER_SECRET : SECRET)),
      },
    ]
  }

  #clock(): CosemObject {
    const meter = this
    return new ClockObject({
      logicalName: '0.0.1.0.0.255',
      access: managedBy({ readers: [READER], managers: [MANAGER], attributes: [2], methods: CLOCK_METHODS }),
      source: {
        get utc_ms() {
          return meter.utc_ms
        },
        deviation_min: DEVIATION_MIN,
        status: 0,
        timeZone_min: DEVIATION_MIN,
        daylightSavingsBegin: new Uint8Array(12),
        daylightSavingsEnd: new Uint8Array(12),
        daylightSavingsDeviation_min: 60,
        daylightSavingsEnabled: false,
        clockBase: ClockBase.internalCrystal,
        adjustment: {
          preset: undefined,
          setTime: (utc_ms) => {
            if (utc_ms >= Date.UTC(2100, 0)) return false
            meter.utc_ms = utc_ms
            return true
          },
          shift: (difference_ms) => {
            meter.utc_ms += difference_ms
            return true
          },
          utcOfLocal: (local_ms) => local_ms + DEVIATION_MIN * 60_000,
          measuringPeriod_s: 1800,
        },
      },
    })
  }

  #imageObjects(): CosemObject[] {
    const meter = this
    const { image } = this
    const rights = (attributes: number[], methods: number[]) => managedBy({ readers: [], managers: [MANAGER], attributes, methods })
    return [
      new ImageTransferObject({ logicalName: IMAGE, access: rights([5], [1, 2, 3, 4]), source: image }),
      new ScriptTableObject({
        logicalName: TABLE,
        access: rights([], [1]),
        scripts: [{ identifier: 1, classId: 18, logicalName: IMAGE, method: 4, execute: () => image.activate() }],
      }),
      new ActionScheduleObject({
        logicalName: '0.0.15.0.2.255',
        access: rights([4], []),
        script: { table: TABLE, identifier: 1 },
        source: {
          get utc_ms() {
            return meter.scheduled_ms
          },
          schedule: (utc_ms) => {
            if (utc_ms !== undefined && utc_ms < meter.utc_ms) return false
            meter.scheduled_ms = utc_ms
            return true
          },
          utcOfLocal: (local_ms) => local_ms + DEVIATION_MIN * 60_000,
          localOfUtc: (utc_ms) => utc_ms - DEVIATION_MIN * 60_000,
        },
      }),
    ]
  }

  #pushSetup(): CosemObject {
    return new PushSetupObject({
      logicalName: '0.4.25.9.0.255',
      access: managedBy({ readers: [READER], managers: [MANAGER], methods: [1] }),
      source: {
        objects: [captureObject(1, '0.0.42.0.0.255', 2), captureObject(40, '0.4.25.9.0.255', 1), captureObject(8, '0.0.1.0.0.255', 2)],
        transport: TransportService.udp,
        destination: '192.0.2.1:4059',
        retries: 2,
        retryDelay_s: 30,
        push: () => {
          this.pushes++
          return 0
        },
      },
    })
  }
}
