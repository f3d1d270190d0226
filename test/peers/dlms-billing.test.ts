import { afterEach, describe, expect, test } from 'vitest'
import { BillingMeter } from '../meter/views/billing-meter.ts'
import { MANAGER_SECRET } from '../protocols/dlms/managed-source.ts'
import { available, runPython, tellWhenSkipped } from './python.ts'
import { RecordingServer } from './recorder.ts'

tellWhenSkipped()

const SCRIPTS = '0.0.10.0.100.255'
const ACTIVATIONS = ['0.0.14.0.1.255', '0.0.14.0.2.255']

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
    expect(result).toEqual({
      client: 'gurux-dlms',
      objects: 68,
      rates: {
        scripts: [1, 2].map((rate) => [rate, ACTIVATIONS.map((name) => [1, 6, name, 4, `000${rate}`])]),
        execute: 3,
        registers: [1, 2].flatMap((rate) => [1, 2, 3, 4].map((c) => [3, `1.0.${c}.8.${rate}.255`])),
        masks: [
          ['0001', [1, 2, 3, 4]],
          ['0002', [5, 6, 7, 8]],
        ],
        active: ['0001', '0001'],
      },
      demand: {
        // 10 of 15 minutes have passed.
        current: [400, 27],
        last: [600, 0, '2026-02-01T22:15:00Z'],
        start: '2026-02-01T22:15:00Z',
        period: [900, 1],
        extended: [600, 27, 0, '2026-02-01T22:15:00Z'],
        // The month began on a Sunday, which has rate 1 only.
        maxima: [
          [600, 27, 0, '2026-01-31T23:15:00Z'],
          [0, 27, 0, null],
        ],
        cumulative: [600, 27],
      },
      billing: {
        entries: [1, 13],
        reset: [0, 2],
        rows: [
          ['2026-01-31T23:00:00Z', 1, 49 * 600, 600, '2026-01-29T22:15:00Z', 0],
          ['2026-02-01T22:25:00Z', 2, 72 * 600 + 250, 600, '2026-01-31T23:15:00Z', 600],
        ],
        byEntry: true,
        byRange: true,
        counters: [2, 2, '07ea02010717190000ffc400'],
        schedule: ['0.0.10.0.1.255', 1, 1, [null, null, 1], '00:00:00'],
      },
      profiles: {
        daily: [86_400, 8, 3, ['2026-01-31T23:00:00Z', 0, 49 * 600, 33 * 600]],
        monthly: [0, 8, 1, ['2026-01-31T23:00:00Z', 0, 49 * 600, 33 * 600]],
        quality: [600, 18, meter.quality.profile.count, ['2026-02-01T22:20:00Z', 0, 600, 2300]],
        voltage: [230, 35],
      },
      tariff: {
        before: [
          'DAYNIGHT',
          [['YEAR', [null, 1, 1], 'ALL']],
          [['ALL', 1, 1, 1, 1, 1, 2, 2]],
          [
            [
              1,
              [
                ['06:00:00', SCRIPTS, 2],
                ['22:00:00', SCRIPTS, 1],
              ],
            ],
            [2, [['00:00:00', SCRIPTS, 1]]],
          ],
        ],
        written: [0, 0, 0, 0],
        badRate: 250,
        badSeason: 250,
        passive: [
          'SUMMER26',
          [
            ['S1', [null, 4, 1], 'W1'],
            ['S2', [null, 10, 1], 'W2'],
          ],
          [
            ['W1', 1, 1, 1, 1, 1, 2, 2],
            ['W2', 2, 2, 2, 2, 2, 2, 2],
          ],
          [
            [
              1,
              [
                ['00:00:00', SCRIPTS, 1],
                ['06:00:00', SCRIPTS, 2],
                ['22:00:00', SCRIPTS, 1],
              ],
            ],
            [2, [['00:00:00', SCRIPTS, 1]]],
          ],
        ],
        activation: '2026-02-07T23:00:00Z',
        over: 250,
        cancelled: true,
        activated: 0,
        after: true,
      },
      specialDays: {
        entries: [
          [1, [null, 12, 25], 2],
          [3, [null, 12, 26], 2],
        ],
        unknownDay: 250,
      },
    })
    expect(meter.tariff.activeCalendar.seasons).toEqual([
      { name: 'S1', start: { month: 4, day: 1 }, week: 'W1' },
      { name: 'S2', start: { month: 10, day: 1 }, week: 'W2' },
    ])
    expect(meter.tariff.specialDays).toEqual([
      { index: 1, date: { month: 12, day: 25 }, day: 2 },
      { index: 3, date: { month: 12, day: 26 }, day: 2 },
    ])
  })
})
