import type { Bytes } from '../api/io.ts'

declare function native(name: string): { call(self: undefined, ...parameters: readonly unknown[]): unknown }

/** What a watch waits for. */
export const Events = Object.freeze({ readable: 1, writable: 2 })

/** A file descriptor of a socket or a terminal that never blocks, in the main loop of the program. */
export class Descriptor {
  readonly number: number
  #open = true
  #watch: number | undefined
  #events = 0
  readonly #onEvents: (events: number) => void

  /** `onEvents` comes from the main loop, for the events that `wait` last named. */
  constructor(number: number, onEvents: (events: number) => void) {
    this.number = number
    this.#onEvents = onEvents
  }

  /** Waits for these events from now on, for each of them again and again as long as it lasts. */
  wait(events: number): void {
    if (events === this.#events || !this.#open) return
    if (this.#watch !== undefined) native('lin_unwatch').call(undefined, this.#watch)
    this.#events = events
    this.#watch = events === 0 ? undefined : (native('lin_watch').call(undefined, this.number, events, this.#onEvents) as number)
  }

  /** What has arrived; empty at the end of the stream, undefined while there is nothing. Throws Error with the name of the system's error. */
  receive(): ArrayBuffer | undefined {
    return native('lin_receive').call(undefined, this.number) as ArrayBuffer | undefined
  }

  /** Gives how many of the bytes were taken. Throws as `receive`. */
  send(bytes: Bytes): number {
    return native('lin_send').call(undefined, this.number, bytes) as number
  }

  close(): void {
    this.wait(0)
    if (this.#open) native('lin_close').call(undefined, this.number)
    this.#open = false
  }
}
