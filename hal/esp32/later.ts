import Timer from 'timer'

/** Calls something after the present callback has returned: once, however often it is asked for, and not any more after `cancel`. */
export class Later {
  readonly #callback: () => void
  #running: object | undefined

  constructor(callback: () => void) {
    this.#callback = callback
  }

  ask(): void {
    this.#running ??= Timer.set(() => {
      this.#running = undefined
      this.#callback()
    }, 0)
  }

  cancel(): void {
    if (this.#running !== undefined) Timer.clear(this.#running)
    this.#running = undefined
  }
}
