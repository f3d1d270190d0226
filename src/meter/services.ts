import type { Crypto } from '../../hal/api/crypto.ts'
import type { Network } from '../../hal/api/sockets.ts'
import type { Timer } from '../../hal/api/time.ts'
import { TcpServer } from '../links/ip/tcp-server.ts'
import type { Accept } from '../links/link.ts'
import { DlmsServer } from '../protocols/dlms/server.ts'
import type { DlmsSource } from '../protocols/dlms/source.ts'
import type { MeterConfig } from './config.ts'
import { FaceServer } from './face/server.ts'
import type { FaceExtension, FaceSource } from './face/state.ts'
import { guardAccept, guardNetwork, guardTimer } from './guarded.ts'
import { type Guard, type Part, Supervisor } from './supervisor.ts'

const SECOND_MS = 1000

/** What a meter serves on its network. */
export type ServiceName = 'dlms' | 'face'

/** Something that is served until it is closed. */
export interface Service {
  close(): void
}

/** What starts a service again and again: a port that the host chose the first time stays. */
function servicePart(port: number, serve: (guard: Guard, port: number, onReady: (bound: number) => void) => Service): Part {
  let service: Service | undefined
  let bound = port
  return {
    start: (guard) => {
      service = serve(guard, bound, (ready) => {
        bound = ready
      })
    },
    stop: () => {
      service?.close()
      service = undefined
    },
  }
}

export interface DlmsOptions {
  /** Made at the first start; it outlives the server. */
  readonly source: () => DlmsSource
  readonly network: Network
  /** Of the peers: in a world that runs faster than they do, the meter's own time is not theirs. */
  readonly timer: Timer
  readonly config: MeterConfig['dlms']
  /** Called after each start. */
  readonly onReady?: (port: number) => void
}

/** DLMS/COSEM over TCP, as a part of the meter. */
export function dlmsPart({ source, network, timer, config, onReady }: DlmsOptions): Part {
  const { connections_max, inactivity_s, pdu_max } = config
  let view: DlmsSource | undefined
  return servicePart(config.port, (guard, port, noteReady) => {
    view ??= source()
    // A value that cannot be read is the client's "hardware fault"; the connection goes on.
    const server = new DlmsServer(view, { largestSend: pdu_max, onFault: (error) => guard.note(error) })
    const accept: Accept = (stream) =>
      server.connect(
        (bytes) => stream.send(bytes),
        () => stream.close(),
      )
    return new TcpServer({
      network: guardNetwork(network, guard),
      port,
      connections_max,
      timer: guardTimer(timer, guard),
      inactivity_ms: inactivity_s === 0 ? undefined : inactivity_s * 1000,
      accept: guardAccept(accept, guard),
      onReady: (bound) => {
        noteReady(bound)
        onReady?.(bound)
      },
      onError: (reason) => guard.fail(reason),
    })
  })
}

export interface FaceOptions {
  readonly source: FaceSource
  readonly crypto: Crypto
  readonly timer: Timer
  readonly network: Network
  readonly config: MeterConfig['face']
  /** Controls that the page shows beside the meter; only where there is a world. */
  readonly extension?: FaceExtension
  /** Called after each start. */
  readonly onReady?: (port: number) => void
}

/** The web face, as a part of the meter or of the world around it. */
export function facePart(options: FaceOptions): Part {
  const { source, crypto, network, config, extension, onReady } = options
  const { connections_max } = config
  return servicePart(config.port, (guard, port, noteReady) => {
    const timer = guardTimer(options.timer, guard)
    const face = new FaceServer({
      source,
      crypto,
      timer,
      extension,
      onError: (error) => guard.note(error),
    })
    const server = new TcpServer({
      network: guardNetwork(network, guard),
      port,
      timer,
      connections_max,
      accept: guardAccept(acceptFor(face), guard),
      onReady: (bound) => {
        noteReady(bound)
        onReady?.(bound)
      },
      onError: (reason) => guard.fail(reason),
    })
    return {
      close: () => {
        face.close()
        server.close()
      },
    }
  })
}

/**
 * The web face where there is no meter to look after it: in the world, which outlives the meter. It counts the time with `timer`; `onError` is told once per
 * episode of faults.
 */
export function serveFace(options: FaceOptions & { readonly onError?: (reason: string) => void }): Service {
  const { timer, onError } = options
  let ticks_ms = 0
  const supervisor = new Supervisor({ ticks_ms: () => ticks_ms, onFault: (_part, reason) => onError?.(reason) })
  supervisor.add('face', facePart(options))
  const second = () => {
    ticks_ms += SECOND_MS
    supervisor.second()
  }
  const ticker = timer.set(second, SECOND_MS, SECOND_MS)
  return {
    close: () => {
      timer.clear(ticker)
      supervisor.close()
    },
  }
}

function acceptFor(face: FaceServer): Accept {
  return (stream) => {
    const connection = face.connect({ send: (bytes) => stream.send(bytes), room: () => stream.writable, close: () => stream.close() })
    return {
      receive: (bytes) => {
        connection.receive(bytes)
        return bytes.length
      },
      get spare() {
        return connection.spare
      },
      writable: () => connection.writable(),
      closed: () => connection.closed(),
    }
  }
}
