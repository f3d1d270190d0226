import { Descriptor, Events } from '../descriptor.ts'

declare function native(name: string): { call(self: undefined, ...parameters: readonly unknown[]): unknown }

interface UDPDictionary {
  readonly port?: number
  readonly address?: string
  readonly onReadable?: (count: number) => void
}

type Datagram = ArrayBuffer & { readonly address: string; readonly port: number }

/** The module `embedded:io/socket/udp` for Linux. That of the SDK takes one datagram in 20 ms, cut to 2 KB, and binds to every interface. */
export default class UDP {
  readonly #socket: Descriptor
  #open = true

  constructor(dictionary: UDPDictionary) {
    const { address = '0.0.0.0', port = 0, onReadable } = dictionary
    const number = native('lin_bind').call(undefined, address, port, true) as number
    // One at a time: more are there when it comes again.
    this.#socket = new Descriptor(number, () => onReadable?.(1))
    this.#socket.wait(Events.readable)
  }

  read(): Datagram | undefined {
    return this.#open ? (native('lin_receiveFrom').call(undefined, this.#socket.number) as Datagram | undefined) : undefined
  }

  write(bytes: Uint8Array, address: string, port: number): void {
    native('lin_sendTo').call(undefined, this.#socket.number, bytes, address, port)
  }

  close(): void {
    this.#open = false
    this.#socket.close()
  }
}
