import { array, boolean, type Infer, integer, number, object, oneOf, optional, string } from '../../src/lib/schema.ts'
import { METER_CONFIG } from '../../src/meter/config.ts'
import { RECORDED_WAVEFORMS, type WaveformName } from '../../src/world/loads/waveforms-table.ts'
import { BOARD_NAMES } from './variants.ts'

const WAVEFORM_NAMES = Object.keys(RECORDED_WAVEFORMS) as readonly WaveformName[]

const APPLIANCE = object({
  id: string({ pattern: '^[a-z0-9-]{1,24}$', meaning: '1 to 24 lower-case letters, digits or hyphens' }),
  name: string({ minLength: 1, maxLength: 40 }),
  phase: oneOf([1, 2, 3, 'all'], { default: 1 }),
  active_W: number({ min: -100_000, max: 100_000, unit: 'W' }),
  reactive_var: number({
    min: -100_000,
    max: 100_000,
    default: 0,
    unit: 'var',
    description: 'Follows from the waveform where there is one',
  }),
  waveform: optional(
    oneOf(WAVEFORM_NAMES, { description: 'Recorded shape of the current; without one the load is an impedance, its current a sine' }),
  ),
  samples: optional(
    array(number({ min: -1e6, max: 1e6 }), {
      minItems: 16,
      maxItems: 1024,
      description:
        'Own shape: one cycle of current, evenly spaced, in any unit, from the rising zero crossing of the voltage; instead of `waveform`',
    }),
  ),
  on: boolean({ default: false }),
})

/** LoRa transceivers, and modules with the LoRaWAN MAC inside, that the virtual board can have. */
const RADIOS = ['SX1262', 'SX1276', 'RAK3172', 'LoRa-E5', 'RN2483'] as const

/** The world around the virtual meter. */
const WORLD_CONFIG = object(
  {
    board: oneOf(BOARD_NAMES, {
      default: 'virtual',
      description:
        'Board of the meter: virtual (three phases, ATM90E32), virtual-1p (BL0942), virtual-1pn (ADE7953), virtual-plug (CSE7766); virtual-water, virtual-gas, virtual-heat (pulse inputs). With one phase the house has only L1',
    }),
    trace: optional(
      string({
        minLength: 1,
        maxLength: 1024,
        description:
          'CSV file of a recorded load or, for a water or gas meter, of a flow, relative to the configuration file; without it the recorded household of the package is replayed',
      }),
    ),
    load: oneOf(['trace', 'none'], { default: 'trace', description: 'none: only the appliances draw power' }),
    voltage_V: optional(
      number({
        min: 50,
        max: 300,
        unit: 'V',
        description: 'Voltage of the mains; default: the nominal one of the meter; a trace with voltages overrides it',
      }),
    ),
    voltageHarmonics: optional(
      array(
        object({
          order: integer({ min: 2, max: 40 }),
          percent: number({ min: 0, max: 50, unit: '%', description: 'RMS, of the fundamental' }),
          angle_deg: number({
            min: -360,
            max: 360,
            default: 0,
            unit: '°',
            description: 'Of its own sine, at the zero crossing of the fundamental',
          }),
        }),
        { maxItems: 39, description: 'Harmonics of the voltage; without them it is a sine' },
      ),
    ),
    wander: boolean({ default: true, description: 'Voltage and frequency wander a little around their nominal values' }),
    holdUp_ms: integer({ min: 0, max: 60_000, default: 500, unit: 'ms', description: 'How long the board lives after its supply fails' }),
    rtc: oneOf(['RV3028', 'DS3231', 'PCF8563', 'none'], {
      default: 'RV3028',
      description: 'Clock chip of the board; none: the time of the world, which nothing can take away',
    }),
    rtcReserve_h: number({
      min: 0,
      max: 87_600,
      default: 168,
      unit: 'h',
      description: 'So long the clock chip runs on without mains; after that the clock is invalid until it is set',
    }),
    rtcDrift_ppm: number({
      min: -200,
      max: 200,
      default: 0,
      unit: 'ppm',
      description: 'How much the crystal of the clock chip is fast at 25 °C; 1 ppm is 0.0864 s a day',
    }),
    processorDrift_ppm: number({
      min: -200,
      max: 200,
      default: 0,
      unit: 'ppm',
      description: 'How much the crystal of the processor is fast',
    }),
    temperature_C: number({
      min: -40,
      max: 85,
      default: 25,
      unit: '°C',
      description: 'Where the meter hangs; the crystal of the clock follows it',
    }),
    sealOpen: boolean({
      default: false,
      description: 'The metrological seal is broken: calibration and a reset of everything are possible',
    }),
    frontEnd: object(
      {
        skewSeed: optional(
          integer({
            min: 0,
            max: 0xffffffff,
            description: 'Seed of the tolerances of divider, transformer or shunt in front of the metering IC; without it they are nominal',
          }),
        ),
      },
      { description: 'What stands between the mains and the metering IC; for trying the calibration' },
    ),
    consolePort: optional(
      integer({
        min: 0,
        max: 65535,
        description:
          'TCP port at which the service port of the meter (a serial line) can be reached; 0 lets the host choose; without it nobody is plugged in',
      }),
    ),
    appliances: optional(array(APPLIANCE, { maxItems: 64, description: 'Loads with a switch; without it a common household' })),
    lorawan: object(
      {
        radio: oneOf(RADIOS, {
          default: 'SX1262',
          description: 'LoRa transceiver of the meter, or module; RN2483 is an RN2903 where the region asks for it',
        }),
        device: optional(
          string({
            minLength: 1,
            maxLength: 256,
            description:
              'Serial port of this PC with a real module, such as /dev/ttyUSB0 or COM4, in place of the emulated one and its air',
          }),
        ),
        gateways: array(
          object({
            x_m: number({ min: -50_000, max: 50_000, unit: 'm', description: 'East of the meter' }),
            y_m: number({ min: -50_000, max: 50_000, unit: 'm', description: 'North of the meter' }),
          }),
          { maxItems: 16, default: [{ x_m: 600, y_m: 800 }], description: 'LoRaWAN gateways around the meter' },
        ),
        server: optional(
          string({
            pattern: '^(ws://)?[0-9A-Za-z.-]{1,64}:\\d{1,5}$',
            meaning: 'a host and a port such as 127.0.0.1:1700, or ws://127.0.0.1:3001',
            description:
              'Network server that the gateways speak to: host:port with the Semtech UDP protocol, ws://host:port with that of Basics Station; without it one of our own, in the world itself',
          }),
        ),
      },
      { description: 'The air around a meter with LoRaWAN' },
    ),
    photovoltaics_W: number({
      min: 0,
      max: 100_000,
      default: 9000,
      unit: 'W',
      description: 'Power that the inverter feeds in when it is switched on',
    }),
  },
  { description: 'The world around the virtual meter' },
)

/** Configuration of `ferraris run`. */
export const VIRTUAL_CONFIG = object({ meter: METER_CONFIG, world: WORLD_CONFIG })

export type VirtualConfig = Infer<typeof VIRTUAL_CONFIG>
