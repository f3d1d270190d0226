import { array, boolean, type Infer, integer, object, oneOf, optional, string } from '../../lib/schema.ts'
import { REGION_NAMES } from '../../links/lorawan/regions-table.ts'
import { Measurement, type MeasurementName } from '../../protocols/yobiiq/types-table.ts'

const NAMES = Object.keys(Measurement).filter((name) => !['index', 'timestamp', 'loggedTimestamp'].includes(name)) as MeasurementName[]

/** What is reported unless the configuration says otherwise; what a meter does not measure is left out. */
const REPORTED: MeasurementName[] = ['activeImportT1', 'activeExportT1', 'activePower', 'voltageL1', 'currentL1', 'frequency']

export const LORAWAN_CONFIG = object(
  {
    enabled: boolean({ default: false, description: 'Joins a network and reports; needs a board with LoRa' }),
    region: oneOf(REGION_NAMES, { default: 'EU868', description: 'Regional parameters RP002-1.0.4' }),
    class: oneOf(['A', 'C'], { default: 'C', description: 'C listens all the time, which a meter on the mains can afford' }),
    devEui: optional(
      string({
        pattern: '^[0-9a-fA-F]{16}$',
        meaning: '16 hexadecimal digits',
        description: 'DevEUI; without it one that follows from the serial number',
      }),
    ),
    joinEui: string({
      pattern: '^[0-9a-fA-F]{16}$',
      meaning: '16 hexadecimal digits',
      default: '0000000000000000',
      description: 'JoinEUI',
    }),
    appKey: optional(
      string({
        pattern: '^[0-9a-fA-F]{32}$',
        meaning: '32 hexadecimal digits',
        description:
          'Root key of the device. Stored in the meter at its first start and never readable; without one the meter does not join',
      }),
    ),
    activation: oneOf(['otaa', 'abp'], {
      default: 'otaa',
      description: 'How it comes into the network: it joins (otaa), or everything is agreed before (abp: devAddr, nwkSKey, appSKey)',
    }),
    devAddr: optional(string({ pattern: '^[0-9a-fA-F]{8}$', meaning: '8 hexadecimal digits', description: 'Address, with abp' })),
    nwkSKey: optional(
      string({
        pattern: '^[0-9a-fA-F]{32}$',
        meaning: '32 hexadecimal digits',
        description: 'Key of the network with abp. Stored as the AppKey is',
      }),
    ),
    appSKey: optional(
      string({
        pattern: '^[0-9a-fA-F]{32}$',
        meaning: '32 hexadecimal digits',
        description: 'Key of the application with abp. Stored as the AppKey is',
      }),
    ),
    genAppKey: optional(
      string({
        pattern: '^[0-9a-fA-F]{32}$',
        meaning: '32 hexadecimal digits',
        description: 'Root of the keys of multicast groups (GenAppKey of TS005). Stored as the AppKey is; without one the AppKey serves',
      }),
    ),
    firmware: oneOf(['activate', 'verify', 'off'], {
      default: 'activate',
      description: 'Firmware in fragments (TS004): activated when its signature is good, only verified, or not taken at all',
    }),
    adr: boolean({ default: true, description: 'The network chooses data rate and power' }),
    dataRate: integer({
      min: 0,
      max: 6,
      default: 3,
      description: 'Data rate of uplinks without adr; with it a session begins with what the join was heard at',
    }),
    subBand: integer({ min: 0, max: 8, default: 2, description: 'US915 and AU915: only these eight channels before the join; 0: all' }),
    publicNetwork: boolean({ default: true, description: 'Sync word of public networks' }),
    interval_min: integer({
      min: 1,
      max: 1440,
      default: 15,
      unit: 'min',
      description: 'Between two reports; they are due at full intervals of the clock',
    }),
    spread_s: integer({
      min: 0,
      max: 3600,
      default: 120,
      unit: 's',
      description: 'Each report waits at random up to so long, so that meters do not send all at once',
    }),
    confirmed: boolean({ default: false, description: 'Reports are acknowledged by the network, and repeated until they are' }),
    payload: oneOf(['tlv', 'cbor', 'dlms'], {
      default: 'tlv',
      description:
        'Form of uplinks: tlv as Yobiiq meters send, which public codecs read; cbor, the most compact; dlms, DLMS data-notifications, in fragments (SCHC) where they are long',
    }),
    measurements: array(oneOf(NAMES), { maxItems: 16, default: REPORTED, description: 'What a report holds, the most important first' }),
    syncTime: boolean({ default: true, description: 'Asks the network for the time once a day and sets the clock by it' }),
  },
  { description: 'LoRaWAN, on a board with a LoRa transceiver' },
)

export type LoRaWanConfig = Infer<typeof LORAWAN_CONFIG>
