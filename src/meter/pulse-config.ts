import { integer, object, oneOf, optional } from '../lib/schema.ts'

const UNITS = ['ml', 'l', 'm3', 'Wh', 'kWh', 'MWh', 'kJ', 'MJ', 'GJ'] as const

const weight = (description: string) =>
  optional(
    object(
      {
        pulses: integer({ min: 1, max: 10_000, default: 1, description: 'So many pulses' }),
        amount: integer({ min: 1, max: 10_000, default: 1, description: 'stand for so much' }),
        unit: oneOf(UNITS, { description: 'of this' }),
      },
      { description },
    ),
  )

const watch = (max: number, unit: string, description: string) => optional(integer({ min: 0, max, unit, description }))

/** The part `pulse` of the configuration: a water, gas or heat meter. Of no meaning to an electricity meter. */
export const PULSE_CONFIG = object(
  {
    weight: weight('What the pulses of the main output stand for; without it what the board says'),
    volumeWeight: weight('The same of the volume output of a heat meter'),
    idle_s: integer({ min: 10, max: 86_400, default: 900, unit: 's', description: 'So long without a pulse, and the flow shows as 0' }),
    gas: object(
      {
        conditions: oneOf(['measuring', 'temperature', 'base'], {
          default: 'measuring',
          description: 'Volume that the pulses stand for: as measured, corrected for temperature, or at base conditions',
        }),
        zFactor_ppm: optional(
          integer({
            min: 100_000,
            max: 2_000_000,
            unit: 'ppm',
            description: 'Volume at base conditions by volume measured: 963600 is 0.9636. With it the meter has a register for that volume',
          }),
        ),
        calorificValue_Wh_m3: optional(
          integer({
            min: 1000,
            max: 30_000,
            unit: 'Wh/m³',
            description:
              'Superior calorific value at base conditions. With it the meter has a register for the energy. A new value holds for what flows from then on',
          }),
        ),
      },
      { description: 'Conversion of gas to base conditions and energy' },
    ),
    flow: object(
      {
        leak_h: watch(240, 'h', 'A leak is suspected after so long without a pause; 0: never. Default 24 for water, else 0'),
        pause_min: integer({ min: 1, max: 1440, default: 60, unit: 'min', description: 'So long without a pulse is a pause' }),
        burst_l_h: watch(1_000_000, 'l/h', 'A flow that is a burst; 0: none. Default 2000 for water, else 0'),
        burst_min: integer({ min: 1, max: 1440, default: 10, unit: 'min', description: 'It must last for so long' }),
        backflow_l: watch(1_000_000, 'l', 'Backflow: so much flowed back, and nothing forwards in between; 0: never. Default 10'),
        still_d: integer({ min: 0, max: 3650, default: 0, unit: 'd', description: 'No flow for so long is an event; 0: never' }),
      },
      { description: 'Events of what flows' },
    ),
  },
  { description: 'A water, gas or heat meter with a pulse output' },
)
