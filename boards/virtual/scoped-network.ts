import type { ListenerOptions, Network, TCPOptions, UDPOptions } from '../../hal/api/sockets.ts'

/** A network whose sockets all end when the processor loses its supply. */
export interface DeviceNetwork extends Network {
  closeAll(): void
}

export interface ScopeOptions {
  /** Runs what a socket calls; the processor may die in the middle of it. Default: as it is. */
  readonly run?: (callback: () => void) => void
  /** Asked before a datagram leaves: false when the board has no energy left for it. */
  readonly sends?: () => boolean
}

interface Callbacks {
  readonly onReadable?: (count: number) => void
  readonly onWritable?: (count: number) => void
  readonly onReady?: (port: number) => void
  readonly onError?: (reason: string) => void
}

/** Callbacks go through `run`. An absent one stays absent, and one that is no function is left for the socket to refuse. */
function guarded<T extends Callbacks>(options: T, run: (callback: () => void) => void): T {
  const wrap = <A>(callback: ((argument: A) => void) | undefined) =>
    typeof callback === 'function' ? (argument: A) => run(() => callback(argument)) : callback
  const guarded: T = { ...options }
  const names = ['onReadable', 'onWritable', 'onReady', 'onError'] as const
  for (const name of names)
    if (options[name] !== undefined) Object.assign(guarded, { [name]: wrap(options[name] as (argument: never) => void) })
  return guarded
}

/** A part of a network that can be closed as a whole, while the rest of it lives on. */
export function scopeNetwork(network: Network, options: ScopeOptions = {}): DeviceNetwork {
  const { run = (callback) => callback(), sends = () => true } = options
  const open = new Set<{ close(): void }>()
  return {
    TCP: class extends network.TCP {
      constructor(tcp: TCPOptions) {
        super(guarded(tcp, run))
        open.add(this)
      }
      override close(): void {
        open.delete(this)
        super.close()
      }
    },
    Listener: class extends network.Listener {
      constructor(listener: ListenerOptions) {
        super(guarded(listener, run))
        open.add(this)
      }
      override close(): void {
        open.delete(this)
        super.close()
      }
    },
    UDP: class extends network.UDP {
      constructor(udp: UDPOptions) {
        super(guarded(udp, run))
        open.add(this)
      }
      override write(buffer: Uint8Array, address: string, port: number): void {
        if (sends()) super.write(buffer, address, port)
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
