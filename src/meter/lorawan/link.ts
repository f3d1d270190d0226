import type { Device } from '../../../hal/api/device.ts'
import type { LoRaWiring, ModemWiring, TransceiverWiring } from '../../../hal/api/lora.ts'
import { LoRaE5 } from '../../drivers/modem/lora-e5/lora-e5.ts'
import { RAK3172 } from '../../drivers/modem/rak3172/rak3172.ts'
import { RN2483 } from '../../drivers/modem/rn2483/rn2483.ts'
import type { LoRaWanEvents, LoRaWanLink } from '../../lib/lorawan-link.ts'
import { LoRaWanMac } from '../../links/lorawan/mac.ts'
import type { Activation, LoRaWanStore } from '../../links/lorawan/mac-options.ts'
import { payloadMax } from '../../links/lorawan/region.ts'
import { REGIONS } from '../../links/lorawan/regions-table.ts'
import { guardSerial, guardTimer } from '../guarded.ts'
import type { Guard } from '../supervisor.ts'
import type { LoRaWanConfig } from './config.ts'
import type { RadioMonitor } from './monitor.ts'
import { radioOf } from './radio.ts'

export interface LinkOptions<Wiring extends LoRaWiring = LoRaWiring> {
  readonly wiring: Wiring
  readonly device: Pick<Device, 'crypto' | 'timer' | 'random'>
  readonly guard: Guard
  readonly config: LoRaWanConfig
  readonly activation: Activation
  /** Of the MAC here; a module keeps its own counters. */
  readonly store: LoRaWanStore
  readonly ticks_ms: () => number
  readonly events: LoRaWanEvents
  /** Looks on. */
  readonly monitor: RadioMonitor
}

/** The way to the network that the board has: our MAC over its transceiver, or a module that has one. Throws RangeError for a module that does not know the region, or is to be activated by personalisation. */
export function linkOf(options: LinkOptions): LoRaWanLink {
  const { wiring, monitor } = options
  return 'serial' in wiring ? monitor.watchModule(modemOf({ ...options, wiring })) : macOf({ ...options, wiring })
}

/** What both want to know. */
function common({ device, guard, config, ticks_ms, events }: LinkOptions) {
  const region = REGIONS[config.region]
  return {
    region,
    shared: {
      events,
      ticks_ms,
      timer: guardTimer(device.timer, guard),
      deviceClass: config.class,
      adr: config.adr,
      dataRate: Math.min(config.dataRate, region.uplinkDataRate_max),
      ...(config.subBand === 0 ? {} : { subBand: config.subBand }),
      publicNetwork: config.publicNetwork,
    },
  }
}

function macOf(options: LinkOptions<TransceiverWiring>): LoRaWanLink {
  const { wiring, device, guard, activation, store, monitor } = options
  const { region, shared } = common(options)
  const mac = new LoRaWanMac({
    ...shared,
    region,
    radio: monitor.watchRadio((events) => radioOf(wiring, shared.timer, guard, events)),
    activation,
    store: monitor.watchStore(store),
    crypto: device.crypto,
    random: device.random,
    antennaGain_dBi: wiring.antennaGain_dBi,
  })
  monitor.mac = mac
  return mac
}

function modemOf(options: LinkOptions<ModemWiring>): LoRaWanLink {
  const { wiring, device, guard, activation } = options
  const { region, shared } = common(options)
  if (activation.type !== 'otaa') throw new RangeError(`lorawan.activation: a ${wiring.part} joins; abp needs a transceiver`)
  const { joinEui, devEui, appKey } = activation
  const modem = {
    ...shared,
    serial: { ...wiring.serial, io: guardSerial(wiring.serial.io, guard) },
    region: region.name,
    joinEui,
    devEui,
    appKey,
    random: () => uniform(device.random),
    payloadMax: (dataRate: number) => payloadMax(region, dataRate, region.dwellByDefault),
  }
  if (wiring.part === 'RAK3172') return new RAK3172(modem)
  return wiring.part === 'LoRa-E5' ? new LoRaE5(modem) : new RN2483(wiring.part, modem)
}

/** In [0, 1). */
function uniform(random: Device['random']): number {
  const bytes = new Uint8Array(2)
  random(bytes)
  return (bytes[0] * 256 + bytes[1]) / 65_536
}
