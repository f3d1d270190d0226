import { randomUUID } from 'node:crypto'
import { connect, type MqttClient } from 'mqtt'
import { DecodeError } from '../../lib/bytes.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { type ChirpStackContext, chirpStackMessage, commandTopic, decodeCommand } from './chirpstack-json.ts'
import type { QueuedDownlink } from './device.ts'
import type { NetworkEvent } from './events.ts'

export interface ChirpStackMqttOptions extends Omit<ChirpStackContext, 'uuid'> {
  /** `mqtt://host:port`. */
  readonly url: string
  /** Puts a downlink into a device's queue; throws for one that cannot be taken. */
  readonly enqueue: (devEui: string, item: QueuedDownlink) => void
  readonly onNote: (text: string) => void
}

/** Messages that wait for a broker that is away; older ones are dropped. */
const WAITING_MAX = 1000
const RECONNECT_MS = 2000
/** At the end what waits has so long to leave. */
const FAREWELL_MS = 3000

/** Publishes what a network server tells, and takes downlinks, as ChirpStack's MQTT integration does. */
export class ChirpStackMqtt {
  readonly #options: ChirpStackMqttOptions
  readonly #client: MqttClient
  readonly #waiting: { topic: string; json: string }[] = []
  #dropped = 0
  #failure: string | undefined

  constructor(options: ChirpStackMqttOptions) {
    this.#options = options
    this.#client = connect(options.url, { reconnectPeriod: RECONNECT_MS, queueQoSZero: false, resubscribe: false })
    this.#client.on('connect', () => this.#onConnect())
    this.#client.on('message', (topic, payload) => this.#onCommand(topic, payload.toString()))
    this.#client.on('error', (error) => this.#onFailure(error.message))
    this.#client.on('close', () => this.#onFailure('no connection'))
  }

  publish(event: NetworkEvent): void {
    const message = chirpStackMessage(event, { ...this.#options, uuid: randomUUID })
    if (message === undefined) return
    this.#waiting.push(message)
    if (this.#waiting.length > WAITING_MAX) {
      this.#waiting.shift()
      this.#dropped++
    }
    this.#flush()
  }

  /** Ends the connection when what waits has left, or cannot. */
  async close(): Promise<void> {
    const end_ms = Date.now() + FAREWELL_MS
    while (this.#waiting.length > 0 && !this.#client.connected && Date.now() < end_ms)
      await new Promise((resolve) => setTimeout(resolve, 20))
    this.#flush()
    if (this.#waiting.length > 0) this.#options.onNote(`MQTT: ${this.#waiting.length} events did not leave`)
    this.#client.removeAllListeners('close')
    await this.#client.endAsync(!this.#client.connected)
  }

  #flush(): void {
    if (!this.#client.connected) return
    for (const { topic, json } of this.#waiting.splice(0)) this.#client.publish(topic, json)
  }

  #onConnect(): void {
    const { url, applicationId, onNote } = this.#options
    this.#failure = undefined
    onNote(`MQTT: connected to ${url}${this.#dropped === 0 ? '' : `, ${this.#dropped} events were dropped meanwhile`}`)
    this.#dropped = 0
    this.#client.subscribe(commandTopic(applicationId))
    this.#flush()
  }

  /** Each reason once, until there is a connection again. */
  #onFailure(reason: string): void {
    if (this.#failure !== undefined) return
    this.#failure = reason
    this.#options.onNote(`MQTT: ${this.#options.url}: ${reason}`)
  }

  #onCommand(topic: string, text: string): void {
    try {
      const { devEui, item } = decodeCommand(topic, text)
      this.#options.enqueue(devEui, { ...item, id: item.id ?? randomUUID() })
    } catch (error) {
      if (!(error instanceof DecodeError || error instanceof FerrarisError || error instanceof RangeError)) throw error
      this.#options.onNote(`MQTT: command on ${topic}: ${error.message}`)
    }
  }
}
