import type { FaceEvent, FaceSource } from '../../src/meter/face/state.ts'
import type { FaceView } from '../../src/meter/views/face.ts'
import type { Machine } from './machine.ts'

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

  #current(): FaceView {
    const { meter, generation } = this.#machine
    if (meter !== undefined && generation !== this.#generation) {
      this.#generation = generation
      this.#view = this.#machine.board.program.face(meter)
    }
    return this.#view
  }
}
