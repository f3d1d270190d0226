import { type Machine, machine } from './machine.ts'

interface Options {
  readonly management: number
  readonly managementData: number
  readonly address: number
  readonly power?: number
  readonly clockOut?: number
  readonly hostname?: string
  readonly onChanged?: () => void
}

/** What the controller of a machine was started with; it runs until the next reset. */
const started = new WeakMap<Machine, Options>()
const open = new WeakMap<Machine, Ethernet>()

/** `ferraris/ethernet`, as `hal/esp32/native/ethernet/ferraris-ethernet.c` behaves with a PHY that answers. */
export default class Ethernet {
  readonly #machine = machine()
  readonly #onChanged: (() => void) | undefined
  #address: string | undefined

  constructor(options: Options) {
    if (open.has(this.#machine)) throw new Error('in use')
    if (!started.has(this.#machine)) {
      const { management, managementData, power, clockOut = 0 } = options
      this.#machine.usePins([management, managementData, power, clockOut])
      started.set(this.#machine, options)
    }
    this.#onChanged = options.onChanged
    open.set(this.#machine, this)
  }

  get address(): string | undefined {
    return this.#address
  }

  close(): void {
    open.delete(this.#machine)
  }

  // --- back door ---

  /** What the controller of the machine was started with. */
  static started(): Options | undefined {
    return started.get(machine())
  }

  /** The network gives an address, or the cable is pulled. */
  static become(address: string | undefined): void {
    const here = machine()
    here.post(() => {
      const port = open.get(here)
      if (port === undefined) return
      port.#address = address
      port.#onChanged?.call(port)
    })
  }
}
