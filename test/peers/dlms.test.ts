import { spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toHex } from '../../src/lib/hex.ts'
import { DlmsServer } from '../../src/protocols/dlms/server.ts'
import { memorySource, NAME, SECRET } from '../protocols/dlms/memory-source.ts'

/**
 * Foreign DLMS clients read the meter. FERRARIS_PEERS names a Python virtual environment with the packages of requirements.txt;
 * FERRARIS_RECORD=1 writes their sessions to test/vectors/dlms as golden transcripts.
 */
const python = process.env.FERRARIS_PEERS === undefined ? undefined : join(process.env.FERRARIS_PEERS, 'bin', 'python')
const available = python !== undefined && existsSync(python)
const folder = import.meta.dirname

interface Exchange {
  readonly request: string
  readonly response: string
}

/** One list of exchanges per TCP connection, in the order in which they were opened. */
let sessions: Exchange[][] = []
let server: Server
let port = 0

beforeAll(async () => {
  const dlms = new DlmsServer(memorySource())
  server = createServer((socket) => {
    const exchanges: Exchange[] = []
    sessions.push(exchanges)
    let response = ''
    const connection = dlms.connect(
      (bytes) => {
        response += toHex(bytes)
        return true
      },
      () => socket.destroy(),
    )
    socket.on('data', (bytes) => {
      response = ''
      connection.receive(bytes)
      exchanges.push({ request: bytes.toString('hex'), response })
      socket.write(Buffer.from(response, 'hex'))
    })
    socket.on('close', () => connection.closed())
    socket.on('error', () => socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})

afterAll(() => new Promise((resolve) => server.close(resolve)))

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

function record(peer: string, version: string): void {
  if (process.env.FERRARIS_RECORD !== '1') return
  const transcript = {
    source: `sessions of ${peer} ${version} (PyPI) with test/protocols/dlms/memory-source.ts, recorded by test/peers/dlms.test.ts`,
    license: 'MIT (recorded by this project)',
    sessions,
  }
  writeFileSync(join(folder, '..', 'vectors', 'dlms', `transcript-${peer}.json`), `${JSON.stringify(transcript, undefined, 1)}\n`)
}

if (!available) console.log('skipped: no DLMS peers (set FERRARIS_PEERS to a virtual environment with test/peers/requirements.txt)')

describe.skipIf(!available)('foreign DLMS clients', () => {
  test.each([
    ['gurux-dlms', '1.0.203', 'dlms-gurux.py'],
    ['dlms-cosem', '25.1.0', 'dlms-cosem.py'],
  ])('%s %s reads the meter', async (peer, version, script) => {
    sessions = []
    const result = JSON.parse(await run(script))
    record(peer, version)
    expect(result.public.name).toBe(NAME)
    expect(result.public.objects).toEqual([
      [1, '0.0.42.0.0.255'],
      [15, '0.0.40.0.0.255'],
    ])
    expect(result.reading).toMatchObject({
      name: NAME,
      partners: [17, 1],
      saps: [[1, NAME]],
      clock: '2026-03-01T12:00:00Z',
      energy: [1000000, 30],
      voltage: [230.1, 35],
    })
    expect(result.reading.objects).toHaveLength(37)
    expect(result.reading.profile).toMatchObject({ capturePeriod: 900, entriesInUse: 200, rows: 200 })
    expect(result.reading.profile.byRange[0]).toEqual(['2026-03-01T10:15:00Z', 1000000 + 137 * 192, 192])
    expect(result.smallPdu).toEqual(result.reading)
    expect(result.refused).not.toBe('')
  })
})
