import { type SoftwareIdentity, softwareIdentity } from '../../core/selftest/software-identity.ts'
import { Tamper } from '../../core/tamper/tampers-table.ts'
import type { ByteWriter } from '../../lib/bytes.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { DataAccessResult } from '../../protocols/dlms/apdu.ts'
import {
  DataTag,
  type DataValue,
  writeAsciiOctetString,
  writeDoubleLongUnsigned,
  writeOctetString,
  writeUnsigned,
} from '../../protocols/dlms/axdr.ts'
import { type ObjectMaker, objectGroup } from '../../protocols/dlms/made-objects.ts'
import { AssociationLnObject } from '../../protocols/dlms/objects/association-ln.ts'
import { integer, octets } from '../../protocols/dlms/objects/parameters.ts'
import { DataObject, RegisterObject } from '../../protocols/dlms/objects/register.ts'
import { SapAssignmentObject } from '../../protocols/dlms/objects/sap.ts'
import type { CosemObject } from '../../protocols/dlms/source.ts'
import { METER_CONSTANT, modelOf } from '../config.ts'
import type { MetrologyParameters } from '../metrology-parameters.ts'
import { EVERYONE, MANAGEMENT_DEVICE, managed, managedByReaders, READERS } from './dlms-clients.ts'
import { clockObject } from './dlms-clock.ts'
import type { DlmsMeter } from './dlms-meter.ts'
import { writeStampIfAny } from './dlms-times.ts'

/** imp/Wh, "active energy meter constant". */
const UNIT_METER_CONSTANT = 45

/** A closed seal is no fault of the meter: the client is denied. */
function sealedWrite(write: () => boolean): DataAccessResult {
  try {
    return write() ? DataAccessResult.success : DataAccessResult.otherReason
  } catch (error) {
    if (error instanceof FerrarisError && error.code === 'SEAL') return DataAccessResult.readWriteDenied
    throw error
  }
}

const access = EVERYONE
const WRITABLE = managedByReaders([2], [])
const CONSTANT_FIXED = managed([], [])
const CONSTANT_WRITABLE = managed([2], [])

function text(logicalName: string, value: (meter: DlmsMeter) => string): ObjectMaker<DlmsMeter> {
  return (meter) => new DataObject({ logicalName, access, value: (writer) => writeAsciiOctetString(writer, value(meter)) })
}

/** Who the meter is, and its clock. Everybody reads. */
export const DEVICE_OBJECTS = objectGroup<DlmsMeter>(
  () => new AssociationLnObject({ access }),
  ({ name }) => new SapAssignmentObject({ access, devices: () => [{ sap: MANAGEMENT_DEVICE, name }] }),
  text('0.0.42.0.0.255', ({ name }) => name),
  text('0.0.96.1.0.255', ({ config }) => config.identity.serial),
  text('0.0.96.1.1.255', ({ measured }) => modelOf(measured)),
  clockObject,
)

/** Value group A of electricity, or of any medium. */
const groupA = ({ measured }: DlmsMeter) => (measured.medium === undefined ? 1 : 0)

function software({ options, core }: DlmsMeter): SoftwareIdentity {
  return softwareIdentity(options.version, core.watch.image)
}

/** Of electricity: active energy meter constant. */
function constantObject({ core, options, measured }: DlmsMeter): CosemObject | undefined {
  if (measured.medium !== undefined) return undefined
  const { parameters } = options
  const read = () => parameters?.constant_imp_kWh ?? METER_CONSTANT
  return new RegisterObject({
    ...{ logicalName: '1.0.0.3.0.255', scaler: -3, unit: UNIT_METER_CONSTANT },
    access: parameters === undefined ? CONSTANT_FIXED : CONSTANT_WRITABLE,
    value: (writer) => writeDoubleLongUnsigned(writer, read()),
    ...(parameters && {
      write: (value: DataValue) => {
        const wanted = integer(value, DataTag.doubleLongUnsigned)
        return sealedWrite(() => parameters.setConstant(wanted, core.clock.now_s()))
      },
    }),
  })
}

/** Time of the last complete self-test; whatever the management writes starts another one. */
function selfTestObject(meter: DlmsMeter): CosemObject {
  const { watch, clock } = meter.core
  return new DataObject({
    ...{ logicalName: '0.0.128.30.2.255', access: WRITABLE },
    value: (writer) => writeStampIfAny(writer, meter, Math.max(0, watch.selfTest.lastRun_s), 0),
    write: () => {
      watch.selfTest.start(clock.now_s())
      return DataAccessResult.success
    },
  })
}

const SWITCHES: readonly number[] = Object.freeze([Tamper.seal, Tamper.meterCover, Tamper.terminalCover, Tamper.magneticField])

function switches({ core: { watch } }: DlmsMeter): CosemObject {
  const read = () => SWITCHES.reduce((bits, id, i) => ((watch.tamper.active & (1 << id)) === 0 ? bits : bits | (1 << i)), 0)
  return new DataObject({ logicalName: '0.0.96.2.4.255', access: READERS, value: (writer) => writeUnsigned(writer, read()) })
}

/** What there is of the sealed parameters, on a meter that has them. */
function sealedData(
  logicalName: string,
  write: (writer: ByteWriter, sealed: MetrologyParameters['sealed'], meter: DlmsMeter) => void,
): ObjectMaker<DlmsMeter> {
  return (meter) => {
    const { parameters } = meter.options
    return parameters && new DataObject({ logicalName, access: READERS, value: (writer) => write(writer, parameters.sealed, meter) })
  }
}

function classObject({ core, options: { parameters } }: DlmsMeter): CosemObject | undefined {
  if (parameters === undefined) return undefined
  return new DataObject({
    ...{ logicalName: '0.0.128.30.0.255', access: WRITABLE },
    value: (writer) => writeAsciiOctetString(writer, parameters.accuracyClass),
    write: (value) => {
      const accuracyClass = String.fromCharCode(...octets(value))
      return sealedWrite(() => parameters.setClass(accuracyClass, core.clock.now_s()))
    },
  })
}

/**
 * What an inspector asks for: firmware identifier and checksum, meter constant and class, the changes of sealed parameters (0.0.96.2.10 and .11, Blue Book, from
 * memory), and where the seal is (0.0.96.2.4: bit 0 seal open, 1 meter cover, 2 terminal cover, 3 magnetic field).
 */
export const IDENTITY_OBJECTS = objectGroup<DlmsMeter>(
  (meter) =>
    new DataObject({
      ...{ logicalName: `${groupA(meter)}.0.0.2.0.255`, access },
      value: (writer) => writeAsciiOctetString(writer, software(meter).identifier),
    }),
  (meter) =>
    new DataObject({
      ...{ logicalName: `${groupA(meter)}.0.0.2.8.255`, access },
      value: (writer) => writeOctetString(writer, software(meter).signature),
    }),
  constantObject,
  selfTestObject,
  switches,
  sealedData('0.0.96.2.10.255', (writer, { number }) => writeDoubleLongUnsigned(writer, number)),
  sealedData('0.0.96.2.11.255', (writer, { changed_s }, meter) => writeStampIfAny(writer, meter, changed_s, 0)),
  sealedData('0.0.128.30.1.255', (writer, { checksum }) => writeDoubleLongUnsigned(writer, checksum)),
  classObject,
)
