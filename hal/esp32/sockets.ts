import type { ListenerOptions, Network, TCPOptions, UDPOptions } from '../api/sockets.ts'
import { NativeBackedListener } from './listener.ts'
import { NativeBackedTCP } from './tcp.ts'
import { NativeBackedUDP } from './udp.ts'

/** Bytes that may wait in each direction of a connection. Memory is taken only for what does wait. */
const WINDOW = 0x10000

export interface NativeNetwork extends Network {
  /** Pieces of data that have come in over TCP so far. */
  readonly received: number
}

/**
 * The network of a device, on `embedded:io/socket/*`.
 *
 * `address` is the interface that listeners and UDP sockets bind to when their options name none; the sockets of the SDK itself ignore it and bind to all.
 */
export function createNetwork(options: { readonly address?: string; readonly window?: number } = {}): NativeNetwork {
  const { address, window = WINDOW } = options
  const traffic = { received: 0 }
  return {
    get received() {
      return traffic.received
    },
    TCP: class extends NativeBackedTCP {
      constructor(options: TCPOptions) {
        super(window, traffic, options)
      }
    },
    Listener: class extends NativeBackedListener {
      constructor(options: ListenerOptions) {
        super(address, options)
      }
    },
    UDP: class extends NativeBackedUDP {
      constructor(options: UDPOptions) {
        super(address, options)
      }
    },
  }
}
