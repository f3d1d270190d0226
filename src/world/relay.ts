import type { Load } from './loads/load.ts'
import type { Waveform } from './loads/waveform.ts'
import type { PinBank } from './pins.ts'
import type { Scheduler, Task } from './scheduler.ts'

const PHASES = 3

export interface RelayOptions {
  readonly scheduler: Scheduler
  /** Where the contact is to begin with. Default: closed, as relays are delivered. */
  readonly closed?: boolean
  /** Power of a coil. Default 3 W. */
  readonly coil_W?: number
  /** Energy that a coil must have got in one go before the armature moves. Default 45 mJ: 15 ms at 3 W. */
  readonly energy_mJ?: number
  /** From then on until the contact is there. Default 5 ms. */
  readonly travel_ms?: number
  /** A coil that is on for longer burns out. Default 2 s; of no meaning to a monostable relay. */
  readonly burn_ms?: number
  /** Called when one of the poles begins or ends to conduct. */
  readonly onChange?: () => void
}

/** Pins of a bistable relay: two coils, and the feedback contact. */
export interface LatchingPins {
  readonly close: number
  readonly open: number
  readonly feedback?: number
  /** Level of the feedback while the contact is closed. Default 0: a contact against ground. */
  readonly closed?: 0 | 1
}

/** The contact of a three-pole supply relay, its feedback contact, and what may be wrong with both. */
export abstract class SupplyContact {
  protected readonly scheduler: Scheduler
  protected readonly drive_us: number
  protected readonly travel_us: number
  readonly #onChange: (() => void) | undefined
  readonly #welded = [false, false, false]
  #armature: boolean
  #stuck = false
  #bypassed = false
  #feedbackStuck: boolean | undefined
  #feedback: ((closed: boolean) => void) | undefined
  /** Times that the armature has moved. */
  operations = 0

  constructor(options: RelayOptions) {
    const { scheduler, closed = true, coil_W = 3, energy_mJ = 45, travel_ms = 5 } = options
    this.scheduler = scheduler
    this.drive_us = Math.round((energy_mJ / coil_W) * 1000)
    this.travel_us = Math.round(travel_ms * 1000)
    this.#armature = closed
    this.#onChange = options.onChange
  }

  /** What a look at the main contact would show: closed on at least one pole. */
  get closed(): boolean {
    return this.#armature || this.#welded.includes(true)
  }

  /** Does current flow to what hangs behind this pole (0..2)? */
  conducts(phase: number): boolean {
    return this.#armature || this.#welded[phase] || this.#bypassed
  }

  /** Welds a pole where it is, or frees it. Only a closed pole can weld. */
  weld(phase: number, welded: boolean): void {
    this.#welded[phase] = welded && this.conducts(phase)
    this.#changed()
  }

  /** The armature does not move any more: dirt, a broken spring. */
  stick(stuck: boolean): void {
    this.#stuck = stuck
  }

  /** Somebody put a wire across the relay. */
  bypass(bypassed: boolean): void {
    this.#bypassed = bypassed
    this.#changed()
  }

  /** The feedback contact does not move any more; undefined: it does. */
  stickFeedback(closed: boolean | undefined): void {
    this.#feedbackStuck = closed
    this.#changed()
  }

  /** A shock or a magnet moves the armature. */
  knock(closed: boolean): void {
    this.moveTo(closed)
  }

  protected onFeedback(feedback: (closed: boolean) => void): void {
    this.#feedback = feedback
    this.#changed()
  }

  protected moveTo(closed: boolean): void {
    if (this.#stuck || this.#armature === closed) return
    this.#armature = closed
    this.operations++
    this.#changed()
  }

  #changed(): void {
    // Forcibly guided: the feedback cannot show open while a pole is welded.
    this.#feedback?.(this.#feedbackStuck ?? this.closed)
    this.#onChange?.()
  }
}

type Coil = 'close' | 'open'

/**
 * A bistable relay with two coils. A coil moves the armature only if it is driven alone and for long enough; the flux of a pulse that was too short is gone
 * when the next one begins.
 */
export class LatchingRelay extends SupplyContact {
  readonly #burn_us: number
  readonly #driven = { close: false, open: false }
  readonly #burnt = { close: false, open: false }
  readonly #trips: Record<Coil, Task | undefined> = { close: undefined, open: undefined }
  readonly #burns: Record<Coil, Task | undefined> = { close: undefined, open: undefined }
  #travel: Task | undefined
  /** Times that both coils were driven at once. */
  conflicts = 0
  /** Pulses so far, short ones too. */
  pulses = 0

  constructor(options: RelayOptions) {
    super(options)
    this.#burn_us = Math.round((options.burn_ms ?? 2000) * 1000)
  }

  /** A coil was driven for too long and does nothing any more. */
  get burnt(): boolean {
    return this.#burnt.close || this.#burnt.open
  }

  connect(pins: PinBank, { close, open, feedback, closed = 0 }: LatchingPins): void {
    pins.listen(close, (level) => this.coil('close', level === 1))
    pins.listen(open, (level) => this.coil('open', level === 1))
    if (feedback !== undefined) this.onFeedback((is) => pins.drive(feedback, is ? closed : closed === 0 ? 1 : 0))
  }

  /** Drives a coil, or stops to. */
  coil(coil: Coil, driven: boolean): void {
    if (this.#driven[coil] === driven) return
    this.#driven[coil] = driven
    if (!driven) {
      this.#cancel(coil)
      return
    }
    this.pulses++
    if (this.#burnt[coil]) return
    const { scheduler } = this
    this.#burns[coil] = scheduler.after(this.#burn_us, () => {
      this.#burnt[coil] = true
    })
    if (this.#driven.close && this.#driven.open) {
      this.conflicts++
      for (const each of ['close', 'open'] as const) this.#stop(this.#trips, each)
    } else {
      this.#trips[coil] = scheduler.after(this.drive_us, () => this.#trip(coil))
    }
  }

  #trip(coil: Coil): void {
    if (this.#travel !== undefined) this.scheduler.cancel(this.#travel)
    this.#travel = this.scheduler.after(this.travel_us, () => this.moveTo(coil === 'close'))
  }

  #cancel(coil: Coil): void {
    this.#stop(this.#trips, coil)
    this.#stop(this.#burns, coil)
  }

  #stop(tasks: Record<Coil, Task | undefined>, coil: Coil): void {
    const task = tasks[coil]
    if (task !== undefined) this.scheduler.cancel(task)
    tasks[coil] = undefined
  }
}

/** Pin of a monostable relay, and its feedback contact. */
export interface MonostablePins {
  readonly coil: number
  readonly feedback?: number
  /** Level of the feedback while the contact is closed. Default 0. */
  readonly closed?: 0 | 1
}

/** A relay with one coil: it is where `energised` says while the coil is driven, and falls back without. */
export class MonostableRelay extends SupplyContact {
  readonly #energised: boolean
  #move: Task | undefined

  constructor(options: RelayOptions & { readonly energised: 'closed' | 'open' }) {
    super({ ...options, closed: options.energised === 'open' })
    this.#energised = options.energised === 'closed'
  }

  connect(pins: PinBank, { coil, feedback, closed = 0 }: MonostablePins): void {
    pins.listen(coil, (level) => this.coil(level === 1))
    if (feedback !== undefined) this.onFeedback((is) => pins.drive(feedback, is ? closed : closed === 0 ? 1 : 0))
  }

  coil(driven: boolean): void {
    if (this.#move !== undefined) this.scheduler.cancel(this.#move)
    const delay_us = this.travel_us + (driven ? this.drive_us : 0)
    this.#move = this.scheduler.after(delay_us, () => this.moveTo(driven === this.#energised))
  }
}

/** A load that hangs behind a supply relay: it draws where its pole conducts. Photovoltaics, too: without mains an inverter stops. */
export class SwitchedLoad implements Load {
  readonly #contact: SupplyContact
  readonly #load: Load
  readonly #active_W = new Float64Array(PHASES)
  readonly #reactive_var = new Float64Array(PHASES)

  constructor(contact: SupplyContact, load: Load) {
    this.#contact = contact
    this.#load = load
  }

  get waveform(): Waveform | undefined {
    return this.#load.waveform
  }

  get active_W(): Float64Array {
    return this.#switched(this.#active_W, this.#load.active_W)
  }

  get reactive_var(): Float64Array {
    return this.#switched(this.#reactive_var, this.#load.reactive_var)
  }

  #switched(target: Float64Array, source: Float64Array): Float64Array {
    for (let phase = 0; phase < PHASES; phase++) target[phase] = this.#contact.conducts(phase) ? source[phase] : 0
    return target
  }
}
