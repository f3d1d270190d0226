import type { SerialConstructor, SerialOptions } from '../../../hal/api/io.ts'
import type { Timer } from '../../../hal/api/time.ts'
import type { LoRaWanEvents } from '../../lib/lorawan-link.ts'

/** One question to the modem, without the end of the line. */
export interface Command {
  readonly text: string
  /** Longest wait for its end. Default 2 s. */
  readonly timeout_ms?: number
  /** Given once: an uplink must not leave twice because its answer was lost. Without an answer the script goes on. */
  readonly once?: boolean
  /** Firmware that does not know it is as good. */
  readonly optional?: boolean
  /** What comes after the first `=` or the second blank is nobody's business. */
  readonly secret?: boolean
}

/** Why a command was refused. */
export type Refusal =
  /** Something else is under way, or no channel is free: later. */
  | 'busy'
  /** The payload does not fit now. */
  | 'length'
  | 'notJoined'
  | 'other'

/** What lines can mean. A dialect tells it, whatever the order. */
export interface Sink {
  /** The open command is done. */
  done(): void
  /** The open command was refused; `wait_ms` when the modem says how long. */
  refused(refusal: Refusal, reason: string, wait_ms?: number): void
  /** Runs commands before the next one. */
  insert(commands: readonly Command[]): void
  joined(devAddr: number | undefined): void
  joinFailed(): void
  /** Whether the module has a session, as it says when asked. */
  session(joined: boolean): void
  /** The frame is on its way. */
  left(): void
  acknowledged(yes: boolean): void
  /** The uplink is over, and its windows. */
  over(): void
  /** The uplink could not be sent. */
  failed(): void
  /** Parts of a downlink, in any order. */
  payload(fPort: number, hex: string): void
  signal(rssi_dBm: number, snr_dB: number, window: 'RX1' | 'RX2' | 'RXC' | undefined): void
  multicast(): void
  /** No more parts of it follow. */
  downlinkEnd(): void
  time(utc_ms: number): void
  linkCheck(margin_dB: number, gateways: number): void
  dataRate(index: number): void
  /** Bytes that the next uplink takes. */
  room(length: number): void
  /** The module has started again. */
  restarted(): void
}

/** The language of a family of modules. */
export interface Dialect {
  /** For messages. */
  readonly name: string
  /** Speeds to try, the factory's first. */
  readonly bauds: readonly number[]
  readonly probe: Command
  /** Asked first; the answers say how much `configure` has to do. */
  readonly inspect: readonly Command[]
  configure(): readonly Command[]
  readonly join: readonly Command[]
  /** Asked when an outcome of a join is overdue, and from time to time. */
  readonly session: readonly Command[]
  uplink(fPort: number, hex: string, confirmed: boolean): readonly Command[]
  /** Before an uplink that carries a request. Undefined: the module cannot. */
  readonly requestTime: readonly Command[] | undefined
  readonly requestLinkCheck: readonly Command[] | undefined
  /** After an uplink: what it has brought, and what fits into the next one. */
  after(requests: { readonly time: boolean; readonly linkCheck: boolean }): readonly Command[]
  /** So long after it was accepted an uplink without any further word counts as sent. */
  readonly settle_ms: number
  /** Meaning of a line; `open` is the command that waits for its end. */
  line(line: string, open: Command | undefined, sink: Sink): void
}

export interface ModemOptions {
  /** The line to the module; `baud` is tried first. */
  readonly serial: Partial<SerialOptions> & { readonly io: SerialConstructor }
  readonly timer: Timer
  readonly ticks_ms: () => number
  /** Uniform in [0, 1): devices that a failure of the mains restarted together must not meet. */
  readonly random: () => number
  readonly events: LoRaWanEvents
  /** As the regional parameters name it, `EU868`. */
  readonly region: string
  readonly deviceClass: 'A' | 'C'
  readonly joinEui: Uint8Array
  readonly devEui: Uint8Array
  readonly appKey: Uint8Array
  /** The network chooses data rate and power. */
  readonly adr: boolean
  /** Before the network chooses. */
  readonly dataRate: number
  /** 1 to 8: only these channels of US915 and AU915. */
  readonly subBand?: number
  readonly publicNetwork?: boolean
  /** Bytes of an uplink by data rate, for modules that do not tell. */
  readonly payloadMax?: (dataRate: number) => number
}
