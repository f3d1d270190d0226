import { hostCrypto } from '../../../hal/host/crypto.ts'
import type { ModemOptions } from '../../../src/drivers/modem/dialect.ts'
import { LoRaE5 } from '../../../src/drivers/modem/lora-e5/lora-e5.ts'
import { RAK3172 } from '../../../src/drivers/modem/rak3172/rak3172.ts'
import { RN2483 } from '../../../src/drivers/modem/rn2483/rn2483.ts'
import type { LoRaWanLink } from '../../../src/lib/lorawan-link.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import { payloadMax } from '../../../src/links/lorawan/region.ts'
import { REGIONS, type RegionName } from '../../../src/links/lorawan/regions-table.ts'
import { EmulatedLoRaE5 } from '../../../src/world/modems/lora-e5.ts'
import type { Modem } from '../../../src/world/modems/modem.ts'
import { EmulatedRAK3172, type Rui3Firmware } from '../../../src/world/modems/rak3172.ts'
import { EmulatedRN2483 } from '../../../src/world/modems/rn2483.ts'
import { SerialWire } from '../../../src/world/serial-wire.ts'
import { WorldTimer } from '../../../src/world/time.ts'
import { APP_KEY, DEV_EUI, JOIN_EUI, LinkRig } from '../../links/lorawan/rig.ts'

export type ModemKind = 'LoRa-E5' | 'RN2483' | Rui3Firmware

export interface ModemRigOptions extends Partial<Pick<ModemOptions, 'deviceClass' | 'adr' | 'dataRate' | 'subBand'>> {
  readonly region?: RegionName
  readonly distance_m?: number
  /** Speed of the module, when it is not that of the factory. */
  readonly baud?: number
}

/** A driver, the wire, and the emulated module. */
export class ModemRig extends LinkRig {
  readonly kind: ModemKind
  readonly wire = new SerialWire(this.scheduler, { transmit_bytes: 256, receive_bytes: 1024 })
  readonly modem: Modem
  link: LoRaWanLink
  readonly #options: ModemRigOptions
  readonly #random = new SeededRandom(5)

  constructor(kind: ModemKind, options: ModemRigOptions = {}) {
    super(options.region)
    this.kind = kind
    this.#options = options
    this.modem = this.#createModem()
    this.link = this.#start()
  }

  restart(): void {
    this.timer.stop()
    this.link.close()
    this.timer = new WorldTimer(this.scheduler)
    this.link = this.#start()
  }

  /** The driver has set the module up. */
  ready(): this {
    this.until(() => !this.link.busy)
    return this
  }

  #createModem(): Modem {
    const { scheduler, air } = this
    const { region, distance_m = 200, baud } = this.#options
    const options = {
      scheduler,
      air,
      name: 'device',
      position: { x_m: distance_m, y_m: 0 },
      crypto: hostCrypto,
      seed: 1,
      io: this.wire.end(1),
      ...(baud === undefined ? {} : { baud }),
    }
    if (this.kind === 'LoRa-E5') return new EmulatedLoRaE5(options)
    if (this.kind !== 'RN2483') return new EmulatedRAK3172({ ...options, firmware: this.kind })
    return new EmulatedRN2483({ ...options, part: this.#rnPart, ...(region === undefined ? {} : { region }) })
  }

  get #rnPart(): 'RN2483' | 'RN2903' {
    return (this.#options.region ?? 'EU868') === 'EU868' ? 'RN2483' : 'RN2903'
  }

  #start(): LoRaWanLink {
    const { region: name = 'EU868', distance_m: _distance, baud: _baud, ...rest } = this.#options
    const region = REGIONS[name]
    const options: ModemOptions = {
      serial: { io: this.wire.end(0) },
      timer: this.timer,
      ticks_ms: () => this.now_ms,
      random: () => this.#random.float(),
      events: this.events(),
      region: name,
      deviceClass: 'A',
      joinEui: JOIN_EUI,
      devEui: DEV_EUI,
      appKey: APP_KEY,
      adr: true,
      dataRate: region.joinDataRates[1],
      payloadMax: (dataRate) => payloadMax(region, dataRate, region.dwellByDefault),
      ...rest,
    }
    if (this.kind === 'LoRa-E5') return new LoRaE5(options)
    return this.kind === 'RN2483' ? new RN2483(this.#rnPart, options) : new RAK3172(options)
  }
}
