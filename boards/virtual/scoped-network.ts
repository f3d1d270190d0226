import type { ListenerOptions, Network, TCPOptions, UDPOptions } from '../../hal/api/sockets.ts'

/** A network whose sockets all end when the processor loses its supply. */
export interface DeviceNetwork extends Network {
  closeAll(): void
}

/** A part of a network that can be closed as a whole, while the rest of it lives on. */
export function scopeNetwork(network: Network): DeviceNetwork {
  const open = new Set<{ close(): void }>()
  return {
    TCP: class extends network.TCP {
      constructor(options: TCPOptions) {
        super(options)
        open.add(this)
      }
      override close(): void {
        open.delete(this)
        super.close()
      }
    },
    Listener: class extends network.Listener {
      constructor(options: ListenerOptions) {
        super(options)
        open.add(this)
      }
      override close(): void {
        open.delete(this)
        super.close()
      }
    },
    UDP: class extends network.UDP {
      constructor(options: UDPOptions) {
        super(options)
        open.add(this)
      }
      override close(): void {
        open.delete(this)
        super.close()
      }
    },
    closeAll() {
      for (const resource of [...open]) resource.close()
    },
  }
}
