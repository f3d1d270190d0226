import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { VIRTUAL_CONFIG } from '../../boards/virtual/config.ts'
import { Session } from '../../boards/virtual/session.ts'
import { hostCrypto } from '../../hal/host/crypto.ts'
import type { MemoryFlash } from '../../hal/portable/flash.ts'
import { xsnapWorkerIfBuilt } from '../../src/cli/xs/binary.ts'
import { validate } from '../../src/lib/schema-validate.ts'
import { flashPath, memoryFlash, readImage } from '../cli/image.ts'
import { DAY_MS, householdTrace } from '../scenarios/rig.ts'
import { DlmsTcpClient } from '../support/dlms-client.ts'
import { ANY_PORTS, Ferraris, ferraris, reportOf, temporaryFolder } from '../support/ferraris.ts'

const built = xsnapWorkerIfBuilt() !== undefined
if (!built) console.log('skipped: xsnap is not built')

/** The day on which daylight saving begins, so that an event and a change of status are in it. */
const FROM = '2026-03-28T16:24:00Z'
const SEED = 7

/** The day on the engine of this process. */
function dayOnV8(): { storage: MemoryFlash; session: Session } {
  const storage = memoryFlash()
  const config = validate(VIRTUAL_CONFIG, { meter: { dlms: { enabled: false }, face: { enabled: false } } })
  if (!config.ok) throw new Error('the configuration is not valid')
  const start_ms = Date.parse(FROM)
  const session = new Session({ config: config.value, start_ms, seed: SEED, speed: 0 }, householdTrace(), { storage, crypto: hostCrypto })
  session.run(start_ms + DAY_MS)
  session.stop()
  return { storage, session }
}

describe.skipIf(!built)('the same day on V8 and inside XS', () => {
  test('gives the same flash, byte for byte, and the same registers, profile entries and events', async () => {
    const data = temporaryFolder()
    const words = ['--engine', 'xs', '--data', data, '--from', FROM, '--for', '1d', '--speed', 'max', '--seed', String(SEED)]
    const report = await reportOf([...words, '--no-http', '--dlms-port', '0'])
    const { storage, session } = dayOnV8()
    const { time_ms, services: _, ...summary } = session.summary()
    expect(report).toMatchObject({ engine: 'xs', ...summary })
    expect(Date.parse(report.to)).toBe(time_ms)
    expect(Object.keys(report.registers)).toEqual(Object.keys(summary.registers))

    const v8 = temporaryFolder()
    writeFileSync(flashPath(v8), storage.image())
    const [here, there] = [readImage(v8), readImage(data)]
    expect(there.events).toEqual(here.events)
    expect(there.events.map(({ code }) => code)).toEqual([1, 3, 2])
    expect(there.profile).toEqual(here.profile)
    expect(there.profile).toHaveLength(96)
    expect(readFileSync(flashPath(data)).equals(storage.image())).toBe(true)
  }, 300_000)
})

describe.skipIf(!built)('a meter inside XS', () => {
  test('serves DLMS and its page to real clients, and its flash goes on on V8', async () => {
    const data = temporaryFolder()
    const meter = new Ferraris(['run', '--engine', 'xs', '--data', data, '--history', '16m', ...ANY_PORTS])
    const port = await meter.dlmsPort()
    await meter.line(/ of history, now /)
    const clients = await Promise.all([1, 2, 3].map(() => DlmsTcpClient.open(port, '12345678')))
    const energies = await Promise.all(clients.map((client) => client.number(3, '1.0.1.8.0.255')))
    for (const energy of energies) expect(energy).toBeGreaterThan(0)
    expect(await clients[0].number(7, '1.0.99.1.0.255', 7)).toBeGreaterThanOrEqual(1)
    const list = await clients[1].get(15, '0.0.40.0.0.255', 2)
    expect((list.value as readonly unknown[]).length).toBeGreaterThan(80)
    const http = `http://127.0.0.1:${await meter.httpPort()}`
    expect(await (await fetch(`${http}/`)).text()).toContain('<!doctype html>')
    const { state } = (await (await fetch(`${http}/api/state`)).json()) as { state: { time_ms: number } }
    expect(Math.abs(state.time_ms - Date.now())).toBeLessThan(60_000)
    for (const client of clients) client.close()
    const { code, stdout, stderr } = await meter.interrupt()
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/ Power down \(1\)\n$/)
    const report = await reportOf(['--data', data, '--for', '1m', '--speed', 'max', ...ANY_PORTS])
    expect(report.registers['1.0.1.8.0.255'].value).toBeGreaterThanOrEqual(Math.max(...energies))
    expect(report.powerFailures).toBe(1)
  })

  test('an engine that dies is followed by another one, at the same port and with the flash of the one before', async () => {
    const meter = new Ferraris(['run', '--engine', 'xs', '--no-http', '--dlms-port', '0', '--history', '16m'])
    const port = await meter.dlmsPort()
    const before = await DlmsTcpClient.open(port, '12345678')
    const energy = await before.number(3, '1.0.1.8.0.255')
    const children = () => readFileSync(`/proc/${meter.pid}/task/${meter.pid}/children`, 'utf8').trim().split(' ')
    process.kill(Number(children()[0]), 'SIGKILL')
    await meter.line(/ended with SIGKILL/)
    await meter.line(/ Watchdog reset /)
    const after = await DlmsTcpClient.open(port, '12345678')
    // At most what a household draws in one save interval is gone, and the event says so.
    expect(await after.number(3, '1.0.1.8.0.255')).toBeGreaterThan(energy - 25_000 / 60)
    after.close()
    const { code, stderr } = await meter.end('SIGINT')
    expect([code, stderr]).toEqual([0, ''])
  })

  test('a busy port is told as on V8', async () => {
    const other = new Ferraris(['run', '--no-http', '--dlms-port', '0', '--history', '0s'])
    const port = await other.dlmsPort()
    const { code, stderr } = await ferraris(['run', '--engine', 'xs', '--no-http', '--dlms-port', String(port)])
    expect(code).toBe(1)
    expect(stderr).toMatch(new RegExp(`^ferraris: dlms: .*127\\.0\\.0\\.1:${port}\\n$`))
    expect((await other.end('SIGTERM')).code).toBe(0)
  })
})

describe('where something is missing', () => {
  /** The command as it is in a checkout without `@agoric/xsnap`. */
  function bare(): string {
    const root = temporaryFolder()
    for (const room of ['hal', 'src', 'boards']) cpSync(`build/js/${room}`, join(root, 'build/js', room), { recursive: true })
    writeFileSync(join(root, 'package.json'), '{"type":"module"}')
    mkdirSync(join(root, 'node_modules'))
    symlinkSync(join(process.cwd(), 'node_modules/@noble'), join(root, 'node_modules/@noble'))
    writeFileSync(join(root, 'c.json'), '{"world":{"load":"none"}}')
    return root
  }

  test('one clear line says how to get XS, and V8 works all the same', async () => {
    const root = bare()
    const options = { main: join(root, 'build/js/src/cli/main.js'), cwd: root }
    const words = ['c.json', '--history', '0s', '--for', '1h', '--speed', 'max', ...ANY_PORTS]
    const withoutBundle = await ferraris(['run', '--engine', 'xs', ...words], options)
    expect(withoutBundle.code).toBe(1)
    expect(withoutBundle.stderr).toMatch(/^ferraris: .*guest\.js is missing; npm run build makes it\n$/)
    mkdirSync(join(root, 'build/xs'))
    cpSync('build/xs/guest.js', join(root, 'build/xs/guest.js'))
    const withoutEngine = await ferraris(['run', '--engine', 'xs', ...words], options)
    expect(withoutEngine.code).toBe(1)
    expect(withoutEngine.stderr).toMatch(
      /^ferraris: [^\n]*@agoric\/xsnap is not installed[^\n]*npm rebuild @agoric\/xsnap[^\n]*--engine v8[^\n]*\n$/,
    )
    expect((await reportOf(words, options)).profileEntries).toBe(4)
  })
})
