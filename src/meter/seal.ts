import type { Device } from '../../hal/api/device.ts'
import type { Digital } from '../../hal/api/io.ts'

/** The contact of the metrological seal, which several parts of the meter ask for: only one of them can hold the pin. */
export class SealContact {
  /** Without a contact the seal counts as whole. */
  readonly present: boolean
  readonly #wiring: Device['seal']
  #held: Digital | undefined

  constructor({ seal }: Pick<Device, 'seal'>) {
    this.#wiring = seal
    this.present = seal !== undefined
  }

  /** True while the seal is broken. */
  get open(): boolean {
    if (this.#held !== undefined) return this.#held.read() === 0
    if (this.#wiring === undefined) return false
    const contact = new this.#wiring.io({ pin: this.#wiring.pin, mode: 'InputPullUp' })
    try {
      return contact.read() === 0
    } finally {
      contact.close()
    }
  }

  /** Holds the pin from now on and tells of its edges. */
  hold(onEdge: () => void): void {
    if (this.#wiring === undefined || this.#held !== undefined) return
    const { io, pin } = this.#wiring
    this.#held = new io({ pin, mode: 'InputPullUp', edge: 'both', onReadable: onEdge })
  }

  release(): void {
    this.#held?.close()
    this.#held = undefined
  }
}
