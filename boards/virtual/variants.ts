import type { PulseWeight } from '../../hal/api/metering.ts'

/** Pins of the pulse inputs, and of the comparator that watches the supply. */
const PULSE_PINS = Object.freeze({ forward: 14, reverse: 15, volume: 16, supply: 17, interrupt: 4 })

/** What the parts of a board with pulse inputs are. */
interface PulseBoard {
  readonly part: 'PULSE'
  readonly medium: 'water' | 'gas' | 'heat'
  readonly weight: PulseWeight
  readonly volumeWeight?: PulseWeight
  readonly hasReverse: boolean
  readonly sensor: 'reed' | 'openCollector' | 'optical'
  /** `interrupt`: a digital input; `hardware`: the counter of the processor; `lowPower`: that of its low-power core, which a battery keeps alive. */
  readonly counter: 'interrupt' | 'hardware' | 'lowPower'
  readonly filter_ms: number
  readonly pins: typeof PULSE_PINS
}

const pulses = (board: Omit<PulseBoard, 'part' | 'pins'>): PulseBoard => Object.freeze({ part: 'PULSE', ...board, pins: PULSE_PINS })

/** The virtual boards: one schematic with a choice of metering ICs. What the parts are connected to, as data. */
export const BOARDS = Object.freeze({
  /** Three-phase meter. */
  virtual: Object.freeze({
    phases: 3,
    metering: Object.freeze({ part: 'ATM90E32', hz: 1_000_000, select: 5, interrupt: 4 }),
  }),
  /** Single-phase meter, at UART 1. The shunt of 0.5 milliohm takes 60 A. */
  'virtual-1p': Object.freeze({
    phases: 1,
    metering: Object.freeze({
      part: 'BL0942',
      baud: 9600,
      rating: Object.freeze({ reference_A: 5, maximum_A: 60 }),
      circuit: Object.freeze({ shunt_uOhm: 500, upper_Ohm: 1_950_000, lower_Ohm: 510 }),
    }),
  }),
  /** Single-phase meter with a current transformer in the neutral too: circuit and bus of a Shelly EM, with the interrupt wired besides. */
  'virtual-1pn': Object.freeze({
    phases: 1,
    metering: Object.freeze({
      part: 'ADE7953',
      hz: 400_000,
      address: 0x38,
      interrupt: 4,
      circuit: Object.freeze({ fullScaleVoltage_V: 347.4, fullScaleCurrent_A: 90.32 }),
    }),
  }),
  /** Plug like the Sonoff POW: shunt and divider of the chip's reference circuit. */
  'virtual-plug': Object.freeze({
    phases: 1,
    metering: Object.freeze({
      part: 'CSE7766',
      rating: Object.freeze({ reference_A: 5, maximum_A: 30 }),
      circuit: Object.freeze({ shunt_uOhm: 1000, divider_Ohm: 1_000_000 }),
    }),
  }),
  /** Water meter: outputs for both directions, a litre a pulse. Its counters live on a battery. */
  'virtual-water': Object.freeze({
    phases: 1,
    metering: pulses({
      ...{ medium: 'water', weight: { pulses: 1, amount: 1, unit: 'l' }, hasReverse: true },
      ...{ sensor: 'openCollector', counter: 'lowPower', filter_ms: 5 },
    }),
  }),
  /** Diaphragm gas meter G4 with a reed contact, 0.01 m³ a pulse, at a digital input. */
  'virtual-gas': Object.freeze({
    phases: 1,
    metering: pulses({
      ...{ medium: 'gas', weight: { pulses: 1, amount: 10, unit: 'l' }, hasReverse: false },
      ...{ sensor: 'reed', counter: 'interrupt', filter_ms: 10 },
    }),
  }),
  /** Heat meter with pulse outputs for energy and volume, at the counter of the processor. */
  'virtual-heat': Object.freeze({
    phases: 1,
    metering: pulses({
      ...{
        medium: 'heat',
        weight: { pulses: 1, amount: 1, unit: 'kWh' },
        volumeWeight: { pulses: 1, amount: 10, unit: 'l' },
        hasReverse: false,
      },
      ...{ sensor: 'openCollector', counter: 'hardware', filter_ms: 0 },
    }),
  }),
} as const)

export type BoardName = keyof typeof BOARDS

export const BOARD_NAMES = Object.freeze(Object.keys(BOARDS)) as readonly BoardName[]
