import type { ListenerOptions, Network, TCPOptions, UDPOptions } from '../api/sockets.ts'
import { HostListener } from './listener.ts'
import { HostTCP, type Registry } from './tcp.ts'
import { HostUDP } from './udp.ts'

export interface HostNetwork extends Network {
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
  const registry: Registry = new Set()
  const address = options.address ?? '127.0.0.1'
  return {
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
