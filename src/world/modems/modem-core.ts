import type { Crypto } from '../../../hal/api/crypto.ts'
import type { LoRaRadio, RadioEvents } from '../../lib/lora-radio.ts'
import type { LoRaWanEvents } from '../../lib/lorawan-link.ts'
import { SeededRandom } from '../../lib/random.ts'
import { LoRaWanMac } from '../../links/lorawan/mac.ts'
import { REGIONS, type RegionName } from '../../links/lorawan/regions-table.ts'
import type { LoRaAir, Position } from '../lora/air.ts'
import { AirRadio } from '../lora/air-radio.ts'
import type { Scheduler } from '../scheduler.ts'
import { WorldTimer } from '../time.ts'

/** Numbers that are reserved ahead in the module's flash: a power cut skips them. */
const RESERVED = 16

/** What a module keeps without supply: counters that only go up. */
export class ModemMemory {
  devNonce = 0
  fCntUp = 0

  /** The supply was cut. */
  cut(): void {
    this.devNonce += 1
    this.fCntUp += RESERVED
  }
}

/** What commands set. */
export interface ModemSettings {
  readonly region: RegionName
  readonly deviceClass: 'A' | 'C'
  readonly joinEui: Uint8Array
  readonly devEui: Uint8Array
  readonly appKey: Uint8Array
  readonly adr: boolean
  readonly dataRate: number
  readonly subBand: number | undefined
  readonly publicNetwork: boolean
  /** Of a confirmed uplink, after the first transmission. */
  readonly repetitions: number
}

export interface ModemCoreOptions {
  readonly scheduler: Scheduler
  readonly air: LoRaAir
  readonly name: string
  readonly position: Position
  readonly antennaGain_dBi?: number
  readonly crypto: Crypto
  readonly seed: number
  /** Of a module that was used before. */
  readonly memory?: ModemMemory
}

/** The part of an emulated module that no serial line shows: the MAC over a radio on the air, what it remembers, and its clock. */
export class ModemCore {
  readonly memory: ModemMemory
  settings: ModemSettings
  readonly #options: ModemCoreOptions
  readonly #factory: ModemSettings
  readonly #events: LoRaWanEvents
  readonly #random: SeededRandom
  readonly #radio: AirRadio
  #radioEvents: RadioEvents | undefined
  #timer: WorldTimer
  #mac: LoRaWanMac | undefined
  /** In RAM: gone with the supply. */
  #session: Uint8Array | undefined
  /** UTC less the time of the world; undefined until the network has told it. */
  #clock_ms: number | undefined
  #started_us: number

  constructor(options: ModemCoreOptions, factory: ModemSettings, events: LoRaWanEvents) {
    this.#options = options
    this.#factory = factory
    this.settings = factory
    this.memory = options.memory ?? new ModemMemory()
    this.#random = new SeededRandom(options.seed, 11)
    this.#timer = new WorldTimer(options.scheduler)
    this.#radio = this.#createRadio()
    this.#started_us = options.scheduler.now_us
    this.#events = {
      ...events,
      onTime: (utc_ms) => {
        this.#clock_ms = utc_ms - this.now_ms
        events.onTime(utc_ms)
      },
    }
  }

  get now_ms(): number {
    return Math.floor(this.#options.scheduler.now_us / 1000)
  }

  /** Time of day as the module has it: `epoch_ms` at its start, until the network has told it. */
  utc_ms(epoch_ms: number): number {
    if (this.#clock_ms !== undefined) return this.now_ms + this.#clock_ms
    return epoch_ms + Math.floor((this.#options.scheduler.now_us - this.#started_us) / 1000)
  }

  get mac(): LoRaWanMac {
    this.#mac ??= this.#createMac()
    return this.#mac
  }

  /** How long until a join request may leave. */
  get joinWait_ms(): number {
    return Math.max(0, this.mac.duty.joinFree_ms - this.now_ms)
  }

  /** How long until an uplink may leave. */
  get sendWait_ms(): number {
    return Math.max(0, this.mac.free_ms - this.now_ms)
  }

  /** Changes settings; the session goes with its identity. */
  change(changes: Partial<ModemSettings>): void {
    this.settings = { ...this.settings, ...changes }
    if (changes.dataRate !== undefined) this.mac.parameters.dataRate = changes.dataRate
    const identity = changes.region ?? changes.devEui ?? changes.joinEui ?? changes.subBand
    if (identity !== undefined || 'subBand' in changes) this.#session = undefined
    if (Object.keys(changes).some((name) => name !== 'dataRate')) this.#closeMac()
  }

  factoryReset(): void {
    this.settings = this.#factory
    this.#session = undefined
    this.#closeMac()
  }

  /** The processor of the module starts again: what was not in flash is gone. */
  reset(): void {
    this.#closeMac()
    this.#timer.stop()
    this.#timer = new WorldTimer(this.#options.scheduler)
    this.#session = undefined
    this.#clock_ms = undefined
    this.#started_us = this.#options.scheduler.now_us
    this.memory.cut()
  }

  #createRadio(): AirRadio {
    const { scheduler, air, name, position, antennaGain_dBi } = this.#options
    const events: RadioEvents = {
      onTransmitted: () => this.#radioEvents?.onTransmitted(),
      onReceived: (frame) => this.#radioEvents?.onReceived(frame),
      onTimeout: () => this.#radioEvents?.onTimeout(),
      onError: (reason) => this.#radioEvents?.onError(reason),
    }
    return new AirRadio({ scheduler, air, events, name, position, ...(antennaGain_dBi === undefined ? {} : { antennaGain_dBi }) })
  }

  /** One radio for all MACs that the module ever starts: it is always the same station, at the same place. */
  #lend(events: RadioEvents): LoRaRadio {
    const radio = this.#radio
    this.#radioEvents = events
    return {
      transmit: (transmission) => radio.transmit(transmission),
      receive: (reception) => radio.receive(reception),
      sleep: () => radio.sleep(),
      close: () => {
        this.#radioEvents = undefined
        radio.sleep()
      },
    }
  }

  #closeMac(): void {
    this.#mac?.close()
    this.#mac = undefined
  }

  #createMac(): LoRaWanMac {
    const { crypto } = this.#options
    const { region, joinEui, devEui, appKey, deviceClass, adr, dataRate, subBand, publicNetwork, repetitions } = this.settings
    const { memory } = this
    return new LoRaWanMac({
      region: REGIONS[region],
      radio: (events) => this.#lend(events),
      activation: { type: 'otaa', joinEui, devEui, appKey },
      store: {
        nextDevNonce: () => memory.devNonce++,
        nextFCntUp: () => memory.fCntUp++,
        load: () => this.#session,
        save: (state) => {
          this.#session = state
        },
      },
      events: this.#events,
      crypto,
      timer: this.#timer,
      ticks_ms: () => this.now_ms,
      random: (bytes) => this.#random.fill(bytes),
      deviceClass,
      adr,
      dataRate,
      subBand,
      publicNetwork,
      confirmedTransmissions: 1 + repetitions,
    })
  }
}
