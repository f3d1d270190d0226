import { execFile } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memorySource, NAME, SECRET } from '../protocols/dlms/memory-source.ts'
import { DlmsTcpClient } from '../support/dlms-client.ts'
import { ANY_PORTS, Ferraris, temporaryFolder } from '../support/ferraris.ts'
import { RecordingServer } from './java/recorder.ts'

/**
 * Foreign DLMS clients for Java read the meter. FERRARIS_PEERS_JAVA names a folder with the libraries of java/pom.xml, as
 * `mvn -f test/peers/java/pom.xml dependency:copy-dependencies -DoutputDirectory=…` fills it; a JDK 17 or later is on the path.
 * FERRARIS_RECORD=1 writes the sessions of jDLMS to test/vectors/dlms as a golden transcript.
 */
const libraries = process.env.FERRARIS_PEERS_JAVA
const folder = join(import.meta.dirname, 'java')
const JDLMS = ['jdlms', 'JdlmsPeer'] as const
const GURUX = ['gurux-java', 'GuruxPeer'] as const
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

interface Reading {
  readonly objects: readonly unknown[]
  readonly name: string
  readonly clock: string
  readonly energy: readonly [value_Wh: number, unit: number]
  readonly voltage: readonly [value_V: number, unit: number]
  readonly list: readonly unknown[]
  readonly profile: {
    readonly capturePeriod: number
    readonly entriesInUse: number
    readonly rows: number
    readonly byRange: readonly (readonly unknown[])[]
  }
  /** Of a source with an event log. */
  readonly events?: readonly (readonly [time: string, code: number])[]
}

/** What the programs print. */
interface Result {
  readonly client: string
  readonly public: { readonly objects: readonly unknown[]; readonly name: string }
  readonly reading: Reading
  /** Of a client that can be told its largest PDU. */
  readonly smallPdu?: Reading
  readonly denied?: unknown
  readonly refused: string
}

describe.skipIf(!available)('foreign DLMS clients for Java', () => {
  let path = ''

  beforeAll(async () => {
    const classes = temporaryFolder()
    path = [classes, join(libraries ?? '', '*')].join(delimiter)
    const sources = [JDLMS, GURUX].map(([, name]) => join(folder, `${name}.java`))
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
      if (client === 'jdlms') record(server.sessions)
      expect(result.client).toBe(client)
      const publicObjects = [
        [1, '0.0.42.0.0.255'],
        [15, '0.0.40.0.0.255'],
      ]
      expect(result.public).toEqual({ objects: publicObjects, name: NAME })
      expect(result.reading).toMatchObject({
        name: NAME,
        partners: [17, 1],
        saps: [[1, NAME]],
        clock: '2026-03-01T12:00:00Z',
        energy: [1000000, 30],
        voltage: [230.1, 35],
      })
      expect(result.reading.list.slice(0, 3)).toEqual([NAME, 1000000, 30])
      expect(result.reading.objects).toHaveLength(37)
      expect(result.reading.profile).toMatchObject({ capturePeriod: 900, entriesInUse: 200, rows: 200 })
      expect(result.reading.profile.byRange[0]).toEqual(['2026-03-01T10:15:00Z', 1000000 + 137 * 192, 192])
      if (client === 'gurux-java') expect(result.smallPdu).toEqual(result.reading)
      else {
        const [no, yes] = ['READ_WRITE_DENIED', 'SUCCESS']
        expect(result.denied).toEqual({ register: no, buffer: no, list: [yes, no], name: NAME })
      }
      expect(result.refused).not.toBe('')
    })
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

    function expectReading(reading: Reading): void {
      expect(reading.name).toBe('FRR0000000000001')
      expect(reading.energy[1]).toBe(30)
      expect(reading.voltage[1]).toBe(35)
      expect(Math.abs(reading.voltage[0] - 235)).toBeLessThan(25)
      expect(reading.objects.length).toBeGreaterThan(80)
      expect(Math.abs(Date.parse(reading.clock) - Date.now())).toBeLessThan(30_000)
      expect(reading.profile.capturePeriod).toBe(900)
      expect(reading.profile.rows).toBe(reading.profile.entriesInUse)
      // Three days of quarter hours, whatever the time of day.
      expect(Math.abs(reading.profile.rows - 3 * 96)).toBeLessThanOrEqual(1)
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

function record(sessions: RecordingServer['sessions']): void {
  if (process.env.FERRARIS_RECORD !== '1') return
  const transcript = {
    source: `sessions of jDLMS ${JDLMS_VERSION} (Maven Central) with test/protocols/dlms/memory-source.ts, recorded by test/peers/java.test.ts`,
    license: 'MIT (recorded by this project)',
    sessions,
  }
  const file = join(import.meta.dirname, '..', 'vectors', 'dlms', 'transcript-jdlms.json')
  writeFileSync(file, `${JSON.stringify(transcript, undefined, 1)}\n`)
}
