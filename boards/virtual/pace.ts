/** What is driven: a virtual meter on some engine. Calls must not overlap. */
export interface Paced {
  /** Lets the world's time pass up to `until_ms`. */
  run(until_ms: number): void | Promise<void>
  /** Real time passes for whoever watches the meter. Returns the wanted speed: 0 = paused, Infinity = as fast as possible. */
  observe(wall_ms: number, actualSpeed: number): number | Promise<number>
  /** Counts what comes in over the network: tells whether a conversation is under way. */
  readonly received: number
}

/** Real time, and the event loop that everything else lives in. */
export interface PaceHost {
  /** UTC in milliseconds. */
  now_ms(): number
  /** Milliseconds of a clock that nobody sets. */
  ticks_ms(): number
  /** Lets everything else run; resolves after `delay_ms` at the earliest, with 0 as soon as everybody had a turn. */
  breathe(delay_ms: number): Promise<void>
}

export interface PaceOptions {
  readonly engine: Paced
  readonly host: PaceHost
  readonly start_ms: number
  readonly speed: number
  /** World time to stop at; Infinity without an end. */
  readonly end_ms: number
  /** After each slice, with the world's time. */
  readonly onSlice: (now_ms: number, actualSpeed: number) => void
  readonly signal: { readonly aborted: boolean }
}

/** Longest stretch of real time that passes without serving sockets. */
const SLICE_MS = 10
/** For so long after something came in over the network, nobody sleeps: waking up can take longer than an answer. */
const ATTENTIVE_MS = 5
/** How much shorter slices are in a conversation. */
const ATTENTIVE_SHARE = 8
/** How often the speed is measured and observers are served. */
const OBSERVE_MS = 50
/** After so many slices in a row that took too long the engine cannot keep up; a single one may be a process that was stopped. */
const OVERLOADED = 3
/** Longest stretch of the world's time in one slice. */
const LEAP_MS = 86_400_000

/** Drives a virtual meter in real time, at a multiple of it, or as fast as possible, in slices so short that clients do not notice. */
export class Pace {
  readonly #options: PaceOptions
  /** World and real time at which the present speed began. */
  #anchor_ms: number
  #wallAnchor_ms: number
  #now_ms: number
  #speed: number
  #actualSpeed = 0
  #observed_ms: number
  #observedWorld_ms: number
  /** Slices in a row that took longer than their world time allows. */
  #overloaded = 0
  #received = 0
  #heard_ms = Number.NEGATIVE_INFINITY
  /** World time that fits into one slice, learned. */
  #stride_ms = 1000

  constructor(options: PaceOptions) {
    this.#options = options
    this.#now_ms = options.start_ms
    this.#anchor_ms = options.start_ms
    this.#observedWorld_ms = options.start_ms
    this.#speed = options.speed
    this.#observed_ms = options.host.ticks_ms()
    this.#wallAnchor_ms = this.#clock_ms()
  }

  get now_ms(): number {
    return this.#now_ms
  }

  /** Runs until the end or the abort signal. */
  async run(): Promise<void> {
    const { end_ms, signal, onSlice, host } = this.#options
    while (!signal.aborted && this.#now_ms < end_ms) {
      const behind = await this.#slice()
      if (this.#options.host.ticks_ms() - this.#observed_ms >= OBSERVE_MS) await this.#observe()
      onSlice(this.#now_ms, this.#actualSpeed)
      await host.breathe(behind || this.#inConversation() ? 0 : this.#speed > 60 || this.#speed === 0 ? 5 : SLICE_MS)
    }
    await this.#observe()
  }

  /** At real time the PC's clock, which a suspended PC finds advanced; at any other speed one that nobody sets. */
  #clock_ms(): number {
    const { host } = this.#options
    return this.#speed === 1 ? host.now_ms() : host.ticks_ms()
  }

  #inConversation(): boolean {
    const { received } = this.#options.engine
    const wall_ms = this.#options.host.ticks_ms()
    if (received !== this.#received) this.#heard_ms = wall_ms
    this.#received = received
    return wall_ms - this.#heard_ms < ATTENTIVE_MS
  }

  /** One slice of the world. True when there is more to do at once. */
  async #slice(): Promise<boolean> {
    const { engine, end_ms } = this.#options
    const wall_ms = this.#options.host.ticks_ms()
    const due_ms = this.#speed === 0 ? this.#now_ms : this.#anchor_ms + (this.#clock_ms() - this.#wallAnchor_ms) * this.#speed
    const stride_ms = this.#inConversation() ? Math.max(1000, Math.floor(this.#stride_ms / ATTENTIVE_SHARE)) : this.#stride_ms
    const target_ms = Math.min(end_ms, Math.floor(due_ms), this.#now_ms + stride_ms)
    if (target_ms > this.#now_ms) {
      await engine.run(target_ms)
      const took_ms = this.#options.host.ticks_ms() - wall_ms
      this.#overloaded = took_ms * this.#speed > target_ms - this.#now_ms ? this.#overloaded + 1 : 0
      this.#learn(target_ms - this.#now_ms, took_ms)
      this.#now_ms = target_ms
    }
    // A process that was stopped for a while catches up: the meter's time stays the present. Only what the engine cannot do is given up.
    const hopeless = this.#overloaded >= OVERLOADED && this.#speed !== Number.POSITIVE_INFINITY
    if (hopeless && due_ms - this.#now_ms > 2000 * this.#speed) this.#anchor()
    return due_ms > this.#now_ms + 1000 && this.#now_ms < end_ms
  }

  #learn(world_ms: number, took_ms: number): void {
    if (took_ms > 2 * SLICE_MS) this.#stride_ms = Math.max(1000, Math.floor(this.#stride_ms / 2))
    else if (took_ms < SLICE_MS && world_ms >= this.#stride_ms) this.#stride_ms = Math.min(LEAP_MS, Math.floor(this.#stride_ms * 1.5))
  }

  async #observe(): Promise<void> {
    const wall_ms = this.#options.host.ticks_ms()
    const elapsed_ms = wall_ms - this.#observed_ms
    if (elapsed_ms > 0) this.#actualSpeed = (this.#now_ms - this.#observedWorld_ms) / elapsed_ms
    this.#observed_ms = wall_ms
    this.#observedWorld_ms = this.#now_ms
    const wanted = await this.#options.engine.observe(wall_ms, this.#actualSpeed)
    if (wanted === this.#speed) return
    this.#speed = wanted
    this.#anchor()
  }

  /** Starts to count anew: after a change of speed, and when the machine cannot keep up, so that lost time is not run after. */
  #anchor(): void {
    this.#anchor_ms = this.#now_ms
    this.#wallAnchor_ms = this.#clock_ms()
  }
}
