import type { ByteWriter } from '../../../src/lib/bytes.ts'
import { sameSecret } from '../../../src/lib/secret.ts'
import { Mechanism } from '../../../src/protocols/dlms/acse.ts'
import { writeAsciiOctetString, writeDoubleLongUnsigned, writeLongUnsigned, writeUnsigned } from '../../../src/protocols/dlms/axdr.ts'
import { writeDateTimeOctetString } from '../../../src/protocols/dlms/datetime.ts'
import { READING_CONFORMANCE } from '../../../src/protocols/dlms/initiate.ts'
import { readableBy } from '../../../src/protocols/dlms/objects/access.ts'
import { AssociationLnObject } from '../../../src/protocols/dlms/objects/association-ln.ts'
import { ClockBase, ClockObject } from '../../../src/protocols/dlms/objects/clock.ts'
import { ProfileObject } from '../../../src/protocols/dlms/objects/profile.ts'
import { captureObject, type ProfileCursor, type ProfileSource } from '../../../src/protocols/dlms/objects/profile-source.ts'
import { DataObject, RegisterObject, Unit } from '../../../src/protocols/dlms/objects/register.ts'
import { SapAssignmentObject } from '../../../src/protocols/dlms/objects/sap.ts'
import type { CosemObject, DlmsSource, LogicalDevice } from '../../../src/protocols/dlms/source.ts'
import { ascii } from './bytes.ts'

export const PUBLIC = 16
export const READER = 17
export const SECRET = '12345678'
export const NAME = 'FER0000000000001'
/** 2026-03-01 12:00:00 UTC, a Sunday. */
export const NOW_MS = Date.UTC(2026, 2, 1, 12, 0, 0)
export const PERIOD_S = 900
/** Central European Time. */
const DEVIATION_MIN = -60

/** When entry `index` of a profile with `rows` entries was captured; the newest at NOW_MS. */
export function captured_ms(index: number, rows: number): number {
  return NOW_MS - (rows - 1 - index) * PERIOD_S * 1000
}

/** Energy of entry `index`. */
export function energyAt(index: number): number {
  return 1000000 + 137 * index
}

class MemoryCursor implements ProfileCursor {
  readonly #rows: number
  #index: number

  constructor(index: number, rows: number) {
    this.#index = index - 1
    this.#rows = rows
  }

  next(): boolean {
    this.#index++
    return this.#index < this.#rows
  }

  write(column: number, writer: ByteWriter): void {
    if (column === 0) writeDateTimeOctetString(writer, captured_ms(this.#index, this.#rows), DEVIATION_MIN, 0)
    else if (column === 1) writeDoubleLongUnsigned(writer, energyAt(this.#index))
    else writeUnsigned(writer, this.#index & 0xff)
  }
}

/** A profile of clock, energy and (with `columns` 3) status, of `rows` computed entries. */
export class MemoryProfile implements ProfileSource {
  readonly columns
  readonly capturePeriod_s = PERIOD_S
  readonly profileEntries = 4000
  entriesInUse: number

  constructor(rows: number, columns: 2 | 3) {
    this.entriesInUse = rows
    this.columns = [
      captureObject(8, '0.0.1.0.0.255', 2),
      captureObject(3, '1.0.1.8.0.255', 2),
      captureObject(1, '0.0.96.10.1.255', 2),
    ].slice(0, columns)
  }

  firstAtOrAfter(utc_ms: number): number {
    const index = Math.ceil((utc_ms - captured_ms(0, this.entriesInUse)) / (PERIOD_S * 1000))
    return Math.min(this.entriesInUse, Math.max(0, index))
  }

  cursor(index: number): ProfileCursor {
    return new MemoryCursor(index, this.entriesInUse)
  }

  utcOfLocal(local_ms: number): number {
    return local_ms + DEVIATION_MIN * 60000
  }
}

const clock = {
  utc_ms: NOW_MS,
  deviation_min: DEVIATION_MIN,
  status: 0,
  timeZone_min: DEVIATION_MIN,
  daylightSavingsBegin: Uint8Array.of(0xff, 0xff, 3, 0xfe, 7, 2, 0, 0, 0, 0xff, 0xc4, 0),
  daylightSavingsEnd: Uint8Array.of(0xff, 0xff, 10, 0xfe, 7, 3, 0, 0, 0, 0xff, 0x88, 0x80),
  daylightSavingsDeviation_min: 60,
  daylightSavingsEnabled: true,
  clockBase: ClockBase.internalCrystal,
}

const everyone = readableBy(PUBLIC, READER)
const reader = readableBy(READER)

function energyRegisters(): RegisterObject[] {
  const registers: RegisterObject[] = []
  for (let quantity = 1; quantity <= 10; quantity++) {
    for (let tariff = 0; tariff <= 2; tariff++) {
      const value = 1000000 * quantity + tariff
      registers.push(
        new RegisterObject({
          logicalName: `1.0.${quantity}.8.${tariff}.255`,
          access: reader,
          value: (writer) => writeDoubleLongUnsigned(writer, value),
          scaler: 0,
          unit: quantity <= 2 ? Unit.wattHour : quantity <= 8 ? Unit.varHour : Unit.voltAmpereHour,
        }),
      )
    }
  }
  return registers
}

export interface MemoryOptions {
  readonly rows?: number
  readonly columns?: 2 | 3
  readonly extra?: readonly CosemObject[]
}

/** A meter that never changes: the same requests always get the same bytes. */
export function memorySource(options: MemoryOptions = {}): DlmsSource {
  const { rows = 200, columns = 3, extra = [] } = options
  const objects: CosemObject[] = [
    new DataObject({ logicalName: '0.0.42.0.0.255', access: everyone, value: (writer) => writeAsciiOctetString(writer, NAME) }),
    new AssociationLnObject({ access: everyone }),
    new SapAssignmentObject({ access: reader, devices: () => [device] }),
    new ClockObject({ logicalName: '0.0.1.0.0.255', access: reader, source: clock }),
    ...energyRegisters(),
    new RegisterObject({
      logicalName: '1.0.32.7.0.255',
      access: reader,
      value: (writer) => writeLongUnsigned(writer, 2301),
      scaler: -1,
      unit: Unit.volt,
    }),
    new DataObject({ logicalName: '0.0.96.10.1.255', access: reader, value: (writer) => writeUnsigned(writer, 0) }),
    new ProfileObject({ logicalName: '1.0.99.1.0.255', access: reader, source: new MemoryProfile(rows, columns) }),
    ...extra,
  ]
  const device: LogicalDevice = {
    sap: 1,
    name: NAME,
    clients: [
      { sap: PUBLIC, mechanism: Mechanism.none, conformance: READING_CONFORMANCE },
      { sap: READER, mechanism: Mechanism.low, conformance: READING_CONFORMANCE },
    ],
    objects,
    authenticate: (clientSap, secret) => clientSap === READER && sameSecret(secret, ascii(SECRET)),
  }
  return { devices: [device] }
}
