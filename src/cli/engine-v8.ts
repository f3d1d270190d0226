import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runInThisContext } from 'node:vm'
import { BOARD } from '../../boards/virtual/board.ts'
import { Session } from '../../boards/virtual/session.ts'
import type { Flash } from '../../hal/api/flash.ts'
import { hostCrypto } from '../../hal/host/crypto.ts'
import { SerialPort } from '../../hal/host/serial-port.ts'
import { createHostNetwork } from '../../hal/host/sockets.ts'
import { MemoryFlash } from '../../hal/portable/flash.ts'
import type { Engine, EngineOptions } from './engine.ts'

/** The erased flash of a meter that nobody keeps. */
function memoryFlash(shape: { readonly size: number; readonly blockLength: number; readonly writeAlign: number }): MemoryFlash {
  const { size, blockLength, writeAlign } = shape
  return new MemoryFlash({ blocks: size / blockLength, blockLength, writeAlign })
}

/** What `npm run build` made of the firmware that is linked in here: its checksum can be compared with that of the file. */
function builtFirmware(): Uint8Array | undefined {
  const path = fileURLToPath(new URL('../../../firmware/virtual.js', import.meta.url))
  return existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined
}

/** An engine whose world can be reached directly. */
export interface V8Engine extends Engine {
  readonly session: Session
}

/** Firmware and world in this process. */
export function createV8Engine(options: EngineOptions): V8Engine {
  const { config, trace, start_ms, seed, speed, data, serveGateway } = options
  const storage: Flash = data?.flash ?? memoryFlash(BOARD.flash)
  const firmware: Flash = data?.firmware ?? memoryFlash(BOARD.firmware)
  const network = createHostNetwork()
  const session = new Session({ config, start_ms, seed, speed: speed === Number.POSITIVE_INFINITY ? 0 : speed }, trace, {
    storage,
    firmware,
    factoryProgram: builtFirmware(),
    evaluate: (source) => runInThisContext(source, { filename: 'firmware.js' }),
    key: data?.key,
    network,
    serial: SerialPort,
    serveGateway,
    crypto: hostCrypto,
  })
  return {
    session,
    run: (until_ms) => session.run(until_ms),
    observe: (wall_ms, actualSpeed) => {
      const wanted = session.observe(wall_ms, actualSpeed)
      return wanted < 0 ? Number.POSITIVE_INFINITY : wanted
    },
    get received() {
      return network.received
    },
    stimulate: (stimulus) => session.stimulate(stimulus),
    takeEvents: () => session.takeEvents(),
    summary: () => session.summary(),
    stop: () => {
      session.stop()
      network.closeAll()
    },
  }
}
