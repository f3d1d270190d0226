import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DlmsTcpClient } from '../support/dlms-client.ts'
import { ANY_PORTS, Ferraris } from '../support/ferraris.ts'
import { available, runPython, tellWhenSkipped } from './python.ts'
import { expectRunningReading, type Reading } from './readings.ts'

/** Foreign DLMS clients read the meter that `ferraris run` starts. */
tellWhenSkipped()

const SECRET = '12345678'
/** What a person switches on in a day is far below this. */
const HOUSE_MAX_W = 20_000

const CLIENTS = [
  ['gurux-dlms', 'dlms-gurux.py'],
  ['dlms-cosem', 'dlms-cosem.py'],
] as const

interface Result {
  readonly client: string
  readonly reading: Reading
  readonly smallPdu: Reading
  readonly refused: string
}

describe.skipIf(!available)('foreign DLMS clients and a running meter', () => {
  let meter: Ferraris
  let port = 0
  let http = 0

  beforeAll(async () => {
    meter = new Ferraris(['run', '--history', '3d', ...ANY_PORTS])
    port = await meter.dlmsPort()
    http = await meter.httpPort()
    await meter.line(/^3d.* of history, now /m)
  })
  afterAll(async () => {
    expect((await meter?.end('SIGTERM'))?.code).toBe(0)
  })

  async function read(script: string): Promise<Result> {
    return JSON.parse(await runPython(script, ['127.0.0.1', String(port), SECRET])) as Result
  }

  /** Register 1.8.0 as the display shows it, in Wh. */
  async function displayed_Wh(): Promise<number> {
    const { state } = (await (await fetch(`http://127.0.0.1:${http}/api/state`)).json()) as {
      state: { lcd: readonly { obis: string; value: string; unit: string }[] }
    }
    const item = state.lcd.find(({ obis }) => obis === '1.8.0')
    expect(item?.unit).toBe('kWh')
    return Math.round(Number(item?.value) * 1000)
  }

  test.each(CLIENTS)('%s reads what the display shows', async (name, script) => {
    const before_Wh = await displayed_Wh()
    const start_ms = performance.now()
    const result = await read(script)
    const after_Wh = await displayed_Wh()
    expect(result.client).toBe(name)
    expectRunningReading(result.reading)
    expectRunningReading(result.smallPdu)
    expect(result.refused).not.toBe('')
    for (const { energy } of [result.reading, result.smallPdu]) {
      expect(energy[0]).toBeGreaterThanOrEqual(before_Wh - 1)
      expect(energy[0]).toBeLessThanOrEqual(after_Wh + 1)
    }
    // The two looks at the display are close together, so the reading is as exact as they are.
    expect(after_Wh - before_Wh).toBeLessThanOrEqual(1 + (HOUSE_MAX_W * (performance.now() - start_ms)) / 3_600_000)
  })

  test('one after the other while three clients stay connected', async () => {
    const others = await Promise.all([1, 2, 3].map(() => DlmsTcpClient.open(port, SECRET)))
    const results: Result[] = []
    for (const [, script] of CLIENTS) results.push(await read(script))
    for (const { reading } of results) expectRunningReading(reading)
    const energies = await Promise.all(others.map((client) => client.number(3, '1.0.1.8.0.255')))
    for (const energy of energies) expect(energy).toBeGreaterThanOrEqual(results[1].reading.energy[0])
    expect(others.map(({ closed }) => closed)).toEqual([false, false, false])
    for (const client of others) client.close()
  })

  test('both at once', async () => {
    const results = await Promise.all(CLIENTS.map(([, script]) => read(script)))
    for (const { reading } of results) expectRunningReading(reading)
  })
})
