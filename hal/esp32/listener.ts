import NativeListener from 'embedded:io/socket/listener'
import { checkAddress, checkCallbacks, checkPort, closedError } from '../../src/lib/check.ts'
import type { Listener, ListenerOptions, TCPHandle } from '../api/sockets.ts'
import { Later } from './later.ts'
import { NativeTCPHandle } from './tcp.ts'

/** Accepted connections that may wait to be read; more are closed. */
const BACKLOG = 32

/** Listener on `embedded:io/socket/listener`. */
export class NativeBackedListener implements Listener {
  readonly #options: ListenerOptions
  #native: NativeListener | undefined
  #waiting: NativeTCPHandle[] = []
  #open = true
  #reason: string | undefined
  readonly #later = new Later(() => this.#tell())

  constructor(address: string | undefined, options: ListenerOptions) {
    checkCallbacks(options, ['onReadable', 'onReady', 'onError'])
    const port = checkPort(options.port, 0)
    if (options.address !== undefined) checkAddress(options.address)
    this.#options = { ...options }
    try {
      this.#native = new NativeListener({ port, address: options.address ?? address, onReadable: () => this.#accept() })
    } catch (error) {
      // The port's error does not say why; nearly always somebody else has the port.
      this.#reason = `port ${port} cannot be had (EADDRINUSE?): ${error instanceof Error ? error.message : String(error)}`
    }
    this.#later.ask()
  }

  #tell(): void {
    if (this.#reason !== undefined) this.#options.onError?.(this.#reason)
    else if (this.#native !== undefined) this.#options.onReady?.(this.#native.port)
  }

  /** Takes all of them: the system's own queue has no bound. */
  #accept(): void {
    for (let native = this.#native?.read(); native !== undefined; native = this.#native?.read()) {
      if (this.#waiting.length < BACKLOG) this.#waiting.push(new NativeTCPHandle(native))
      else native.close()
    }
    if (this.#waiting.length > 0) this.#options.onReadable?.(this.#waiting.length)
  }

  read(): TCPHandle | undefined {
    if (!this.#open) throw closedError('Listener')
    return this.#waiting.shift()
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#later.cancel()
    for (const handle of this.#waiting) handle.take().close()
    this.#waiting = []
    this.#native?.close()
    this.#native = undefined
  }
}
