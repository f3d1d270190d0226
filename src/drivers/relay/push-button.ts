/** A button of the meter, such as the one with which a person reconnects the supply: an input that bounces. */
import type { Digital, DigitalConstructor, DigitalMode } from '../../../hal/api/io.ts'
import type { Timer, TimerHandle } from '../../../hal/api/time.ts'

export interface PushButtonOptions {
  readonly io: DigitalConstructor
  readonly pin: number
  /** Level while it is pressed. Default 0. */
  readonly pressed?: 0 | 1
  /** Default `InputPullUp`. */
  readonly mode?: DigitalMode
  readonly timer: Timer
  /** Monotonic time. */
  readonly ticks_ms: () => number
  /** The button was let go after `duration_ms`. */
  readonly onPress: (duration_ms: number) => void
  /** Levels that last shorter are bouncing. Default 30 ms. */
  readonly bounce_ms?: number
}

export class PushButton {
  readonly #options: PushButtonOptions
  readonly #pin: Digital
  #timer: TimerHandle | undefined
  #pressed_ms: number | undefined
  #open = true

  constructor(options: PushButtonOptions) {
    const { io, pin, mode = 'InputPullUp' } = options
    this.#options = options
    this.#pin = new io({ pin, mode, edge: 'both', onReadable: () => this.#onEdge() })
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    if (this.#timer !== undefined) this.#options.timer.clear(this.#timer)
    this.#pin.close()
  }

  /** Each edge starts the wait anew: only the level at the end counts. */
  #onEdge(): void {
    const { timer, bounce_ms = 30 } = this.#options
    if (this.#timer !== undefined) timer.clear(this.#timer)
    this.#timer = timer.set(() => this.#onStill(), bounce_ms)
  }

  #onStill(): void {
    if (!this.#open) return
    this.#timer = undefined
    const { pressed = 0, ticks_ms, onPress } = this.#options
    const now_ms = ticks_ms()
    const since_ms = this.#pressed_ms
    if (this.#pin.read() === pressed) {
      this.#pressed_ms ??= now_ms
      return
    }
    this.#pressed_ms = undefined
    // A button that was held while the meter started was not pressed for it.
    if (since_ms !== undefined) onPress(now_ms - since_ms)
  }
}
