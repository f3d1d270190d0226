import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BOARD } from '../../boards/virtual/board.ts'
import { MemoryFlash } from '../../hal/portable/flash.ts'
import { EventLog, type EventRecord } from '../../src/core/events/event-log.ts'
import { openStorage, type Storage } from '../../src/core/storage/storage.ts'
import { toHex } from '../../src/lib/hex.ts'
import { lastSign_s } from '../../src/meter/last-sign.ts'

/** One count of the IC: 1/320 Wh. */
const COUNT_MWH = 3.125

/** What a data folder's flash holds, read from a copy. */
export interface Image {
  readonly storage: Storage
  /** Register 1.8.0 of the last committed image, in mWh. */
  readonly imported_mWh: number
  readonly lastSign_s: number
  readonly profileTimes_s: readonly number[]
  /** Each entry as text: time, status and stored values. */
  readonly profile: readonly string[]
  /** Newest first. */
  readonly events: readonly EventRecord[]
  readonly powerFailures: readonly EventRecord[]
}

/** An erased flash of the virtual board. */
export function memoryFlash(): MemoryFlash {
  const { size, blockLength, writeAlign } = BOARD.flash
  return new MemoryFlash({ blocks: size / blockLength, blockLength, writeAlign })
}

export function flashPath(data: string): string {
  return join(data, 'meter.flash')
}

export function readImage(data: string): Image {
  const flash = memoryFlash()
  flash.load(Uint8Array.from(readFileSync(flashPath(data))))
  const storage = openStorage(flash)
  const values = new Float64Array(storage.registers.count)
  storage.registers.load(values)
  const profileTimes_s: number[] = []
  const profile: string[] = []
  for (const cursor = storage.profile.cursor(); cursor.next(); ) {
    profileTimes_s.push(cursor.utc_s)
    profile.push(`${cursor.utc_s} ${cursor.status} ${toHex(cursor.payload)}`)
  }
  return {
    storage,
    imported_mWh: Math.floor(values[0] * COUNT_MWH),
    lastSign_s: lastSign_s(storage),
    profileTimes_s,
    profile,
    events: new EventLog(storage.events).newest(100),
    powerFailures: new EventLog(storage.powerFailures).newest(100),
  }
}
