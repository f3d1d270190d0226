import NativeEthernet from 'embedded:network/interface/ethernet'

/** State of `connection` from which on there are addresses. */
const REACHABLE = 500

export interface EthernetPortOptions {
  /** Name in the network. */
  readonly hostname?: string
  /** The port got its address, or lost its cable (undefined). */
  readonly onAddress?: (address: string | undefined) => void
}

/**
 * Ethernet with DHCP. Controller and PHY stand in the `defines` of the board's manifest; a cable that comes back is taken up by itself. The network stack runs from the
 * constructor on, so sockets can be opened before there is a cable.
 */
export class EthernetPort {
  readonly #options: EthernetPortOptions
  readonly #interface: NativeEthernet
  #reachable = false
  #open = true

  constructor(options: EthernetPortOptions = {}) {
    const { hostname } = options
    this.#options = options
    this.#interface = new NativeEthernet({ onChanged: () => this.#changed() })
    if (hostname !== undefined) this.#interface.configure({ hostname })
    // An interface that another owner has connected already is connected.
    if (this.#interface.connection < REACHABLE) this.#interface.connect()
  }

  /** Address of the port while it is reachable. */
  get address(): string | undefined {
    return this.#reachable ? this.#interface.address : undefined
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#interface.close()
  }

  #changed(): void {
    if (!this.#open) return
    const reachable = this.#interface.connection >= REACHABLE
    if (reachable === this.#reachable) return
    this.#reachable = reachable
    this.#options.onAddress?.(this.address)
  }
}
