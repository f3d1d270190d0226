import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { createHostNetwork } from '../../hal/host/sockets.ts'
import { xsnapWorkerIfBuilt } from '../../src/cli/xs/binary.ts'
import { startXsGuest } from '../../src/cli/xs/guest-client.ts'
import { sample } from './sample.ts'

const built = xsnapWorkerIfBuilt() !== undefined
if (!built) console.log('skipped: xsnap is not built')

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BUNDLE = 'build/xs-test/power-guest.js'

describe.skipIf(!built)('power loss inside XS, with built-ins that nobody can change', () => {
  test('leaves the same flash as on V8, byte for byte, and breaks no promise', async () => {
    execFileSync(process.execPath, ['scripts/build-xs.mjs', 'test/xs/fixtures/power-guest.ts', BUNDLE], { cwd: ROOT })
    const network = createHostNetwork()
    const guest = await startXsGuest({ source: readFileSync(`${ROOT}/${BUNDLE}`, 'utf8'), network })
    try {
      const options = { seed: 1, warm_s: 600, length_s: 900, count: 25 }
      const { value } = await guest.call('sample', options)
      expect(value).toEqual(sample(options))
      expect(value).toMatchObject({ starts: expect.any(Number) as number })
    } finally {
      await guest.close()
      network.closeAll()
    }
  }, 300_000)
})
