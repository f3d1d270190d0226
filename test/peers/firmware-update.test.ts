import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { firmware, parseVersion, signImage } from '../../src/cli/firmware.ts'
import { TransferStatus } from '../../src/core/firmware/state.ts'
import { modelOf } from '../../src/meter/config.ts'
import { Ferraris, ferraris, temporaryFolder } from '../support/ferraris.ts'
import { available, runPython, tellWhenSkipped } from './python.ts'

const MODEL = modelOf({ phases: 3 })

/** A foreign DLMS client replaces the firmware of the meter that `ferraris run` starts, which is killed in the middle of the transfer. */
tellWhenSkipped()

/** What `npm run build` makes of the meter's own source. */
const BUNDLE = join(import.meta.dirname, '../../build/firmware/virtual.js')
const SECRET = 'management1'
const BEFORE_KILL = 300
const PATIENCE_MS = 60_000

interface Finished {
  readonly first: number
  readonly missing: number
  readonly verified: number
  readonly ready: readonly string[]
  readonly activated: number | null
}

describe.skipIf(!available)('gurux-dlms replaces the firmware', () => {
  test.each(['v8', 'xs'])('engine %s', { timeout: 180_000 }, async (engine) => {
    const folder = temporaryFolder()
    const [key, image, data] = ['vendor.pem', 'firmware.bin', 'meter'].map((name) => join(folder, name))
    firmware(['keygen', '--out', key])
    const payload = new Uint8Array(readFileSync(BUNDLE))
    const signed = signImage(payload, readFileSync(key, 'utf8'), { version: parseVersion('0.9.1'), model: MODEL })
    writeFileSync(image, signed)
    const secret = `dlms.management=${SECRET}`
    const provisioned = await ferraris(['provision', '--data', data, '--key-file', join(folder, 'vendor.pub.pem'), '--secret', secret])
    expect(provisioned).toMatchObject({ code: 0, stderr: '' })
    expect(provisioned.stdout).not.toContain(SECRET)

    const words = ['run', '--data', data, '--engine', engine, '--dlms-port', '0', '--no-http', '--history', '0s', '--speed', '10']
    const client = async (meter: Ferraris, ...action: string[]) =>
      JSON.parse(await runPython('firmware-update.py', ['127.0.0.1', String(await meter.dlmsPort()), SECRET, image, ...action], 120_000))

    const killed = new Ferraris(words)
    const blocks = Math.ceil(signed.length / 256)
    expect(await client(killed, 'begin', String(BEFORE_KILL))).toEqual({ blocks, blockSize: 256 })
    await killed.end('SIGKILL')

    const meter = new Ferraris(words)
    const finished: Finished = await client(meter, 'finish')
    expect(finished).toEqual({
      first: BEFORE_KILL,
      missing: blocks - BEFORE_KILL,
      verified: 0,
      ready: [`${MODEL} 0.9.1`],
      activated: 0,
    })
    let state: unknown
    for (const end_ms = performance.now() + PATIENCE_MS; performance.now() < end_ms; ) {
      // While it restarts, nobody answers.
      state = await client(meter, 'state').catch(String)
      if ((state as { status?: number }).status === TransferStatus.activationSuccessful) break
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
    expect(state).toEqual({ version: '0.9.1', status: TransferStatus.activationSuccessful })
    expect((await meter.end('SIGTERM')).code).toBe(0)
    expect(meter.stdout).toContain('Firmware activated')

    const again = new Ferraris(words)
    await again.line(/^Ferraris 3P 0\.9\.1 /m)
    await again.end('SIGTERM')
  })
})
