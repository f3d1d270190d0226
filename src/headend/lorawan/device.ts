import type { SessionKeys } from '../../links/lorawan/security.ts'
import type { GatewayInfo } from './events.ts'

/** A device that may join, or one whose session is agreed before (activation by personalisation). */
export interface DeviceOptions {
  readonly name: string
  /** Eight bytes each, as printed. */
  readonly devEui: Uint8Array
  readonly joinEui: Uint8Array
  /** Of a device that joins. */
  readonly appKey?: Uint8Array
  /** Of one that does not. */
  readonly session?: { readonly devAddr: number; readonly keys: SessionKeys }
  readonly deviceClass: 'A' | 'C'
}

/** What waits for a device. */
export interface QueuedDownlink {
  readonly fPort: number
  readonly payload: Uint8Array
  readonly confirmed: boolean
  /** Of whoever put it there; comes back in events. */
  readonly id?: string
}

/** Uplinks that the data rate is chosen by. */
const HISTORY = 20
/** Numbers of join requests that are remembered, newest last. */
const NONCES = 1000
/** Downlinks that may wait. */
export const QUEUE_MAX = 32

export interface ServerSession {
  readonly devAddr: number
  readonly keys: SessionKeys
  /** Of uplinks; -1 before the first. */
  fCntUp: number
  /** Next to be used. */
  fCntDown: number
}

export class Device {
  readonly options: DeviceOptions
  /** Hexadecimal. */
  readonly id: string
  session: ServerSession | undefined
  /** Answered last, not used by the device yet. */
  pending: ServerSession | undefined
  joinNonce = 0
  readonly queue: QueuedDownlink[] = []
  /** Sent, and not acknowledged yet. */
  awaiting: { readonly fCnt: number; readonly item: QueuedDownlink } | undefined
  /** Best SNR of each of the last uplinks. */
  snr_dB: number[] = []
  /** As the network knows them. */
  dataRate = 0
  txPower = 0
  /** Gateway that heard it best, for class C. */
  gateway: GatewayInfo | undefined
  /** Class C: a downlink is on its way. */
  sending = false
  /** An uplink is being answered: what is put into the queue meanwhile leaves in its windows. */
  answering = false
  /** Until then it may send, or listen to RX1. */
  busy_ms = 0
  /** Until then it listens to a multicast group. */
  elsewhere_ms = 0
  /** Commands that were sent and are not answered yet. */
  adrPending = false
  readonly #nonces: number[] = []

  constructor(options: DeviceOptions, id: string) {
    this.options = options
    this.id = id
    const { session } = options
    if (session !== undefined) this.session = { ...session, fCntUp: -1, fCntDown: 0 }
  }

  /** False for a number that was seen before. */
  takeNonce(devNonce: number): boolean {
    if (this.#nonces.includes(devNonce)) return false
    this.#nonces.push(devNonce)
    if (this.#nonces.length > NONCES) this.#nonces.shift()
    return true
  }

  heard(snr_dB: number): void {
    this.snr_dB.push(snr_dB)
    if (this.snr_dB.length > HISTORY) this.snr_dB.shift()
  }

  get historyFull(): boolean {
    return this.snr_dB.length === HISTORY
  }
}
