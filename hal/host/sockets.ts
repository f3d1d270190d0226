import type { ListenerOptions, Network, TCPOptions, UDPOptions } from '../api/sockets.ts'
import { HostListener } from './listener.ts'
import { HostTCP, Registry } from './tcp.ts'
import { HostUDP } from './udp.ts'

export interface HostNetwork extends Network {
  /** Pieces of data that have come in over TCP so far. */
  readonly received: number
  /** Cuts every connection and frees every port at once. */
  closeAll(): void
}

/**
 * The network of the PC.
 *
 * `address` is the interface that listeners and UDP sockets bind to when their options name none; by default only this computer
 * reaches them.
 */
export function createHostNetwork(options: { readonly address?: string } = {}): HostNetwork {
  const registry = new Registry()
  const address = options.address ?? '127.0.0.1'
  return {
    get received() {
      return registry.received
    },
    TCP: class extends HostTCP {
      constructor(options: TCPOptions) {
        super(registry, options)
      }
    },
    Listener: class extends HostListener {
      constructor(options: ListenerOptions) {
        super(registry, address, options)
      }
    },
    UDP: class extends HostUDP {
      constructor(options: UDPOptions) {
        super(registry, address, options)
      }
    },
    closeAll() {
      for (const resource of [...registry]) resource.destroy()
      registry.clear()
    },
  }
}
