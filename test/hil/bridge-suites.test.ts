import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, describe } from 'vitest'
import { openPtyPair, type PtyPair } from '../../src/hil/pty.ts'
import { CHIP_PORT, JUMPER } from './emulated-board.ts'
import { bridgeSuites, type Wiring } from './suites.ts'

const PROGRAM = fileURLToPath(new URL('../../build/js/test/hil/emulated-bridge.js', import.meta.url))

const WIRING: Wiring = {
  jumper: JUMPER,
  counter: { filter_ns: 12_000, tooLong_ns: 20_000 },
  serial: { baud: 115_200 },
  spi: [
    { name: 'jumper', options: { hz: 1_000_000 } },
    {
      name: 'ATM90E32',
      options: { hz: 1_000_000, mode: 3, select: 5, port: CHIP_PORT },
      exchange: { send: [0x80, 0x05, 0, 0], receive: [undefined, undefined, 0x14, 0x3f] },
    },
  ],
  i2c: {
    name: 'PCF8563',
    options: { address: 0x51, hz: 100_000 },
    absent: 0x50,
    exchange: { write: [0x0d], read: [0x80, 0x03] },
    store: { pointer: 0x09, bytes: [0x80, 0x91] },
  },
}

const able = spawnSync('python3', ['-c', 'import pty']).status === 0
if (!able) console.log('skipped: no python3')

describe.skipIf(!able)('emulated bridge behind a pseudo-terminal', () => {
  const ending: (() => void)[] = []
  afterAll(() => {
    for (const end of ending) end()
  })

  bridgeSuites('bridge', WIRING, async () => {
    const cable: PtyPair = await openPtyPair()
    const board = spawn(process.execPath, [PROGRAM, cable.far], { stdio: ['pipe', 'pipe', 'inherit'] })
    ending.push(
      () => board.stdin.end(),
      () => cable.close(),
    )
    await once(board.stdout, 'data')
    return { device: cable.near, baud: 115_200 }
  })
})
