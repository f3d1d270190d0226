import type { Modulation } from '../../lib/lora-radio.ts'
import type { Region } from '../../links/lorawan/region.ts'
import type { RegionName } from '../../links/lorawan/regions-table.ts'

/** What a network operator chooses in a region. */
export interface NetworkPlan {
  /** Channels of 125 kHz that the gateways listen on, in Hz; those that a device does not begin with are told in the join accept. */
  readonly multi_Hz: readonly number[]
  readonly single: readonly { readonly frequency_Hz: number; readonly modulation: Modulation }[]
  readonly cfList: Uint8Array | undefined
  /** Fastest uplink that the network asks for. */
  readonly dataRate_max: number
  readonly transmit_Hz: readonly [number, number]
  /** EIRP of downlinks in RX1 and RX2. */
  readonly rx1_dBm: number
  readonly rx2_dBm: number
}

const EU868_ADDED = [867_100_000, 867_300_000, 867_500_000, 867_700_000, 867_900_000]
const AS923_ADDED = [923_600_000, 923_800_000, 924_000_000, 924_200_000, 924_400_000]
const IN865_ADDED: readonly number[] = [866_185_000, 866_385_000]
/** Sub-band 2, as most networks with eight channels use. */
const SUB_BAND = 1

/** CFList of type 0: five frequencies in units of 100 Hz. */
function frequencyList(added_Hz: readonly number[]): Uint8Array {
  const list = new Uint8Array(16)
  for (const [i, frequency_Hz] of added_Hz.entries()) {
    const units = frequency_Hz / 100
    list.set([units & 0xff, (units >> 8) & 0xff, units >> 16], 3 * i)
  }
  return list
}

/** CFList of type 1: masks of the 72 channels. */
function maskList(subBand: number): Uint8Array {
  const list = new Uint8Array(16)
  list[subBand] = 0xff
  list[8] = 1 << subBand
  list[15] = 1
  return list
}

function dynamicPlan(
  region: Region,
  added_Hz: readonly number[],
  rates: Pick<NetworkPlan, 'dataRate_max' | 'rx1_dBm' | 'rx2_dBm'>,
): NetworkPlan {
  const defaults = region.defaultChannels.map(({ frequency_Hz }) => frequency_Hz)
  const single = [6, 7].flatMap((dataRate) => {
    const modulation = region.dataRates[dataRate]
    return modulation === undefined ? [] : [{ frequency_Hz: dataRate === 6 ? defaults[1] : defaults[0] + 700_000, modulation }]
  })
  return { ...rates, multi_Hz: [...defaults, ...added_Hz], single, cfList: frequencyList(added_Hz), transmit_Hz: region.range_Hz }
}

function fixedPlan(region: Region, dataRate_max: number): NetworkPlan {
  const first = 8 * SUB_BAND
  const multi_Hz = region.defaultChannels.slice(first, first + 8).map(({ frequency_Hz }) => frequency_Hz)
  const wide = region.defaultChannels[64 + SUB_BAND]
  const modulation = region.dataRates[wide.minDataRate] as Modulation
  const single = [{ frequency_Hz: wide.frequency_Hz, modulation }]
  return { multi_Hz, single, cfList: maskList(SUB_BAND), dataRate_max, transmit_Hz: region.range_Hz, rx1_dBm: 26, rx2_dBm: 26 }
}

export function networkPlan(region: Region): NetworkPlan {
  const plans: Readonly<Record<RegionName, () => NetworkPlan>> = {
    // RX2 lies in the band of 10 % and 500 mW.
    EU868: () => dynamicPlan(region, EU868_ADDED, { dataRate_max: 5, rx1_dBm: 14, rx2_dBm: 27 }),
    AS923: () => dynamicPlan(region, AS923_ADDED, { dataRate_max: 5, rx1_dBm: 16, rx2_dBm: 16 }),
    IN865: () => dynamicPlan(region, IN865_ADDED, { dataRate_max: 5, rx1_dBm: 27, rx2_dBm: 27 }),
    US915: () => fixedPlan(region, 3),
    AU915: () => fixedPlan(region, 5),
  }
  return plans[region.name]()
}
