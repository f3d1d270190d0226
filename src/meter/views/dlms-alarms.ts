import type { AlarmRegister } from '../../core/events/alarm-register.ts'
import { TAMPERS, Tamper } from '../../core/tamper/tampers-table.ts'
import { DataAccessResult } from '../../protocols/dlms/apdu.ts'
import { DataTag, writeDoubleLongUnsigned } from '../../protocols/dlms/axdr.ts'
import { type ObjectGroup, objectGroup } from '../../protocols/dlms/made-objects.ts'
import { integer } from '../../protocols/dlms/objects/parameters.ts'
import { DataObject } from '../../protocols/dlms/objects/register.ts'
import type { CosemObject } from '../../protocols/dlms/source.ts'
import { managedByReaders, READERS } from './dlms-clients.ts'
import type { DlmsMeter } from './dlms-meter.ts'

const UINT32 = 0x100000000

/** Bits of `Tamper` that were seen and not reset; the management resets them by writing 0. And what lasts at this moment. */
const LATCHED = '0.0.128.10.0.255'
const ACTIVE = '0.0.128.10.1.255'

/** "Meter tamper event related objects" of the Blue Book (0.0.96.20.e), from memory: counters, and which tampers each of them counts. */
const COUNTERS: readonly (readonly [e: number, ids: readonly number[]])[] = [
  [0, [Tamper.meterCover]],
  [5, [Tamper.terminalCover]],
  [15, [Tamper.magneticField]],
  [20, [Tamper.currentWhileOpen]],
  [25, [Tamper.calibration, Tamper.sealedParameter]],
  [30, [Tamper.failedLogin]],
]

const access = READERS
const WRITABLE = managedByReaders([2], [])

/** 32 bits that everybody with a secret reads and the management writes. */
function bits(logicalName: string, read: () => number, write?: (value: number) => void): CosemObject {
  return new DataObject({
    logicalName,
    access: write === undefined ? access : WRITABLE,
    value: (writer) => writeDoubleLongUnsigned(writer, read() >>> 0),
    ...(write && {
      write: (value) => {
        write(integer(value, DataTag.doubleLongUnsigned))
        return DataAccessResult.success
      },
    }),
  })
}

function count({ core }: DlmsMeter, logicalName: string, ids: readonly number[]): CosemObject {
  const { tamper } = core.watch
  return bits(logicalName, () => ids.reduce((sum, id) => sum + tamper.counters[id], 0) % UINT32)
}

/** What one alarm register shows: register, filter, descriptor. */
const ALARM_PARTS: readonly ((alarm: AlarmRegister, index: number, { core }: DlmsMeter) => CosemObject)[] = Object.freeze([
  (alarm: AlarmRegister, index: number, { core }: DlmsMeter) =>
    bits(
      `0.0.97.98.${index}.255`,
      () => alarm.register,
      (value) => alarm.writeRegister(value, core.clock.now_s()),
    ),
  (alarm: AlarmRegister, index: number) =>
    bits(
      `0.0.97.98.${10 + index}.255`,
      () => alarm.filter,
      (value) => alarm.writeFilter(value),
    ),
  (alarm: AlarmRegister, index: number) =>
    bits(
      `0.0.97.98.${20 + index}.255`,
      () => alarm.descriptor,
      (value) => alarm.writeDescriptor(value),
    ),
])

/** Alarm registers with filter and descriptor, the error register F.F, and the tampers with their counters. */
export const ALARM_GROUPS: readonly ObjectGroup<DlmsMeter>[] = Object.freeze([
  objectGroup<DlmsMeter>(({ core }) =>
    bits(
      '0.0.97.97.0.255',
      () => core.watch.errors.bits,
      (value) => core.watch.errors.write(value, core.clock.now_s()),
    ),
  ),
  {
    count: ({ core }: DlmsMeter) => core.watch.alarms.length * ALARM_PARTS.length,
    make: (meter: DlmsMeter, place: number) => {
      const index = Math.floor(place / ALARM_PARTS.length)
      return ALARM_PARTS[place % ALARM_PARTS.length](meter.core.watch.alarms[index], index, meter)
    },
  },
  objectGroup<DlmsMeter>(
    ({ core: { watch } }) =>
      bits(
        LATCHED,
        () => watch.tamper.latched,
        () => watch.resetTamper(),
      ),
    ({ core: { watch } }) => bits(ACTIVE, () => watch.tamper.active),
    ...COUNTERS.map(
      ([e, ids]) =>
        (meter: DlmsMeter) =>
          count(meter, `0.0.96.20.${e}.255`, ids),
    ),
  ),
  {
    count: () => TAMPERS,
    make: (meter: DlmsMeter, id: number) => count(meter, `0.0.128.20.${id}.255`, [id]),
  },
])
