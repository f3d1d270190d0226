import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { BOARD } from '../../boards/virtual/board.ts'
import type { VirtualConfig } from '../../boards/virtual/config.ts'
import type { GuestInit } from '../../boards/virtual/guest.ts'
import type { SessionEvent, Summary } from '../../boards/virtual/session.ts'
import type { ResetReason } from '../../hal/api/watchdog.ts'
import { createHostNetwork } from '../../hal/host/sockets.ts'
import { FerrarisError } from '../lib/errors.ts'
import { traceToBytes } from '../world/loads/trace-bytes.ts'
import type { DataDirectory } from './data-directory.ts'
import type { Engine, EngineOptions } from './engine.ts'
import { startXsGuest } from './xs/guest-client.ts'
import { GuestKeeper } from './xs/guest-keeper.ts'
import type { Page, PageStore } from './xs/protocol.ts'

/** The firmware and its world as one script; made by `npm run build`. */
const BUNDLE = fileURLToPath(new URL('../../../xs/guest.js', import.meta.url))
/** Byte codes of one command: seven seconds of this engine. Ten minutes of the world take 30 million of them. */
const COMPUTE_LIMIT = 1_000_000_000
const TIMEOUT_MS = 60_000
/** The guest needs 45 MB, most of it for the world and the engine itself. */
const MEMORY_MB = 512

/** What a guest may take before it counts as broken, and what it is. */
export interface XsGuestLimits {
  /** Path of the bundle. */
  readonly bundle?: string
  readonly computeLimit?: number
  readonly timeout_ms?: number
  readonly memory_MB?: number
}

function readBundle(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new FerrarisError('XS_MISSING', `${path} is missing; npm run build makes it`, { cause })
  }
}

/** Where the flash of the guest is kept, so that the next guest finds it. */
interface Mirror extends PageStore {
  /** Empty for a new meter. */
  image(): Uint8Array
}

/** In memory, for a meter that lives as long as this process. */
function memoryMirror(): Mirror {
  let image = new Uint8Array(0)
  return {
    image: () => image,
    write: (pages: readonly Page[]) => {
      if (image.length === 0 && pages.length > 0) image = new Uint8Array(BOARD.flash.size + BOARD.firmware.size).fill(0xff)
      for (const { offset, bytes } of pages) image.set(bytes, offset)
    },
  }
}

function mirrorOf(data: DataDirectory | undefined): Mirror {
  return data === undefined ? memoryMirror() : { image: () => data.image(), write: (pages) => data.writePages(pages) }
}

/** What outlives a guest and is not in its flash. */
interface Kept {
  /** With the ports that the host chose: peers find the next guest where the one before was. */
  config: VirtualConfig
  speed: number
}

/** Everything that a guest needs to start: the trace and, after it, the flash image. */
function initialBytes(options: EngineOptions, image: Uint8Array): { init: Omit<GuestInit, 'session'>; bytes: Uint8Array } {
  const { data } = options
  const trace = options.trace === undefined ? undefined : traceToBytes(options.trace)
  const traceLength = trace?.bytes.length ?? 0
  const bytes = new Uint8Array(traceLength + image.length)
  if (trace !== undefined) bytes.set(trace.bytes)
  bytes.set(image, traceLength)
  return { init: { key: data === undefined ? undefined : [...data.key], trace: trace?.head, traceLength }, bytes }
}

/** Remembers the port that a service has got. */
function keepPort(kept: Kept, event: SessionEvent): void {
  if (event.kind !== 'ready') return
  const { meter, world } = kept.config
  const { service, port } = event
  if (service === 'console') kept.config = { meter, world: { ...world, consolePort: port } }
  else kept.config = { world, meter: { ...meter, [service]: { ...meter[service], port } } }
}

/**
 * Firmware and world inside the real XS engine, in a process of its own. When the engine gives up (out of memory, an endless loop, killed) a new one goes on
 * with the flash. Throws FerrarisError `XS_MISSING` where xsnap was not built.
 */
export async function createXsEngine(options: EngineOptions, limits: XsGuestLimits = {}): Promise<Engine> {
  const { start_ms, seed } = options
  const { bundle = BUNDLE, computeLimit = COMPUTE_LIMIT, timeout_ms = TIMEOUT_MS, memory_MB = MEMORY_MB } = limits
  const source = readBundle(bundle)
  const network = createHostNetwork()
  const pages = mirrorOf(options.data)
  const kept: Kept = { config: options.config, speed: options.speed }
  const events: SessionEvent[] = []
  let stopped = false
  const note = (list: readonly unknown[]) => {
    for (const event of list as readonly SessionEvent[]) {
      keepPort(kept, event)
      events.push(event)
    }
  }
  const start = async (from_ms: number, resetReason: ResetReason | undefined) => {
    const guest = await startXsGuest({ source, network, pages, computeLimit, timeout_ms, memory_MB })
    try {
      const { init, bytes } = initialBytes(options, pages.image())
      const speed = kept.speed === Number.POSITIVE_INFINITY ? 0 : kept.speed
      await guest.call('init', { ...init, session: { config: kept.config, start_ms: from_ms, seed, speed, resetReason } }, bytes)
      return guest
    } catch (error) {
      await guest.close()
      throw error
    }
  }
  const onReset = (_reason: ResetReason, cause: string) => note([{ kind: 'crash', reason: `${cause}; it starts again` }])
  const keeper = await GuestKeeper.create({ start_ms, start, onEvents: note, onReset })
  return {
    run: (until_ms) => keeper.run(until_ms),
    observe: async (wall_ms, actualSpeed) => {
      if (!(await keeper.exchange())) return kept.speed
      const reply = await keeper.tryCall('observe', { wall_ms, actualSpeed })
      if (reply === undefined) return kept.speed
      const answer = reply.value as { speed: number; events: readonly SessionEvent[] }
      note(answer.events)
      kept.speed = answer.speed < 0 ? Number.POSITIVE_INFINITY : answer.speed
      return kept.speed
    },
    get received() {
      return network.received
    },
    stimulate: async (stimulus) => (await keeper.call('stimulate', stimulus)).value as Awaited<ReturnType<Engine['stimulate']>>,
    takeEvents: () => events.splice(0),
    summary: async () => (await keeper.call('summary')).value as Summary,
    stop: async () => {
      if (stopped) return
      stopped = true
      try {
        const reply = await keeper.tryCall('stop')
        if (reply !== undefined) note(reply.value as readonly SessionEvent[])
      } finally {
        // Also when the guest is dead: an open listener would keep this process alive for ever.
        await keeper.close()
        network.closeAll()
      }
    },
  }
}
