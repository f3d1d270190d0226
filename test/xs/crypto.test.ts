import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHostNetwork, type HostNetwork } from '../../hal/host/sockets.ts'
import { xsnapWorkerIfBuilt } from '../../src/cli/xs/binary.ts'
import { type GuestClient, startXsGuest } from '../../src/cli/xs/guest-client.ts'
import { type EcdsaRow, type GcmRow, wycheproof } from '../contract/crypto.ts'

const built = xsnapWorkerIfBuilt() !== undefined
if (!built) console.log('skipped: xsnap is not built')

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BUNDLE = 'build/xs-test/crypto-guest.js'

/** Every n-th row: each costs a call between two processes. */
function some<Row>(rows: readonly Row[], n: number): Row[] {
  return rows.filter((_, i) => i % n === 0)
}

describe.skipIf(!built)('portable cryptography inside XS with frozen built-ins', () => {
  let network: HostNetwork
  let guest: GuestClient

  beforeAll(async () => {
    execFileSync(process.execPath, ['scripts/build-xs.mjs', 'test/xs/fixtures/crypto-guest.ts', BUNDLE], { cwd: ROOT })
    network = createHostNetwork()
    guest = await startXsGuest({ source: readFileSync(`${ROOT}/${BUNDLE}`, 'utf8'), network })
  })

  afterAll(async () => {
    await guest.close()
    network.closeAll()
  })

  test('SHA-256 in pieces', async () => {
    const pieces = ['616263', '', '00'.repeat(64), 'ff'.repeat(131)]
    const expected = createHash('sha256')
      .update(Buffer.from(pieces.join(''), 'hex'))
      .digest('hex')
    expect((await guest.call('hash', pieces)).value).toBe(expected)
  })

  test('AES-GCM, Wycheproof', async () => {
    for (const [id, valid, key, nonce, additional, plaintext, sealed] of some(wycheproof<GcmRow>('aes-gcm'), 3)) {
      expect((await guest.call('open', [key, nonce, sealed, additional])).value, `test ${id}`).toBe(valid ? plaintext : 'refused')
      if (valid) expect((await guest.call('seal', [key, nonce, plaintext, additional])).value, `test ${id}`).toBe(sealed)
    }
  })

  test('ECDSA P-256, Wycheproof', async () => {
    for (const [id, valid, publicKey, message, signature] of some(wycheproof<EcdsaRow>('ecdsa-p256'), 5)) {
      const digest = createHash('sha256').update(Buffer.from(message, 'hex')).digest('hex')
      expect((await guest.call('verify', [publicKey, digest, signature])).value, `test ${id}`).toBe(valid)
    }
  })
})
