import type { GatewayReception } from '../../lib/lora-gateway.ts'
import type { Modulation } from '../../lib/lora-radio.ts'

/** How one gateway heard an uplink. */
export interface GatewayInfo {
  readonly gateway: string
  readonly reception: GatewayReception
}

interface Common {
  readonly utc_ms: number
  /** Hexadecimal, as printed. */
  readonly devEui: string
  readonly name: string
  readonly devAddr: number
}

export interface JoinEvent extends Common {
  readonly type: 'join'
  readonly devNonce: number
}

export interface UplinkEvent extends Common {
  readonly type: 'up'
  readonly fCnt: number
  readonly fPort: number | undefined
  readonly confirmed: boolean
  readonly adr: boolean
  readonly dataRate: number
  readonly frequency_Hz: number
  readonly modulation: Modulation
  /** In clear. */
  readonly payload: Uint8Array
  readonly gateways: readonly GatewayInfo[]
}

export interface DownlinkEvent extends Common {
  readonly type: 'down'
  readonly fCnt: number
  readonly fPort: number | undefined
  readonly payload: Uint8Array
  readonly window: 'RX1' | 'RX2' | 'RXC'
  readonly frequency_Hz: number
  readonly modulation: Modulation
  readonly gateway: string
  readonly queueItemId?: string
}

/** The device acknowledged a confirmed downlink. */
export interface AckEvent extends Common {
  readonly type: 'ack'
  readonly fCntDown: number
  readonly queueItemId?: string
}

export interface StatusEvent extends Common {
  readonly type: 'status'
  /** 0: mains; 255: unknown. */
  readonly battery: number
  readonly margin_dB: number
}

/** Something was refused: a wrong MIC, a number that was seen before, a device that is not known. */
export interface RefusedEvent {
  readonly type: 'refused'
  readonly utc_ms: number
  readonly gateway: string
  readonly reason: 'unknown device' | 'unknown address' | 'wrong MIC' | 'DevNonce was used' | 'malformed'
  readonly devEui?: string
  readonly devAddr?: number
}

export type NetworkEvent = JoinEvent | UplinkEvent | DownlinkEvent | AckEvent | StatusEvent | RefusedEvent
