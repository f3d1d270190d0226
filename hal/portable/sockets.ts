import type { Bytes } from '../api/io.ts'
import type { ListenerOptions, Network, TCPOptions, UDPOptions } from '../api/sockets.ts'
import { Exchange } from './exchange.ts'
import { MessageListener } from './listener.ts'
import { MessageTCP } from './tcp.ts'
import { MessageUDP } from './udp.ts'

/** A network whose sockets live at a host. */
export interface MessageNetwork extends Network {
  /** Takes a batch of the host's messages and calls the application's callbacks. Throws DecodeError for a cut batch. */
  deliver(batch: Bytes): void
  /** Calls callbacks that became due outside of `deliver` (a connection that a timer opened). */
  pump(): void
  /** The messages for the host since the last call; undefined when there are none. */
  take(): Uint8Array<ArrayBuffer> | undefined
}

/**
 * Sockets as messages to a host, for engines that have none (see `messages.ts` for the format).
 *
 * Nothing happens between batches: methods only write messages, callbacks only come from `deliver` and `pump`.
 */
export function createMessageNetwork(): MessageNetwork {
  const exchange = new Exchange()
  return {
    TCP: class extends MessageTCP {
      constructor(options: TCPOptions) {
        super(exchange, options)
      }
    },
    Listener: class extends MessageListener {
      constructor(options: ListenerOptions) {
        super(exchange, options)
      }
    },
    UDP: class extends MessageUDP {
      constructor(options: UDPOptions) {
        super(exchange, options)
      }
    },
    deliver: (batch) => exchange.deliver(batch),
    pump: () => exchange.pump(),
    take: () => exchange.take(),
  }
}
