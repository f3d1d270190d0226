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
} as const)

export type BoardName = keyof typeof BOARDS

export const BOARD_NAMES = Object.freeze(Object.keys(BOARDS)) as readonly BoardName[]
