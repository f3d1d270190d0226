import { Descriptor, Events } from '../descriptor.ts'
import TCP from './tcp.ts'

declare function native(name: string): { call(self: undefined, ...parameters: readonly unknown[]): unknown }

interface ListenerDictionary {
  readonly port: number
  readonly address?: string
  readonly onReadable?: (count: number) => void
}

/** The module `embedded:io/socket/listener` for Linux. That of the SDK binds to every interface, and crashes when the port is taken. */
export default class Listener {
  readonly #socket: Descriptor
  readonly #waiting: number[] = []

  constructor(dictionary: ListenerDictionary) {
    const { address = '0.0.0.0', port, onReadable } = dictionary
    const number = native('lin_bind').call(undefined, address, port, false) as number
    this.#socket = new Descriptor(number, () => {
      this.#accept()
      if (this.#waiting.length > 0) onReadable?.(this.#waiting.length)
    })
    this.#socket.wait(Events.readable)
  }

  get port(): number {
    return native('lin_port').call(undefined, this.#socket.number) as number
  }

  #accept(): void {
    for (;;) {
      const number = native('lin_accept').call(undefined, this.#socket.number) as number | undefined
      if (number === undefined) return
      this.#waiting.push(number)
    }
  }

  read(): TCP | undefined {
    const number = this.#waiting.shift()
    return number === undefined ? undefined : new TCP(number)
  }

  close(): void {
    for (let tcp = this.read(); tcp !== undefined; tcp = this.read()) tcp.close()
    this.#socket.close()
  }
}
