import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ANY_PORTS, type Ended, Ferraris, ferraris, type Report, reportOf, temporaryFolder } from '../support/ferraris.ts'

/** A day of the recorded household, served on free ports. */
const DAY = ['run', '--for', '1d', '--speed', 'max', ...ANY_PORTS] as const

/** The command refused with one clear line and nothing that a programmer would have to read. */
function expectRefused({ code, stdout, stderr }: Ended, exitCode: number, ...words: readonly (string | RegExp)[]): void {
  expect(code).toBe(exitCode)
  expect(stderr).toMatch(/^ferraris: [^\n]+\n$/)
  expect(stderr).not.toMatch(/\n\s+at /)
  for (const word of words) expect(stderr).toMatch(word)
  expect(stdout).not.toContain('Error')
}

/** Leaves the default `--for 1d` out where the case has a `--for` of its own. */
function unlessTwice(_: string, index: number, words: readonly string[]): boolean {
  return words.lastIndexOf('--for') <= 1 || (index !== 1 && index !== 2)
}

function listen(): Promise<{ server: Server; port: number }> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => resolve({ server, port: (server.address() as { port: number }).port }))
  })
}

function file(name: string, content: string): string {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, content)
  return path
}

describe('a run of fixed time', () => {
  test('--json prints one object on standard output, and the same seed gives the same bytes', async () => {
    const runs = await Promise.all([ferraris([...DAY, '--json']), ferraris([...DAY, '--json', '--seed', '1'])])
    const [first, second] = runs.map(({ code, stdout }) => {
      expect(code).toBe(0)
      expect(stdout).toMatch(/^\{[^\n]*\}\n$/)
      return stdout.replace(/"wall_s":[\d.]+,"ratio":\d+,/, '')
    })
    expect(second).toBe(first)
    const report = JSON.parse(first) as Report
    expect(report).toMatchObject({
      engine: 'v8',
      seed: 1,
      from: '2006-12-16T16:24:00Z',
      to: '2006-12-17T16:24:00Z',
      simulated_s: 86_400,
      profileEntries: 96,
      events: 1,
      powerFailures: 0,
      demoSecret: true,
    })
    const energy = report.registers['1.0.1.8.0.255']
    expect(energy).toMatchObject({ scaler: 0, unit: 'Wh' })
    expect(Math.floor((energy.milli ?? 0) / 1000)).toBe(energy.value)
    expect(report.ledPulses).toBe(energy.value)
    expect(Object.keys(report.registers).length).toBeGreaterThan(80)
  })

  test('another seed gives another day', async () => {
    const [one, two] = await Promise.all([1, 2].map((seed) => reportOf([...DAY.slice(1), '--seed', String(seed)])))
    expect(one.registers['1.0.32.7.0.255']).not.toEqual(two.registers['1.0.32.7.0.255'])
  })

  test('without --json a person reads addresses, one a line, then events, then the result', async () => {
    const { code, stdout, stderr } = await ferraris(DAY)
    expect([code, stderr]).toEqual([0, ''])
    const lines = stdout.trimEnd().split('\n')
    expect(lines.filter((line) => /^dlms:\/\/127\.0\.0\.1:\d+$/.test(line))).toHaveLength(1)
    expect(lines.filter((line) => /^http:\/\/127\.0\.0\.1:\d+$/.test(line))).toHaveLength(1)
    expect(lines).toContain('2006-12-16T17:24:00+01:00 Power up (2)')
    expect(stdout).toContain('LLS secret 12345678 (demo)')
    expect(lines.at(-2)).toBe('2006-12-17T17:24:00+01:00 Power down (1)')
    expect(lines.at(-1)).toMatch(/^1d in [\d.]+ s \([\d,]+ times real time\): 1\.8\.0 \d+ Wh, 2\.8\.0 0 Wh, 96 profile entries, 1 events$/)
  })

  test('--no-http serves no page; --from and --history say where the world begins', async () => {
    const words = ['--for', '1h', '--speed', 'max', '--from', '2026-07-01T12:00', '--history', '2h', '--no-http', '--dlms-port', '0']
    const report = await reportOf(words)
    expect(report.terminal).not.toContain('http://')
    expect(report).toMatchObject({ from: '2026-07-01T10:00:00Z', to: '2026-07-01T11:00:00Z', profileEntries: 12 })
  })

  test('a configuration file is used, its $schema ignored, its trace found beside it', async () => {
    const path = file('house.json', JSON.stringify({ $schema: 'x', meter: { profile: { period_min: 60 } }, world: { trace: 'load.csv' } }))
    writeFileSync(join(path, '../load.csv'), 'time_local,p_w\n2026-01-01T00:00,1000\n2026-01-01T00:01,1000\n')
    const report = await reportOf([path, ...DAY.slice(1)])
    expect(report.profileEntries).toBe(24)
    expect(report.from).toBe('2025-12-31T23:00:00Z')
    expect(Math.abs(report.registers['1.0.1.8.0.255'].value - 24_000)).toBeLessThanOrEqual(1)
  })
})

describe('what cannot be', () => {
  test.each([
    ['--dlms-port', 'dlms'],
    ['--http-port', 'face'],
  ])('a busy port of %s is named', async (option, service) => {
    const { server, port } = await listen()
    const words = ['run', '--for', '1d', ...ANY_PORTS]
    words[words.indexOf(option) + 1] = String(port)
    expectRefused(await ferraris(words), 1, new RegExp(`${service}: .*127\\.0\\.0\\.1:${port}`))
    server.close()
  })

  test('the options', async () => {
    expectRefused(await ferraris(['run', '--fast']), 2, 'unknown option --fast')
    expectRefused(await ferraris(['run', '--json']), 2, '--json needs --for')
    expectRefused(await ferraris(['fly']), 2, 'unknown command fly')
  })

  test.each(['--from 1900-01-01', '--from 9999-12-31', '--from 1970-01-02 --history 2d', '--for 50000d', '--history 50000d'])(
    'a time that no meter can keep: %s',
    async (words) => {
      expectRefused(
        await ferraris(['run', '--for', '1d', ...ANY_PORTS, ...words.split(' ')].filter(unlessTwice)),
        1,
        /before 1970 or end after 2106/,
      )
    },
  )

  test('the configuration: file', async () => {
    const folder = temporaryFolder()
    expectRefused(await ferraris(['run', join(folder, 'none.json')]), 1, /none\.json: no such file/)
    expectRefused(await ferraris(['run', folder]), 1, /is a folder/)
    expectRefused(await ferraris(['run', file('broken.json', '{"meter": {')]), 1, /broken\.json: not JSON/)
    expectRefused(await ferraris(['run', file('list.json', '[]')]), 1, /list\.json: configuration: found a list of 0, allowed is an object/)
  })

  test('the configuration: fields', async () => {
    const wrong = (config: unknown) => ferraris(['run', file('c.json', JSON.stringify(config))])
    expectRefused(
      await wrong({ meter: { dlms: { port: 70_000 } } }),
      1,
      /c\.json: meter\.dlms\.port: found 70000, allowed is an integer 0\.\.65535/,
    )
    expectRefused(await wrong({ meter: { dlms: { prot: 1 } } }), 1, /meter\.dlms\.prot: unknown field, did you mean "port"\?/)
    expectRefused(await wrong({ word: {} }), 1, /word: unknown field, did you mean "world"\?/)
    const board = await wrong({ world: { board: 'sonoff' } })
    expect(board.stderr).toContain('world.board: found "sonoff", allowed is "virtual" or "virtual-1p" or "virtual-1pn" or "virtual-plug"')
    const phase = { id: 'oven', name: 'Oven', phase: 2, active_W: 2400 }
    const single = await wrong({ world: { board: 'virtual-plug', appliances: [phase] }, meter: { display: { codes: ['1.8.0', '3.8.0'] } } })
    expect(single.stderr).toContain('world.appliances[0].phase: found 2, allowed with the board "virtual-plug" is 1 or "all"')
    expect(single.stderr).toContain('meter.display.codes[1]: found "3.8.0", allowed is the OBIS code of a register of this meter')
    const two = await wrong({ meter: { profile: { period_min: 7 }, identity: { manufacturer: 'frr' } } })
    expect(two.code).toBe(1)
    expect(two.stderr).toContain('meter.profile.period_min: found 7, allowed is 1 or 5 or 15 or 30 or 60')
    expect(two.stderr).toContain('meter.identity.manufacturer: found "frr", allowed is three capital letters')
    expect(two.stderr).not.toMatch(/\n\s+at /)
  })

  test('the recorded load, with file and line', async () => {
    const withTrace = (trace: string): Promise<Ended> => {
      const path = file('c.json', '{"world":{"trace":"t.csv"}}')
      if (trace !== '') writeFileSync(join(path, '../t.csv'), trace)
      return ferraris(['run', path, '--for', '1d', ...ANY_PORTS])
    }
    const row = (minute: number, power: string) => `2026-01-01T00:${String(minute).padStart(2, '0')},${power}\n`
    expectRefused(await withTrace(''), 1, /trace .*t\.csv: no such file/)
    expectRefused(await withTrace('time,watt\n1,2\n2,3\n'), 1, /t\.csv:1: column "time_local" is missing; found time, watt/)
    expectRefused(await withTrace(`time_local,p_w\n${row(0, '1')}${row(1, '2')}${row(2, 'much')}`), 1, /t\.csv:4: p_w: found "much"/)
    expectRefused(await withTrace(`time_local,p_w\n${row(0, '1')}${row(1, '9999999')}`), 1, /t\.csv:3: p_w: found "9999999", allowed is/)
    expectRefused(await withTrace(`time_local,p_w\n${row(0, '1')}${row(2, '1')}${row(1, '1')}`), 1, /t\.csv:4: time_local: rows must be/)
  })

  test('the data folder', async () => {
    const path = file('plain', 'no folder')
    expectRefused(await ferraris([...DAY, '--data', path]), 1, /--data /)
    expectRefused(await ferraris([...DAY, '--data', join(path, 'below')]), 1, /--data /)
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'meter.flash'))
    expectRefused(await ferraris([...DAY, '--data', folder]), 1, /meter\.flash/)
  })

  test('two meters on one data folder', async () => {
    const data = temporaryFolder()
    const first = new Ferraris(['run', '--data', data, '--history', '0s', ...ANY_PORTS])
    await first.dlmsPort()
    expectRefused(await ferraris([...DAY, '--data', data]), 1, new RegExp(`in use by process ${first.pid}`))
    expect((await first.end('SIGTERM')).code).toBe(0)
  })
})

describe('signals', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('%s stops cleanly: the meter has logged the end of its supply', async (signal) => {
    const data = temporaryFolder()
    const meter = new Ferraris(['run', '--data', data, '--history', '0s', ...ANY_PORTS])
    await meter.httpPort()
    const { code, stdout, stderr } = await meter.end(signal)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/ Power down \(1\)\n$/)
    const again = await ferraris(['run', '--data', data, '--for', '5s', '--speed', 'max', ...ANY_PORTS])
    expect(again.code).toBe(0)
    // After an end without warning the second start itself would log "Power down" first.
    expect(again.stdout.match(/Power \w+/g)).toEqual(['Power up', 'Power failure', 'Power down'])
    expect(again.stdout).toMatch(/Power failure ended after \ds\n/)
    expect(again.stdout).toContain(' 3 events\n')
  })

  test('a stop while the meter lives through its history is clean too', async () => {
    const data = temporaryFolder()
    const meter = new Ferraris(['run', '--data', data, '--history', '400d', ...ANY_PORTS])
    await meter.line(/Power up/)
    const { code, stderr } = await meter.end('SIGINT')
    expect([code, stderr]).toEqual([0, ''])
    const again = await ferraris(['run', '--data', data, '--for', '2s', '--speed', 'max', ...ANY_PORTS])
    expect(again.stdout).toMatch(/^Ferraris .*$/m)
    // The world is at the present, not where its history was cut short.
    const from = /from (\S+)$/m.exec(again.stdout)?.[1] ?? ''
    expect(Math.abs(Date.parse(from) - Date.now())).toBeLessThan(60_000)
  })

  test('a reader that has seen enough ends the run without a word', async () => {
    const meter = new Ferraris(['run', '--for', '30d', '--speed', 'max', ...ANY_PORTS])
    await meter.line(/^Ferraris/)
    meter.closeOutput()
    const { code, stderr } = await meter.ended
    expect([code, stderr]).toEqual([0, ''])
  })
})

describe('other commands', () => {
  test('--help and --version', async () => {
    const help = await ferraris(['--help'])
    expect([help.code, help.stderr]).toEqual([0, ''])
    expect(help.stdout).toMatch(/^Usage: ferraris run/)
    expect(help.stdout.trimEnd().split('\n').length).toBeLessThanOrEqual(56)
    const version = await ferraris(['--version'])
    const { version: expected } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect([version.code, version.stdout]).toEqual([0, `ferraris ${expected}\n`])
  })

  test('config-schema is the published one', async () => {
    const { code, stdout } = await ferraris(['config-schema'])
    expect([code, stdout]).toEqual([0, readFileSync('docs/config.schema.json', 'utf8')])
  })
})
