import { type ByteReader, DecodeError } from '../../lib/bytes.ts'
import type { BridgeBoard } from './board.ts'
import type { DigitalResource } from './resources.ts'

/** Operations of one script. */
const OPERATIONS_MAX = 256
const WRITE = 1
const WAIT = 2

type Operation = { readonly wait_us: number } | { readonly output: DigitalResource; readonly level: number }

/** Something that runs on its own until it is over or stopped. */
export interface Running {
  stop(): void
}

/** Sets a level; false when the pin was closed in the meantime. */
function put(output: DigitalResource, level: number): boolean {
  try {
    output.write(level)
    return true
  } catch {
    // The PC closed the handle under a script that runs: the script ends, and its `done` tells how far it came.
    return false
  }
}

/** Finds an output by its handle. Throws where there is none. */
export type FindOutput = (handle: number) => DigitalResource

function levelOf(reader: ByteReader): number {
  const level = reader.uint8()
  if (level > 1) throw new RangeError(`level: found ${level}`)
  return level
}

function readOperations(reader: ByteReader, find: FindOutput): Operation[] {
  const operations: Operation[] = []
  while (reader.remaining > 0) {
    if (operations.length === OPERATIONS_MAX) throw new RangeError(`at most ${OPERATIONS_MAX} operations`)
    const code = reader.uint8()
    if (code === WRITE) operations.push({ output: find(reader.uint8()), level: levelOf(reader) })
    else if (code === WAIT) operations.push({ wait_us: reader.uint32() })
    else throw new DecodeError(`operation ${code}`)
  }
  return operations
}

/** Levels at outputs with exact pauses between them. Moments are counted from the start, so that pauses do not add up their errors. */
export class Script implements Running {
  readonly #board: BridgeBoard
  readonly #operations: readonly Operation[]
  readonly #done: (count: number) => void
  #due_us: number
  #next = 0
  #stopped = false

  /** Throws DecodeError, RangeError and what `find` throws; `done` gets the operations that were carried out. */
  constructor(board: BridgeBoard, reader: ByteReader, find: FindOutput, done: (count: number) => void) {
    this.#board = board
    this.#operations = readOperations(reader, find)
    this.#done = done
    this.#due_us = board.now_us()
    board.after_us(() => this.#step(), 0)
  }

  stop(): void {
    this.#stopped = true
  }

  #step(): void {
    if (this.#stopped) return
    while (this.#next < this.#operations.length) {
      const operation = this.#operations[this.#next++]
      if ('wait_us' in operation) {
        this.#due_us += operation.wait_us
        this.#board.after_us(() => this.#step(), Math.max(0, this.#due_us - this.#board.now_us()))
        return
      }
      if (put(operation.output, operation.level)) continue
      this.#done(this.#next - 1)
      return
    }
    this.#done(this.#next)
  }
}

/** A train of pulses at an output. */
export class PulseTrain implements Running {
  readonly #board: BridgeBoard
  readonly #output: DigitalResource
  readonly #level: number
  readonly #count: number
  readonly #period_us: number
  readonly #width_us: number
  readonly #done: (count: number) => void
  #due_us: number
  #made = 0
  #stopped = false

  /** Body: handle, active level, count (0: until it is stopped), period and width in µs. Throws RangeError. */
  constructor(board: BridgeBoard, reader: ByteReader, find: FindOutput, done: (count: number) => void) {
    this.#board = board
    this.#output = find(reader.uint8())
    this.#level = levelOf(reader)
    this.#count = reader.uint32()
    this.#period_us = reader.uint32()
    this.#width_us = reader.uint32()
    this.#done = done
    const { pulsePeriodMin_us } = board
    if (this.#period_us < pulsePeriodMin_us)
      throw new RangeError(`period: found ${this.#period_us} us, this board makes ${pulsePeriodMin_us} us or more`)
    if (this.#width_us < 1 || this.#width_us >= this.#period_us)
      throw new RangeError(`width: found ${this.#width_us} us, allowed is less than the period`)
    this.#due_us = board.now_us()
    board.after_us(() => this.#rise(), 0)
  }

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    put(this.#output, 1 - this.#level)
  }

  #rise(): void {
    if (this.#stopped) return
    if (put(this.#output, this.#level)) this.#after(this.#width_us, () => this.#fall())
    else this.#end()
  }

  #fall(): void {
    if (this.#stopped) return
    const whole = put(this.#output, 1 - this.#level)
    if (whole) this.#made++
    if (!whole || this.#made === this.#count) this.#end()
    else {
      this.#due_us += this.#period_us
      this.#after(0, () => this.#rise())
    }
  }

  #end(): void {
    this.#stopped = true
    this.#done(this.#made)
  }

  /** `offset_us` after the beginning of the present period. */
  #after(offset_us: number, callback: () => void): void {
    this.#board.after_us(callback, Math.max(0, this.#due_us + offset_us - this.#board.now_us()))
  }
}
