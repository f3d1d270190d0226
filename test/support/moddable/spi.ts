import { type Machine, machine } from './machine.ts'

interface Options {
  readonly clock: number
  readonly in?: number
  readonly out?: number
  readonly select?: number
  readonly port: number
}

interface Bus {
  readonly lines: readonly (number | undefined)[]
  uses: number
}

/** By number of the controller. */
const buses = new WeakMap<Machine, Map<number, Bus>>()

function busesOf(owner: Machine): Map<number, Bus> {
  let found = buses.get(owner)
  if (found === undefined) {
    found = new Map()
    buses.set(owner, found)
  }
  return found
}

/** `ferraris/spi`, as `hal/esp32/native/spi/ferraris-spi.c` behaves: peripherals that name the same lines share a bus. */
export default class SPI {
  readonly #machine = machine()
  readonly #options: Options
  #open = true

  constructor(options: Options) {
    const { clock, in: input, out, select, port } = options
    const found = busesOf(this.#machine)
    const lines = [clock, input, out]
    const bus = found.get(port)
    if (bus?.lines.some((line, index) => line !== lines[index])) throw new Error('port in use')
    this.#machine.usePins([select])
    if (bus === undefined) {
      try {
        this.#machine.usePins(lines)
      } catch (error) {
        this.#machine.freePins([select])
        throw error
      }
      found.set(port, { lines, uses: 1 })
    } else bus.uses++
    this.#options = options
  }

  transfer(buffer: Uint8Array): void {
    if (!this.#open) throw new TypeError('this: not a host object')
    const { select } = this.#options
    if (select !== undefined) this.#machine.spi.get(select)?.(buffer)
  }

  write(buffer: Uint8Array): void {
    this.transfer(buffer.slice())
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    const { select, port } = this.#options
    this.#machine.freePins([select])
    const bus = busesOf(this.#machine).get(port)
    if (bus === undefined || --bus.uses > 0) return
    this.#machine.freePins(bus.lines)
    busesOf(this.#machine).delete(port)
  }
}
