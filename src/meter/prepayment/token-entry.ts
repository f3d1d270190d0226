import type { AccountResult, CreditAccount } from '../../core/prepayment/account.ts'
import type { EntryLock } from '../../core/prepayment/entry-lock.ts'
import type { KeyStore } from '../../core/security/key-store.ts'
import { decodeAmount } from '../../protocols/sts/amount.ts'
import { parseTokenNumber, type TokenNumber } from '../../protocols/sts/number.ts'
import { decodeToken, type Token, type TokenDecoded } from '../../protocols/sts/token.ts'
import { type DecoderKey, storeDecoderKey, useDecoderKey } from './decoder-key.ts'
import { KeyChange } from './key-change.ts'

/** One tenth of a kWh. */
const CREDIT_UNIT_MWH = 100_000
/** Registers of a token that clears: electricity credit, and all of them. */
const CLEARED: readonly number[] = [0, 0xffff]
const DEFAULT_KEY = 1
const KEY_TYPE_MAX = 3

/**
 * What became of a token; the words of IEC 62055-41 where it has them. `section`: part of a new key, the others are missing. `locked`: too many wrong ones
 * before. `no-key`: the meter has no decoder key. `default-key`: credit is not taken with a default key (DDTK error).
 */
export type TokenResult =
  | 'accepted'
  | 'section'
  | 'locked'
  | 'format'
  | 'no-key'
  | 'crc'
  | 'manufacturer'
  | 'function'
  | 'default-key'
  | 'key-expired'
  | 'key-type'
  | 'range'
  | Exclude<AccountResult, 'ok'>

export interface TokenReport {
  readonly result: TokenResult
  /** Of a token that could be read. */
  readonly token?: Token
  /** Credit that came with it, in Wh. */
  readonly credit_Wh?: number
}

export interface TokenEntryOptions {
  readonly account: CreditAccount
  readonly lock: EntryLock
  readonly keys: KeyStore
  /** Limits the power; absent on a meter that cannot. */
  readonly limit_W?: ((power_W: number) => 'success' | 'data-not-valid' | 'hardware-fault') | undefined
  readonly clearTamper: () => void
  readonly onLockOut: () => void
  readonly onKeyChanged: (revision: number) => void
  /** Runs something that writes to flash; false when the flash did not take it. */
  readonly keep: (write: () => void) => boolean
}

/** Reads tokens and does what they say. */
export class TokenEntry {
  readonly #options: TokenEntryOptions
  readonly #change = new KeyChange()

  constructor(options: TokenEntryOptions) {
    this.#options = options
    this.#followKey()
  }

  /** 20 digits, spaces and hyphens between them. */
  enter(text: string): TokenReport {
    const { lock } = this.#options
    if (lock.remaining_s > 0) return { result: 'locked' }
    const number = parseTokenNumber(text)
    if (number === undefined) return { result: 'format' }
    const found = this.#decode(number)
    if (found === undefined) return { result: 'no-key' }
    const { decoded, key } = found
    if (!decoded.ok) {
      // A number without a valid CRC is a guess or a slip of the finger; one of an unknown function is neither.
      if (decoded.reason === 'crc' && lock.wrong()) this.#options.onLockOut()
      return { result: decoded.reason }
    }
    const { token } = decoded
    // Tokens of class 1 prove nothing: everybody can make them.
    if (key !== undefined) lock.right()
    return { token, ...this.#perform(token, key) }
  }

  /** Tokens of class 1 need no key. */
  #decode(number: TokenNumber): { readonly decoded: TokenDecoded; readonly key?: DecoderKey } | undefined {
    if (number.class === 1) return { decoded: decodeToken(number, undefined) }
    return useDecoderKey(this.#options.keys, (cipher, key) => ({ decoded: decodeToken(number, cipher), key }))
  }

  #perform(token: Token, key: DecoderKey | undefined): TokenReport {
    const { fields, type } = token
    if (key === undefined) return { result: fields.manufacturer === 0 ? 'accepted' : 'manufacturer' }
    if (type.startsWith('keySection')) return { result: this.#keySection(token, key) }
    if (fields.identifier >>> 16 > key.expiry) return { result: 'key-expired' }
    if (type === 'electricityCredit') return this.#credit(fields, key)
    return { result: this.#manage(token) }
  }

  #credit(fields: Token['fields'], key: DecoderKey): TokenReport {
    if (key.keyType === DEFAULT_KEY) return { result: 'default-key' }
    const credit_mWh = CREDIT_UNIT_MWH * decodeAmount(fields.value)
    const result = this.#options.account.add(fields.identifier, credit_mWh)
    return result === 'ok' ? { result: 'accepted', credit_Wh: credit_mWh / 1000 } : { result }
  }

  #manage({ type, fields: { identifier, value } }: Token): TokenResult {
    const { account, limit_W, clearTamper } = this.#options
    if (type === 'clearCredit') return CLEARED.includes(value) ? resultOf(account.clear(identifier)) : 'range'
    if (type === 'clearTamper') {
      const result = resultOf(account.use(identifier))
      if (result === 'accepted') clearTamper()
      return result
    }
    if (type !== 'powerLimit' || limit_W === undefined) return 'function'
    const verdict = account.judge(identifier)
    if (verdict !== 'new') return verdict
    // Done first: doing it once more after a power cut changes nothing.
    const done = limit_W(decodeAmount(value))
    if (done !== 'success') return done === 'data-not-valid' ? 'range' : 'not-stored'
    return resultOf(account.use(identifier))
  }

  #keySection(token: Token, old: DecoderKey): TokenResult {
    const { keys, keep, onKeyChanged } = this.#options
    const { keyType } = token.fields
    if (keyType !== undefined && (keyType < DEFAULT_KEY || keyType > KEY_TYPE_MAX)) return 'key-type'
    const key = this.#change.add(token, old.algorithm)
    if (key === 'more') return 'section'
    if (key === 'function') return 'function'
    const era = key.rollover ? (old.era + 1) % 256 : old.era
    const stored = keep(() => storeDecoderKey(keys, key.key, { ...key, era }))
    key.key.fill(0)
    if (!stored) return 'not-stored'
    this.#followKey()
    onKeyChanged(key.revision)
    return 'accepted'
  }

  /** The list of identifiers belongs to the key: what a power cut left undone is done now. */
  #followKey(): void {
    const era = useDecoderKey(this.#options.keys, (_cipher, key) => key.era)
    if (era !== undefined) this.#options.account.enterEra(era)
  }
}

function resultOf(result: AccountResult): TokenResult {
  return result === 'ok' ? 'accepted' : result
}
