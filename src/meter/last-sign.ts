import type { RecordLog } from '../core/storage/record-log.ts'
import type { Storage } from '../core/storage/storage.ts'

/** Latest time that anything in flash carries, in seconds of UTC; 0 when the flash is new. */
export function lastSign_s(storage: Storage): number {
  return latest_s(storage, [storage.events, storage.profile])
}

/** Latest time of the registers and of the newest entries of these logs. */
export function latest_s(storage: Storage, logs: readonly RecordLog[]): number {
  let latest_s = storage.registers.load(new Float64Array(storage.registers.count))?.utc_s ?? 0
  for (const log of logs) {
    if (log.count === 0) continue
    const cursor = log.cursor(log.nextSequence - 1)
    if (cursor.next()) latest_s = Math.max(latest_s, cursor.utc_s)
  }
  return latest_s
}
