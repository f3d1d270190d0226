/**
 * What the meter wants of LoRaWAN, whether its MAC runs here over a transceiver (`src/links/lorawan`) or inside a module with AT commands (`src/drivers/modem`).
 * One thing at a time: `busy` says whether an uplink or a join is under way.
 */

/** How an uplink ended. */
export interface UplinkResult {
  /** Undefined where the module does not say. */
  readonly fCnt: number | undefined
  /** Undefined for an unconfirmed uplink that has left; false when nobody acknowledged it, or when it could not leave. */
  readonly acknowledged: boolean | undefined
  /** Frames that were sent for it; 1 where the module does not say. */
  readonly transmissions: number
  /** On the air, all of them; undefined where the module does not say. */
  readonly airtime_us: number | undefined
}

export interface Downlink {
  readonly fPort: number
  /** Belongs to the receiver. */
  readonly payload: Uint8Array
  readonly rssi_dBm: number | undefined
  readonly snr_dB: number | undefined
  readonly window: 'RX1' | 'RX2' | 'RXC' | undefined
  readonly multicast: boolean
  /** Of a multicast frame: the number of its group. */
  readonly group?: number
}

/** Reception of multicast groups, where the MAC can. */
export interface MulticastReceiver {
  /** Takes frames of a group from now on; undefined: not any more. `key` is its McKey, counters as in TS005. */
  setGroup(
    id: number,
    group: { readonly address: number; readonly key: Uint8Array; readonly fCntMin: number; readonly fCntMax: number } | undefined,
  ): void
  /** Whether it could listen there. */
  canListen(frequency_Hz: number, dataRate: number): { readonly frequency: boolean; readonly dataRate: boolean }
  /** Listens there all the time, whatever the class, instead of where class C listens; undefined: as before. */
  listenTo(where: { readonly frequency_Hz: number; readonly dataRate: number } | undefined): void
}

/** Never called from inside a method of the link. */
export interface LoRaWanEvents {
  readonly onJoined: (devAddr: number | undefined) => void
  /** One attempt failed; the link goes on trying by itself. */
  readonly onJoinFailed: () => void
  /** An uplink is over. */
  readonly onSent: (result: UplinkResult) => void
  readonly onDownlink: (downlink: Downlink) => void
  /** The network told the time; now it is `utc_ms`. */
  readonly onTime: (utc_ms: number) => void
  readonly onLinkCheck: (margin_dB: number, gateways: number) => void
  /** The radio or the module does not work as it should; once per episode. */
  readonly onError: (reason: string) => void
}

export interface LoRaWanLink {
  readonly joined: boolean
  /** An uplink or a join is under way, or a module is being set up; `send` would be refused. */
  readonly busy: boolean
  /** Bytes that the next uplink takes at the present data rate; undefined where the module does not say. */
  readonly payload_max: number | undefined
  /** Starts to join, and goes on until it has. Nothing to do for a device that is activated by personalisation. */
  join(): void
  /**
   * Sends on a port of 1 to 223. Errors: FerrarisError `LORAWAN_BUSY`, `LORAWAN_NOT_JOINED`, `LORAWAN_LENGTH` for a payload that does not fit at this data rate.
   */
  send(fPort: number, payload: Uint8Array, confirmed: boolean): void
  /** Undefined where groups are not heard. */
  readonly multicast?: MulticastReceiver
  /** Asks the network for the time with the next uplink; nothing happens where the module cannot. */
  requestTime(): void
  /** Asks the network how well it hears with the next uplink. */
  requestLinkCheck(): void
  close(): void
}
