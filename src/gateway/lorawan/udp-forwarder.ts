import type { Packet as Datagram, Network, UDP } from '../../../hal/api/sockets.ts'
import type { Timer, TimerHandle } from '../../../hal/api/time.ts'
import { DecodeError } from '../../lib/bytes.ts'
import type { Concentrator, GatewayReception } from '../../lib/lora-gateway.ts'
import {
  decodePacket,
  decodePullResp,
  encodePacket,
  type GatewayStatus,
  PacketType,
  pushJson,
  txAckJson,
} from '../../protocols/semtech-udp/codec.ts'

export interface UdpForwarderOptions {
  readonly network: Network
  readonly timer: Timer
  readonly concentrator: Concentrator
  /** Eight bytes. */
  readonly eui: Uint8Array
  readonly server: string
  /** 1700 is usual. */
  readonly port: number
  readonly keepAlive_s?: number
  readonly status_s?: number
  readonly utc_ms: () => number
  readonly position?: { readonly latitude_deg: number; readonly longitude_deg: number; readonly altitude_m: number }
  /** Frames with a wrong CRC are forwarded too. */
  readonly forwardDamaged?: boolean
  /** The server does not answer, or answers again. */
  readonly onServer?: (answers: boolean) => void
  readonly onError?: (reason: string) => void
}

const KEEP_ALIVE_S = 10
const STATUS_S = 30
/** PULL_DATA in a row without an answer, after which the server counts as gone. */
const SILENT_MAX = 3

/** What is counted since the last status. */
interface Counts {
  received: number
  good: number
  forwarded: number
  pushed: number
  acknowledged: number
  downlinks: number
  transmitted: number
}

const nothing = (): Counts => ({ received: 0, good: 0, forwarded: 0, pushed: 0, acknowledged: 0, downlinks: 0, transmitted: 0 })

/** A packet forwarder that speaks the Semtech UDP protocol, version 2: for ChirpStack's gateway bridge, The Things Stack, and our own network server. */
export class UdpForwarder {
  readonly #options: UdpForwarderOptions
  readonly #socket: UDP
  readonly #timers: TimerHandle[] = []
  #token = 0
  #counts = nothing()
  #silent = 0
  #answers = false
  #closed = false

  constructor(options: UdpForwarderOptions) {
    this.#options = options
    const { network, timer, concentrator, keepAlive_s = KEEP_ALIVE_S, status_s = STATUS_S, onError } = options
    this.#socket = new network.UDP({ onReadable: () => this.#read(), onError: (reason) => onError?.(reason) })
    concentrator.onReceived = (reception) => this.#forward(reception)
    this.#timers.push(timer.set(() => this.#pull(), 0, keepAlive_s * 1000))
    this.#timers.push(timer.set(() => this.#report(), status_s * 1000, status_s * 1000))
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const handle of this.#timers) this.#options.timer.clear(handle)
    this.#options.concentrator.onReceived = undefined
    this.#socket.close()
  }

  #next(): number {
    this.#token = (this.#token + 1) & 0xffff
    return this.#token
  }

  #send(bytes: Uint8Array): void {
    const { server, port, onError } = this.#options
    try {
      this.#socket.write(bytes, server, port)
    } catch (error) {
      onError?.(error instanceof Error ? error.message : String(error))
    }
  }

  #pull(): void {
    if (this.#silent++ === SILENT_MAX && this.#answers) this.#tell(false)
    this.#send(encodePacket(PacketType.pullData, this.#next(), this.#options.eui))
  }

  #forward(reception: GatewayReception): void {
    const counts = this.#counts
    counts.received++
    if (reception.crcOk) counts.good++
    else if (this.#options.forwardDamaged !== true) return
    counts.forwarded++
    this.#push(pushJson([reception]))
  }

  #report(): void {
    const { utc_ms, position } = this.#options
    const { received, good, forwarded, pushed, acknowledged, downlinks, transmitted } = this.#counts
    const share = pushed === 0 ? 100 : Math.round((1000 * acknowledged) / pushed) / 10
    const status: GatewayStatus = {
      utc_ms: utc_ms(),
      ...position,
      received,
      good,
      forwarded,
      acknowledged_percent: share,
      downlinks,
      transmitted,
    }
    this.#counts = nothing()
    this.#push(pushJson([], status))
  }

  #push(json: string): void {
    this.#counts.pushed++
    this.#send(encodePacket(PacketType.pushData, this.#next(), this.#options.eui, json))
  }

  #read(): void {
    for (let datagram = this.#socket.read(); datagram !== undefined; datagram = this.#socket.read()) {
      try {
        this.#take(datagram)
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
        this.#options.onError?.(`from the server: ${error.message}`)
      }
      if (this.#closed) return
    }
  }

  #take({ data }: Datagram): void {
    const { type, token, json } = decodePacket(data)
    if (type === PacketType.pushAck) this.#counts.acknowledged++
    else if (type === PacketType.pullAck) {
      this.#silent = 0
      if (!this.#answers) this.#tell(true)
    } else if (type === PacketType.pullResp) this.#transmit(token, json)
  }

  #transmit(token: number, json: string | undefined): void {
    this.#counts.downlinks++
    const transmission = decodePullResp(json)
    const error = transmission === undefined ? 'GPS_UNLOCKED' : this.#options.concentrator.transmit(transmission)
    if (error === undefined) this.#counts.transmitted++
    this.#send(encodePacket(PacketType.txAck, token, this.#options.eui, txAckJson(error)))
  }

  #tell(answers: boolean): void {
    this.#answers = answers
    this.#options.onServer?.(answers)
  }
}
