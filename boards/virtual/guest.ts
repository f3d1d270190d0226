import { portableCrypto } from '../../hal/portable/crypto.ts'
import { MemoryFlash } from '../../hal/portable/flash.ts'
import { type GuestGlobal, GuestHost } from '../../hal/portable/guest.ts'
import { assert } from '../../src/lib/assert.ts'
import { type TraceHead, traceFromBytes } from '../../src/world/loads/trace-bytes.ts'
import type { Stimulus } from '../../src/world/stimulus.ts'
import { BOARD } from './board.ts'
import { Session, type SessionInit } from './session.ts'

/** What the host starts the guest with; the trace's bytes follow, then the flash images if there are any: of the meter, and of the boot loader. */
export interface GuestInit {
  readonly session: SessionInit
  /** The device's own key. */
  readonly key: readonly number[] | undefined
  readonly trace: TraceHead | undefined
  readonly traceLength: number
}

function erased(shape: { readonly size: number; readonly blockLength: number; readonly writeAlign: number }): MemoryFlash {
  const { size, blockLength, writeAlign } = shape
  return new MemoryFlash({ blocks: size / blockLength, blockLength, writeAlign, page: 4096 })
}

/** Firmware, world and flash array inside an engine whose host has the sockets, the files and the real time. */
function start(host: GuestHost): void {
  const flash = erased(BOARD.flash)
  const firmware = erased(BOARD.firmware)
  let session: Session | undefined
  const running = (): Session => {
    assert(session !== undefined, 'the host calls "init" first')
    return session
  }
  // One after the other, as in the initial bytes.
  host.onPages(() => [
    ...flash.takeDirty(),
    ...firmware.takeDirty().map(({ offset, bytes }) => ({ offset: offset + BOARD.flash.size, bytes })),
  ])
  host.onCall('init', (argument, bytes) => {
    const init = argument as GuestInit
    const trace = init.trace === undefined ? undefined : traceFromBytes(init.trace, bytes.subarray(0, init.traceLength))
    const image = bytes.subarray(init.traceLength)
    if (image.length > 0) {
      flash.load(image.subarray(0, BOARD.flash.size))
      firmware.load(image.subarray(BOARD.flash.size))
    }
    session = new Session(init.session, trace, {
      storage: flash,
      firmware,
      // As an indirect eval: the script sees the globals only.
      evaluate: (source) => new Function(`return ${source}`)() as unknown,
      key: init.key === undefined ? undefined : Uint8Array.from(init.key),
      network: host.network,
      crypto: portableCrypto,
    })
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
  host.onCall('stimulate', (argument) => ({ value: running().stimulate(argument as Stimulus | undefined) }))
  host.onCall('summary', () => ({ value: running().summary() }))
  host.onCall('stop', () => {
    running().stop()
    return { value: running().takeEvents() }
  })
}

const host = new GuestHost()
start(host)
host.install(globalThis as GuestGlobal)
