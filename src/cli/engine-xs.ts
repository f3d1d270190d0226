import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { GuestInit } from '../../boards/virtual/guest.ts'
import type { SessionEvent, Summary } from '../../boards/virtual/session.ts'
import { createHostNetwork } from '../../hal/host/sockets.ts'
import { FerrarisError } from '../lib/errors.ts'
import { traceToBytes } from '../world/loads/trace-bytes.ts'
import type { DataDirectory } from './data-directory.ts'
import type { Engine, EngineOptions } from './engine.ts'
import { startXsGuest } from './xs/guest-client.ts'
import type { Page } from './xs/protocol.ts'

/** The firmware and its world as one script; made by `npm run build`. */
const BUNDLE = fileURLToPath(new URL('../../../xs/guest.js', import.meta.url))

function bundle(): string {
  try {
    return readFileSync(BUNDLE, 'utf8')
  } catch (cause) {
    throw new FerrarisError('XS_MISSING', `${BUNDLE} is missing; npm run build makes it`, { cause })
  }
}

/** Everything that the guest needs to start: the trace and, after it, the flash image of the data folder. */
function initialBytes(options: EngineOptions): { init: GuestInit; bytes: Uint8Array } {
  const { config, start_ms, seed, speed, data } = options
  const trace = options.trace === undefined ? undefined : traceToBytes(options.trace)
  const image = data === undefined ? new Uint8Array(0) : data.image()
  const traceLength = trace?.bytes.length ?? 0
  const bytes = new Uint8Array(traceLength + image.length)
  if (trace !== undefined) bytes.set(trace.bytes)
  bytes.set(image, traceLength)
  const session = { config, start_ms, seed, speed: speed === Number.POSITIVE_INFINITY ? 0 : speed }
  return { init: { session, trace: trace?.head, traceLength }, bytes }
}

function pageStore(data: DataDirectory | undefined): { write(pages: readonly Page[]): void } | undefined {
  return data === undefined ? undefined : { write: (pages) => data.writePages(pages) }
}

/** Firmware and world inside the real XS engine, in a process of its own. Throws FerrarisError `XS_MISSING` where xsnap was not built. */
export async function createXsEngine(options: EngineOptions): Promise<Engine> {
  const network = createHostNetwork()
  const guest = await startXsGuest({ source: bundle(), network, pages: pageStore(options.data) })
  const { init, bytes } = initialBytes(options)
  const events: SessionEvent[] = []
  let stopped = false
  let now_ms = options.start_ms
  await guest.call('init', init, bytes)
  const note = (list: readonly unknown[]) => events.push(...(list as readonly SessionEvent[]))
  return {
    run: async (until_ms) => {
      // A guest may stop early to have its sockets served.
      do {
        const step = await guest.step(until_ms)
        now_ms = step.now_ms
        note(step.events)
      } while (now_ms < until_ms)
    },
    observe: async (wall_ms, actualSpeed) => {
      // Also a step without time: it carries the sockets' bytes while the world stands still.
      note((await guest.step(now_ms)).events)
      const { value } = await guest.call('observe', { wall_ms, actualSpeed })
      const answer = value as { speed: number; events: readonly SessionEvent[] }
      note(answer.events)
      return answer.speed < 0 ? Number.POSITIVE_INFINITY : answer.speed
    },
    get received() {
      return network.received
    },
    takeEvents: () => events.splice(0),
    summary: async () => (await guest.call('summary')).value as Summary,
    stop: async () => {
      if (stopped) return
      stopped = true
      try {
        note((await guest.call('stop')).value as readonly SessionEvent[])
      } finally {
        // Also when the guest is dead: an open listener would keep this process alive for ever.
        await guest.close()
        network.closeAll()
      }
    },
  }
}
