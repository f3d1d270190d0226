import { portableCrypto } from '../../hal/portable/crypto.ts'
import { MemoryFlash } from '../../hal/portable/flash.ts'
import { type GuestGlobal, GuestHost } from '../../hal/portable/guest.ts'
import { assert } from '../../src/lib/assert.ts'
import { type TraceHead, traceFromBytes } from '../../src/world/loads/trace-bytes.ts'
import { BOARD } from './board.ts'
import { Session, type SessionInit } from './session.ts'

/** What the host starts the guest with; the trace's bytes follow, then the flash image if there is one. */
export interface GuestInit {
  readonly session: SessionInit
  readonly trace: TraceHead | undefined
  readonly traceLength: number
}

/** Firmware, world and flash array inside an engine whose host has the sockets, the files and the real time. */
function start(host: GuestHost): void {
  const { size, blockLength, writeAlign } = BOARD.flash
  const flash = new MemoryFlash({ blocks: size / blockLength, blockLength, writeAlign, page: blockLength })
  let session: Session | undefined
  const running = (): Session => {
    assert(session !== undefined, 'the host calls "init" first')
    return session
  }
  host.onPages(() => flash.takeDirty())
  host.onCall('init', (argument, bytes) => {
    const init = argument as GuestInit
    const trace = init.trace === undefined ? undefined : traceFromBytes(init.trace, bytes.subarray(0, init.traceLength))
    const image = bytes.subarray(init.traceLength)
    if (image.length > 0) flash.load(image)
    session = new Session(init.session, trace, { storage: flash, network: host.network, crypto: portableCrypto })
    return undefined
  })
  host.onStep((until_ms) => {
    const { machine } = running()
    running().run(until_ms)
    for (const event of running().takeEvents()) host.emit(event)
    return { now_ms: machine.now_ms }
  })
  host.onCall('observe', (argument) => {
    const { wall_ms, actualSpeed } = argument as { wall_ms: number; actualSpeed: number }
    const value = running().observe(wall_ms, actualSpeed)
    return { value: { speed: value, events: running().takeEvents() } }
  })
  host.onCall('summary', () => ({ value: running().summary() }))
  host.onCall('stop', () => {
    running().stop()
    return { value: running().takeEvents() }
  })
}

const host = new GuestHost()
start(host)
host.install(globalThis as GuestGlobal)
