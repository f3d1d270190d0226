import { FerrarisError } from '../../lib/errors.ts'
import type { Settings } from '../storage/settings.ts'
import { ControlState, isControlMode, judge, type Transition, type Trigger, transitionNamed, wantsConnection } from './control-modes.ts'
import { RESUMED, SwitchEvent, SwitchFailure } from './events.ts'
import type { Relay, RelayFault } from './relay.ts'

const KEY = 'switch.state'
const VERSION = 1
const LENGTH = 5
/** A contact that moves by itself again and again is logged, and moved back, once in so long. */
const MOVED_HOLD_OFF_MS = 60_000

const FAILURES: Readonly<Record<RelayFault, SwitchFailure>> = Object.freeze({
  'did-not-open': SwitchFailure.didNotOpen,
  'did-not-close': SwitchFailure.didNotClose,
  'current-while-open': SwitchFailure.currentWhileOpen,
})

/** What a command comes to; `success` also when there was nothing to do. See `Verdict` for the others; `hardware-fault`: the flash did not take it. */
export type SwitchResult = 'success' | 'not-now' | 'forbidden' | 'hardware-fault'

/** Told of what belongs into the disconnector log. */
export type SwitchListener = (code: number, parameter: number) => void

export interface DisconnectorOptions {
  readonly settings: Pick<Settings, 'get' | 'set'>
  /** Monotonic time. */
  readonly ticks_ms: () => number
  /** Control mode of a new meter. */
  readonly mode: number
  /**
   * `assert`: a contact that is not where the control state wants it (moved by a shock or a magnet, or while the meter had no supply) is moved
   * back. `leave`: it is only reported; a command that the supply interrupted is completed all the same.
   */
  readonly position: 'assert' | 'leave'
  readonly onEvent: SwitchListener
}

/** What of the last transition may be missing after a power cut: nothing, its event, or its event and the way of the contact. */
const Pending = Object.freeze({ nothing: 0, event: 1, contact: 2 })
type Pending = (typeof Pending)[keyof typeof Pending]

/** The whole truth about the switch, as it is stored. */
interface State {
  readonly control: ControlState
  readonly mode: number
  readonly pending: Pending
  /** Letter of the last transition; '' for none. */
  readonly last: string
}

function encode({ control, mode, pending, last }: State): Uint8Array {
  return Uint8Array.of(VERSION, control, mode, pending, last === '' ? 0 : last.charCodeAt(0))
}

function isPending(value: number): value is Pending {
  return value >= Pending.nothing && value <= Pending.contact
}

function isControlState(value: number): value is ControlState {
  return value >= ControlState.disconnected && value <= ControlState.readyForReconnection
}

/** Undefined for what no version of ours wrote. */
function decode(bytes: Uint8Array): State | undefined {
  const [version, control, mode, pending, letter] = bytes
  if (bytes.length !== LENGTH || version !== VERSION || !isControlState(control) || !isControlMode(mode) || !isPending(pending))
    return undefined
  if (mode === 0 && control !== ControlState.connected) return undefined
  const last = letter === 0 ? '' : String.fromCharCode(letter)
  return last === '' || transitionNamed(last) !== undefined ? { control, mode, pending, last } : undefined
}

/**
 * The disconnector: decides by state and control mode what a command does, keeps the state through power cuts, and sees to it that the contact follows.
 *
 * A transition is stored first, then told (`onEvent`), then handed to the relay. So whatever the supply does, the next start knows what was wanted; an
 * operation that was cut is told again and completed. The contact is never elsewhere than the control state says without an event: of the operation that is
 * under way, or `SwitchEvent.failure`.
 */
export class Disconnector {
  /** Whether the supply may be connected now, whoever asks; absent: always. */
  admission: (() => boolean) | undefined
  readonly #options: DisconnectorOptions
  #state: State
  #relay: Relay | undefined
  /** Last known place of the contact. */
  #closed: boolean
  #fault: RelayFault | undefined
  #movedLogged_ms = Number.NEGATIVE_INFINITY
  /** The event of the last transition was handed over in this life. */
  #told = false
  /** The contact is known to be elsewhere, and that is logged. */
  #moved = false

  /** Throws RangeError for a control mode that does not exist. */
  constructor(options: DisconnectorOptions) {
    const { mode, settings } = options
    if (!isControlMode(mode)) throw new RangeError(`control mode: found ${mode}`)
    this.#options = options
    const stored = settings.get(KEY)
    this.#state = (stored && decode(stored)) ?? { control: ControlState.connected, mode, pending: Pending.nothing, last: '' }
    this.#closed = this.wanted
  }

  /** Attribute 2 of interface class 70: the contact is closed. Without a relay that says so: as it was last known. */
  get outputState(): boolean {
    return this.#closed
  }

  get controlState(): ControlState {
    return this.#state.control
  }

  get controlMode(): number {
    return this.#state.mode
  }

  /** The contact is still on its way, or will be when the relay is there. */
  get pending(): boolean {
    return this.#state.pending === Pending.contact
  }

  /** The last transition of all, also of earlier starts. */
  get lastTransition(): Transition | undefined {
    return transitionNamed(this.#state.last)
  }

  /** What is wrong with the relay; an alarm for as long as it is not undefined. */
  get fault(): RelayFault | undefined {
    return this.#fault
  }

  /** The control state and the contact agree. */
  get settled(): boolean {
    return !this.pending && this.#fault === undefined && this.#closed === this.wanted
  }

  /** Performs a command. `not-now` and `forbidden` change nothing. */
  trigger(trigger: Trigger): SwitchResult {
    const verdict = judge(this.#state.mode, this.#state.control, trigger)
    if (verdict === 'already') {
      // Nothing is left to decide, but a contact that did not follow the first time gets another chance.
      if (!this.settled && wantsConnection(trigger) === this.wanted && this.#relay?.busy === false) this.operate()
      return 'success'
    }
    if (typeof verdict === 'string') return verdict
    if (verdict.to === ControlState.connected && this.admission?.() === false) return 'not-now'
    const moves = (verdict.from === ControlState.connected) !== (verdict.to === ControlState.connected)
    const pending = moves || this.pending ? Pending.contact : Pending.event
    if (!this.store({ ...this.#state, control: verdict.to, pending, last: verdict.name })) {
      this.#options.onEvent(SwitchEvent.failure, SwitchFailure.notStored)
      return 'hardware-fault'
    }
    this.#told = true
    this.#options.onEvent(verdict.event, 0)
    if (moves) this.operate()
    return 'success'
  }

  /** Changes the control mode. Mode 0 knows only "connected", so it is `not-now` in any other state. `forbidden`: there is no such mode. */
  setControlMode(mode: number): SwitchResult {
    if (!isControlMode(mode)) return 'forbidden'
    if (mode === this.#state.mode) return 'success'
    if (mode === 0 && this.#state.control !== ControlState.connected) return 'not-now'
    if (!this.store({ ...this.#state, mode })) return 'hardware-fault'
    this.#options.onEvent(SwitchEvent.controlModeChanged, mode)
    return 'success'
  }

  /** The relay is there: completes what a power cut interrupted, and looks after a contact that is elsewhere. Again after each `detach`. */
  attach(relay: Relay): void {
    this.#relay = relay
    this.#fault = undefined
    this.#moved = false
    const { pending } = this.#state
    if (relay.closed !== undefined) this.#closed = relay.closed
    if (pending !== Pending.nothing && !this.#told) this.tellAgain()
    if (pending === Pending.contact) this.operate()
    else if (relay.closed === undefined) {
      // Nobody knows where the contact is: no event, and no harm in moving it to where it should be.
      if (this.#options.position === 'assert') this.operate()
    } else this.lookAfter(relay.closed)
  }

  /** The relay is gone, or cannot be driven. Commands are still taken; the contact follows with the next `attach`. */
  detach(): void {
    this.#relay = undefined
  }

  /** To be called once a second, with the largest current of the phases; undefined when nobody knows it. */
  second(current_A: number | undefined): void {
    const relay = this.#relay
    if (relay === undefined) return
    relay.watch(current_A)
    const { closed, fault } = relay
    if (closed !== undefined) this.#closed = closed
    if (relay.busy) return
    if (fault !== this.#fault) {
      this.#fault = fault
      if (fault !== undefined) this.#options.onEvent(SwitchEvent.failure, FAILURES[fault])
    }
    // Confirmed, or given up and told: in both cases the operation is over.
    if (this.#state.pending !== Pending.nothing) this.conclude()
    if (fault === undefined && closed !== undefined) this.lookAfter(closed)
  }

  /** Whether the event of the last transition reached the log before the supply failed is not known: twice is better than not at all. */
  private tellAgain(): void {
    this.#told = true
    const transition = this.lastTransition
    if (transition !== undefined) this.#options.onEvent(transition.event, RESUMED)
  }

  /** The contact shall be closed. */
  private get wanted(): boolean {
    return this.#state.control === ControlState.connected
  }

  private operate(): void {
    this.#moved = false
    this.#fault = undefined
    this.#relay?.operate(this.wanted)
  }

  /** Flash that does not take it any more only means that the operation is told once more after the next start. */
  private conclude(): void {
    const state = { ...this.#state, pending: Pending.nothing }
    this.store(state)
    this.#state = state
  }

  /** The relay rests at `closed`, without a fault of its own. */
  private lookAfter(closed: boolean): void {
    if (closed === this.wanted) {
      this.#moved = false
      return
    }
    const now_ms = this.#options.ticks_ms()
    if (this.#moved || now_ms - this.#movedLogged_ms < MOVED_HOLD_OFF_MS) return
    this.#movedLogged_ms = now_ms
    this.#options.onEvent(SwitchEvent.failure, SwitchFailure.moved)
    if (this.#options.position === 'assert') this.operate()
    // Left where it is, it is told once.
    else this.#moved = true
  }

  /** False when the flash does not take it; nothing has changed then. */
  private store(state: State): boolean {
    try {
      this.#options.settings.set(KEY, encode(state))
    } catch (error) {
      if (!(error instanceof FerrarisError) || !/^(STORAGE|SETTINGS)/.test(error.code)) throw error
      return false
    }
    this.#state = state
    return true
  }
}
