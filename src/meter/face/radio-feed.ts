import type { FaceMessage, FaceSource } from './state.ts'

/** Ticks between two states of the radio at most: at a thousand times real time something changes with every tick. */
const RADIO_TICKS = 4

/** What one page was told about the radio, and what it is to be told next. */
export class RadioFeed {
  readonly #source: FaceSource
  #revision: number | undefined
  #newest = 0
  #since = RADIO_TICKS

  constructor(source: FaceSource) {
    this.#source = source
  }

  /** Once a tick. */
  next(): readonly FaceMessage[] {
    const { radio } = this.#source
    this.#since++
    if (radio === undefined || this.#since < RADIO_TICKS) return []
    const { revision, newest } = radio
    if (revision === this.#revision && newest === this.#newest) return []
    const messages: FaceMessage[] = [{ ...radio.state(), type: 'radio' }]
    if (newest !== this.#newest) messages.push({ type: 'frames', frames: radio.frames(this.#newest) })
    this.#since = 0
    this.#revision = revision
    this.#newest = newest
    return messages
  }
}
