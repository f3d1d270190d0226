import { BOARD_NAMES, type BoardName } from '../../boards/virtual/variants.ts'
import { FerrarisError } from '../lib/errors.ts'
import { parseDuration_ms, parseInstant } from '../lib/iso8601.ts'
import type { ProvisionOptions, ResetOptions } from './provision.ts'

export const USAGE = `Usage: ferraris run [config.json] [options]     run a virtual meter
       ferraris provision --data DIR [options]  store configuration and secrets in a stopped meter
       ferraris reset --data DIR [options]      a stopped meter as from the factory
       ferraris firmware …                      make and check firmware images (with --help)
       ferraris sts …                           make prepayment tokens (with --help)
       ferraris bench-accuracy [options]        accuracy class of a metering IC (with --help)
       ferraris hil PLAN.json [options]         run a test plan on a meter or a board (with --help)
       ferraris config-schema                   print the JSON Schema of the configuration
       ferraris --help | --version

Options of run:
  --board NAME        ${BOARD_NAMES.slice(0, 4).join(', ')},
                      ${BOARD_NAMES.slice(4).join(', ')}
                      (default virtual): the metering IC or pulse inputs, see boards/README.md
  --engine v8|xs      JavaScript engine of the firmware (default v8)
  --speed N|max       simulated seconds per second (default 1; max: as fast as possible)
  --from ISO          first moment of the world, such as 2006-12-16T17:24 (local) or …T16:24Z
                      (default: now; with --for the start of the recording;
                      with --data where it stopped)
  --history DURATION  let the meter have lived so long already when it starts (default 2d for a
                      new meter at the present time on v8 without --lorawan-server,
                      else 0s)
  --for DURATION      stop after this much of the world's time: 90s, 15m, 2h, 21d
  --data DIR          keep the meter's flash there (default: in memory, gone at the end)
  --dlms-port N       port of DLMS/COSEM over TCP (default 4059; 0: any free one)
  --http-port N       port of the web page (default 8080; 0: any free one)
  --no-http           no web page
  --console N         TCP port of the meter's service port, for nc or telnet (0: any free one)
  --lorawan           the meter joins a LoRaWAN network and reports; docs/lorawan.md
  --lorawan-server H:P  network server that the gateway speaks to over Semtech UDP, such as
                      127.0.0.1:1700, or with ws:// as a Basics Station, such as
                      ws://127.0.0.1:3001 (default: one of our own, in the world)
  --lorawan-mqtt URL  the built-in network server publishes and takes downlinks on MQTT in
                      ChirpStack's JSON form, such as mqtt://127.0.0.1:1883
  --lorawan-capture FILE  what the gateways hear and send, as a pcap file for Wireshark
  --lorawan-update FILE  signed firmware that the built-in network server brings to the meter
                      in fragments, by multicast (V8)
  --seed N            seed of the world's chance (default 1)
  --json              with --for: print the final registers as one JSON object

Options of provision:
  --file FILE         provisioning file, JSON (docs/provisioning.md)
  --set PATH=JSON     one field of the configuration, such as profile.period_min=5; may be repeated
  --secret NAME=TEXT  dlms.reading, dlms.management, lorawan.appkey, lorawan.nwkskey,
                      lorawan.appskey, lorawan.genappkey, sts.key; TEXT may be hex:…; repeatable
  --key-file FILE     public key that signs new firmware, PEM

Options of reset:
  --all               registers, profiles and logs too; needs the seal open
  --seal-open         break the metrological seal

Clients: public SAP 16 without security, reading SAP 17 with the LLS secret printed at the start,
management SAP 1 once it has a secret.
Ctrl-C stops cleanly. Everything listens on 127.0.0.1 only.`

/** Options of `ferraris run`. */
export interface RunOptions {
  readonly configFile?: string
  readonly board?: BoardName
  readonly engine: 'v8' | 'xs'
  /** Simulated seconds per second; Infinity = as fast as possible. */
  readonly speed: number
  readonly from?: { readonly time_ms: number; readonly local: boolean }
  readonly duration_ms?: number
  /** Time that the meter lives through at full speed before it is served. */
  readonly history_ms?: number
  readonly dataDirectory?: string
  readonly dlmsPort?: number
  readonly httpPort?: number
  readonly http: boolean
  readonly consolePort?: number
  readonly lorawan: boolean
  readonly lorawanServer?: string
  readonly lorawanMqtt?: string
  readonly lorawanCapture?: string
  readonly lorawanUpdate?: string
  readonly seed: number
  readonly json: boolean
}

export type Command =
  | { readonly command: 'run'; readonly options: RunOptions }
  | { readonly command: 'provision'; readonly options: ProvisionOptions }
  | { readonly command: 'reset'; readonly options: ResetOptions }
  /** Has its own options. */
  | { readonly command: 'firmware'; readonly words: readonly string[] }
  | { readonly command: 'sts'; readonly words: readonly string[] }
  | { readonly command: 'bench-accuracy'; readonly words: readonly string[] }
  | { readonly command: 'hil'; readonly words: readonly string[] }
  | { readonly command: 'help' }
  | { readonly command: 'version' }
  | { readonly command: 'config-schema' }

function fail(reason: string): never {
  throw new FerrarisError('USAGE', `${reason} (see ferraris --help)`)
}

function integer(name: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) fail(`${name}: found "${text}", allowed is an integer ${min}..${max}`)
  return value
}

function boardOf(text: string): BoardName {
  const board = BOARD_NAMES.find((name) => name === text)
  if (board === undefined) fail(`--board: found "${text}", allowed is ${BOARD_NAMES.join(', ')}`)
  return board
}

function speedOf(text: string): number {
  if (text === 'max') return Number.POSITIVE_INFINITY
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!(value > 0 && value <= 1_000_000)) fail(`--speed: found "${text}", allowed is a number above 0 up to 1000000, or max`)
  return value
}

function serverOf(text: string): string {
  if (!/^(ws:\/\/)?[0-9A-Za-z.-]{1,64}:\d{1,5}$/.test(text))
    fail(`--lorawan-server: found "${text}", allowed is a host and a port such as 127.0.0.1:1700, or ws://127.0.0.1:3001`)
  return text
}

function brokerOf(text: string): string {
  if (!/^mqtts?:\/\/([!-.0-~]+@)?[0-9A-Za-z.-]{1,64}(:\d{1,5})?$/.test(text))
    fail(`--lorawan-mqtt: found "${text}", allowed is the address of a broker such as mqtt://127.0.0.1:1883`)
  return text
}

function instantOf(text: string): { time_ms: number; local: boolean } {
  const parsed = parseInstant(text)
  if (!parsed.ok) fail(`--from: ${parsed.reason}`)
  return { time_ms: parsed.value.utc_ms, local: parsed.value.offset_min === undefined }
}

function durationOf(name: string, text: string, min_ms: number): number {
  const parsed = parseDuration_ms(/^\d+$/.test(text) ? `${text}s` : text)
  if (!parsed.ok) fail(`${name}: ${parsed.reason}`)
  if (parsed.value < min_ms) fail(`${name}: found "${text}", allowed is ${min_ms / 1000} s or more`)
  return parsed.value
}

/** What a command takes. */
interface Grammar {
  readonly values: readonly string[]
  readonly flags: readonly string[]
  /** Values that may be given more than once. */
  readonly lists?: readonly string[]
}

/** Options that say --lorawan too. */
const LORAWAN_OPTIONS = ['--lorawan-server', '--lorawan-mqtt', '--lorawan-capture', '--lorawan-update']

const RUN: Grammar = {
  values: [
    '--board',
    '--engine',
    '--speed',
    '--from',
    '--for',
    '--history',
    '--data',
    '--dlms-port',
    '--http-port',
    '--console',
    '--lorawan-server',
    '--lorawan-mqtt',
    '--lorawan-capture',
    '--lorawan-update',
    '--seed',
  ],
  flags: ['--no-http', '--lorawan', '--json'],
}
const PROVISION: Grammar = { values: ['--data', '--file', '--key-file'], flags: [], lists: ['--set', '--secret'] }
const RESET: Grammar = { values: ['--data'], flags: ['--all', '--seal-open'] }

interface Words {
  readonly values: Map<string, string>
  readonly lists: Map<string, string[]>
  readonly rest: string[]
}

function valueAfter(name: string, word: string | undefined): string {
  if (word === undefined || word.startsWith('--')) fail(`${name} needs a value`)
  return word
}

/** Splits the words into named values, flags and the rest; every name is known and, unless it is a list, given once. */
function split(words: readonly string[], grammar: Grammar): Words {
  const values = new Map<string, string>()
  const lists = new Map<string, string[]>((grammar.lists ?? []).map((name) => [name, []]))
  const rest: string[] = []
  for (let i = 0; i < words.length; i++) {
    const [name, inline] = words[i].startsWith('--') ? words[i].split(/=(.*)/s, 2) : ['', undefined]
    if (name === '' && words[i].startsWith('-')) fail(`unknown option ${words[i]}`)
    if (name === '') {
      rest.push(words[i])
      continue
    }
    if (values.has(name)) fail(`${name} is given twice`)
    if (grammar.flags.includes(name)) {
      if (inline !== undefined) fail(`${name} takes no value`)
      values.set(name, 'yes')
      continue
    }
    const list = lists.get(name)
    if (list === undefined && !grammar.values.includes(name)) fail(`unknown option ${name}`)
    const value = inline ?? valueAfter(name, words[++i])
    if (list === undefined) values.set(name, value)
    else list.push(value)
  }
  return { values, lists, rest }
}

/** The words of a command that takes options only, and always a data folder. */
function inFolder(words: readonly string[], grammar: Grammar): Words & { readonly dataDirectory: string } {
  const found = split(words, grammar)
  if (found.rest.length > 0) fail(`unexpected ${found.rest.join(' ')}`)
  const dataDirectory = found.values.get('--data')
  if (dataDirectory === undefined) fail('--data is missing: the folder of the meter')
  return { ...found, dataDirectory }
}

function provisionOptions(words: readonly string[]): ProvisionOptions {
  const { values, lists, dataDirectory } = inFolder(words, PROVISION)
  const options = {
    dataDirectory,
    file: values.get('--file'),
    keyFile: values.get('--key-file'),
    set: lists.get('--set') ?? [],
    secrets: lists.get('--secret') ?? [],
  }
  const nothing = options.file === undefined && options.keyFile === undefined && options.set.length + options.secrets.length === 0
  if (nothing) fail('provision: nothing to store; give --file, --set, --secret or --key-file')
  return options
}

function resetOptions(words: readonly string[]): ResetOptions {
  const { values, dataDirectory } = inFolder(words, RESET)
  return { dataDirectory, all: values.has('--all'), sealOpen: values.has('--seal-open') }
}

function runOptions(words: readonly string[]): RunOptions {
  const { values, rest } = split(words, RUN)
  if (rest.length > 1) fail(`one configuration file is enough; found ${rest.join(' ')}`)
  const given = <T>(name: string, read: (text: string) => T): T | undefined => {
    const text = values.get(name)
    return text === undefined ? undefined : read(text)
  }
  const engine = values.get('--engine') ?? 'v8'
  if (engine !== 'v8' && engine !== 'xs') fail(`--engine: found "${engine}", allowed is v8 or xs`)
  const json = values.has('--json')
  const duration_ms = given('--for', (text) => durationOf('--for', text, 1000))
  if (json && duration_ms === undefined) fail('--json needs --for')
  return {
    configFile: rest[0],
    board: given('--board', boardOf),
    engine,
    speed: given('--speed', speedOf) ?? 1,
    from: given('--from', instantOf),
    duration_ms,
    history_ms: given('--history', (text) => durationOf('--history', text, 0)),
    dataDirectory: values.get('--data'),
    dlmsPort: given('--dlms-port', (text) => integer('--dlms-port', text, 0, 65535)),
    httpPort: given('--http-port', (text) => integer('--http-port', text, 0, 65535)),
    http: !values.has('--no-http'),
    consolePort: given('--console', (text) => integer('--console', text, 0, 65535)),
    lorawan: values.has('--lorawan') || LORAWAN_OPTIONS.some((name) => values.has(name)),
    lorawanServer: given('--lorawan-server', serverOf),
    lorawanMqtt: given('--lorawan-mqtt', brokerOf),
    lorawanCapture: given('--lorawan-capture', (text) => text),
    lorawanUpdate: given('--lorawan-update', (text) => text),
    seed: given('--seed', (text) => integer('--seed', text, 0, 0xffffffff)) ?? 1,
    json,
  }
}

/** Reads the command line (without node and script). Throws FerrarisError `USAGE` with one clear line. */
export function parseArguments(words: readonly string[]): Command {
  const [first] = words
  if (first === 'firmware' || first === 'sts' || first === 'bench-accuracy' || first === 'hil')
    return { command: first, words: words.slice(1) }
  if (words.length === 0 || words.includes('--help') || words.includes('-h')) return { command: 'help' }
  if (words[0] === '--version' || words[0] === '-v') return { command: 'version' }
  if (words[0] === 'config-schema') return { command: 'config-schema' }
  if (words[0] === 'provision') return { command: 'provision', options: provisionOptions(words.slice(1)) }
  if (words[0] === 'reset') return { command: 'reset', options: resetOptions(words.slice(1)) }
  if (words[0] !== 'run') fail(`unknown command ${words[0]}`)
  return { command: 'run', options: runOptions(words.slice(1)) }
}
