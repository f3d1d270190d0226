import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MANAGER_SECRET, ManagedMeter, NOTE } from '../protocols/dlms/managed-source.ts'
import { memorySource, NAME, SECRET } from '../protocols/dlms/memory-source.ts'
import { DlmsTcpClient } from '../support/dlms-client.ts'
import { ANY_PORTS, Ferraris, temporaryFolder } from '../support/ferraris.ts'
import { expectFixedPublic, expectFixedReading, expectRunningReading, type Reading } from './readings.ts'
import { RecordingServer } from './recorder.ts'

/**
 * Foreign DLMS clients for Java read the meter. FERRARIS_PEERS_JAVA names a folder with the libraries of java/pom.xml, as
 * `mvn -f test/peers/java/pom.xml dependency:copy-dependencies -DoutputDirectory=…` fills it; a JDK 17 or later is on the path.
 * FERRARIS_RECORD=1 writes the sessions of jDLMS to test/vectors/dlms as a golden transcript.
 */
const libraries = process.env.FERRARIS_PEERS_JAVA
const folder = join(import.meta.dirname, 'java')
const JDLMS = ['jdlms', 'JdlmsPeer'] as const
const GURUX = ['gurux-java', 'GuruxPeer'] as const
const MANAGE = 'JdlmsManage'
const JDLMS_VERSION = '1.8.0'
const OLDEST_JDK = 17

/** Runs a program of the JDK; gives what it prints, or undefined when there is no such program. */
function jdk(program: string, words: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, TZ: 'UTC' }, timeout: 60_000, killSignal: 'SIGKILL', maxBuffer: 1 << 24 } as const
    execFile(program, words, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else if (error.code === 'ENOENT') resolve(undefined)
      else reject(new Error(`${program} ended with ${error.code ?? error.signal}: ${stderr}${stdout}`))
    })
  })
}

/** The version of the JDK; 0 where there is none. */
async function jdkVersion(): Promise<number> {
  return Number(/^javac (\d+)/.exec((await jdk('javac', ['-version'])) ?? '')?.[1] ?? 0)
}

const available = libraries !== undefined && existsSync(libraries) && (await jdkVersion()) >= OLDEST_JDK
if (!available)
  console.log(
    'skipped: no DLMS peers for Java (set FERRARIS_PEERS_JAVA to a folder with the libraries of test/peers/java/pom.xml, install JDK 17)',
  )

/** What these programs print of one reading. */
interface JavaReading extends Reading {
  readonly list: readonly unknown[]
  /** Of a source with an event log. */
  readonly events?: readonly (readonly [time: string, code: number])[]
}

/** What the programs print. */
interface Result {
  readonly client: string
  readonly public: { readonly objects: readonly unknown[]; readonly name: string }
  readonly reading: JavaReading
  /** Of a client that can be told its largest PDU. */
  readonly smallPdu?: JavaReading
  readonly denied?: unknown
  readonly refused: string
}

describe.skipIf(!available)('foreign DLMS clients for Java', () => {
  let path = ''

  beforeAll(async () => {
    const classes = temporaryFolder()
    path = [classes, join(libraries ?? '', '*')].join(delimiter)
    const sources = [JDLMS[1], GURUX[1], MANAGE].map((name) => join(folder, `${name}.java`))
    await jdk('javac', ['-cp', path, '-d', classes, ...sources])
  })

  async function read(program: string, port: number): Promise<Result> {
    return JSON.parse((await jdk('java', ['-cp', path, program, '127.0.0.1', String(port), SECRET])) ?? '') as Result
  }

  describe('a meter that never changes', () => {
    const server = new RecordingServer(memorySource())
    let port = 0
    beforeAll(async () => {
      port = await server.open()
    })
    afterAll(() => server.close())

    test.each([JDLMS, GURUX])('%s reads it', async (client, program) => {
      server.sessions = []
      const result = await read(program, port)
      if (client === 'jdlms') server.writeTranscript(client, `jDLMS ${JDLMS_VERSION} (Maven Central)`, 'java.test.ts')
      expect(result.client).toBe(client)
      expectFixedPublic(result.public)
      expectFixedReading(result.reading)
      expect(result.reading.list.slice(0, 3)).toEqual([NAME, 1000000, 30])
      if (client === 'gurux-java') expect(result.smallPdu).toEqual(result.reading)
      else {
        const [no, yes] = ['READ_WRITE_DENIED', 'SUCCESS']
        expect(result.denied).toEqual({ register: no, buffer: no, list: [yes, no], name: NAME })
      }
      expect(result.refused).not.toBe('')
    })
  })

  test('jdlms manages a meter', async () => {
    const meter = new ManagedMeter(500)
    const server = new RecordingServer(meter)
    const port = await server.open()
    const output = await jdk('java', ['-cp', path, MANAGE, '127.0.0.1', String(port), MANAGER_SECRET, NOTE])
    await server.close()
    server.writeTranscript('jdlms-manage', `jDLMS ${JDLMS_VERSION} (Maven Central)`, 'java.test.ts', 'managed-source.ts')
    expect(JSON.parse(output ?? '')).toEqual({
      client: 'jdlms',
      set: 'SUCCESS',
      list: ['SUCCESS', 'READ_WRITE_DENIED', 'TYPE_UNMATCHED'],
      note: 'jdlms',
      image: {
        initiate: 'SUCCESS',
        blocks: ['SUCCESS', 'SUCCESS'],
        early: 'OTHER_REASON',
        first: 'SUCCESS',
        verify: ['TEMPORARY_FAILURE', 'SUCCESS'],
        activate: 'SUCCESS',
      },
    })
    expect(meter.utc_ms).toBe(Date.UTC(2026, 2, 2, 11, 30, 15))
    expect(meter.image.activated).toBe(1)
  })

  describe('a running meter', () => {
    let meter: Ferraris
    let port = 0
    beforeAll(async () => {
      meter = new Ferraris(['run', '--history', '3d', ...ANY_PORTS])
      port = await meter.dlmsPort()
      await meter.line(/^3d.* of history, now /m)
    })
    afterAll(async () => {
      expect((await meter?.end('SIGTERM'))?.code).toBe(0)
    })

    function expectReading(reading: JavaReading): void {
      expectRunningReading(reading)
      // The first event is the start, power up.
      expect(reading.events?.[0]?.[1]).toBe(2)
      expect(Math.abs(Date.parse(reading.events?.[0]?.[0] as string) - (Date.now() - 3 * 86_400_000))).toBeLessThan(120_000)
    }

    test.each([JDLMS, GURUX])('%s reads energies between those that an own client reads', async (client, program) => {
      const own = await DlmsTcpClient.open(port, SECRET)
      const before_Wh = await own.number(3, '1.0.1.8.0.255')
      const result = await read(program, port)
      const after_Wh = await own.number(3, '1.0.1.8.0.255')
      own.close()
      expect(result.client).toBe(client)
      for (const reading of [result.reading, result.smallPdu ?? result.reading]) {
        expectReading(reading)
        expect(reading.energy[0]).toBeGreaterThanOrEqual(before_Wh)
        expect(reading.energy[0]).toBeLessThanOrEqual(after_Wh)
      }
      expect(result.refused).not.toBe('')
    })

    test('both at once', async () => {
      for (const { reading } of await Promise.all([JDLMS, GURUX].map(([, program]) => read(program, port)))) expectReading(reading)
    })
  })
})
