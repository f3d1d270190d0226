import { FerrarisError } from '../../src/lib/errors.ts'
import { parseDuration_ms, parseInstant } from '../../src/lib/iso8601.ts'
import type { ConfigOptions } from '../virtual/load-config.ts'
import { BOARD_NAMES, type BoardName } from '../virtual/variants.ts'

export const USAGE = `Usage: ferraris-lin [config.json] [options]     run a virtual meter on the engine of a device

  --board NAME      metering IC or pulse inputs (default virtual)
  --speed N|max     simulated seconds per second (default 1; max: as fast as possible)
  --from ISO        first moment of the world, in UTC unless an offset says otherwise (default: now;
                    with --for the start of the recording; with --data where it stopped)
  --for DURATION    stop after this much of the world's time: 90s, 15m, 2h, 21d
  --data DIR        keep the meter there, as ferraris run does: meter.flash, firmware.flash, device.key
  --flash FILE      keep only its flash, in this file
  --dlms-port N     port of DLMS/COSEM over TCP (default 4059; 0: any free one)
  --http-port N     port of the web page (default 8080; 0: any free one)
  --no-http         no web page
  --console WHERE   the meter's service port: pty (a pseudo-terminal, whose path is printed), the path
                    of a serial device, or a TCP port
  --seed N          seed of the world's chance (default 1)
  --json            with --for: print the final registers as one JSON object
  --help

Everything listens on 127.0.0.1 only. SIGINT and SIGTERM end it cleanly.`

export interface Options extends ConfigOptions {
  readonly speed: number
  readonly from_ms?: number
  readonly duration_ms?: number
  readonly data?: string
  readonly flash?: string
  /** `pty` or the path of a device. */
  readonly terminal?: string
  readonly seed: number
  readonly json: boolean
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] }

function fail(reason: string): never {
  throw new FerrarisError('USAGE', `${reason} (see --help)`)
}

function integer(name: string, text: string, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(value <= max)) fail(`${name}: found "${text}", allowed is an integer 0..${max}`)
  return value
}

function boardOf(text: string): BoardName {
  const board = BOARD_NAMES.find((name) => name === text)
  if (board === undefined) fail(`--board: found "${text}", allowed is ${BOARD_NAMES.join(', ')}`)
  return board
}

function speedOf(text: string): number {
  if (text === 'max') return Number.POSITIVE_INFINITY
  const value = Number(text)
  if (!(value > 0 && value <= 1_000_000)) fail(`--speed: found "${text}", allowed is a number above 0 up to 1000000, or max`)
  return value
}

function parsed<Value>(
  name: string,
  result: { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly reason: string },
): Value {
  if (!result.ok) fail(`${name}: ${result.reason}`)
  return result.value
}

type Setter = (options: Mutable<Options>, text: string) => void

const WITH_VALUE: Readonly<Record<string, Setter>> = {
  '--board': (options, text) => (options.board = boardOf(text)),
  '--speed': (options, text) => (options.speed = speedOf(text)),
  '--from': (options, text) => (options.from_ms = parsed('--from', parseInstant(text)).utc_ms),
  '--for': (options, text) => (options.duration_ms = parsed('--for', parseDuration_ms(text))),
  '--data': (options, text) => (options.data = text),
  '--flash': (options, text) => (options.flash = text),
  '--dlms-port': (options, text) => (options.dlmsPort = integer('--dlms-port', text, 65_535)),
  '--http-port': (options, text) => (options.httpPort = integer('--http-port', text, 65_535)),
  '--seed': (options, text) => (options.seed = integer('--seed', text, 0xffffffff)),
  '--console': (options, text) => {
    if (/^\d+$/.test(text)) options.consolePort = integer('--console', text, 65_535)
    else options.terminal = text
  },
}

/** Undefined for `--help`. Throws FerrarisError `USAGE`. */
export function parseArguments(words: readonly string[]): Options | undefined {
  const options: Mutable<Options> = { http: true, speed: 1, seed: 1, json: false }
  for (let i = 0; i < words.length; i++) {
    const word = words[i]
    if (word === '--help') return undefined
    if (word === '--no-http') options.http = false
    else if (word === '--json') options.json = true
    else if (WITH_VALUE[word] !== undefined) {
      if (i + 1 === words.length) fail(`${word}: its value is missing`)
      WITH_VALUE[word](options, words[++i])
    } else if (word.startsWith('-') || options.configFile !== undefined) fail(`"${word}" is not known here`)
    else options.configFile = word
  }
  if (options.data !== undefined && options.flash !== undefined) fail('--data has a flash already; give it or --flash')
  if (options.json && options.duration_ms === undefined) fail('--json needs --for')
  return options
}
