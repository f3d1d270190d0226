import type { Packet as Datagram, Network, UDP } from '../../../hal/api/sockets.ts'
import { DecodeError } from '../../lib/bytes.ts'
import { toHex } from '../../lib/hex.ts'
import type { GatewayTransmission } from '../../lib/lora-gateway.ts'
import { decodePacket, decodePushData, decodeTxAck, encodePacket, PacketType, pullRespJson } from '../../protocols/semtech-udp/codec.ts'
import type { NetworkServer, ServerGateway } from './network-server.ts'

export interface UdpServerOptions {
  readonly network: Network
  /** 1700 is usual; 0 lets the host choose. */
  readonly port: number
  /** Default: 127.0.0.1. */
  readonly address?: string
  readonly server: NetworkServer
  /** Antennas of the gateways, which the protocol does not tell. */
  readonly antennaGain_dBi?: number
  readonly onReady?: (port: number) => void
  readonly onGateway?: (eui: string) => void
  /** A gateway refused a downlink. */
  readonly onRefused?: (eui: string, error: string) => void
  readonly onError?: (reason: string) => void
}

/** Gateways that are remembered. */
const GATEWAYS_MAX = 1000
const GAIN_DBI = 3
/** Downlinks that a gateway has not answered for. */
const REFUSED_MAX = 64

interface Known {
  readonly gateway: ServerGateway
  /** Where its PULL_DATA came from last; nothing can be sent before. */
  downlink: { readonly address: string; readonly port: number } | undefined
}

/** The server's side of the Semtech UDP protocol, version 2. */
export class UdpServer {
  readonly #options: UdpServerOptions
  readonly #socket: UDP
  readonly #gateways = new Map<string, Known>()
  #token = 0
  /** Whom to tell when a gateway refuses a downlink, by token. */
  readonly #refused = new Map<number, (error: string) => void>()

  constructor(options: UdpServerOptions) {
    this.#options = options
    const { network, port, address = '127.0.0.1', onReady, onError } = options
    this.#socket = new network.UDP({ port, address, onReady, onError, onReadable: () => this.#read() })
  }

  close(): void {
    this.#socket.close()
  }

  #read(): void {
    for (let datagram = this.#socket.read(); datagram !== undefined; datagram = this.#socket.read()) {
      try {
        this.#take(datagram)
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
        this.#options.onError?.(`from ${datagram.address}: ${error.message}`)
      }
    }
  }

  #take({ data, address, port }: Datagram): void {
    const { type, token, eui, json } = decodePacket(data)
    if (eui === undefined) return
    const known = this.#known(toHex(eui))
    if (known === undefined) return
    if (type === PacketType.pushData) {
      this.#socket.write(encodePacket(PacketType.pushAck, token), address, port)
      for (const reception of decodePushData(json).receptions) this.#options.server.received(known.gateway, reception)
    } else if (type === PacketType.pullData) {
      known.downlink = { address, port }
      this.#socket.write(encodePacket(PacketType.pullAck, token), address, port)
    } else if (type === PacketType.txAck) {
      const error = decodeTxAck(json)
      const refused = this.#refused.get(token)
      this.#refused.delete(token)
      if (error === 'NONE') return
      this.#options.onRefused?.(known.gateway.id, error)
      refused?.(error)
    }
  }

  #known(id: string): Known | undefined {
    const found = this.#gateways.get(id)
    if (found !== undefined) return found
    if (this.#gateways.size >= GATEWAYS_MAX) return undefined
    const { antennaGain_dBi = GAIN_DBI } = this.#options
    const known: Known = {
      downlink: undefined,
      gateway: { id, antennaGain_dBi, send: (transmission, refused) => this.#send(id, transmission, refused) },
    }
    this.#gateways.set(id, known)
    this.#options.onGateway?.(id)
    return known
  }

  #send(id: string, transmission: GatewayTransmission, refused?: (error: string) => void): void {
    const downlink = this.#gateways.get(id)?.downlink
    if (downlink === undefined) return
    this.#token = (this.#token + 1) & 0xffff
    if (refused !== undefined) this.#refused.set(this.#token, refused)
    // A gateway that does not answer leaves them behind.
    if (this.#refused.size > REFUSED_MAX) this.#refused.delete(this.#refused.keys().next().value as number)
    const bytes = encodePacket(PacketType.pullResp, this.#token, undefined, pullRespJson(transmission))
    this.#socket.write(bytes, downlink.address, downlink.port)
  }
}
