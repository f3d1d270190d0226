import NativeWiFi from 'embedded:network/interface/wifi'
import type { Timer, TimerHandle } from '../api/time.ts'

/** Waits between attempts to connect: doubled after each failure, up to a minute. */
const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 60_000
/** States of `connection` from which on there is an access point, and addresses. */
const CONNECTED = 400
const REACHABLE = 500
/** IEEE 802.11 and WPA2: longest name of a network, and of its password. */
const SSID_MAX = 32
const PASSWORD_MAX = 63

export interface WiFiStationOptions {
  readonly ssid: string
  /** Absent: an open network. */
  readonly password?: string
  /** Name in the network. */
  readonly hostname?: string
  readonly timer: Timer
  /** The station got its address, or lost its access point (undefined). */
  readonly onAddress?: (address: string | undefined) => void
}

/**
 * Wi-Fi as a station that never gives up: it connects again whenever the access point is gone. The network stack runs from the constructor on, so sockets can
 * be opened before there is an access point.
 *
 * Errors of the constructor: RangeError for a name or password that no network has.
 */
export class WiFiStation {
  readonly #options: WiFiStationOptions
  readonly #interface: NativeWiFi
  #wait_ms = FIRST_WAIT_MS
  #retry: TimerHandle | undefined
  #reachable = false
  #open = true

  constructor(options: WiFiStationOptions) {
    const { ssid, password, hostname } = options
    if (ssid === '' || ssid.length > SSID_MAX) throw new RangeError(`ssid: found ${ssid.length} characters, allowed is 1 to ${SSID_MAX}`)
    if (password !== undefined && password.length > PASSWORD_MAX) throw new RangeError(`password: longer than ${PASSWORD_MAX} characters`)
    this.#options = options
    this.#interface = new NativeWiFi({ onChanged: () => this.#changed() })
    if (hostname !== undefined) this.#interface.configure({ hostname })
    this.#connect()
  }

  /** Address of the station while it is reachable. */
  get address(): string | undefined {
    return this.#reachable ? this.#interface.address : undefined
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#stopWaiting()
    this.#interface.close()
  }

  #connect(): void {
    const { ssid, password } = this.#options
    try {
      this.#interface.connect(password === undefined ? { SSID: ssid } : { SSID: ssid, password })
    } catch {
      this.#connectLater()
    }
  }

  #connectLater(): void {
    if (this.#retry !== undefined) return
    this.#retry = this.#options.timer.set(() => {
      this.#retry = undefined
      this.#connect()
    }, this.#wait_ms)
    this.#wait_ms = Math.min(2 * this.#wait_ms, LONGEST_WAIT_MS)
  }

  #stopWaiting(): void {
    if (this.#retry !== undefined) this.#options.timer.clear(this.#retry)
    this.#retry = undefined
  }

  #changed(): void {
    if (!this.#open) return
    const { connection } = this.#interface
    if (connection >= CONNECTED) this.#stopWaiting()
    if (connection >= REACHABLE) this.#wait_ms = FIRST_WAIT_MS
    // While it connects there is nothing to do.
    else if (connection <= 200) this.#connectLater()
    this.#tell(connection >= REACHABLE)
  }

  #tell(reachable: boolean): void {
    if (reachable === this.#reachable) return
    this.#reachable = reachable
    this.#options.onAddress?.(this.address)
  }
}
