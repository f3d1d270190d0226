import type { FaceFrame, FaceRadioSource } from '../../src/meter/face/radio-state.ts'
import type { FaceEvent, FaceSource } from '../../src/meter/face/state.ts'
import type { FaceView } from '../../src/meter/views/face.ts'
import type { RadioView } from '../../src/meter/views/radio.ts'
import type { Machine } from './machine.ts'

/** The radio of one firmware, counted above the one that ran before it; silent while the board has no supply. */
class GenerationRadio implements FaceRadioSource {
  readonly #radio: RadioView
  readonly #base: number
  readonly #live: boolean

  constructor(radio: RadioView, generation: number, live: boolean) {
    this.#radio = radio
    this.#base = 0x100000 * generation
    this.#live = live
  }

  get newest(): number {
    return this.#base + this.#radio.newest
  }

  get revision(): number {
    return this.#live ? this.#base + this.#radio.revision : -this.#base
  }

  state(): ReturnType<FaceRadioSource['state']> {
    return this.#radio.state(this.#live)
  }

  frames(seq: number): readonly FaceFrame[] {
    if (!this.#live) return []
    return this.#radio.frames(seq - this.#base).map((frame) => ({ ...frame, seq: frame.seq + this.#base }))
  }
}

/**
 * The face of whatever firmware runs on the board now. On a board without supply it shows the last state with a dark display, so that the page,
 * and with it the switch of the mains, survives the meter.
 */
export class MachineFace implements FaceSource {
  readonly #machine: Machine
  #view: FaceView
  #generation: number

  constructor(machine: Machine, view: FaceView) {
    this.#machine = machine
    this.#view = view
    this.#generation = machine.generation
  }

  hello(): ReturnType<FaceSource['hello']> {
    return this.#current().hello()
  }

  state(): ReturnType<FaceSource['state']> {
    const powered = this.#machine.meter !== undefined
    return { ...this.#current().state(powered), powered }
  }

  curve(): ReturnType<FaceSource['curve']> {
    return this.#current().curve()
  }

  events(): readonly FaceEvent[] {
    return this.#current().events()
  }

  get curveRevision(): number {
    return this.#current().curveRevision + 0x100000 * this.#generation
  }

  get eventsRevision(): number {
    return this.#current().eventsRevision + 0x100000 * this.#generation
  }

  get radio(): FaceRadioSource | undefined {
    const { radio } = this.#current()
    return radio && new GenerationRadio(radio, this.#generation, this.#machine.meter !== undefined)
  }

  #current(): FaceView {
    const { meter, generation } = this.#machine
    if (meter !== undefined && generation !== this.#generation) {
      this.#generation = generation
      this.#view = this.#machine.board.program.face(meter)
    }
    return this.#view
  }
}
