import type { Serial } from '../../hal/api/io.ts'
import { nativeCrypto } from '../../hal/esp32/crypto.ts'
import { hardwareRandom } from '../../hal/esp32/random.ts'
import { createNetwork } from '../../hal/esp32/sockets.ts'
import { createClock, createTimer } from '../../hal/esp32/time.ts'
import { FileFlash } from '../../hal/lin/file-flash.ts'
import { createTerminal, LinSerial } from '../../hal/lin/line.ts'
import { commandLine, exit, print, remove, systemRandom } from '../../hal/lin/system.ts'
import { cryptoContract } from '../contract/crypto.ts'
import { CONTRACT_FLASH, flashContract } from '../contract/flash.ts'
import { randomContract } from '../contract/random.ts'
import { serialContract } from '../contract/serial.ts'
import { socketsContract } from '../contract/sockets.ts'
import { timeContract } from '../contract/time.ts'
import { pause } from '../contract/until.ts'
import { run } from './vitest.ts'

/** The suites that a program of the Moddable SDK on Linux can run, with the adapters that an ESP32 has: `node scripts/test-lin.mjs [pattern]`. */
cryptoContract('SDK', nativeCrypto)
randomContract('Math.irandom', hardwareRandom)
randomContract('getrandom', systemRandom)
timeContract('SDK', () => ({ timer: createTimer(), clock: createClock(), advance: (ms) => pause(ms + 5) }))
const address = '127.0.0.1'
socketsContract('SDK', () => ({ network: createNetwork({ address }), peer: createNetwork({ address }) }))
const image = '/tmp/ferraris-contract.flash'
flashContract(
  'file',
  () => new FileFlash(image, CONTRACT_FLASH),
  () => remove(image),
)
serialContract('pseudo-terminal', () => {
  const terminal = createTerminal()
  const echo: Serial = new terminal.io({ baud: 9600, onReadable: () => echo.write(echo.read() ?? new Uint8Array(0)) })
  return { Serial: LinSerial, options: { baud: 9600, device: terminal.path }, close: () => echo.close() }
})

async function main(pattern: string): Promise<void> {
  let failed = 0
  let passed = 0
  await run(pattern, ({ name, reason }) => {
    if (reason === undefined) passed++
    else failed++
    print(reason === undefined ? `ok   ${name}` : `FAIL ${name}\n${reason}`)
  })
  print(`${passed} passed, ${failed} failed`)
  exit(failed === 0 && passed > 0 ? 0 : 1)
}

void main(commandLine()[0] ?? '')
