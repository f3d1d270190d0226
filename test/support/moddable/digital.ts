import { machine } from './machine.ts'

interface Options {
  readonly pin: number
  readonly mode: number
  readonly edge?: number
  readonly initialValue?: 0 | 1
  readonly onReadable?: () => void
}

/** SOC_GPIO_VALID_GPIO_MASK of an ESP32-S3, which has the highest pins. */
const PINS = 49

/** `embedded:io/digital`, as `modules/io/digital/esp32/digitalbank.c` behaves. */
export default class Digital {
  static readonly Input = 0
  static readonly InputPullUp = 1
  static readonly InputPullDown = 2
  static readonly Output = 8
  static readonly OutputOpenDrain = 9
  static readonly Rising = 1
  static readonly Falling = 2
  readonly #pin: number
  readonly #output: boolean
  readonly #machine = machine()
  readonly #unwatch: () => void = () => {}
  #triggered = false
  #open = true

  constructor({ pin, mode, edge = 0, initialValue = 0, onReadable }: Options) {
    if (!Number.isInteger(pin) || pin < 0 || pin >= PINS) throw new Error('invalid pin')
    if (![0, 1, 2, 3, 8, 9].includes(mode)) throw new RangeError('invalid mode')
    this.#output = mode >= Digital.Output
    if (!this.#output && onReadable !== undefined && (edge & 3) === 0) throw new RangeError('invalid edges')
    this.#machine.usePins([pin])
    this.#pin = pin
    if (this.#output) this.#machine.drive(pin, initialValue)
    else if (onReadable !== undefined) this.#unwatch = this.#watch(edge, onReadable)
  }

  /** Edges until the message is delivered become one (`triggered`); the callback has this instance as `this`. */
  #watch(edge: number, onReadable: () => void): () => void {
    const { watchers } = this.#machine.wire(this.#pin)
    const watcher = (level: 0 | 1) => {
      if ((edge & (level === 1 ? Digital.Rising : Digital.Falling)) === 0 || this.#triggered) return
      this.#triggered = true
      this.#machine.post(() => {
        this.#triggered = false
        // The last user of a closed instance frees it and calls nobody.
        if (this.#open) onReadable.call(this)
      })
    }
    watchers.add(watcher)
    return () => watchers.delete(watcher)
  }

  read(): 0 | 1 {
    this.#check()
    if (this.#output) throw new Error("can't read output")
    return this.#machine.wire(this.#pin).level
  }

  write(value: 0 | 1): void {
    this.#check()
    if (!this.#output) throw new Error("can't write input")
    this.#machine.drive(this.#pin, value)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#unwatch()
    this.#machine.freePins([this.#pin])
  }

  /** `xsmcGetHostDataValidate`. */
  #check(): void {
    if (!this.#open) throw new TypeError('this: not a host object')
  }
}
