import { eventText, localTime } from '../../boards/virtual/report.ts'
import type { SessionEvent } from '../../boards/virtual/session.ts'
import type { MeterConfig } from '../meter/config.ts'

/** Real time between two progress lines. */
const PROGRESS_MS = 1000

/** What a person sees of a run: one line per address and event, and a line of progress. */
export class Terminal {
  readonly #config: MeterConfig
  readonly #stream: NodeJS.WriteStream
  #progress_ms = performance.now()
  /** A progress line without its end stands on the terminal. */
  #open = false

  #start_ms = 0
  #end_ms = Number.POSITIVE_INFINITY

  /** With `json`, standard output is left to the final object. */
  constructor(config: MeterConfig, json: boolean) {
    this.#config = config
    this.#stream = json ? process.stderr : process.stdout
  }

  /** The world's time that the run lasts, for the progress. */
  range(start_ms: number, end_ms: number): void {
    this.#start_ms = start_ms
    this.#end_ms = end_ms
  }

  line(text: string): void {
    if (this.#open) this.#stream.write('\n')
    this.#open = false
    this.#stream.write(`${text}\n`)
  }

  /** Local time of the meter. */
  time(utc_ms: number): string {
    return localTime(this.#config, utc_ms)
  }

  event(event: SessionEvent): void {
    const text = eventText(event, this.#config)
    if (text !== undefined) this.line(text)
  }

  /** At most one line a second; on a terminal it overwrites itself. */
  progress(now_ms: number, actualSpeed: number): void {
    const start_ms = this.#start_ms
    const end_ms = this.#end_ms
    if (end_ms === Number.POSITIVE_INFINITY || performance.now() - this.#progress_ms < PROGRESS_MS) return
    this.#progress_ms = performance.now()
    const percent = Math.floor((100 * (now_ms - start_ms)) / (end_ms - start_ms))
    const text = `${this.time(now_ms)} ${percent} % at ${Math.round(actualSpeed).toLocaleString('en')} times real time`
    if (!this.#stream.isTTY) {
      this.line(text)
      return
    }
    this.#stream.write(`\r\u001b[K${text}`)
    this.#open = true
  }

  end(): void {
    if (this.#open) this.#stream.write('\n')
    this.#open = false
  }
}
