import { FerrarisError } from '../../lib/errors.ts'
import type { Settings } from '../storage/settings.ts'
import { type AccountState, decodeAccount, encodeAccount } from './account-state.ts'
import { IdentifierList, type IdentifierVerdict } from './identifier-list.ts'

const KEY = 'prepayment.account'
/** What a signed 32-bit attribute of DLMS can show, in Wh. */
const CREDIT_MAX_WH = 0x7fffffff
const MWH = 1000

/** What the account tells. Parameter: Wh where there is one. */
export type AccountEvent = 'creditAdded' | 'creditLow' | 'creditExhausted' | 'emergencyTaken' | 'creditCleared'

/** `not-stored`: the flash did not take it, and nothing has changed. `overflow`: more than the account can hold. */
export type AccountResult = 'ok' | 'used' | 'old' | 'overflow' | 'not-stored'

export interface CreditAccountOptions {
  readonly settings: Pick<Settings, 'get' | 'set'>
  /** The import register: its counts, and mWh of a difference of counts. */
  readonly energy: { count(): number; mWh(counts: number): number }
  /** Credit of a new account. */
  readonly initial_Wh: number
  /** Warned at this much or less; 0: never before the end. */
  readonly low_Wh: number
  /** How far the account may go below zero once emergency credit is taken; 0: there is none. */
  readonly emergency_Wh: number
  /** Emergency credit is taken without asking. */
  readonly emergencyAutomatic: boolean
  readonly onEvent: (event: AccountEvent, value_Wh: number) => void
}

/**
 * The credit of a prepayment meter, in energy. The balance is never stored: it is the credit of all tokens minus what the import register counted since the
 * account began. So it changes with the register, to the count; what a power cut takes from the register it takes from the charge, and nothing is ever
 * charged twice. What is stored changes in one step: a token's credit and its identifier together.
 */
export class CreditAccount {
  readonly #options: CreditAccountOptions
  #state: AccountState

  /** Opens the account, or goes on with it. `active`: prepayment is switched on; the time in between is not charged. */
  constructor(options: CreditAccountOptions, active = true) {
    this.#options = options
    const stored = options.settings.get(KEY)
    const known = stored === undefined ? undefined : decodeAccount(stored)
    this.#state = known ?? this.opened()
    if (known?.suspended === !active) return
    if (!active && known === undefined) return
    const { start, granted_mWh } = this.#state
    if (active) this.store({ ...this.#state, start: known === undefined ? start : options.energy.count(), suspended: false })
    else this.store({ ...this.#state, start: options.energy.count(), granted_mWh: granted_mWh - this.consumed_mWh, suspended: true })
  }

  /** Tokens minus consumption; negative when emergency credit or friendly hours were used. Rounded down to 1 mWh. */
  get balance_mWh(): number {
    return this.#state.granted_mWh - this.consumed_mWh
  }

  /** Down to here the supply stays connected. */
  get floor_mWh(): number {
    return this.#state.emergency ? -MWH * this.#options.emergency_Wh : 0
  }

  get usedUp(): boolean {
    return this.balance_mWh <= this.floor_mWh
  }

  get low(): boolean {
    return this.#state.low
  }

  get exhausted(): boolean {
    return this.#state.exhausted
  }

  get emergencyTaken(): boolean {
    return this.#state.emergency
  }

  /** There is emergency credit, it is not taken, and the credit is low enough for it. */
  get emergencySelectable(): boolean {
    const { emergency_Wh, low_Wh } = this.#options
    return emergency_Wh > 0 && !this.#state.emergency && this.balance_mWh <= MWH * low_Wh && this.balance_mWh > -MWH * emergency_Wh
  }

  /** The supply is to be connected again. */
  get reconnectDue(): boolean {
    return this.#state.reconnect
  }

  get era(): number {
    return this.#state.era
  }

  judge(identifier: number): IdentifierVerdict {
    return this.#state.identifiers.judge(identifier)
  }

  /** Takes a credit token: 0 or more mWh. */
  add(identifier: number, credit_mWh: number): AccountResult {
    const verdict = this.judge(identifier)
    if (verdict !== 'new') return verdict
    if (this.balance_mWh + credit_mWh > MWH * CREDIT_MAX_WH) return 'overflow'
    const granted_mWh = this.#state.granted_mWh + credit_mWh
    if (!this.settle({ ...this.#state, granted_mWh, identifiers: this.#state.identifiers.with(identifier) })) return 'not-stored'
    this.#options.onEvent('creditAdded', Math.floor(credit_mWh / MWH))
    return 'ok'
  }

  /** Takes a token that clears the credit: the balance is zero then, also where it was below. */
  clear(identifier: number): AccountResult {
    const verdict = this.judge(identifier)
    if (verdict !== 'new') return verdict
    const cleared_Wh = Math.max(0, Math.floor(this.balance_mWh / MWH))
    const identifiers = this.#state.identifiers.with(identifier)
    if (!this.store({ ...this.#state, granted_mWh: this.consumed_mWh, emergency: false, identifiers })) return 'not-stored'
    this.#options.onEvent('creditCleared', cleared_Wh)
    return 'ok'
  }

  /** Takes the identifier of a token that does something else. */
  use(identifier: number): AccountResult {
    const verdict = this.judge(identifier)
    if (verdict !== 'new') return verdict
    return this.store({ ...this.#state, identifiers: this.#state.identifiers.with(identifier) }) ? 'ok' : 'not-stored'
  }

  /** A key that begins a new list of identifiers. Nothing happens for the era that it is already. */
  enterEra(era: number): boolean {
    return era === this.#state.era || this.store({ ...this.#state, era, identifiers: new IdentifierList() })
  }

  /** Takes the emergency credit. False when it cannot be taken now. */
  takeEmergency(): boolean {
    if (!this.emergencySelectable) return false
    if (!this.settle({ ...this.#state, emergency: true })) return false
    this.#options.onEvent('emergencyTaken', this.#options.emergency_Wh)
    return true
  }

  /**
   * To be called once a second. `mayEnd` is false in friendly hours: what is used then is owed.
   * True while the supply is to be off.
   */
  second(mayEnd: boolean): boolean {
    const { low_Wh, emergencyAutomatic } = this.#options
    const balance_mWh = this.balance_mWh
    if (!this.#state.low && balance_mWh <= MWH * low_Wh && low_Wh > 0) {
      if (this.store({ ...this.#state, low: true })) this.#options.onEvent('creditLow', Math.max(0, Math.floor(balance_mWh / MWH)))
    }
    if (balance_mWh > this.floor_mWh) return false
    if (emergencyAutomatic && this.takeEmergency()) return false
    if (!this.#state.exhausted) {
      if (!mayEnd) return false
      if (this.store({ ...this.#state, exhausted: true, reconnect: false })) this.#options.onEvent('creditExhausted', 0)
    }
    return true
  }

  /** The supply is connected, or somebody else keeps it off. */
  reconnected(): void {
    if (this.#state.reconnect) this.store({ ...this.#state, reconnect: false })
  }

  private get consumed_mWh(): number {
    const { energy } = this.#options
    return energy.mWh(Math.max(0, energy.count() - this.#state.start))
  }

  private opened(): AccountState {
    const { energy, initial_Wh } = this.#options
    const flags = { low: false, exhausted: false, emergency: false, reconnect: false, suspended: false }
    return { start: energy.count(), granted_mWh: MWH * initial_Wh, era: 0, ...flags, identifiers: new IdentifierList() }
  }

  /** Stores a state with more credit, and what follows from it. */
  private settle(state: AccountState): boolean {
    const { low_Wh, emergency_Wh } = this.#options
    const balance_mWh = state.granted_mWh - this.consumed_mWh
    const emergency = state.emergency && (balance_mWh <= 0 || !this.#state.emergency)
    const above = balance_mWh > (emergency ? -MWH * emergency_Wh : 0)
    const low = state.low && balance_mWh <= MWH * low_Wh
    const exhausted = state.exhausted && !above
    return this.store({ ...state, emergency, low, exhausted, reconnect: state.reconnect || (state.exhausted && above) })
  }

  /** False when the flash does not take it; nothing has changed then. */
  private store(state: AccountState): boolean {
    try {
      this.#options.settings.set(KEY, encodeAccount(state))
    } catch (error) {
      if (!(error instanceof FerrarisError) || !/^(STORAGE|SETTINGS)/.test(error.code)) throw error
      return false
    }
    this.#state = state
    return true
  }
}
