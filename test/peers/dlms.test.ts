import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memorySource, SECRET } from '../protocols/dlms/memory-source.ts'
import { available, runPython, tellWhenSkipped } from './python.ts'
import { expectFixedPublic, expectFixedReading } from './readings.ts'
import { RecordingServer } from './recorder.ts'

/** Foreign DLMS clients read the meter. FERRARIS_RECORD=1 writes their sessions to test/vectors/dlms as golden transcripts. */

const server = new RecordingServer(memorySource())
let port = 0
beforeAll(async () => {
  port = await server.open()
})
afterAll(() => server.close())

tellWhenSkipped()

describe.skipIf(!available)('foreign DLMS clients', () => {
  test.each([
    ['gurux-dlms', '1.0.203', 'dlms-gurux.py'],
    ['dlms-cosem', '25.1.0', 'dlms-cosem.py'],
  ])('%s %s reads the meter', async (peer, version, script) => {
    server.sessions = []
    const result = JSON.parse(await runPython(script, ['127.0.0.1', String(port), SECRET]))
    server.writeTranscript(peer, `${peer} ${version} (PyPI)`, 'dlms.test.ts')
    expectFixedPublic(result.public)
    expectFixedReading(result.reading)
    expect(result.smallPdu).toEqual(result.reading)
    expect(result.refused).not.toBe('')
  })
})
