import type { Digital, DigitalConstructor, DigitalEdge, DigitalOptions } from '../../hal/api/io.ts'
import type { Scheduler } from './scheduler.ts'

const MODES: ReadonlySet<string> = new Set(['Input', 'InputPullUp', 'InputPullDown', 'Output', 'OutputOpenDrain'])
const EDGES: ReadonlySet<string> = new Set(['rising', 'falling', 'both'])
/** Pins of a bank. */
export const PINS = 64

type Level = 0 | 1

interface Pin {
  level: Level
  /** The world has pulled the wire; until then a pull-up or pull-down decides. */
  driven: boolean
  owner: EmulatedDigital | undefined
  /** The world's end of the wire. */
  listener: ((level: Level) => void) | undefined
  /** Other chips on the wire, and counters of the processor: told what the world drives. */
  readonly watchers: Set<(level: Level) => void>
}

/** The pins of an emulated processor: the firmware holds one end of each wire (`Digital`), the world the other. */
export class PinBank {
  readonly #scheduler: Scheduler
  readonly #pins: Pin[] = []

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
    for (let i = 0; i < PINS; i++) this.#pins.push({ level: 0, driven: false, owner: undefined, listener: undefined, watchers: new Set() })
  }

  /** The world pulls a wire; an input that waits for this edge is told in a task of its own. */
  drive(pin: number, level: Level): void {
    const wire = this.#pins[pin]
    wire.driven = true
    if (wire.level === level) return
    wire.level = level
    wire.owner?.edge(level)
    for (const watcher of wire.watchers) watcher(level)
  }

  level(pin: number): Level {
    return this.#pins[pin].level
  }

  /** Called when the firmware changes an output. */
  listen(pin: number, listener: (level: Level) => void): void {
    this.#pins[pin].listener = listener
  }

  /** Called at every edge that the world makes, until the function that it returns is called. */
  watch(pin: number, watcher: (level: Level) => void): () => void {
    const { watchers } = this.#pins[pin]
    watchers.add(watcher)
    return () => {
      watchers.delete(watcher)
    }
  }

  /** A pull resistor decides the level as long as the world does not. */
  pull(pin: number, level: Level): void {
    const wire = this.#pins[pin]
    if (!wire.driven) wire.level = level
  }

  /** The processor lost its supply: all pins float and nobody owns them. */
  release(): void {
    for (const pin of this.#pins) {
      pin.owner?.close()
      if (pin.listener === undefined || pin.level === 0) continue
      pin.level = 0
      pin.listener(0)
    }
  }

  /** `Digital` for the firmware of this processor. */
  constructorFor(): DigitalConstructor {
    const pins = this.#pins
    const scheduler = this.#scheduler
    return class extends EmulatedDigital {
      constructor(options: DigitalOptions) {
        super(options, pins, scheduler)
      }
    }
  }
}

function validate(options: DigitalOptions, pins: readonly Pin[]): void {
  const { pin, mode, edge, onReadable } = options
  if (!Number.isInteger(pin) || pin < 0 || pin >= PINS) throw new RangeError(`pin: found ${pin}, allowed is 0 to ${PINS - 1}`)
  if (!MODES.has(mode)) throw new RangeError(`mode: found ${mode}`)
  if (edge !== undefined && !EDGES.has(edge)) throw new RangeError(`edge: found ${edge}`)
  if (options.initialValue !== undefined && options.initialValue !== 0 && options.initialValue !== 1)
    throw new RangeError('initialValue: 0 or 1')
  if (onReadable !== undefined && edge === undefined) throw new RangeError('edge: needed with onReadable')
  if (pins[pin].owner !== undefined) throw new Error(`pin ${pin} is in use`)
}

class EmulatedDigital implements Digital {
  readonly #pin: Pin
  readonly #scheduler: Scheduler
  readonly #output: boolean
  readonly #edge: DigitalEdge | undefined
  readonly #onReadable: (() => void) | undefined
  #open = true

  constructor(options: DigitalOptions, pins: readonly Pin[], scheduler: Scheduler) {
    validate(options, pins)
    this.#pin = pins[options.pin]
    this.#scheduler = scheduler
    this.#output = options.mode.startsWith('Output')
    this.#edge = options.edge
    this.#onReadable = options.onReadable
    this.#pin.owner = this
    if (this.#output) this.#set(options.initialValue ?? 0)
    else if (!this.#pin.driven) this.#pin.level = options.mode === 'InputPullUp' ? 1 : 0
  }

  read(): Level {
    this.#check()
    return this.#pin.level
  }

  write(value: Level): void {
    this.#check()
    if (!this.#output) throw new Error('pin is an input')
    this.#set(value)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#pin.owner = undefined
  }

  /** An edge on the wire, from the world. */
  edge(level: Level): void {
    const wanted = this.#edge === 'both' || this.#edge === (level === 1 ? 'rising' : 'falling')
    if (!wanted || this.#onReadable === undefined) return
    const onReadable = this.#onReadable
    this.#scheduler.after(0, () => {
      if (this.#open) onReadable()
    })
  }

  #set(value: Level): void {
    if (this.#pin.level === value) return
    this.#pin.level = value
    this.#pin.listener?.(value)
  }

  #check(): void {
    if (!this.#open) throw new Error('closed')
  }
}
