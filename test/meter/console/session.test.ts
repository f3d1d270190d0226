import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { COMMANDS } from '../../../src/meter/console/commands.ts'
import { ConsoleSession, IDLE_MS } from '../../../src/meter/console/session.ts'
import { FakeTarget, SECRET } from './fake-target.ts'

let target: FakeTarget
let session: ConsoleSession
const run = (line: string): string[] => [...session.execute(line)]
const login = (): void => expect(run(`login ${SECRET}`)).toEqual(['logged in'])

beforeEach(() => {
  target = new FakeTarget()
  session = new ConsoleSession(target)
})

describe('reading commands are free', () => {
  test.each([
    ['status', ['meter        Fake', 'seal         closed']],
    ['registers', ['1.8.0        000001.234 kWh   Active energy import']],
    ['events 2', ['2026-01-01T00:00:00Z   1000   2 Power up', '2025-12-31T23:59:59Z    999   2 Power up (1)']],
    ['get', ['dlms.port 4059', 'dlms.enabled true', 'face.port 8080']],
    ['get dlms', ['dlms.port 4059', 'dlms.enabled true']],
    ['get dlms.port', ['dlms.port 4059']],
    ['  get   dlms.port  ', ['dlms.port 4059']],
    ['clock', ['2026-01-01T00:00:00Z']],
    ['', []],
    ['   ', []],
  ])('%s', (line, expected) => {
    expect(run(line)).toEqual(expected)
    expect(session.prompt).toBe('> ')
  })

  test('events are ten unless said otherwise', () => {
    expect(run('events')).toHaveLength(10)
    expect(run('events 200')).toHaveLength(200)
  })

  test('help lists every command and marks those that need a login', () => {
    const lines = run('help')
    for (const { name, parameters, writes } of COMMANDS) {
      expect(
        lines.some((line) => line.startsWith(`${writes ? '*' : ' '} ${name} ${parameters}`)),
        name,
      ).toBe(true)
    }
    for (const line of lines) expect(line.length).toBeLessThan(110)
  })
})

describe('writing commands', () => {
  const writing = [
    'set dlms.port 4060',
    'secret dlms.reading abc',
    'key firmware 04ab',
    'clock 2026-02-03T04:05:06Z',
    'factory-reset',
    'factory-reset all',
    'restart',
  ]

  test.each(writing)('%s needs a login', (line) => {
    expect(run(line)).toEqual([`error: ${line.split(' ')[0]}: log in first`])
    expect(target.done).toEqual([])
    expect(target.utc_ms).toBe(1_767_225_600_000)
  })

  test('are for whoever is logged in', () => {
    login()
    expect(session.prompt).toBe('# ')
    expect(run('set dlms.port 4060')).toEqual(['stored; it counts from the next start on'])
    expect(run('set display.codes ["1.8.0", "2.8.0"]')).toHaveLength(1)
    expect(run('set localTime.daylightSaving eu')).toHaveLength(1)
    expect(run('secret dlms.reading two words')).toEqual(['stored'])
    expect(run('key firmware 04ab')).toEqual(['stored'])
    expect(run('clock 2026-02-03T04:05:06+01:00')).toEqual(['2026-02-03T03:05:06Z'])
    expect(run('restart')).toEqual(['restarting'])
    expect(run('factory-reset')).toEqual(['configuration and secrets are erased at the next start', 'restarting'])
    expect(target.done).toEqual([
      'set dlms.port 4060',
      'set display.codes ["1.8.0","2.8.0"]',
      'set localTime.daylightSaving "eu"',
      'secret dlms.reading two words',
      'key 04ab',
      'restart',
      'reset false',
      'restart',
    ])
    expect(run('logout')).toEqual(['logged out'])
    expect(run('restart')).toEqual(['error: restart: log in first'])
  })

  test('each mistake is one clear line', () => {
    login()
    const cases: [string, string][] = [
      ['frobnicate', 'error: unknown command "frobnicate"; help lists the commands'],
      ['status now', 'error: status takes no parameter'],
      ['events 0', 'error: events: found "0", allowed is an integer 1..200'],
      ['events 5 weather', 'error: events: found "weather", allowed is standard, fraud, disconnector, quality, communication'],
      ['events 1e2', 'error: events: found "1e2", allowed is an integer 1..200'],
      ['events 201', 'error: events: found "201", allowed is an integer 1..200'],
      ['get dlms.readingSecret', 'error: get: nothing is configured under "dlms.readingSecret"'],
      ['set', 'error: set: a path and a value are needed, such as dlms.port 4059; null takes a change back'],
      ['set dlms.port', 'error: set: a path and a value are needed, such as dlms.port 4059; null takes a change back'],
      ['secret dlms.reading', 'error: secret: a name and a secret are needed'],
      ['key', 'error: key: allowed is "key firmware" and 130 hexadecimal digits'],
      ['clock yesterday', 'error: clock: found "yesterday", allowed is an ISO 8601 time such as 2006-12-16T17:24:00Z'],
      ['clock 2026-02-03T04:05:06', 'error: clock: allowed is a time with Z or an offset such as +01:00'],
      ['factory-reset everything', 'error: factory-reset: found "everything", allowed is nothing or all'],
      ['factory-reset all', 'error: the seal is closed'],
      ['echo maybe', 'error: echo: allowed is on or off'],
    ]
    for (const [line, expected] of cases) expect(run(line), line).toEqual([expected])
    expect(run('set bad.path 1')).toEqual(['error: bad: line one', 'error: bad: line two'])
    target.full = true
    expect(run('set dlms.port 1')).toEqual(['error: no room'])
    target.canRestart = false
    expect(run('restart')).toEqual(['error: restart: this board cannot start itself; switch its supply off and on'])
  })

  test('a fault of the meter is not the console’s to hide', () => {
    target.setConfig = () => {
      throw new TypeError('broken')
    }
    login()
    expect(() => run('set dlms.port 1')).toThrow(TypeError)
  })
})

describe('login', () => {
  test('ends after five minutes without a command', () => {
    login()
    target.now += IDLE_MS - 1
    run('status')
    target.now += IDLE_MS - 1
    expect(session.prompt).toBe('# ')
    expect(run('restart')).toEqual(['restarting'])
    target.now += IDLE_MS
    expect(run('restart')).toEqual(['error: restart: log in first'])
    expect(session.prompt).toBe('> ')
  })

  test('after five wrong secrets every one is refused for a minute, then for two', () => {
    for (let i = 0; i < 5; i++) expect(run('login wrong')).toEqual(['error: login: wrong secret'])
    expect(target.done).toEqual(['locked 60000'])
    target.now += 1500
    expect(run(`login ${SECRET}`)).toEqual(['error: login: too many wrong secrets; try again in 59 s'])
    target.now += 58_500
    for (let i = 0; i < 5; i++) expect(run('login')).toEqual(['error: login: wrong secret'])
    expect(target.done).toEqual(['locked 60000', 'locked 120000'])
    target.now += 120_000
    login()
  })

  test('a wrong secret ends the login that there is', () => {
    login()
    run('login wrong')
    expect(run('restart')).toEqual(['error: restart: log in first'])
  })

  test('without a management secret all is open; whoever sets it stays in to finish', () => {
    target.access = 'open'
    expect(session.prompt).toBe('# ')
    expect(run('login x')).toEqual(['error: login: no management secret is set; all commands are open'])
    expect(run(`secret dlms.management ${SECRET}`)).toEqual(['stored'])
    expect(run('set dlms.port 4060')).toHaveLength(1)
    expect(session.prompt).toBe('# ')
    run('logout')
    expect(run('set dlms.port 4060')).toEqual(['error: set: log in first'])
    login()
  })

  test('with one that cannot be read nobody gets in; an open seal allows to erase everything', () => {
    target.access = 'unreadable'
    const refused = 'the management secret cannot be read, so nobody can log in'
    expect(run(`login ${SECRET}`)).toEqual([`error: login: ${refused}`])
    expect(run('set dlms.port 1')).toEqual([`error: set: ${refused}`])
    expect(run('factory-reset all')).toEqual([`error: factory-reset: ${refused}`])
    target.sealOpen = true
    expect(run('factory-reset')).toEqual([`error: factory-reset: ${refused}`])
    expect(run('factory-reset all')).toEqual(['everything is erased at the next start', 'restarting'])
    expect(run('set dlms.port 1')).toEqual([`error: set: ${refused}`])
  })
})

test('our own lines, returned by a short circuit in the cable, are not answered', () => {
  const heard = ['status', 'nonsense', 'login x'].flatMap((line) => run(line).filter((text) => text.startsWith('error')))
  for (const line of [...heard, `> ${heard[0]}`, '# ', '>', '> > ']) expect(run(line)).toEqual([])
})

test('any line gets an answer of short printable lines, and changes nothing without a login', () => {
  const words = fc.constantFrom(
    ...COMMANDS.map(({ name }) => name),
    'help',
    'login',
    'echo',
    'logout',
    'all',
    'dlms.port',
    '1',
    '{}',
    'null',
  )
  const line = fc.oneof(
    fc.string({ maxLength: 80 }),
    fc.array(words, { maxLength: 4 }).map((list) => list.join(' ')),
  )
  fc.assert(
    fc.property(line, (text) => {
      for (const answer of run(text)) {
        expect(answer).toMatch(/^[ -~]*$/)
        expect(answer.length).toBeLessThan(250)
      }
      expect(target.done.filter((done) => !done.startsWith('locked'))).toEqual([])
    }),
    { numRuns: 500 },
  )
})
