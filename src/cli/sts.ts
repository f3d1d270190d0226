import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { decoderKeyOf, type Order, type VendedMeter, vendKeyChange, vendToken } from '../headend/sts/vending.ts'
import { FerrarisError } from '../lib/errors.ts'
import { fromHex, toHex } from '../lib/hex.ts'
import { formatInstant, parseInstant } from '../lib/iso8601.ts'
import { decodeAmount } from '../protocols/sts/amount.ts'
import { parseTokenNumber } from '../protocols/sts/number.ts'
import { createTokenCipher, decodeToken } from '../protocols/sts/token.ts'

/** "FERRARIS DEMO VENDOR" in ASCII: known to everybody, for virtual meters only. */
const DEMO_VENDING_KEY = '46455252415249532044454d4f2056454e444f52'

const STS_USAGE = `Usage: ferraris sts key [options]                  the decoder key of a meter
       ferraris sts credit KWH [options]           a token that adds credit
       ferraris sts power-limit W [options]        a token that limits the power
       ferraris sts clear-credit [options]         a token that takes all credit away
       ferraris sts clear-tamper [options]         a token that forgets signs of tampering
       ferraris sts key-change [options] --new-…   the tokens that change the decoder key
       ferraris sts read TOKEN [options]           what a token says

Options:
  --pan DIGITS          primary account number of the meter, 18 digits (default 600727000000000009)
  --group DIGITS        supply group code, 6 digits (default 123457)
  --tariff DIGITS       tariff index, 2 digits (default 01)
  --revision N          key revision number, 1 to 9 (default 1)
  --type N              key type: 1 default, 2 unique, 3 common (default 2)
  --algorithm NAME      EA07 (STA) or EA11 (MISTY1, default)
  --base 93|14|35       year that token identifiers count from (default 14)
  --vending-key HEX     20 bytes (DKGA04), or 8 with EA07 (DKGA02); default a demo key that everybody knows
  --time ISO            when the token is issued, with Z or an offset (default now)
  --random N            0 to 15 (default by chance)
  --new-group, --new-tariff, --new-revision, --new-type, --new-base, --new-vending-key
                        what is different after a key change; another base begins new identifiers
  --new-expiry N        key expiry number, 0 to 255 (default 255: never)`

const TEXT = { type: 'string' } as const
const OPTIONS = {
  pan: { ...TEXT, default: '600727000000000009' },
  group: { ...TEXT, default: '123457' },
  tariff: { ...TEXT, default: '01' },
  revision: { ...TEXT, default: '1' },
  type: { ...TEXT, default: '2' },
  algorithm: { ...TEXT, default: 'EA11' },
  base: { ...TEXT, default: '14' },
  'vending-key': { ...TEXT, default: DEMO_VENDING_KEY },
  time: TEXT,
  random: TEXT,
  'new-group': TEXT,
  'new-tariff': TEXT,
  'new-revision': TEXT,
  'new-type': TEXT,
  'new-base': TEXT,
  'new-vending-key': TEXT,
  'new-expiry': { ...TEXT, default: '255' },
  help: { type: 'boolean', short: 'h' },
} as const

type Values = Readonly<Partial<Record<keyof typeof OPTIONS, string | boolean>>>

function usage(reason: string): never {
  throw new FerrarisError('USAGE', `${reason} (see ferraris sts --help)`)
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error))
  }
}

function whole(name: string, text: string, most: number): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) > most) usage(`--${name}: found "${text}", allowed is an integer 0..${most}`)
  return Number(text)
}

function hex(name: string, text: string): Uint8Array {
  if (!/^([0-9a-fA-F]{16}|[0-9a-fA-F]{40})$/.test(text)) usage(`--${name}: allowed are 16 or 40 hexadecimal digits`)
  return fromHex(text)
}

/** `prefix` new-: what is not given anew stays. */
function meterOf(values: Values, prefix: '' | 'new-' = ''): VendedMeter {
  const text = (name: 'group' | 'tariff' | 'revision' | 'type' | 'base' | 'vending-key') =>
    String(values[`${prefix}${name}`] ?? values[name])
  const { algorithm, pan } = values
  if (algorithm !== 'EA07' && algorithm !== 'EA11') usage(`--algorithm: found "${algorithm}", allowed is EA07 or EA11`)
  return {
    pan: String(pan),
    supplyGroup: text('group'),
    tariffIndex: text('tariff'),
    revision: whole(`${prefix}revision`, text('revision'), 9),
    keyType: whole(`${prefix}type`, text('type'), 3),
    algorithm,
    baseDate: text('base'),
    vendingKey: hex(`${prefix}vending-key`, text('vending-key')),
  }
}

function timeOf({ time }: Values): number {
  if (time === undefined) return Date.now()
  const parsed = parseInstant(String(time))
  if (!parsed.ok) usage(`--time: ${parsed.reason}`)
  const { utc_ms, offset_min } = parsed.value
  if (offset_min === undefined) usage('--time: allowed is a time with Z or an offset such as +01:00')
  return utc_ms
}

function orderOf(name: string, value: string | undefined): Order {
  if (name === 'clear-credit') return { type: 'clearCredit' }
  if (name === 'clear-tamper') return { type: 'clearTamper' }
  if (name !== 'credit' && name !== 'power-limit') usage(`unknown: ${name}`)
  const known = name === 'credit' ? /^\d{1,7}(\.\d)?$/ : /^\d{1,8}$/
  if (value === undefined || !known.test(value))
    usage(`${name}: ${name === 'credit' ? 'kWh with at most one decimal' : 'whole watts'} needed`)
  return { type: name === 'credit' ? 'electricityCredit' : 'powerLimit', value: Number(value) }
}

function grouped(token: string): string {
  return token.replace(/(\d{4})(?=\d)/g, '$1 ')
}

/** A line for each thing that a token says. */
function read(meter: VendedMeter, text: string): string {
  const number = parseTokenNumber(text)
  if (number === undefined) usage(`read: found ${JSON.stringify(text)}, allowed are 20 digits`)
  const decoded = decodeToken(number, createTokenCipher(meter.algorithm, decoderKeyOf(meter)))
  if (!decoded.ok) throw new FerrarisError('STS', decoded.reason === 'crc' ? 'wrong token, or of another key' : 'unknown function')
  const { type, fields } = decoded.token
  const secret = type.startsWith('keySection')
  const lines = Object.entries(fields).map(([name, value]) => `${name.padEnd(12)} ${secret && name === 'key' ? '(secret)' : value}`)
  if (fields.identifier !== undefined) {
    const base_ms = Date.UTC(meter.baseDate === '93' ? 1993 : 2000 + Number(meter.baseDate), 0, 1)
    lines.push(`issued       ${formatInstant(base_ms + 60_000 * fields.identifier)}`)
  }
  if (type === 'electricityCredit') lines.push(`credit       ${(decodeAmount(fields.value) / 10).toFixed(1)} kWh`)
  if (type === 'powerLimit') lines.push(`limit        ${decodeAmount(fields.value)} W`)
  return [`type         ${type}`, ...lines].join('\n')
}

function answer(words: readonly string[]): string {
  const { values, positionals } = parse(words)
  const [name, value, ...more] = positionals
  if (values.help || name === undefined) return STS_USAGE
  if (more.length > 0 && name !== 'read') usage(`too much: ${more.join(' ')}`)
  const meter = meterOf(values)
  if (name === 'key') return toHex(decoderKeyOf(meter))
  if (name === 'read') return read(meter, positionals.slice(1).join(''))
  if (name === 'key-change') {
    const to = meterOf(values, 'new-')
    return vendKeyChange(meter, to, whole('new-expiry', String(values['new-expiry']), 255), to.baseDate !== meter.baseDate)
      .map(grouped)
      .join('\n')
  }
  const random = values.random === undefined ? randomInt(16) : whole('random', values.random, 15)
  return grouped(vendToken(meter, orderOf(name, value), timeOf(values), random))
}

/** `ferraris sts`: makes tokens as a vending system does. Errors: FerrarisError `USAGE` and `STS`. */
export function sts(words: readonly string[]): string {
  try {
    return `${answer(words)}\n`
  } catch (error) {
    if (error instanceof RangeError) usage(error.message)
    throw error
  }
}
