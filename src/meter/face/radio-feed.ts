import type { FaceExtension, FaceMessage, FaceSource } from './state.ts'

/** Ticks between two states at most: at a thousand times real time something changes with every tick. */
const FEED_TICKS = 4

/** What changes now and then, and what is added to one after the other. */
interface Feedable {
  readonly revision: number
  readonly newest: number
}

/** What one page was told, and what it is to be told next. */
class Feed<Source extends Feedable> {
  readonly #source: () => Source | undefined
  readonly #messages: (source: Source, after: number) => readonly FaceMessage[]
  #revision: number | undefined
  #newest = 0
  #since = FEED_TICKS

  constructor(source: () => Source | undefined, messages: (source: Source, after: number) => readonly FaceMessage[]) {
    this.#source = source
    this.#messages = messages
  }

  /** Once a tick. */
  next(): readonly FaceMessage[] {
    const source = this.#source()
    this.#since++
    if (source === undefined || this.#since < FEED_TICKS) return []
    const { revision, newest } = source
    if (revision === this.#revision && newest === this.#newest) return []
    const messages = this.#messages(source, this.#newest)
    this.#since = 0
    this.#revision = revision
    this.#newest = newest
    return messages
  }
}

/** The radio of the meter, and the air of its world. */
export function radioFeeds(source: FaceSource, extension: FaceExtension | undefined): readonly { next(): readonly FaceMessage[] }[] {
  return [
    new Feed(
      () => source.radio,
      (radio, after) => {
        const frames = radio.frames(after)
        return [{ ...radio.state(), type: 'radio' }, ...(frames.length > 0 ? [{ type: 'frames', frames } as const] : [])]
      },
    ),
    new Feed(
      () => extension?.air,
      (air, after) => {
        const signals = air.signals(after)
        return [{ ...air.state(), type: 'air' }, ...(signals.length > 0 ? [{ type: 'signals', signals } as const] : [])]
      },
    ),
  ]
}
