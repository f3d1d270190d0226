import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memorySource, SECRET } from '../protocols/dlms/memory-source.ts'
import { expectFixedPublic, expectFixedReading } from './readings.ts'
import { RecordingServer } from './recorder.ts'

/**
 * Foreign DLMS clients read the meter. FERRARIS_PEERS names a Python virtual environment with the packages of requirements.txt;
 * FERRARIS_RECORD=1 writes their sessions to test/vectors/dlms as golden transcripts.
 */
const python = process.env.FERRARIS_PEERS === undefined ? undefined : join(process.env.FERRARIS_PEERS, 'bin', 'python')
const available = python !== undefined && existsSync(python)
const folder = import.meta.dirname

const server = new RecordingServer(memorySource())
let port = 0
beforeAll(async () => {
  port = await server.open()
})
afterAll(() => server.close())

/** Runs a script of this folder against the server; gives what it prints. */
function run(script: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(python as string, [join(folder, script), '127.0.0.1', String(port), SECRET], {
      env: { ...process.env, TZ: 'UTC' },
      timeout: 50_000,
    })
    let output = ''
    let errors = ''
    child.stdout.on('data', (data) => {
      output += data
    })
    child.stderr.on('data', (data) => {
      errors += data
    })
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve(output) : reject(new Error(`${script} ended with ${code}: ${errors}${output}`))))
  })
}

if (!available) console.log('skipped: no DLMS peers (set FERRARIS_PEERS to a virtual environment with test/peers/requirements.txt)')

describe.skipIf(!available)('foreign DLMS clients', () => {
  test.each([
    ['gurux-dlms', '1.0.203', 'dlms-gurux.py'],
    ['dlms-cosem', '25.1.0', 'dlms-cosem.py'],
  ])('%s %s reads the meter', async (peer, version, script) => {
    server.sessions = []
    const result = JSON.parse(await run(script))
    server.writeTranscript(peer, `${peer} ${version} (PyPI)`, 'dlms.test.ts')
    expectFixedPublic(result.public)
    expectFixedReading(result.reading)
    expect(result.smallPdu).toEqual(result.reading)
    expect(result.refused).not.toBe('')
  })
})
