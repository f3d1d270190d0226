/**
 * Supply relay: a bistable (latching) relay with two coils, or a monostable one with a single coil, with or without a feedback contact.
 *
 * Coils, pins and polarity come from the board, times from the relay's datasheet. A latching relay keeps its contact without a supply; each coil gets a
 * pulse and is never left on, because it is made for a fraction of a second.
 */
import type { Digital, DigitalConstructor, DigitalMode } from '../../../hal/api/io.ts'
import type { Timer, TimerHandle } from '../../../hal/api/time.ts'

type Level = 0 | 1

/** Two coils: a pulse on one closes the contact, on the other opens it. */
export interface BistableCoils {
  readonly type: 'bistable'
  readonly io: DigitalConstructor
  readonly closePin: number
  readonly openPin: number
}

/** One coil: the contact is where `energised` says for as long as the pin is 1. It falls back when the meter loses its supply. */
export interface MonostableCoil {
  readonly type: 'monostable'
  readonly io: DigitalConstructor
  readonly pin: number
  readonly energised: 'closed' | 'open'
}

/** A contact that is moved with the main one. */
export interface FeedbackContact {
  readonly io: DigitalConstructor
  readonly pin: number
  /** Level while the main contact is closed. */
  readonly closed: Level
  /** Default `InputPullUp`. */
  readonly mode?: DigitalMode
}

export interface SupplyRelayOptions {
  readonly coil: BistableCoils | MonostableCoil
  readonly feedback?: FeedbackContact
  readonly timer: Timer
  /** Monotonic time. */
  readonly ticks_ms: () => number
  /**
   * Where a relay without feedback is believed to be; and where a monostable one is held from the first moment on (default: not energised). Undefined:
   * nobody knows.
   */
  readonly closed?: boolean
  /** False while there is no energy for a pulse, for example when the mains have failed: the operation waits. Default: always. */
  readonly ready?: () => boolean
}

/** Parameters of a relay, its wiring and its use. */
export interface SupplyRelayConfiguration {
  /** Length of a pulse on a coil of a bistable relay. */
  readonly pulse_ms: number
  /** From the end of the pulse until the contact has stopped bouncing and the feedback counts. */
  readonly settle_ms: number
  /** Shortest time from one operation to the next. */
  readonly interval_ms: number
  /** Pulses in all, before an operation counts as failed. */
  readonly attempts: number
  /** Pause between two pulses of an operation. */
  readonly retry_ms: number
  /** Current that flows for `weld_s` seconds although the contact was opened means that it is not open. Above what the IC measures without any load. */
  readonly weld_A: number
  readonly weld_s: number
}

/** Latching relays of 60 to 100 A: operate time up to 20 ms, recommended pulse 50 to 200 ms; interval and limits are ours. */
const DEFAULTS: SupplyRelayConfiguration = Object.freeze({
  pulse_ms: 100,
  settle_ms: 50,
  interval_ms: 5000,
  attempts: 3,
  retry_ms: 1000,
  weld_A: 0.25,
  weld_s: 10,
})

/** Until it is asked again whether there is energy for a pulse. */
const READY_RETRY_MS = 1000

export type SupplyRelayFault = 'did-not-open' | 'did-not-close' | 'current-while-open'

type Phase = 'rest' | 'waiting' | 'pulse' | 'settling'

/** The two kinds of coils behind one face. */
interface Coils {
  begin(close: boolean): void
  end(): void
  close(): void
}

function bistable({ io, closePin, openPin }: BistableCoils): Coils {
  const closing = new io({ pin: closePin, mode: 'Output', initialValue: 0 })
  let opening: Digital
  try {
    opening = new io({ pin: openPin, mode: 'Output', initialValue: 0 })
  } catch (error) {
    closing.close()
    throw error
  }
  const end = () => {
    closing.write(0)
    opening.write(0)
  }
  return {
    begin: (close) => {
      end()
      const coil = close ? closing : opening
      coil.write(1)
    },
    end,
    close: () => {
      try {
        end()
      } finally {
        closing.close()
        opening.close()
      }
    },
  }
}

function monostable({ io, pin, energised }: MonostableCoil, closed: boolean | undefined): Coils {
  const level = (close: boolean): Level => (close === (energised === 'closed') ? 1 : 0)
  const coil = new io({ pin, mode: 'Output', initialValue: closed === undefined ? 0 : level(closed) })
  return { begin: (close) => coil.write(level(close)), end: () => {}, close: () => coil.close() }
}

function check(configuration: SupplyRelayConfiguration): void {
  for (const [name, value] of Object.entries(configuration)) {
    if (!(value >= 0 && value <= 3_600_000)) throw new RangeError(`${name}: found ${value}`)
  }
  const { attempts, pulse_ms } = configuration
  if (!Number.isInteger(attempts) || attempts < 1) throw new RangeError(`attempts: found ${attempts}`)
  if (pulse_ms < 1) throw new RangeError(`pulse_ms: found ${pulse_ms}`)
}

/**
 * Moves the contact and watches it. Everything that takes time is a timer: no method waits, and none calls back. Has the shape of `Relay` in
 * `src/core/switch/relay.ts`.
 */
export class SupplyRelay {
  readonly #options: SupplyRelayOptions
  readonly #coils: Coils
  readonly #feedback: Digital | undefined
  #configuration = DEFAULTS
  #timer: TimerHandle | undefined
  #phase: Phase = 'rest'
  /** Where the contact shall be; undefined before the first operation. */
  #target: boolean | undefined
  /** Where the pulse that is under way moves it. */
  #moving = false
  #attempt = 0
  #pulsed_ms = Number.NEGATIVE_INFINITY
  #closed: boolean | undefined
  #fault: SupplyRelayFault | undefined
  /** The feedback said something new in the last second. */
  #suspect = false
  /** Since when current flows through an open contact, or has stopped to. */
  #since_ms: number | undefined
  #open = true

  /** Takes the pins; no coil gets a pulse. */
  constructor(options: SupplyRelayOptions) {
    const { coil, feedback, closed } = options
    this.#options = options
    this.#coils = coil.type === 'bistable' ? bistable(coil) : monostable(coil, closed)
    try {
      this.#feedback = feedback && new feedback.io({ pin: feedback.pin, mode: feedback.mode ?? 'InputPullUp' })
      this.#closed = this.#read() ?? closed
    } catch (error) {
      this.#coils.close()
      throw error
    }
  }

  /** Throws RangeError, and changes nothing, for times that cannot be. */
  configure(options: Partial<SupplyRelayConfiguration>): void {
    this.#check()
    const configuration = { ...this.#configuration, ...options }
    check(configuration)
    this.#configuration = configuration
  }

  /** Where the contact is: what the feedback said last, or without one where the last operation moved it. */
  get closed(): boolean | undefined {
    return this.#closed
  }

  get busy(): boolean {
    return this.#phase !== 'rest'
  }

  get fault(): SupplyRelayFault | undefined {
    return this.#fault
  }

  /** Moves the contact, as soon as the interval allows; a pulse that is under way ends first. The last call counts. */
  operate(closed: boolean): void {
    this.#check()
    const changed = this.#target !== closed
    this.#target = closed
    if (this.busy && !changed) return
    this.#fault = undefined
    this.#attempt = 0
    if (!this.busy) this.#wait(Math.max(0, this.#pulsed_ms + this.#configuration.interval_ms - this.#options.ticks_ms()))
  }

  /** To be called once a second, with the largest current of the phases; undefined when nobody knows it. */
  watch(current_A: number | undefined): void {
    this.#check()
    if (this.busy) {
      this.#since_ms = undefined
      return
    }
    this.#watchFeedback()
    if (current_A !== undefined) this.#watchCurrent(current_A > this.#configuration.weld_A)
  }

  /** Switches the coils off and lets go of the pins. A latching relay stays where it is. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    if (this.#timer !== undefined) this.#options.timer.clear(this.#timer)
    try {
      this.#coils.close()
    } finally {
      this.#feedback?.close()
    }
  }

  #check(): void {
    if (!this.#open) throw new Error('closed')
  }

  /** Undefined without feedback. */
  #read(): boolean | undefined {
    return this.#feedback && this.#feedback.read() === this.#options.feedback?.closed
  }

  #after(delay_ms: number, phase: Phase, callback: () => void): void {
    this.#phase = phase
    this.#timer = this.#options.timer.set(() => {
      if (this.#open) callback()
    }, delay_ms)
  }

  #wait(delay_ms: number): void {
    this.#after(delay_ms, 'waiting', this.#begin)
  }

  readonly #begin = (): void => {
    const { ready } = this.#options
    if (ready?.() === false) {
      this.#wait(READY_RETRY_MS)
      return
    }
    this.#moving = this.#target === true
    this.#attempt++
    this.#coils.begin(this.#moving)
    this.#after(this.#configuration.pulse_ms, 'pulse', this.#end)
  }

  readonly #end = (): void => {
    this.#coils.end()
    this.#pulsed_ms = this.#options.ticks_ms()
    this.#after(this.#configuration.settle_ms, 'settling', this.#settle)
  }

  readonly #settle = (): void => {
    const { attempts, retry_ms, interval_ms } = this.#configuration
    this.#closed = this.#read() ?? this.#moving
    this.#suspect = false
    this.#since_ms = undefined
    this.#phase = 'rest'
    if (this.#target !== this.#moving) this.#wait(interval_ms)
    else if (this.#closed === this.#target) this.#fault = undefined
    else if (this.#attempt < attempts) this.#wait(retry_ms)
    else this.#fault = this.#target ? 'did-not-close' : 'did-not-open'
  }

  /** A new place counts when it is read twice: a contact bounces, and a line picks up noise. */
  #watchFeedback(): void {
    const read = this.#read()
    if (read === undefined || read === this.#closed) {
      this.#suspect = false
      return
    }
    if (!this.#suspect) {
      this.#suspect = true
      return
    }
    this.#suspect = false
    this.#closed = read
    const failed = this.#fault === 'did-not-open' || this.#fault === 'did-not-close'
    if (failed && read === this.#target) this.#fault = undefined
  }

  /** Only a contact that was opened is watched. Without feedback nothing but the next operation ends the fault: that no current flows may have other reasons. */
  #watchCurrent(flows: boolean): void {
    const bypassed = this.#fault === 'current-while-open'
    const suspicious = bypassed ? !flows && this.#feedback !== undefined : flows && this.#closed === false
    if (!suspicious) {
      this.#since_ms = undefined
      return
    }
    const now_ms = this.#options.ticks_ms()
    this.#since_ms ??= now_ms
    if (now_ms - this.#since_ms < this.#configuration.weld_s * 1000) return
    this.#since_ms = undefined
    this.#fault = bypassed ? undefined : 'current-while-open'
    if (!bypassed && this.#feedback === undefined) this.#closed = true
  }
}
