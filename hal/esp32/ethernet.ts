import NativeEthernet from 'ferraris/ethernet'
import { checkPin } from './pin.ts'

/** Highest address of a PHY at its management bus (IEEE 802.3, 22.2.4.5.5). */
const PHY_ADDRESS_MAX = 31

/** How a PHY is wired to the controller of an ESP32; the lines of RMII itself cannot be moved. */
export type EthernetWiring = {
  /** MDC and MDIO. */
  readonly management: number
  readonly managementData: number
  /** Of the PHY at the management bus. */
  readonly address: number
  /** High: PHY and oscillator have their supply, or are not held in reset. */
  readonly power?: number
} & (
  | {
      /** The reference clock of 50 MHz comes from outside; the chip takes it at GPIO0 only. */
      readonly clockIn: 0
    }
  | {
      /** The chip makes the reference clock, at one of these. */
      readonly clockOut: 0 | 16 | 17
    }
)

export type EthernetPortOptions = EthernetWiring & {
  /** Name in the network. */
  readonly hostname?: string
  /** The port got its address, or lost its cable (undefined). */
  readonly onAddress?: (address: string | undefined) => void
}

function settings(options: EthernetPortOptions): ConstructorParameters<typeof NativeEthernet>[0] {
  const { management, managementData, address, power, hostname } = options
  if (!Number.isInteger(address) || address < 0 || address > PHY_ADDRESS_MAX)
    throw new RangeError(`address: found ${address}, allowed is 0 to ${PHY_ADDRESS_MAX}`)
  // The native module takes a name that is there for a value, even when that is undefined.
  return {
    management: checkPin('management', management),
    managementData: checkPin('managementData', managementData),
    address,
    ...(power === undefined ? {} : { power: checkPin('power', power) }),
    ...('clockOut' in options ? { clockOut: checkPin('clockOut', options.clockOut) } : {}),
    ...(hostname === undefined ? {} : { hostname }),
  }
}

/**
 * Ethernet with DHCP. A cable that comes back is taken up by itself. The network stack runs from the constructor on, so sockets can be opened before there is a cable.
 *
 * Errors of the constructor: TypeError and RangeError for options, Error for a pin that is in use, and for a PHY that does not answer or gives no clock.
 */
export class EthernetPort {
  readonly #onAddress: ((address: string | undefined) => void) | undefined
  #native: NativeEthernet | undefined
  #address: string | undefined

  constructor(options: EthernetPortOptions) {
    this.#onAddress = options.onAddress
    this.#native = new NativeEthernet({ ...settings(options), onChanged: () => this.#changed() })
  }

  /** Address of the port while it is reachable. */
  get address(): string | undefined {
    return this.#address
  }

  close(): void {
    this.#native?.close()
    this.#native = undefined
    this.#address = undefined
  }

  #changed(): void {
    if (this.#native === undefined) return
    const { address } = this.#native
    if (address === this.#address) return
    this.#address = address
    this.#onAddress?.(address)
  }
}
