import { afterEach, describe, expect, test } from 'vitest'
import { SwitchEvent } from '../../src/core/switch/events.ts'
import { SwitchMeter } from '../meter/views/switch-meter.ts'
import { MANAGER_SECRET } from '../protocols/dlms/managed-source.ts'
import { available, runPython, tellWhenSkipped } from './python.ts'
import { RecordingServer } from './recorder.ts'

tellWhenSkipped()

/** Real milliseconds between two looks, and how far the world of the meter goes in each. */
const STEP_MS = 50
const STEP_S = 0.5

describe.skipIf(!available)('a foreign client switches the supply', () => {
  let server: RecordingServer | undefined
  let clock: NodeJS.Timeout | undefined
  afterEach(() => {
    clearInterval(clock)
    return server?.close()
  })

  test('gurux-dlms', async () => {
    const meter = new SwitchMeter({ mode: 4 })
    clock = setInterval(() => meter.rig.run(STEP_S), STEP_MS)
    server = new RecordingServer(meter)
    const port = await server.open()
    const result = JSON.parse(await runPython('dlms-gurux-switch.py', ['127.0.0.1', String(port), MANAGER_SECRET]))
    expect(result).toEqual({
      client: 'gurux-dlms',
      switch: {
        before: [true, 1, 4],
        disconnect: [0, [false, 0, 4]],
        reconnect: [0, [true, 1, 4]],
        scripts: [
          [1, [[2, 70, '0.0.96.3.10.255', 1]]],
          [2, [[2, 70, '0.0.96.3.10.255', 2]]],
        ],
        script: [0, [false, 0, 4]],
        mode0: 2,
        mode1: 0,
        released: [0, [false, 2, 1]],
        mode6: [0, [false, 2, 6]],
      },
      limiter: {
        monitored: [3, '1.0.1.7.0.255', 2],
        thresholds: [0xffffffff, 0xffffffff, 0xffffffff],
        durations: [60, 60],
        actions: [
          ['0.0.10.0.106.255', 1],
          ['0.0.0.0.0.0', 0],
        ],
        emergency: [0, 0, [], false],
        written: [0, 0, 0, 0, 0, 0, 0, 0],
        denied: [3],
        after: {
          thresholds: [4000, 4000, 800],
          durations: [30, 90],
          begin: '2026-01-05T13:30:00Z',
          emergency: [12, 3600, [3, 12]],
          under: ['0.0.10.0.106.255', 2],
        },
      },
    })
    expect(meter.rig.codes.filter((code) => code < SwitchEvent.limiterExceeded)).toEqual([
      SwitchEvent.remoteDisconnection,
      SwitchEvent.remoteConnection,
      SwitchEvent.remoteDisconnection,
      SwitchEvent.readyForReconnection,
    ])
  })
})
