import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { toHex } from '../../src/lib/hex.ts'
import { MANAGER_SECRET, ManagedMeter, NOTE } from '../protocols/dlms/managed-source.ts'
import { temporaryFolder } from '../support/ferraris.ts'
import { available, runPython, tellWhenSkipped } from './python.ts'
import { RecordingServer } from './recorder.ts'

tellWhenSkipped()

const IMAGE = Uint8Array.from({ length: 4500 }, (_, i) => (i === 0 ? 0x46 : (i * 7) & 0xff))

describe.skipIf(!available)('a foreign client manages the meter', () => {
  let server: RecordingServer | undefined
  afterEach(() => server?.close())

  // Blocks that fit the PDU, and blocks that with their header do not and are cut into pieces.
  test.each([
    [1000, 'gurux-dlms-manage'],
    [2048, 'gurux-dlms-pieces'],
  ])('gurux-dlms, image blocks of %i bytes', async (blockSize, name) => {
    const meter = new ManagedMeter(blockSize)
    server = new RecordingServer(meter)
    const port = await server.open()
    const file = join(temporaryFolder(), 'image')
    writeFileSync(file, IMAGE)
    const result = JSON.parse(await runPython('dlms-gurux-manage.py', ['127.0.0.1', String(port), MANAGER_SECRET, file, NOTE]))
    server.writeTranscript(name, 'gurux-dlms 1.0.203 (PyPI)', 'dlms-manage.test.ts', 'managed-source.ts')
    const blocks = Math.ceil(IMAGE.length / blockSize)
    const half = '10'.repeat(blocks).slice(0, blocks)
    expect(result).toEqual({
      client: 'gurux-dlms',
      clock: {
        wanted: '2026-03-02T12:00:20Z',
        set: '2026-03-02T12:00:20Z',
        minute: '2026-03-02T12:00:00Z',
        shifted: '2026-03-02T12:00:30Z',
        preset: 250,
        presetTime: '2026-03-02T12:10:30Z',
        presetAgain: 250,
      },
      push: {
        objects: [
          [1, '0.0.42.0.0.255', 2],
          [40, '0.4.25.9.0.255', 1],
          [8, '0.0.1.0.0.255', 2],
        ],
        service: 1,
        destination: '192.0.2.1:4059',
        message: 0,
      },
      note: { long: true, list: 'short', wrongType: 12 },
      image: {
        blockSize,
        tooEarly: 250,
        interrupted: [half, 1, 1],
        missing: Math.floor(blocks / 2),
        complete: ['1'.repeat(blocks), blocks, 1],
        verified: [2, 0],
        ready: [[IMAGE.length, 'FERRARIS', '01020304']],
        schedule: { script: ['0.0.10.0.107.255', 1], before: 0, same: true, past: 250, after: 0 },
        scripts: [[1, [[2, 18, '0.0.44.0.0.255', 4]]]],
        activated: 0,
        status: 6,
      },
    })
    expect(meter.image.activated).toBe(1)
    expect(toHex(meter.image.image)).toBe(toHex(IMAGE))
  })

  test('dlms-cosem writes a value and invokes a method', async () => {
    const meter = new ManagedMeter()
    server = new RecordingServer(meter)
    const port = await server.open()
    const result = JSON.parse(await runPython('dlms-cosem-manage.py', ['127.0.0.1', String(port), MANAGER_SECRET, NOTE]))
    server.writeTranscript('dlms-cosem-manage', 'dlms-cosem 25.1.0 (PyPI)', 'dlms-manage.test.ts', 'managed-source.ts')
    expect(result).toEqual({ client: 'dlms-cosem', written: 0, wrong: 12, value: 'dlms', pushed: null })
    expect(meter.pushes).toBe(1)
  })
})
