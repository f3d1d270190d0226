import type { Crypto, Random } from '../../../hal/api/crypto.ts'
import type { Timer } from '../../../hal/api/time.ts'
import type { LoRaRadio, RadioEvents } from '../../lib/lora-radio.ts'
import type { LoRaWanEvents } from '../../lib/lorawan-link.ts'
import type { Region } from './region.ts'
import type { SessionKeys } from './security.ts'

export type Activation =
  | { readonly type: 'otaa'; readonly joinEui: Uint8Array; readonly devEui: Uint8Array; readonly appKey: Uint8Array }
  | { readonly type: 'abp'; readonly devAddr: number; readonly keys: SessionKeys }

/** Keeps what a restart must not lose. Both counters only ever go up; a number that was given may be skipped, never repeated. */
export interface LoRaWanStore {
  /** From 0 or 1 on; above 65,535 the device cannot join any more. */
  nextDevNonce(): number
  nextFCntUp(): number
  /** What `save` was given last; undefined for a new device, or when it cannot be read. */
  load(): Uint8Array | undefined
  /** Holds keys. */
  save(state: Uint8Array): void
}

export interface LoRaWanMacOptions {
  readonly region: Region
  readonly radio: (events: RadioEvents) => LoRaRadio
  readonly activation: Activation
  readonly store: LoRaWanStore
  readonly events: LoRaWanEvents
  readonly crypto: Crypto
  readonly timer: Timer
  readonly ticks_ms: () => number
  readonly random: Random
  /** C listens all the time. */
  readonly deviceClass: 'A' | 'C'
  /** The network chooses data rate and power. */
  readonly adr: boolean
  /** Without `adr`, and for a device that is activated by personalisation; with it a session begins with what the join was heard at. */
  readonly dataRate: number
  /** 1 to 8: only these channels of a fixed plan. */
  readonly subBand?: number
  /** False: sync word of a private network. */
  readonly publicNetwork?: boolean
  /** dBi; what is sent is the EIRP of the region less this. */
  readonly antennaGain_dBi?: number
  /** Both clocks together. */
  readonly clockError_ppm?: number
  /** Of timer and receiver until it listens. */
  readonly wakeup_ms?: number
  readonly battery?: () => number
  /** How often a confirmed uplink is sent at most, unless the network asks for more. Default 8. */
  readonly confirmedTransmissions?: number
}
