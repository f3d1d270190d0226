import { nativeCrypto } from '../../hal/esp32/crypto.ts'
import { hardwareRandom } from '../../hal/esp32/random.ts'
import { createNetwork } from '../../hal/esp32/sockets.ts'
import { createClock, createTimer } from '../../hal/esp32/time.ts'
import { commandLine, exit, print, systemRandom } from '../../hal/lin/system.ts'
import { cryptoContract } from '../contract/crypto.ts'
import { randomContract } from '../contract/random.ts'
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
