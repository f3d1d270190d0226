import type { Timer, TimerHandle } from '../../../hal/api/time.ts'
import type { Command, Refusal } from './dialect.ts'

const TIMEOUT_MS = 2000
/** A command that was not answered is given again: its answer may have been lost. */
const TRIES = 3
/** Quiet after an answer: what is said twice is not taken for the answer to the next command. */
const PAUSE_MS = 20
/** After a repetition: the answer to the first attempt may still come. */
const LATE_MS = 500
const QUEUE_MAX = 128

export interface ScriptEvents {
  /** `sure` unless a command that is given once was not answered. */
  readonly onDone: (sure: boolean) => void
  readonly onRefused: (refusal: Refusal, reason: string, wait_ms: number | undefined) => void
  /** The modem does not answer. */
  readonly onSilence: (command: Command) => void
}

/** A list of commands, one in flight at a time, each with its time-out. */
export class Script {
  readonly #timer: Timer
  readonly #write: (text: string) => void
  readonly #queue: Command[] = []
  #open: Command | undefined
  #tries = 0
  #sure = true
  #handle: TimerHandle | undefined
  #events: ScriptEvents | undefined

  constructor(timer: Timer, write: (text: string) => void) {
    this.#timer = timer
    this.#write = write
  }

  get running(): boolean {
    return this.#events !== undefined
  }

  /** The command that waits for its end. */
  get open(): Command | undefined {
    return this.#open
  }

  /** Gives up what runs, and begins. The events come later, one of them for each script. */
  run(commands: readonly Command[], events: ScriptEvents): void {
    this.stop()
    this.#sure = true
    this.#events = events
    this.#queue.push(...commands)
    this.#wait(0, this.#next)
  }

  /** Commands before those that wait. */
  insert(commands: readonly Command[]): void {
    if (this.#queue.length + commands.length <= QUEUE_MAX) this.#queue.unshift(...commands)
  }

  done(): void {
    if (this.#open === undefined) return
    this.#open = undefined
    this.#wait(this.#tries > 1 ? LATE_MS : PAUSE_MS, this.#next)
  }

  refused(refusal: Refusal, reason: string, wait_ms: number | undefined): void {
    const command = this.#open
    if (command === undefined) return
    if (command.optional === true) {
      this.done()
      return
    }
    const events = this.#events
    this.stop()
    events?.onRefused(refusal, `${nameOf(command)}: ${reason}`, wait_ms)
  }

  stop(): void {
    this.#cancel()
    this.#queue.length = 0
    this.#open = undefined
    this.#events = undefined
  }

  readonly #next = (): void => {
    const command = this.#queue.shift()
    if (command === undefined) {
      const events = this.#events
      this.stop()
      events?.onDone(this.#sure)
      return
    }
    this.#tries = 0
    this.#give(command)
  }

  #give(command: Command): void {
    this.#open = command
    this.#tries++
    this.#write(`${command.text}\r\n`)
    this.#wait(command.timeout_ms ?? TIMEOUT_MS, () => {
      if (command.once === true) {
        this.#sure = false
        this.done()
        return
      }
      if (this.#tries < TRIES) {
        this.#give(command)
        return
      }
      const events = this.#events
      this.stop()
      events?.onSilence(command)
    })
  }

  #wait(delay_ms: number, then: () => void): void {
    this.#cancel()
    this.#handle = this.#timer.set(() => {
      this.#handle = undefined
      then()
    }, delay_ms)
  }

  #cancel(): void {
    if (this.#handle !== undefined) this.#timer.clear(this.#handle)
    this.#handle = undefined
  }
}

/** For messages: without what must not be read. */
export function nameOf({ text, secret }: Command): string {
  if (secret !== true) return text.slice(0, 40)
  const end = text.indexOf('=')
  return `${end > 0 ? text.slice(0, end) : text.split(' ').slice(0, 3).join(' ')} …`
}
