import { ByteWriter, DecodeError } from '../../lib/bytes.ts'
import { setWrapperHeader, WRAPPER_HEADER } from '../../protocols/dlms/wrapper.ts'
import { FRAGMENT_PORT } from '../../protocols/schc/message.ts'
import { SchcReceiver } from '../../protocols/schc/receiver.ts'
import { WRAPPER_DESTINATION, WRAPPER_RULE, WRAPPER_SOURCE } from '../../protocols/schc/rules.ts'
import type { QueuedDownlink } from './device.ts'
import type { UplinkEvent } from './events.ts'

/** A DLMS message of a device, its wrapper back in front. */
export interface DlmsMessage {
  readonly utc_ms: number
  readonly devEui: string
  readonly name: string
  readonly frame: Uint8Array
  /** Uplinks that it came in. */
  readonly uplinks: number
}

export interface SchcGatewayOptions {
  /** Puts an acknowledgement into the device's queue; may throw when it is full, then the device asks again. */
  readonly enqueue: (devEui: string, item: QueuedDownlink) => void
  readonly onMessage: (message: DlmsMessage) => void
}

/** RFC 9011 section 5.6.2. */
const INACTIVITY_MS = 12 * 3_600_000

interface Session {
  readonly receiver: SchcReceiver
  active_ms: number
  uplinks: number
}

/** The head-end's end of SCHC over LoRaWAN: puts fragments together, acknowledges them, and gives DLMS messages their wrapper back. */
export class SchcGateway {
  readonly #options: SchcGatewayOptions
  readonly #sessions = new Map<string, Session>()

  constructor(options: SchcGatewayOptions) {
    this.#options = options
  }

  /** Any uplink of any device. DecodeError for a fragment that is none. */
  receive(event: UplinkEvent): void {
    if (event.fPort === WRAPPER_RULE) this.#tell(event, event.payload, 1)
    if (event.fPort !== FRAGMENT_PORT) return
    const session = this.#session(event)
    session.uplinks++
    const { acknowledgement, packet } = session.receiver.receive(event.payload)
    if (packet !== undefined) {
      if (packet[0] !== WRAPPER_RULE) throw new DecodeError(`RuleID ${packet[0]}`)
      this.#tell(event, packet.subarray(1), session.uplinks)
      session.uplinks = 0
    }
    if (acknowledgement !== undefined) {
      this.#options.enqueue(event.devEui, { fPort: FRAGMENT_PORT, payload: acknowledgement, confirmed: false })
    }
  }

  #session({ devEui, utc_ms }: UplinkEvent): Session {
    const known = this.#sessions.get(devEui)
    if (known === undefined) {
      const session: Session = { receiver: new SchcReceiver(), active_ms: utc_ms, uplinks: 0 }
      this.#sessions.set(devEui, session)
      return session
    }
    if (utc_ms - known.active_ms > INACTIVITY_MS) known.receiver.reset()
    known.active_ms = utc_ms
    return known
  }

  #tell({ utc_ms, devEui, name }: UplinkEvent, apdu: Uint8Array, uplinks: number): void {
    const writer = new ByteWriter(256)
    writer.uint32(0)
    writer.uint32(0)
    writer.write(apdu)
    setWrapperHeader(writer, 0, WRAPPER_SOURCE, WRAPPER_DESTINATION, writer.length - WRAPPER_HEADER)
    this.#options.onMessage({ utc_ms, devEui, name, frame: writer.copy(), uplinks })
  }
}
