import type { SerialConstructor, SerialOptions } from '../../hal/api/io.ts'
import type { ListenerOptions, Network, TCPOptions, UDPOptions } from '../../hal/api/sockets.ts'
import type { Timer, TimerHandle } from '../../hal/api/time.ts'
import type { Accept, Session } from '../links/link.ts'
import { type Guard, isEndOfSupply, reasonOf } from './supervisor.ts'

/** What sockets and ports call. */
interface Callbacks {
  readonly onReadable?: (count: number) => void
  readonly onWritable?: (count: number) => void
  readonly onReady?: (port: number) => void
  readonly onError?: (reason: string) => void
}

/** An absent callback stays absent: it changes what a socket does. */
function guardCallbacks<Options extends Callbacks>(options: Options, guard: Guard): Options {
  const wrap = <Argument>(callback: (argument: Argument) => void) => {
    return (argument: Argument): void => guard.run(() => callback(argument))
  }
  const { onReadable, onWritable, onReady, onError } = options
  return {
    ...options,
    ...(onReadable && { onReadable: wrap(onReadable) }),
    ...(onWritable && { onWritable: wrap(onWritable) }),
    ...(onReady && { onReady: wrap(onReady) }),
    ...(onError && { onError: wrap(onError) }),
  }
}

/** A network whose callbacks are those of one part. */
export function guardNetwork(network: Network, guard: Guard): Network {
  return {
    TCP: class extends network.TCP {
      constructor(options: TCPOptions) {
        super(guardCallbacks(options, guard))
      }
    },
    Listener: class extends network.Listener {
      constructor(options: ListenerOptions) {
        super(guardCallbacks(options, guard))
      }
    },
    UDP: class extends network.UDP {
      constructor(options: UDPOptions) {
        super(guardCallbacks(options, guard))
      }
    },
  }
}

/** A serial port whose callbacks are those of one part. */
export function guardSerial(io: SerialConstructor, guard: Guard): SerialConstructor {
  return class extends io {
    constructor(options: SerialOptions) {
      super(guardCallbacks(options, guard))
    }
  }
}

/** A timer whose callbacks are those of one part. What still repeats when the part ends is cleared. */
export function guardTimer(timer: Timer, guard: Guard): Timer {
  const repeating = new Set<TimerHandle>()
  guard.atEnd(() => {
    for (const handle of repeating) timer.clear(handle)
  })
  return {
    set: (callback, delay_ms, repeat_ms) => {
      const handle = timer.set(() => guard.run(callback), delay_ms, repeat_ms)
      if (repeat_ms !== undefined) repeating.add(handle)
      return handle
    },
    clear: (handle) => {
      repeating.delete(handle)
      timer.clear(handle)
    },
  }
}

/** Runs the sessions of a server so that what one of them throws ends its connection and nothing else. */
export function guardAccept(accept: Accept, guard: Guard): Accept {
  return (stream) => {
    try {
      const session = accept(stream)
      return session && guardSession(session, () => stream.close(), guard)
    } catch (error) {
      if (isEndOfSupply(error)) throw error
      guard.connectionFailed(error)
      return undefined
    }
  }
}

function guardSession(session: Session, close: () => void, guard: Guard): Session {
  let broken = false
  const attempt = (callback: () => number): number => {
    if (broken) return -1
    try {
      return callback()
    } catch (error) {
      if (isEndOfSupply(error)) throw error
      broken = true
      guard.connectionFailed(error)
      close()
      return -1
    }
  }
  return {
    receive: (bytes) => {
      const consumed = attempt(() => session.receive(bytes))
      if (consumed < 0) return bytes.length
      guard.connectionWorked()
      return consumed
    },
    get spare() {
      return broken || session.spare === true
    },
    writable: (count) => {
      attempt(() => {
        session.writable?.(count)
        return 0
      })
    },
    closed: () => {
      try {
        session.closed()
      } catch (error) {
        if (isEndOfSupply(error)) throw error
        guard.note(`at the end of a connection: ${reasonOf(error)}`)
      }
    },
  }
}
