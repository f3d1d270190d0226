import type { Serial, SerialConstructor } from '../../../hal/api/io.ts'
import { SeededRandom } from '../../lib/random.ts'
import type { Scheduler } from '../scheduler.ts'

/** Longest command of any module. */
const INPUT_MAX = 600
const OUTPUT_MAX = 4096
/** Commands that wait while one is worked on. */
const COMMANDS_MAX = 8
const CR = 0x0d
const LF = 0x0a

/** What happens to lines on their way out, as parts of all. */
export interface LineFaults {
  readonly seed: number
  readonly lost?: number
  readonly twice?: number
  /** Up to `late_ms` later, so behind others. */
  readonly late?: number
  readonly late_ms?: number
  /** Also lines without which no conversation works. */
  readonly all?: boolean
}

export interface ModemLineOptions {
  readonly scheduler: Scheduler
  readonly io: SerialConstructor
  readonly baud: number
  /** From the end of a command to its answer. */
  readonly think_ms: number
  readonly onCommand: (line: string) => void
}

/** The UART of an emulated module: lines in, one at a time, and lines out, with the faults that a test asks for. */
export class ModemLine {
  /** Fault: nothing leaves the module any more. */
  mute = false
  readonly #options: ModemLineOptions
  readonly #input = new Uint8Array(INPUT_MAX)
  readonly #output = new Uint8Array(OUTPUT_MAX)
  readonly #commands: string[] = []
  #serial: Serial | undefined
  #length = 0
  #waiting = 0
  #room = 0
  #epoch = 0
  #faults: LineFaults | undefined
  #random = new SeededRandom(0)

  constructor(options: ModemLineOptions) {
    this.#options = options
  }

  set faults(faults: LineFaults | undefined) {
    this.#faults = faults
    this.#random = new SeededRandom(faults?.seed ?? 0, 12)
  }

  open(): void {
    this.close()
    const { io, baud } = this.#options
    const serial: Serial = new io({
      baud,
      onReadable: () => {
        for (const byte of serial.read() ?? []) this.#take(byte)
      },
      onWritable: (count) => {
        this.#room = count
        this.#pump()
      },
      onError: () => this.#take(0),
    })
    this.#serial = serial
  }

  close(): void {
    this.#epoch++
    this.#serial?.close()
    this.#serial = undefined
    this.#length = 0
    this.#waiting = 0
    this.#room = 0
    this.#commands.length = 0
  }

  /** A line that may be missing, and that other lines may overtake. */
  maybe(text: string): void {
    this.#say(text, true)
  }

  say(text: string): void {
    this.#say(text, this.#faults?.all === true)
  }

  #say(text: string, faulty: boolean): void {
    const faults = this.#faults
    if (faults === undefined || !faulty) {
      this.#write(text)
      return
    }
    const { lost = 0, twice = 0, late = 0, late_ms = 200 } = faults
    const chance = this.#random.float()
    const { scheduler } = this.#options
    const epoch = this.#epoch
    if (chance < lost) return
    if (chance < lost + late) {
      scheduler.after(1000 * this.#random.below(late_ms), () => {
        if (epoch === this.#epoch) this.#write(text)
      })
      return
    }
    this.#write(text)
    if (chance < lost + late + twice) this.#write(text)
  }

  #write(text: string): void {
    if (this.#serial === undefined || this.mute) return
    for (const character of `${text}\r\n`) if (this.#waiting < OUTPUT_MAX) this.#output[this.#waiting++] = character.charCodeAt(0)
    this.#pump()
  }

  #pump(): void {
    const count = Math.min(this.#room, this.#waiting)
    if (count === 0) return
    this.#room -= count
    const bytes = this.#output.slice(0, count)
    this.#output.copyWithin(0, count, this.#waiting)
    this.#waiting -= count
    this.#serial?.write(bytes)
  }

  #take(byte: number): void {
    if (byte !== CR && byte !== LF) {
      if (this.#length < INPUT_MAX) this.#input[this.#length++] = byte
      return
    }
    if (this.#length === 0) return
    const line = String.fromCharCode(...this.#input.subarray(0, this.#length))
    this.#length = 0
    if (this.#commands.length >= COMMANDS_MAX) return
    this.#commands.push(line)
    if (this.#commands.length === 1) this.#think()
  }

  #think(): void {
    const { scheduler, think_ms, onCommand } = this.#options
    const epoch = this.#epoch
    scheduler.after(1000 * think_ms, () => {
      if (epoch !== this.#epoch) return
      onCommand(this.#commands[0])
      if (epoch !== this.#epoch) return
      this.#commands.shift()
      if (this.#commands.length > 0) this.#think()
    })
  }
}
