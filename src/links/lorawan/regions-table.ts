import type { FskModulation, LoRaModulation } from '../../lib/lora-radio.ts'
import type { Channel, Region } from './region.ts'

/** Sources: LoRaWAN Regional Parameters RP002-1.0.4 (LoRa Alliance), by the section of each region, checked against LoRaMac-node 4.7. */
export const REGION_NAMES = ['EU868', 'US915', 'AU915', 'AS923', 'IN865'] as const
export type RegionName = (typeof REGION_NAMES)[number]

const lora = (spreadingFactor: number, kHz: 125 | 250 | 500 = 125): LoRaModulation =>
  Object.freeze({ type: 'lora', spreadingFactor, bandwidth_Hz: (kHz * 1000) as LoRaModulation['bandwidth_Hz'], codingRate: 1 })

const FSK: FskModulation = Object.freeze({ type: 'fsk', bitRate_bps: 50_000, deviation_Hz: 25_000 })

/** DR0 to DR5. */
const SIX = [lora(12), lora(11), lora(10), lora(9), lora(8), lora(7)] as const
const ISM_RATES = Object.freeze([...SIX, lora(7, 250), FSK])
const NO_250 = Object.freeze([...SIX, undefined, FSK])
/** Downlinks of the fixed plans, DR8 to DR13. */
const WIDE = [lora(12, 500), lora(11, 500), lora(10, 500), lora(9, 500), lora(8, 500), lora(7, 500)] as const

/** Without a repeater: section 2.x.6, columns M. */
const ISM_PAYLOADS = Object.freeze([59, 59, 59, 123, 250, 250, 250, 250])
const WIDE_PAYLOADS = [61, 137, 250, 250, 250, 250] as const

/** Gives the table its type before it is frozen. */
const region = (parameters: Region): Region => Object.freeze(parameters)

const channel = (frequency_Hz: number, minDataRate: number, maxDataRate: number): Channel =>
  Object.freeze({ frequency_Hz, minDataRate, maxDataRate })

/** 64 channels of 125 kHz, then 8 of 500 kHz. */
function fixedChannels(first_Hz: number, rates: readonly [number, number], wide_Hz: number, wideRate: number): readonly Channel[] {
  const narrow = Array.from({ length: 64 }, (_, i) => channel(first_Hz + i * 200_000, rates[0], rates[1]))
  const wide = Array.from({ length: 8 }, (_, i) => channel(wide_Hz + i * 1_600_000, wideRate, wideRate))
  return Object.freeze([...narrow, ...wide])
}

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high)
const fixedDownlink_Hz = (index: number): number => 923_300_000 + (index % 8) * 600_000
const noLimit = (from_Hz: number, to_Hz: number) => Object.freeze([Object.freeze({ from_Hz, to_Hz, dutyDivisor: 1 })])

/** Section 2.4. Duty cycles: ETSI EN 300 220-2, table B.1, bands K to Q. */
const EU868 = region({
  name: 'EU868',
  plan: 'dynamic',
  range_Hz: [863_000_000, 870_000_000],
  bands: Object.freeze([
    { from_Hz: 863_000_000, to_Hz: 865_000_000, dutyDivisor: 1000 },
    { from_Hz: 865_000_000, to_Hz: 868_000_000, dutyDivisor: 100 },
    { from_Hz: 868_000_000, to_Hz: 868_600_000, dutyDivisor: 100 },
    { from_Hz: 868_700_000, to_Hz: 869_200_000, dutyDivisor: 1000 },
    { from_Hz: 869_400_000, to_Hz: 869_650_000, dutyDivisor: 10 },
    { from_Hz: 869_700_000, to_Hz: 870_000_000, dutyDivisor: 100 },
  ]),
  defaultChannels: Object.freeze([channel(868_100_000, 0, 5), channel(868_300_000, 0, 5), channel(868_500_000, 0, 5)]),
  dataRates: ISM_RATES,
  macPayload_max: ISM_PAYLOADS,
  uplinkDataRate_max: 7,
  rx1Offset_max: 5,
  rx2: Object.freeze({ frequency_Hz: 869_525_000, dataRate: 0 }),
  maxEirp_dBm: 16,
  txPower_max: 7,
  dwellByDefault: false,
  joinDataRates: Object.freeze([0, 5] as const),
  rx1DataRate: (dataRate, offset) => Math.max(0, dataRate - offset),
})

/** Section 2.5. The dwell time of 400 ms is in the payload table: DR0 takes 11 bytes. */
const US915 = region({
  name: 'US915',
  plan: 'fixed',
  range_Hz: [902_000_000, 928_000_000],
  bands: noLimit(902_000_000, 928_000_001),
  defaultChannels: fixedChannels(902_300_000, [0, 3], 903_000_000, 4),
  dataRates: Object.freeze([lora(10), lora(9), lora(8), lora(7), lora(8, 500), undefined, undefined, undefined, ...WIDE]),
  macPayload_max: Object.freeze([19, 61, 133, 250, 250, 0, 0, 0, ...WIDE_PAYLOADS]),
  uplinkDataRate_max: 4,
  rx1Offset_max: 3,
  rx2: Object.freeze({ frequency_Hz: 923_300_000, dataRate: 8 }),
  maxEirp_dBm: 30,
  txPower_max: 14,
  dwellByDefault: false,
  joinDataRates: Object.freeze([0, 4] as const),
  rx1DataRate: (dataRate, offset) => clamp(dataRate + 10 - offset, 8, 13),
  rx1_Hz: fixedDownlink_Hz,
})

/** Section 2.8. */
const AU915 = region({
  name: 'AU915',
  plan: 'fixed',
  range_Hz: [915_000_000, 928_000_000],
  bands: noLimit(915_000_000, 928_000_001),
  defaultChannels: fixedChannels(915_200_000, [0, 5], 915_900_000, 6),
  dataRates: Object.freeze([...SIX, lora(8, 500), undefined, ...WIDE]),
  macPayload_max: Object.freeze([59, 59, 59, 123, 250, 250, 250, 0, ...WIDE_PAYLOADS]),
  macPayloadDwell_max: Object.freeze([0, 0, 19, 61, 133, 250, 250, 0, ...WIDE_PAYLOADS]),
  uplinkDataRate_max: 6,
  rx1Offset_max: 5,
  rx2: Object.freeze({ frequency_Hz: 923_300_000, dataRate: 8 }),
  maxEirp_dBm: 30,
  txPower_max: 14,
  dwell_ms: 400,
  dwellByDefault: true,
  joinDataRates: Object.freeze([2, 6] as const),
  rx1DataRate: (dataRate, offset) => clamp(dataRate + 8 - offset, 8, 13),
  rx1_Hz: fixedDownlink_Hz,
})

/** Section 2.10, AS923-1. */
const AS923 = region({
  name: 'AS923',
  plan: 'dynamic',
  range_Hz: [915_000_000, 928_000_000],
  bands: noLimit(915_000_000, 928_000_001),
  defaultChannels: Object.freeze([channel(923_200_000, 0, 5), channel(923_400_000, 0, 5)]),
  dataRates: ISM_RATES,
  macPayload_max: ISM_PAYLOADS,
  macPayloadDwell_max: Object.freeze([0, 0, 19, 61, 133, 250, 250, 250]),
  uplinkDataRate_max: 7,
  rx1Offset_max: 7,
  rx2: Object.freeze({ frequency_Hz: 923_200_000, dataRate: 2 }),
  maxEirp_dBm: 16,
  txPower_max: 7,
  dwell_ms: 400,
  dwellByDefault: true,
  joinDataRates: Object.freeze([2, 5] as const),
  // Offsets 6 and 7 mean 1 and 2 data rates above the uplink's.
  rx1DataRate: (dataRate, offset, dwell) => clamp(dataRate - (offset > 5 ? 5 - offset : offset), dwell ? 2 : 0, 5),
})

/** Section 2.9. */
const IN865 = region({
  name: 'IN865',
  plan: 'dynamic',
  range_Hz: [865_000_000, 867_000_000],
  bands: noLimit(865_000_000, 867_000_001),
  defaultChannels: Object.freeze([channel(865_062_500, 0, 5), channel(865_402_500, 0, 5), channel(865_985_000, 0, 5)]),
  dataRates: NO_250,
  macPayload_max: Object.freeze([59, 59, 59, 123, 250, 250, 0, 250]),
  uplinkDataRate_max: 7,
  rx1Offset_max: 7,
  rx2: Object.freeze({ frequency_Hz: 866_550_000, dataRate: 2 }),
  maxEirp_dBm: 30,
  txPower_max: 10,
  dwellByDefault: false,
  joinDataRates: Object.freeze([0, 5] as const),
  rx1DataRate: (dataRate, offset) => clamp(dataRate - (offset > 5 ? 5 - offset : offset), 0, 5),
})

export const REGIONS: Readonly<Record<RegionName, Region>> = Object.freeze({ EU868, US915, AU915, AS923, IN865 })
