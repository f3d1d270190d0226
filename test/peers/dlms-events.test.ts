import { afterEach, describe, expect, test } from 'vitest'
import { MeterError } from '../../src/core/events/error-register.ts'
import { CommunicationEvent } from '../../src/core/events/log-codes-table.ts'
import { sameSecret } from '../../src/lib/secret.ts'
import { DlmsView } from '../../src/meter/views/dlms.ts'
import { quietRig } from '../meter/views/rig.ts'
import { ascii } from '../protocols/dlms/bytes.ts'
import { MANAGER_SECRET } from '../protocols/dlms/managed-source.ts'
import type { Rig } from '../scenarios/rig.ts'
import { available, runPython, tellWhenSkipped } from './python.ts'
import { RecordingServer } from './recorder.ts'

tellWhenSkipped()

/** A meter that has seen a sag, an open cover, a switch that was opened, and a RAM that failed and is good again. */
function eventful(): Rig {
  const rig = quietRig()
  rig.run(10_000)
  rig.machine.mains.disturb(0, 0.7, 2500)
  rig.machine.board.tamper('meterCover', true)
  rig.run(30_000)
  rig.machine.board.tamper('meterCover', false)
  rig.machine.meter?.supplySwitch?.supply.disconnector.trigger('remoteDisconnect')
  rig.run(30_000)
  const { core } = rig
  core.recordCommunication(CommunicationEvent.clientConnected, core.clock.now_s(), 17)
  core.watch.errors.set(MeterError.ram, true, core.clock.now_s(), 3)
  core.watch.errors.set(MeterError.ram, false, core.clock.now_s())
  return rig
}

describe.skipIf(!available)('a foreign client reads the logs', () => {
  let server: RecordingServer | undefined
  afterEach(() => server?.close())

  test('gurux-dlms', async () => {
    const rig = eventful()
    const view = new DlmsView({
      core: rig.core,
      config: rig.machine.options.config.meter,
      version: '0.2.0',
      authenticate: (_sap, secret) => sameSecret(secret, ascii(MANAGER_SECRET)),
    })
    server = new RecordingServer(view)
    const port = await server.open()
    const result = JSON.parse(await runPython('dlms-gurux-events.py', ['127.0.0.1', String(port), MANAGER_SECRET]))
    const columns = (e: number) => [
      '0.0.1.0.0.255',
      `0.0.96.11.${e}.255`,
      `0.0.96.15.${e + 1}.255`,
      `0.0.128.0.${e}.255`,
      `0.0.128.1.${e}.255`,
    ]
    expect(result).toMatchObject({
      client: 'gurux-dlms',
      listed: [true, true, true, true, true],
      codes: [13, 45, 62, 200, 200],
      sag: [161, 0.1],
      registers: [1 << MeterError.ram, (1 << 2) | (1 << 9) | (1 << 13), 1, (1 << 2) | (1 << 9) | (1 << 13), 1],
      cleared: [0, 0, 0, 0, 0],
      registersAfter: [0, 0, 0, 0, 0],
      reset: [0, 0, 0, 0, 0],
    })
    expect(result.logs.map((log: { columns: string[] }) => log.columns)).toEqual([0, 1, 2, 4, 5].map(columns))
    const codes = (rows: number[][]) => rows.map(([code, number]) => [code, number])
    expect(result.logs.map((log: { rows: number[][] }) => codes(log.rows))).toEqual([
      [
        [2, 1],
        [13, 2],
      ],
      [
        [44, 1],
        [45, 2],
      ],
      [[62, 1]],
      [
        [93, 1],
        [200, 2],
      ],
      [[200, 1]],
    ])
    // Erasing is the first entry of each log; the numbers go on. The standard log also says that registers were cleared before.
    expect(result.logsAfter).toEqual([[[255, 6, 5]], [[255, 3, 2]], [[255, 2, 1]], [[255, 3, 2]], [[255, 2, 1]]])
  })
})
