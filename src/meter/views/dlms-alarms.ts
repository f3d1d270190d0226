import type { AlarmRegister } from '../../core/events/alarm-register.ts'
import type { ErrorRegister } from '../../core/events/error-register.ts'
import type { TamperMonitor } from '../../core/tamper/tamper-monitor.ts'
import { TAMPERS, Tamper } from '../../core/tamper/tampers-table.ts'
import { DataAccessResult } from '../../protocols/dlms/apdu.ts'
import { DataTag, writeDoubleLongUnsigned } from '../../protocols/dlms/axdr.ts'
import { integer } from '../../protocols/dlms/objects/parameters.ts'
import { DataObject } from '../../protocols/dlms/objects/register.ts'
import type { CosemObject } from '../../protocols/dlms/source.ts'
import { managedByReaders, READERS } from './dlms-clients.ts'

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

export interface AlarmSource {
  readonly alarms: readonly AlarmRegister[]
  readonly errors: ErrorRegister
  readonly tamper: Pick<TamperMonitor, 'latched' | 'active' | 'counters'>
  now_s(): number
  resetTamper(): void
}

/** 32 bits that everybody with a secret reads and the management writes. */
function bits(logicalName: string, read: () => number, write?: (value: number) => void): CosemObject {
  return new DataObject({
    logicalName,
    access: write === undefined ? READERS : managedByReaders([2], []),
    value: (writer) => writeDoubleLongUnsigned(writer, read() >>> 0),
    ...(write && {
      write: (value) => {
        write(integer(value, DataTag.doubleLongUnsigned))
        return DataAccessResult.success
      },
    }),
  })
}

/** Alarm registers with filter and descriptor, the error register F.F, and the tampers with their counters. */
export function alarmObjects(source: AlarmSource): CosemObject[] {
  const { alarms, errors, tamper } = source
  const count = (logicalName: string, ids: readonly number[]) =>
    bits(logicalName, () => ids.reduce((sum, id) => sum + tamper.counters[id], 0) % 0x100000000)
  return [
    bits(
      '0.0.97.97.0.255',
      () => errors.bits,
      (value) => errors.write(value, source.now_s()),
    ),
    ...alarms.flatMap((alarm, index) => [
      bits(
        `0.0.97.98.${index}.255`,
        () => alarm.register,
        (value) => alarm.writeRegister(value, source.now_s()),
      ),
      bits(
        `0.0.97.98.${10 + index}.255`,
        () => alarm.filter,
        (value) => alarm.writeFilter(value),
      ),
      bits(
        `0.0.97.98.${20 + index}.255`,
        () => alarm.descriptor,
        (value) => alarm.writeDescriptor(value),
      ),
    ]),
    bits(
      LATCHED,
      () => tamper.latched,
      () => source.resetTamper(),
    ),
    bits(ACTIVE, () => tamper.active),
    ...COUNTERS.map(([e, ids]) => count(`0.0.96.20.${e}.255`, ids)),
    ...Array.from({ length: TAMPERS }, (_, id) => count(`0.0.128.20.${id}.255`, [id])),
  ]
}
