import { describe, expect, test } from 'vitest'
import { parseArguments, type RunOptions, USAGE } from '../../src/cli/args.ts'
import { FerrarisError } from '../../src/lib/errors.ts'

const DEFAULTS: RunOptions = {
  configFile: undefined,
  engine: 'v8',
  speed: 1,
  from: undefined,
  duration_ms: undefined,
  history_ms: undefined,
  dataDirectory: undefined,
  dlmsPort: undefined,
  httpPort: undefined,
  http: true,
  lorawan: false,
  lorawanServer: undefined,
  seed: 1,
  json: false,
}

describe('what the command line says', () => {
  test.each<[string, Partial<RunOptions>]>([
    ['', {}],
    ['house.json', { configFile: 'house.json' }],
    ['--board virtual-plug', { board: 'virtual-plug' }],
    ['--engine v8', {}],
    ['--engine xs', { engine: 'xs' }],
    ['--speed 600', { speed: 600 }],
    ['--speed 0.5', { speed: 0.5 }],
    ['--speed=1000000', { speed: 1_000_000 }],
    ['--speed max', { speed: Number.POSITIVE_INFINITY }],
    ['--from 2006-12-16T17:24', { from: { time_ms: Date.UTC(2006, 11, 16, 17, 24), local: true } }],
    ['--from 2006-12-16T16:24Z', { from: { time_ms: Date.UTC(2006, 11, 16, 16, 24), local: false } }],
    ['--from 2006-12-16T17:24+01:00', { from: { time_ms: Date.UTC(2006, 11, 16, 16, 24), local: false } }],
    ['--for 90s', { duration_ms: 90_000 }],
    ['--for 15m', { duration_ms: 900_000 }],
    ['--for 2h', { duration_ms: 7_200_000 }],
    ['--for=21d', { duration_ms: 21 * 86_400_000 }],
    ['--for 1', { duration_ms: 1000 }],
    ['--history 0s', { history_ms: 0 }],
    ['--history 3d', { history_ms: 3 * 86_400_000 }],
    ['--data folder', { dataDirectory: 'folder' }],
    ['--dlms-port 0', { dlmsPort: 0 }],
    ['--dlms-port 65535', { dlmsPort: 65535 }],
    ['--http-port 8081', { httpPort: 8081 }],
    ['--no-http', { http: false }],
    ['--lorawan-server ws://127.0.0.1:3001', { lorawan: true, lorawanServer: 'ws://127.0.0.1:3001' }],
    ['--lorawan-mqtt mqtt://127.0.0.1', { lorawan: true, lorawanMqtt: 'mqtt://127.0.0.1' }],
    ['--lorawan-capture run.pcap', { lorawan: true, lorawanCapture: 'run.pcap' }],
    ['--seed 4294967295', { seed: 0xffffffff }],
    ['--for 1d --json house.json --seed 7', { duration_ms: 86_400_000, json: true, configFile: 'house.json', seed: 7 }],
  ])('run %s', (words, expected) => {
    const parsed = parseArguments(['run', ...words.split(' ').filter((word) => word !== '')])
    expect(parsed).toEqual({ command: 'run', options: { ...DEFAULTS, ...expected } })
  })

  test.each([
    [[], 'help'],
    [['--help'], 'help'],
    [['-h'], 'help'],
    [['run', '--help'], 'help'],
    [['run', '--nonsense', '-h'], 'help'],
    [['--version'], 'version'],
    [['-v'], 'version'],
    [['config-schema'], 'config-schema'],
  ])('%j', (words, command) => {
    expect(parseArguments(words)).toEqual({ command })
  })
})

test.each([
  ['walk', 'unknown command walk'],
  ['--json', 'unknown command --json'],
  ['run --fast', 'unknown option --fast'],
  ['run -x', 'unknown option -x'],
  ['run --Speed 1', 'unknown option --Speed'],
  ['run a.json b.json', 'one configuration file is enough; found a.json b.json'],
  ['run --seed 1 --seed 2', '--seed is given twice'],
  ['run --lorawan-mqtt http://a', '--lorawan-mqtt: found "http://a", allowed is the address of a broker such as mqtt://127.0.0.1:1883'],
  ['run --json --json --for 1d', '--json is given twice'],
  ['run --json=yes --for 1d', '--json takes no value'],
  ['run --for', '--for needs a value'],
  ['run --for --json', '--for needs a value'],
  ['run --data', '--data needs a value'],
  ['run --json', '--json needs --for'],
  ['run --board sonoff', '--board: found "sonoff", allowed is virtual, virtual-1p, virtual-1pn, virtual-plug'],
  ['run --engine jsc', '--engine: found "jsc", allowed is v8 or xs'],
  ['run --speed 0', '--speed: found "0", allowed is a number above 0 up to 1000000, or max'],
  ['run --speed -1', '--speed: found "-1", allowed is'],
  ['run --speed=', '--speed: found "", allowed is'],
  ['run --speed fast', '--speed: found "fast", allowed is'],
  ['run --speed 1000001', '--speed: found "1000001", allowed is'],
  ['run --speed Infinity', '--speed: found "Infinity", allowed is'],
  ['run --dlms-port 65536', '--dlms-port: found "65536", allowed is an integer 0..65535'],
  ['run --http-port 1.5', '--http-port: found "1.5", allowed is an integer 0..65535'],
  ['run --http-port 0x50', '--http-port: found "0x50", allowed is an integer 0..65535'],
  ['run --seed -1', '--seed: found "-1", allowed is an integer 0..4294967295'],
  ['run --seed 4294967296', '--seed: found "4294967296", allowed is an integer 0..4294967295'],
  ['run --from yesterday', '--from: '],
  ['run --from 2006-13-01', '--from: '],
  ['run --for 1y', '--for: '],
  ['run --for 0s', '--for: found "0s", allowed is 1 s or more'],
  ['run --for -5m', '--for: '],
  ['run --history ever', '--history: '],
])('%s is refused in one clear line', (words, reason) => {
  const refused = (): unknown => {
    try {
      return parseArguments(words.split(' '))
    } catch (error) {
      return error
    }
  }
  const error = refused()
  expect(error).toBeInstanceOf(FerrarisError)
  expect(error).toMatchObject({ code: 'USAGE', message: expect.stringContaining(reason) as string })
  const { message } = error as FerrarisError
  expect(message).not.toContain('\n')
  expect(message).toMatch(/\(see ferraris --help\)$/)
  // The reason is there, not only the name of the option.
  expect(message.length).toBeGreaterThan('--for:  (see ferraris --help)'.length + 8)
})

test('the help fits a screen and names every option', () => {
  const lines = USAGE.split('\n')
  expect(lines.length).toBeLessThanOrEqual(60)
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(100)
  const options =
    '--engine --speed --from --history --for --data --dlms-port --http-port --no-http --console --seed --json --file --set --secret --key-file --all --seal-open --help --version'
  for (const name of options.split(' ')) expect(USAGE).toContain(name)
})
