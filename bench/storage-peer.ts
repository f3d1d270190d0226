import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { COUNTER_BATCH, Counter } from '../src/core/storage/counters.ts'
import { putVarint, VARINT_MAX } from '../src/core/storage/varint.ts'
import { StorageWorkload, type WorkloadStore } from '../src/world/storage-workload.ts'
import { type FlashCounts, SPI_BYTE_MS, TYPICAL } from './storage-flash.ts'

/** What bench/peers/littlefs_store.py answers. */
export interface PeerFigures {
  readonly days: number
  readonly version: string
  readonly totals: FlashCounts
  readonly wear: { readonly most: number; readonly sum: number }
  readonly worstSave: FlashCounts
  readonly worstEntry: FlashCounts
  /** Fraction of the saves that had to erase. */
  readonly savesErasing: number
  readonly mount: FlashCounts
  /** The first profile entry after mounting. */
  readonly firstEntry: FlashCounts
  /** Fifty flickers: image and event, a start, two events and the image. */
  readonly storm: FlashCounts
}

/** The buffers of littlefs. `moddable`: as Moddable's port sets them; `ample`: so large that more would not help this workload. */
const PEER_BUFFERS = {
  moddable: { cache: 16, lookahead: 16, days: 3 },
  ample: { cache: 512, lookahead: 64, days: 120 },
} as const

export type PeerBuffers = keyof typeof PEER_BUFFERS

const Operation = { image: 1, profile: 2, event: 3, setting: 4, counter: 5 } as const
/** Records of the storage's own logs, with their sequence number, time and checksum. */
const PROFILE_RECORD = new Uint8Array(48)
const EVENT_RECORD = new Uint8Array(32)

/** One day as bytes. The image is packed like a checkpoint of the register journal. */
function traceOfDay(): Buffer {
  const parts: Uint8Array[] = []
  const put = (operation: number, payload: Uint8Array) => {
    parts.push(Uint8Array.of(operation, payload.length & 0xff, payload.length >> 8), payload)
  }
  const recorder: WorkloadStore = {
    save(values) {
      const bytes = new Uint8Array(values.length * VARINT_MAX)
      let length = 0
      for (const value of values) length = putVarint(bytes, length, value)
      put(Operation.image, bytes.subarray(0, length))
    },
    capture: () => put(Operation.profile, PROFILE_RECORD),
    event: () => put(Operation.event, EVENT_RECORD),
    set: (key, value) => put(Operation.setting, Buffer.concat([Uint8Array.of(key.length), Buffer.from(key), value])),
    frame: () => put(Operation.counter, new Uint8Array(0)),
    idle: () => {},
  }
  new StorageWorkload().day(recorder)
  return Buffer.concat(parts)
}

/** Runs the same workload on littlefs; undefined, with a word on the error output, where that is not installed. */
function runPeer(buffers: PeerBuffers): PeerFigures | undefined {
  const folder = process.env.FERRARIS_PEERS
  const python = folder === undefined ? undefined : join(folder, 'bin', 'python')
  if (python === undefined || !existsSync(python)) {
    console.error('skipped: no littlefs (set FERRARIS_PEERS to a virtual environment with bench/peers/requirements.txt)')
    return undefined
  }
  const counterBatch = COUNTER_BATCH[Counter.dlmsInvocation]
  const options = { ...PEER_BUFFERS[buffers], ...TYPICAL, byte_ms: SPI_BYTE_MS, counterBatch }
  const child = spawnSync(python, ['bench/peers/littlefs_store.py', JSON.stringify(options)], {
    input: traceOfDay(),
    encoding: 'utf8',
    timeout: 300_000,
  })
  if (child.status === 0) return { days: options.days, ...JSON.parse(child.stdout) }
  if (child.stderr.includes('ModuleNotFoundError')) {
    console.error(`skipped: ${folder} has no littlefs (bench/peers/requirements.txt)`)
    return undefined
  }
  throw new Error(child.stderr || child.error?.message || `ended by ${child.signal}`)
}

const known = new Map<string, PeerFigures | undefined>()

/** Figures of littlefs, measured once in a run. */
export function peer(buffers: PeerBuffers): PeerFigures | undefined {
  if (!known.has(buffers)) known.set(buffers, runPeer(buffers))
  return known.get(buffers)
}
