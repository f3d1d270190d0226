/** First pause before a new start, and the longest one. */
const FIRST_MS = 1000
const MOST_MS = 300_000
/** A part that has worked so long begins anew: its next fault is a new episode, and the pauses are short again. */
const HEALTHY_MS = 600_000
/** Connections in a row that fail before one works, after which the service as a whole counts as broken. */
const CONNECTIONS_MAX = 8
const REASON_MAX = 160

/** Something that can fail, and then is stopped and started again. */
export interface Part {
  /** Takes its resources and begins to work; whatever calls back later goes through `guard`. Throws when it cannot. */
  start(guard: Guard): void
  /** Lets go of every resource; also after a start that threw half-way. */
  stop(): void
  /** Longest time without `guard.alive()`; without it the part may be silent for ever. */
  readonly silence_ms?: number
}

/** The connection between a part that runs and its supervisor. Dead once the part was stopped: calls then do nothing. */
export interface Guard {
  /** Runs a callback of the part. What it throws ends the part, and goes no further. */
  run(callback: () => void): void
  /** A sign of life. */
  alive(): void
  /** The part cannot go on. */
  fail(reason: string): void
  /** Something failed that the part survives. */
  note(error: unknown): void
  /** A conversation failed and was ended; after eight in a row without a good one the part is started again. */
  connectionFailed(error: unknown): void
  connectionWorked(): void
  /** Called after the part was stopped, for what it may have left behind. */
  atEnd(release: () => void): void
}

/** What the console and the face show of a part. */
export interface PartHealth {
  readonly name: string
  /** `waiting`: stopped after a fault, and to be started again. */
  readonly state: 'running' | 'waiting'
  readonly faults: number
  readonly restarts: number
  /** Runs of faults with less than ten good minutes in between. */
  readonly episodes: number
  /** Of the last fault; empty without any. */
  readonly lastReason: string
}

/** Told once per episode, not once per fault. */
export type FaultListener = (part: string, reason: string) => void

/**
 * The supply ended in the middle of an operation. Where a processor is emulated this comes as an exception, which has to get through the whole firmware as
 * the real end would: nothing may catch it. Told by its code, because it comes from outside of the firmware.
 */
export function isEndOfSupply(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'POWER_LOSS'
}

/** Words for whatever was thrown. */
export function reasonOf(error: unknown): string {
  const words = error instanceof Error ? error.message || error.name : String(error)
  return words.slice(0, REASON_MAX)
}

export interface FaultRecordOptions {
  /** Longest pause before a new start. Default 300 s. */
  readonly most_ms?: number
  readonly ticks_ms: () => number
  readonly onFault?: FaultListener | undefined
}

/** Counts the faults of a part and says how long to wait after each: 1 s, doubling, until ten minutes went well. */
export class FaultRecord implements PartHealth {
  readonly name: string
  state: PartHealth['state'] = 'running'
  faults = 0
  restarts = 0
  episodes = 0
  lastReason = ''
  readonly #options: FaultRecordOptions
  /** Since when all has been well. */
  #well_ms: number
  #delay_ms = FIRST_MS

  constructor(name: string, options: FaultRecordOptions) {
    this.name = name
    this.#options = options
    this.#well_ms = options.ticks_ms()
  }

  /** Counts a fault. */
  add(reason: string): void {
    const { ticks_ms, onFault } = this.#options
    const now_ms = ticks_ms()
    const begins = this.episodes === 0 || (this.state === 'running' && now_ms - this.#well_ms >= HEALTHY_MS)
    this.#well_ms = now_ms
    this.faults++
    this.lastReason = reason
    if (!begins) return
    this.episodes++
    this.#delay_ms = FIRST_MS
    onFault?.(this.name, reason)
  }

  /** The part is stopped: gives the pause before its next start. */
  waits(): number {
    this.state = 'waiting'
    const delay_ms = this.#delay_ms
    this.#delay_ms = Math.min(2 * delay_ms, this.#options.most_ms ?? MOST_MS)
    return delay_ms
  }

  /** The part works again. */
  restarted(): void {
    this.state = 'running'
    this.restarts++
    this.#well_ms = this.#options.ticks_ms()
  }
}

/** One start of a part. */
class Life implements Guard {
  heard_ms: number
  readonly #record: FaultRecord
  readonly #ticks_ms: () => number
  readonly #end: () => void
  /** Callbacks of the part that are running now: it is not stopped below them. */
  #depth = 0
  #failed = false
  #connections = 0
  readonly #releases: (() => void)[] = []
  /** Nothing of this life comes through any more. */
  ended = false

  constructor(record: FaultRecord, ticks_ms: () => number, end: () => void) {
    this.#record = record
    this.#ticks_ms = ticks_ms
    this.#end = end
    this.heard_ms = ticks_ms()
  }

  run(callback: () => void): void {
    if (this.ended) return
    this.#depth++
    try {
      callback()
    } catch (error) {
      if (isEndOfSupply(error)) throw error
      this.fail(reasonOf(error))
    } finally {
      this.#depth--
    }
    if (this.#failed && this.#depth === 0) this.#end()
  }

  alive(): void {
    this.heard_ms = this.#ticks_ms()
  }

  fail(reason: string): void {
    if (this.ended || this.#failed) return
    this.#failed = true
    this.#record.add(reason)
    if (this.#depth === 0) this.#end()
  }

  note(error: unknown): void {
    if (isEndOfSupply(error)) throw error
    if (!this.ended) this.#record.add(reasonOf(error))
  }

  connectionFailed(error: unknown): void {
    if (++this.#connections < CONNECTIONS_MAX) this.note(error)
    else this.fail(reasonOf(error))
  }

  connectionWorked(): void {
    this.#connections = 0
  }

  atEnd(release: () => void): void {
    this.#releases.push(release)
  }

  release(): void {
    for (const release of this.#releases.splice(0)) release()
  }
}

/** A part, its record, and its present life. */
class Supervised {
  readonly record: FaultRecord
  readonly #part: Part
  readonly #ticks_ms: () => number
  #life: Life | undefined
  #due_ms = 0

  constructor(part: Part, record: FaultRecord, ticks_ms: () => number) {
    this.#part = part
    this.record = record
    this.#ticks_ms = ticks_ms
    this.start()
  }

  /** Starts the part again when its pause is over, and looks whether it hangs. */
  second(now_ms: number): void {
    const life = this.#life
    if (life === undefined) {
      if (now_ms >= this.#due_ms && this.start()) this.record.restarted()
      return
    }
    const { silence_ms } = this.#part
    if (silence_ms !== undefined && now_ms - life.heard_ms > silence_ms) life.fail(`silent for ${now_ms - life.heard_ms} ms`)
  }

  stop(): void {
    const life = this.#life
    if (life === undefined) return
    this.#life = undefined
    life.ended = true
    try {
      this.#part.stop()
    } catch (error) {
      if (isEndOfSupply(error)) throw error
      this.record.add(reasonOf(error))
    }
    life.release()
  }

  /** False when it failed at once. */
  private start(): boolean {
    const life = new Life(this.record, this.#ticks_ms, () => this.end())
    this.#life = life
    life.run(() => this.#part.start(life))
    return this.#life === life
  }

  private end(): void {
    this.stop()
    this.#due_ms = this.#ticks_ms() + this.record.waits()
  }
}

export interface SupervisorOptions {
  /** Monotonic time. */
  readonly ticks_ms: () => number
  readonly onFault?: FaultListener
}

/**
 * Keeps the parts of a meter apart: what one of them throws ends that part and no other. It is stopped, and started again after a pause that doubles with
 * each failure.
 */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #records: FaultRecord[] = []
  readonly #parts: Supervised[] = []

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  /** Every part that was ever added, in that order. */
  get health(): readonly PartHealth[] {
    return this.#records
  }

  /** The record of something that looks after itself. `most_ms`: its longest pause. */
  record(name: string, most_ms?: number): FaultRecord {
    const record = new FaultRecord(name, { ...this.#options, most_ms })
    this.#records.push(record)
    return record
  }

  /** Starts a part, and again whenever it fails. Never throws for what the part does. */
  add(name: string, part: Part): void {
    this.#parts.push(new Supervised(part, this.record(name), this.#options.ticks_ms))
  }

  /** To be called once a second. */
  second(): void {
    const now_ms = this.#options.ticks_ms()
    // An iterator would leave slots behind each second.
    const parts = this.#parts
    for (let i = 0; i < parts.length; i++) parts[i].second(now_ms)
  }

  /** Stops all parts, the last one first; they stay stopped. */
  close(): void {
    for (const part of this.#parts.splice(0).reverse()) part.stop()
  }
}
