import { afterEach, describe, expect, test } from 'vitest'
import { BillingMeter } from '../meter/views/billing-meter.ts'
import { MANAGER_SECRET } from '../protocols/dlms/managed-source.ts'
import { available, runPython, tellWhenSkipped } from './python.ts'
import { RecordingServer } from './recorder.ts'

tellWhenSkipped()

describe.skipIf(!available)('a foreign client manages tariffs and reads what is billed', () => {
  let server: RecordingServer | undefined
  afterEach(() => server?.close())

  test('gurux-dlms', async () => {
    // Three days and 25 minutes with 600 W, over the end of a month.
    const meter = new BillingMeter({ start: '2026-01-29T22:00:00Z' })
    meter.load = 10
    meter.run(3 * 86_400 + 1500)
    server = new RecordingServer(meter)
    const port = await server.open()
    const result = JSON.parse(await runPython('dlms-gurux-billing.py', ['127.0.0.1', String(port), MANAGER_SECRET]))
    expect(result).toEqual({})
  })
})
