import { machine } from './machine.ts'

/** Bits of `ip` in the SDK's C: both addresses make an interface reachable. */
type Connection = 200 | 300 | 400 | 500

interface Options {
  readonly onChanged?: (property: string) => void
}

/** State of `modules/io/wifi/esp32/wifi-esp32.c`. */
class NetworkInterface {
  static readonly open: NetworkInterface[] = []
  readonly attempts: unknown[] = []
  readonly configured: unknown[] = []
  connection: Connection = 200
  address: string | undefined
  readonly #onChanged: ((property: string) => void) | undefined
  #closed = false

  constructor({ onChanged }: Options) {
    this.#onChanged = onChanged
    NetworkInterface.open.push(this)
  }

  connect(options?: unknown): void {
    if (this.connection === 300) throw new Error('already connecting')
    this.attempts.push(options)
    this.connection = 300
  }

  configure(options: unknown): void {
    this.configured.push(options)
  }

  close(): void {
    this.#closed = true
  }

  // --- back door ---

  /** What the network does; told from the main loop, when it is a change. */
  become(connection: Connection, address?: string): void {
    const changed = connection !== this.connection
    this.connection = connection
    this.address = address
    machine().post(() => {
      if (changed && !this.#closed) this.#onChanged?.call(this, 'connection')
    })
  }
}

export default NetworkInterface
