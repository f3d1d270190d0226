import { execFileSync } from 'node:child_process'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { VIRTUAL_CONFIG } from '../../boards/virtual/config.ts'
import type { SessionEvent } from '../../boards/virtual/session.ts'
import type { Engine } from '../../src/cli/engine.ts'
import { createXsEngine, type XsGuestLimits } from '../../src/cli/engine-xs.ts'
import { xsnapWorkerIfBuilt } from '../../src/cli/xs/binary.ts'
import { XsnapWorker } from '../../src/cli/xs/xsnap-worker.ts'
import { StandardEvent } from '../../src/core/events/codes.ts'
import { validate } from '../../src/lib/schema-validate.ts'
import { until } from '../contract/until.ts'
import { householdTrace, traceStart_ms } from '../scenarios/rig.ts'
import { DlmsTcpClient } from '../support/dlms-client.ts'

const built = xsnapWorkerIfBuilt() !== undefined
if (!built) console.log('skipped: xsnap is not built')

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BUNDLE = 'build/xs-test/faulty-guest.js'
const MINUTE_MS = 60_000
const ENERGY = '1.0.1.8.0.255'
/** What a household draws at most in a save interval of a minute: 25 kW. */
const SAVE_INTERVAL_MWH = 25_000_000 / 60

describe.skipIf(!built)('an engine that gives up', () => {
  let engine: Engine | undefined

  beforeAll(() => {
    execFileSync(process.execPath, ['scripts/build-xs.mjs', 'test/xs/fixtures/faulty-guest.ts', BUNDLE], { cwd: ROOT })
  })

  afterEach(async () => {
    await engine?.stop()
    engine = undefined
  })

  async function start(seed: number, limits: XsGuestLimits = {}, start_ms = traceStart_ms()): Promise<Engine> {
    const config = validate(VIRTUAL_CONFIG, { meter: { dlms: { port: 0 }, face: { enabled: false } } })
    if (!config.ok) throw new Error('the configuration is not valid')
    const options = { config: config.value, trace: householdTrace(), start_ms, seed, speed: Number.POSITIVE_INFINITY, data: undefined }
    engine = await createXsEngine(options, { bundle: `${ROOT}/${BUNDLE}`, ...limits })
    return engine
  }

  const energyOf = async (engine: Engine) => (await engine.summary()).registers[ENERGY]?.milli ?? 0
  const crashes = (events: readonly SessionEvent[]) => events.flatMap((event) => (event.kind === 'crash' ? [event.reason] : []))
  const codes = (events: readonly SessionEvent[]) => events.flatMap((event) => (event.kind === 'event' ? [event.code] : []))

  test.each([
    ['an endless loop', 1001, /too much computation/, 1, { computeLimit: 150_000_000 }],
    ['objects without end', 1002, /not enough memory/, 2, { memory_MB: 192 }],
    ['buffers without end', 1003, /not enough memory/, 2, { memory_MB: 192 }],
    ['hardly any byte codes, without end', 1004, /longer than 8000 ms/, 1, { timeout_ms: 8000 }],
  ] as const)('%s: a new guest goes on with the flash, at most one save interval back', async (_name, seed, cause, parameter, limits) => {
    const engine = await start(seed, limits)
    const start_ms = traceStart_ms()
    // In steps that an honest guest finishes in time on a busy computer as well.
    const minutes = async (from: number, to: number) => {
      for (let minute = from; minute <= to; minute++) await engine.run(start_ms + minute * MINUTE_MS)
    }
    await minutes(1, 15)
    const before_mWh = await energyOf(engine)
    expect(before_mWh).toBeGreaterThan(0)
    expect(crashes(engine.takeEvents())).toEqual([])
    await minutes(16, 60)
    const events = engine.takeEvents()
    expect(crashes(events)).toEqual([expect.stringMatching(cause)])
    expect(codes(events)).toEqual([StandardEvent.watchdog])
    expect(events.flatMap((event) => (event.kind === 'event' ? [event.parameter] : []))).toEqual([parameter])
    const summary = await engine.summary()
    expect(summary).toMatchObject({ time_ms: start_ms + 60 * MINUTE_MS, powerFailures: 0, profileEntries: 4 })
    const after_mWh = summary.registers[ENERGY]?.milli ?? 0
    expect(after_mWh).toBeGreaterThan(before_mWh - SAVE_INTERVAL_MWH)
    // The same hour on an engine that lives: nothing counted twice.
    await engine.stop()
    const healthy = await start(1)
    await healthy.run(start_ms + 60 * MINUTE_MS)
    const healthy_mWh = await energyOf(healthy)
    expect(after_mWh).toBeLessThanOrEqual(healthy_mWh)
    expect(after_mWh).toBeGreaterThan(healthy_mWh - 2 * SAVE_INTERVAL_MWH)
  })

  test('one that gives up again and again is given up: five new guests within an hour', async () => {
    const start_ms = traceStart_ms() + 1
    const engine = await start(1001, { computeLimit: 150_000_000 }, start_ms)
    // Each life gets ten minutes further.
    const given = {
      code: 'XS_EXIT',
      message: expect.stringMatching(/too much computation.*given up after 5 restarts within an hour/) as string,
    }
    await expect(engine.run(start_ms + 120 * MINUTE_MS)).rejects.toMatchObject(given)
    expect(crashes(engine.takeEvents())).toHaveLength(5)
  })

  test('one that does not even start is not started again', async () => {
    const start_ms = traceStart_ms()
    const dying = start(1001, { computeLimit: 1_000_000 }, start_ms)
    await expect(dying).rejects.toMatchObject({ code: 'XS_OVERRUN' })
  })

  test('peers lose their connections and find the next guest at the same port', async () => {
    const engine = await start(1001, { computeLimit: 150_000_000 })
    const start_ms = traceStart_ms()
    let port = 0
    for (let tries = 0; tries < 1000 && port === 0; tries++) {
      await engine.observe(performance.now(), 0)
      for (const event of engine.takeEvents()) if (event.kind === 'ready') port = event.port
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    let gone = false
    const peer = connect({ host: '127.0.0.1', port }).on('error', () => {})
    peer.on('close', () => {
      gone = true
    })
    await engine.run(start_ms + 10 * MINUTE_MS)
    await engine.run(start_ms + 30 * MINUTE_MS)
    await until(() => gone, 'the end of the connection')
    let serving = true
    const serve = (async () => {
      while (serving) {
        await engine.observe(performance.now(), 0)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    })()
    const client = await DlmsTcpClient.open(port, '12345678')
    expect(await client.number(3, ENERGY)).toBeGreaterThanOrEqual(0)
    client.close()
    serving = false
    await serve
  })
})

describe.skipIf(!built)('limits of the XS worker', () => {
  test('memory', async () => {
    const worker = new XsnapWorker({ memory_MB: 128 })
    const explained = { code: 'XS_EXIT', message: expect.stringContaining('not enough memory') as string }
    await expect(worker.evaluate('const list = []; for (;;) list.push(new ArrayBuffer(1 << 20))')).rejects.toMatchObject(explained)
    await worker.close()
  })

  test('time, also for what runs no byte codes; idle time does not count', async () => {
    const worker = new XsnapWorker({ timeout_ms: 1500 })
    await worker.evaluate('1')
    await new Promise((resolve) => setTimeout(resolve, 2000))
    await worker.evaluate('1')
    const began_ms = performance.now()
    await expect(worker.evaluate('const o = {}; for (let i = 0; ; i++) o["n" + i] = i')).rejects.toMatchObject({ code: 'XS_OVERRUN' })
    expect(performance.now() - began_ms).toBeLessThan(60_000)
    await worker.close()
  })
})
