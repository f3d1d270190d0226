import { AMOUNT_MAX, encodeAmount } from '../../protocols/sts/amount.ts'
import { formatTokenNumber } from '../../protocols/sts/number.ts'
import { createTokenCipher, type EncryptionAlgorithm, encodeToken, type Token, type TokenCipher } from '../../protocols/sts/token.ts'
import { BASE_YEARS, type DecoderKeyInputs, decoderKey02, decoderKey04 } from './decoder-key.ts'

const MINUTE_MS = 60_000
const IDENTIFIERS = 2 ** 24
const MINUTES_PER_DAY = 1440
const TENTHS = 10
/** All credit registers. */
const ALL_REGISTERS = 0xffff

/** A meter as its vendor knows it. */
export interface VendedMeter extends DecoderKeyInputs {
  readonly algorithm: EncryptionAlgorithm
  /** 93, 14 or 35: the year from which token identifiers count. */
  readonly baseDate: string
  /** 8 bytes for DKGA02 and EA07, 20 for DKGA04. */
  readonly vendingKey: Uint8Array
}

/** What a token shall do; the value is kWh or W. */
export type Order =
  | { readonly type: 'electricityCredit' | 'powerLimit'; readonly value: number }
  | { readonly type: 'clearCredit' | 'clearTamper' }

/** The decoder key of a meter. RangeError for inputs that give none. */
export function decoderKeyOf(meter: VendedMeter): Uint8Array {
  const { vendingKey, algorithm } = meter
  if (vendingKey.length === 8 && algorithm === 'EA07') return decoderKey02(meter, vendingKey)
  return decoderKey04(meter, vendingKey)
}

/**
 * Minutes since the base date: 24 bits, thirty-two years. The first minute after midnight UTC is kept for special tokens, so a token of that minute gets the next one (as the
 * compliance test has it). RangeError outside.
 */
function tokenIdentifier(utc_ms: number, baseDate: string): number {
  const minutes = Math.floor((utc_ms - Date.UTC(BASE_YEARS[baseDate], 0, 1)) / MINUTE_MS)
  const identifier = minutes % MINUTES_PER_DAY === 1 ? minutes + 1 : minutes
  if (!(identifier >= 0 && identifier < IDENTIFIERS)) throw new RangeError(`time: outside the 32 years from base date ${baseDate} on`)
  return identifier
}

function fieldOf(order: Order): number {
  if (!('value' in order)) return order.type === 'clearCredit' ? ALL_REGISTERS : 0
  if (order.type === 'powerLimit') return encodeAmount(order.value)
  const tenths = Math.round(order.value * TENTHS)
  const sound = Number.isFinite(order.value) && Math.abs(tenths - order.value * TENTHS) < 1e-6 && tenths >= 0 && tenths <= AMOUNT_MAX
  if (!sound) throw new RangeError(`credit: found ${order.value}, allowed are 0 to ${AMOUNT_MAX / TENTHS} kWh in tenths`)
  return encodeAmount(tenths)
}

function digits(token: Token, cipher: TokenCipher): string {
  return formatTokenNumber(encodeToken(token, cipher))
}

/** The 20 digits of a token; `random` is 0..15. */
export function vendToken(meter: VendedMeter, order: Order, utc_ms: number, random: number): string {
  const fields = { random, identifier: tokenIdentifier(utc_ms, meter.baseDate), value: fieldOf(order) }
  return digits({ type: order.type, fields }, createTokenCipher(meter.algorithm, decoderKeyOf(meter)))
}

function word(key: Uint8Array, index: number): number {
  return new DataView(key.buffer, key.byteOffset).getUint32(4 * index)
}

/** The tokens that give a meter the key of `to`: two for EA07, four for EA11. `rollover`: its identifiers begin anew, as with another base date. */
export function vendKeyChange(from: VendedMeter, to: VendedMeter, expiry: number, rollover: boolean): string[] {
  if (from.algorithm !== to.algorithm) throw new RangeError('a key change keeps the algorithm')
  const cipher = createTokenCipher(from.algorithm, decoderKeyOf(from))
  const key = decoderKeyOf(to)
  const last = key.length / 4 - 1
  const group = Number(to.supplyGroup)
  const attributes = { revision: to.revision, rollover: rollover ? 1 : 0, threeTokens: 0, keyType: to.keyType }
  const tokens: Token[] = [
    { type: 'keySection1', fields: { ...attributes, expiryHigh: expiry >> 4, key: word(key, 0) } },
    { type: 'keySection2', fields: { expiryLow: expiry & 0xf, tariffIndex: Number(to.tariffIndex), key: word(key, last) } },
  ]
  if (last > 1) {
    tokens.push({ type: 'keySection3', fields: { groupLow: group & 0xfff, key: word(key, 1) } })
    tokens.push({ type: 'keySection4', fields: { groupHigh: group >> 12, key: word(key, 2) } })
  }
  return tokens.map((token) => digits(token, cipher))
}
