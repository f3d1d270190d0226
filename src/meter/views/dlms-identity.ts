import { softwareIdentity } from '../../core/selftest/software-identity.ts'
import { Tamper } from '../../core/tamper/tampers-table.ts'
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
import { integer, octets } from '../../protocols/dlms/objects/parameters.ts'
import { DataObject, RegisterObject } from '../../protocols/dlms/objects/register.ts'
import type { CosemObject } from '../../protocols/dlms/source.ts'
import { METER_CONSTANT } from '../config.ts'
import type { MeterCore } from '../core.ts'
import type { MetrologyParameters } from '../metrology-parameters.ts'
import { EVERYONE, managed, managedByReaders, READERS } from './dlms-clients.ts'
import { type LocalTimes, writeStampIfAny } from './dlms-times.ts'

/** imp/Wh, "active energy meter constant". */
const UNIT_METER_CONSTANT = 45

export interface IdentityOptions {
  readonly core: MeterCore
  /** Of the firmware that runs. */
  readonly version: string
  /** Absent: the constant is that of the factory, and nobody can change anything. */
  readonly parameters: MetrologyParameters | undefined
  readonly times: LocalTimes
}

/** A closed seal is no fault of the meter: the client is denied. */
function sealedWrite(write: () => boolean): DataAccessResult {
  try {
    return write() ? DataAccessResult.success : DataAccessResult.otherReason
  } catch (error) {
    if (error instanceof FerrarisError && error.code === 'SEAL') return DataAccessResult.readWriteDenied
    throw error
  }
}

/**
 * What an inspector asks for: firmware identifier and checksum, meter constant and class, the changes of sealed parameters (0.0.96.2.10 and .11, Blue Book, from
 * memory), and where the seal is (0.0.96.2.4: bit 0 seal open, 1 meter cover, 2 terminal cover, 3 magnetic field).
 */
export function identityObjects(options: IdentityOptions): CosemObject[] {
  const { core, version, parameters, times } = options
  const software = softwareIdentity(version, core.watch.image)
  const { medium } = core.measured
  // Value group A of electricity, or of any medium.
  const a = medium === undefined ? 1 : 0
  return [
    new DataObject({
      logicalName: `${a}.0.0.2.0.255`,
      access: EVERYONE,
      value: (writer) => writeAsciiOctetString(writer, software.identifier),
    }),
    new DataObject({ logicalName: `${a}.0.0.2.8.255`, access: EVERYONE, value: (writer) => writeOctetString(writer, software.signature) }),
    ...(medium === undefined ? [constantObject(options)] : []),
    selfTestObject(core, times),
    switches(core),
    ...(parameters === undefined ? [] : sealedObjects(core, parameters, times)),
  ]
}

function constantObject({ core, parameters }: IdentityOptions): CosemObject {
  const read = () => parameters?.constant_imp_kWh ?? METER_CONSTANT
  return new RegisterObject({
    ...{ logicalName: '1.0.0.3.0.255', scaler: -3, unit: UNIT_METER_CONSTANT },
    access: managed(parameters === undefined ? [] : [2], []),
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
function selfTestObject(core: MeterCore, times: LocalTimes): CosemObject {
  const { selfTest } = core.watch
  return new DataObject({
    ...{ logicalName: '0.0.128.30.2.255', access: managedByReaders([2], []) },
    value: (writer) => writeStampIfAny(writer, times, Math.max(0, selfTest.lastRun_s), 0),
    write: () => {
      selfTest.start(core.clock.now_s())
      return DataAccessResult.success
    },
  })
}

function switches({ watch }: MeterCore): CosemObject {
  const ids: readonly number[] = [Tamper.seal, Tamper.meterCover, Tamper.terminalCover, Tamper.magneticField]
  const read = () => ids.reduce((bits, id, i) => ((watch.tamper.active & (1 << id)) === 0 ? bits : bits | (1 << i)), 0)
  return new DataObject({ logicalName: '0.0.96.2.4.255', access: READERS, value: (writer) => writeUnsigned(writer, read()) })
}

function sealedObjects(core: MeterCore, parameters: MetrologyParameters, times: LocalTimes): CosemObject[] {
  const { sealed } = parameters
  const access = READERS
  return [
    new DataObject({ logicalName: '0.0.96.2.10.255', access, value: (writer) => writeDoubleLongUnsigned(writer, sealed.number) }),
    new DataObject({ logicalName: '0.0.96.2.11.255', access, value: (writer) => writeStampIfAny(writer, times, sealed.changed_s, 0) }),
    new DataObject({ logicalName: '0.0.128.30.1.255', access, value: (writer) => writeDoubleLongUnsigned(writer, sealed.checksum) }),
    new DataObject({
      ...{ logicalName: '0.0.128.30.0.255', access: managedByReaders([2], []) },
      value: (writer) => writeAsciiOctetString(writer, parameters.accuracyClass),
      write: (value) => {
        const text = String.fromCharCode(...octets(value))
        return sealedWrite(() => parameters.setClass(text, core.clock.now_s()))
      },
    }),
  ]
}
