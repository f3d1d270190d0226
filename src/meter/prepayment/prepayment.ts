import { StandardEvent } from '../../core/events/codes.ts'
import { type AccountEvent, CreditAccount } from '../../core/prepayment/account.ts'
import { EntryLock } from '../../core/prepayment/entry-lock.ts'
import { isFriendly } from '../../core/prepayment/friendly-hours.ts'
import { Quantity } from '../../core/registers/energy.ts'
import type { KeyStore } from '../../core/security/key-store.ts'
import { ControlState } from '../../core/switch/control-modes.ts'
import type { SupplySwitch } from '../../core/switch/supply-switch.ts'
import { civilFromUtc, MS_PER_MINUTE, weekday } from '../../lib/calendar.ts'
import type { MeterConfig } from '../config.ts'
import type { MeterCore } from '../core.ts'
import { ifFlashTakesIt } from '../secrets.ts'
import { decoderKey } from './decoder-key.ts'
import { TokenEntry, type TokenReport } from './token-entry.ts'

/** A disconnection that did not work is tried again so rarely. */
const RETRY_S = 60

const EVENTS: Readonly<Record<AccountEvent, number>> = Object.freeze({
  creditAdded: StandardEvent.creditAdded,
  creditLow: StandardEvent.creditLow,
  creditExhausted: StandardEvent.creditExhausted,
  emergencyTaken: StandardEvent.emergencyCreditTaken,
  creditCleared: StandardEvent.creditCleared,
})

/** When and how a token was given. */
export interface TokenEntered {
  readonly text: string
  readonly utc_s: number
  /** 0 remote, 1 local, 2 manual (IEC 62056-6-2, class Token gateway). */
  readonly delivery: number
  readonly report: TokenReport
}

export interface MeterPrepaymentOptions {
  readonly core: MeterCore
  readonly config: MeterConfig
  readonly keys: KeyStore
  /** Absent on a meter without a relay: it counts and warns only. */
  readonly supply: SupplySwitch | undefined
}

function accountOf({ core, config }: MeterPrepaymentOptions, active: boolean): CreditAccount {
  const { energy, storage } = core
  const { initialCredit_Wh, lowCredit_Wh, emergencyCredit_Wh, emergencyAutomatic } = config.prepayment
  const options = {
    settings: storage.settings,
    energy: { count: () => energy.count(Quantity.activeImport, 0), mWh: (counts: number) => energy.thousandths(counts) },
    initial_Wh: initialCredit_Wh,
    low_Wh: lowCredit_Wh,
    emergency_Wh: emergencyCredit_Wh,
    emergencyAutomatic,
    onEvent: (event: AccountEvent, value_Wh: number) => core.record(EVENTS[event], value_Wh),
  }
  return new CreditAccount(options, active)
}

/** Prepayment is off: an account that there is rests. */
export function restAccount(options: MeterPrepaymentOptions): undefined {
  accountOf(options, false)
}

/** Prepayment: the account, the entry of tokens, and what the credit has to say about the supply. */
export class MeterPrepayment {
  readonly account: CreditAccount
  /** The last token that was looked at. */
  last: TokenEntered | undefined
  readonly #entry: TokenEntry
  readonly #lock: EntryLock
  readonly #options: MeterPrepaymentOptions
  #retry_s = 0

  constructor(options: MeterPrepaymentOptions) {
    const { core, config, keys, supply } = options
    this.#options = options
    this.account = accountOf(options, true)
    this.#lock = new EntryLock({
      settings: core.storage.settings,
      ticks_ms: () => core.clock.ticks_ms(),
      attempts: config.prepayment.attempts,
      lockOut_s: config.prepayment.lockOut_s,
    })
    this.#entry = new TokenEntry({
      account: this.account,
      lock: this.#lock,
      keys,
      limit_W: supply && ((thresholdNormal) => supply.limiter.change({ thresholdNormal })),
      clearTamper: () => core.watch.resetTamper(),
      onLockOut: () => core.record(StandardEvent.tokenLockOut),
      onKeyChanged: (revision) => core.record(StandardEvent.decoderKeyChanged, revision),
      keep: ifFlashTakesIt,
    })
    if (supply !== undefined) supply.disconnector.admission = () => !this.account.exhausted
  }

  get keys(): KeyStore {
    return this.#options.keys
  }

  get lockedFor_s(): number {
    return this.#lock.remaining_s
  }

  /** 20 digits. What they do is in flash when this returns. */
  enter(text: string, delivery: number): TokenReport {
    const { core } = this.#options
    const report = this.#entry.enter(text)
    if (report.result === 'locked') return report
    this.last = { text: text.replace(/\D/g, '').slice(0, 20), utc_s: core.clock.now_s(), delivery, report }
    // Registers that are older than the decision would make it look like a gift.
    if (report.credit_Wh !== undefined) core.save()
    this.#supply()
    return report
  }

  takeEmergency(): boolean {
    const taken = this.account.takeEmergency()
    this.#supply()
    return taken
  }

  /** To be called once a second, after the core. */
  second(): void {
    const { account } = this
    const ends = account.usedUp && !account.exhausted
    // What hour it is matters in that second alone.
    account.second(!ends || !this.#friendly())
    if (ends && account.exhausted) this.#options.core.save()
    this.#supply()
  }

  /** Without a time nobody knows the hour, and no hour is friendly. */
  #friendly(): boolean {
    const { core, config } = this.#options
    const { friendlyFrom_h, friendlyTo_h, friendlyWeekend } = config.prepayment
    if ((friendlyFrom_h === friendlyTo_h && !friendlyWeekend) || !core.clock.valid) return false
    const utc_ms = core.clock.now_ms()
    const local = civilFromUtc(utc_ms + core.clock.offset_min(utc_ms) * MS_PER_MINUTE)
    return isFriendly({ from_h: friendlyFrom_h, to_h: friendlyTo_h, weekend: friendlyWeekend }, local.hour, weekday(local))
  }

  /** Lets the supply follow the account. */
  #supply(): void {
    const disconnector = this.#options.supply?.disconnector
    const { account } = this
    if (disconnector === undefined) {
      if (account.reconnectDue) account.reconnected()
      return
    }
    const { controlState } = disconnector
    if (account.exhausted && controlState === ControlState.connected) this.#disconnect()
    if (!account.reconnectDue) return
    // Another hand may hold it off, and a mode may ask for the hand of the customer.
    if (controlState !== ControlState.readyForReconnection || disconnector.trigger('localReconnect') !== 'hardware-fault') {
      account.reconnected()
    }
  }

  #disconnect(): void {
    const now_s = this.#options.core.clock.ticks_ms() / 1000
    if (now_s < this.#retry_s) return
    const done = this.#options.supply?.disconnector.trigger('localDisconnect')
    this.#retry_s = done === 'success' ? 0 : now_s + RETRY_S
  }

  /** What a person sees of it. */
  *lines(): Iterable<readonly [string, string]> {
    const { account } = this
    yield [
      'credit',
      `${(Math.trunc(account.balance_mWh / 1000) / 1000).toFixed(3)} kWh${account.exhausted ? ', used up' : account.low ? ', low' : ''}`,
    ]
    if (account.emergencyTaken) yield ['emergency', 'credit taken']
    else if (account.emergencySelectable) yield ['emergency', 'credit can be taken']
    const key = decoderKey(this.keys)
    const known = key && `${key.algorithm}, revision ${key.revision}, type ${key.keyType}, tariff index ${key.tariffIndex}`
    yield ['sts key', known ?? 'none: no token is taken']
    if (this.lockedFor_s > 0) yield ['tokens', `refused for ${this.lockedFor_s} s after wrong ones`]
  }
}
