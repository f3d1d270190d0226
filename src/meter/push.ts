import type { HoldUp } from '../../hal/api/device.ts'
import type { Network, UDP } from '../../hal/api/sockets.ts'
import { StandardEvent } from '../core/events/codes.ts'
import { Counter } from '../core/storage/counters.ts'
import { ByteWriter } from '../lib/bytes.ts'
import { encodeDataNotification } from '../protocols/dlms/data-notification.ts'
import type { MeterConfig } from './config.ts'
import type { MeterCore } from './core.ts'
import { logicalDeviceName, PUBLIC_CLIENT } from './views/dlms.ts'
import { type PushMessage, writeAlarmBody, writePowerFailBody } from './views/dlms-push.ts'

/** The management logical device sends. */
const SENDER = 1
/**
 * How long the processor still needs its energy when the failure shows: for the time before that (the IC takes 63 ms to decide), the save, the event and
 * the message itself.
 */
const RESERVE_MS = 150

export interface PushOptions {
  readonly core: MeterCore
  readonly config: MeterConfig
  readonly network: Network
  readonly holdUp: HoldUp | undefined
  readonly onError?: (reason: string) => void
}

/** Messages about the supply, as DLMS data-notification in UDP datagrams: nobody has to answer, so they cost the least time and energy. */
export class PushSender {
  readonly #options: PushOptions
  readonly #writer = new ByteWriter()
  #socket: UDP | undefined

  constructor(options: PushOptions) {
    this.#options = options
    const { network, onError } = options
    // Opened now: when the supply fails there is no time for it.
    this.#socket = new network.UDP({ onError: (reason) => onError?.(reason) })
  }

  /** The last gasp. Everything is saved already; sends only when the board has the energy for it. */
  supplyFails(utc_s: number): void {
    const { holdUp } = this.#options
    if (holdUp?.message_mJ === undefined) return
    if (holdUp.energy_mJ < holdUp.message_mJ + (holdUp.run_mW * RESERVE_MS) / 1000) return
    this.#sendSupply(StandardEvent.powerDown, utc_s)
  }

  supplyReturned(utc_s: number): void {
    this.#sendSupply(StandardEvent.powerUp, utc_s)
  }

  close(): void {
    this.#socket?.close()
    this.#socket = undefined
  }

  /** An alarm that the filter let through came up; the descriptors say which. */
  alarm(utc_s: number): void {
    const { alarms } = this.#options.core.watch
    this.#send(utc_s, (writer, common) => writeAlarmBody(writer, { ...common, descriptors: alarms.map(({ descriptor }) => descriptor) }))
  }

  #sendSupply(eventCode: number, utc_s: number): void {
    const { energy } = this.#options.core
    this.#send(utc_s, (writer, common) => writePowerFailBody(writer, { ...common, eventCode, activeImport_Wh: energy.value(0, 0) }))
  }

  #send(utc_s: number, writeBody: (writer: ByteWriter, common: PushMessage) => void): void {
    const { core, config, onError } = this.#options
    const { address, port } = config.push
    if (address === undefined || this.#socket === undefined) return
    const utc_ms = utc_s * 1000
    const deviation_min = -core.clock.offset_min(utc_ms)
    const clockStatus = core.clock.status(utc_ms)
    const messageNumber = core.storage.counters.next(Counter.message)
    const common = { logicalDeviceName: logicalDeviceName(config), utc_ms, deviation_min, clockStatus, messageNumber }
    this.#writer.reset()
    encodeDataNotification(
      this.#writer,
      { serverSap: SENDER, clientSap: PUBLIC_CLIENT, invokeId: messageNumber, time: { utc_ms, deviation_min, status: clockStatus } },
      (writer) => writeBody(writer, common),
    )
    try {
      this.#socket.write(this.#writer.copy(), address, port)
    } catch (error) {
      onError?.(error instanceof Error ? error.message : String(error))
    }
  }
}
