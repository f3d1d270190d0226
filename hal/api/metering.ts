import type { I2CConstructor, I2COptions } from './i2c.ts'
import type {
  DigitalConstructor,
  DigitalMode,
  PulseCountConstructor,
  PulseCountOptions,
  SerialConstructor,
  SerialOptions,
  SPIConstructor,
  SPIOptions,
} from './io.ts'

/** What the current paths are made for: 5(60) A is a reference of 5 A and a maximum of 60 A (IEC 62052-11, 3.5.1). */
export interface Rating {
  readonly reference_A: number
  readonly maximum_A: number
}

/** What every metering IC on a board may have. */
interface Common {
  /** The pin by which the IC reports a voltage failure. Without one a failure shows with a sample. */
  readonly interrupt?: {
    readonly io: DigitalConstructor
    readonly pin: number
    /** Level of the pin that tells of a failure. Default 1. */
    readonly active?: 0 | 1
  }
  /** Default 5(60) A. */
  readonly rating?: Rating
  /** The neutral has a current transformer of its own: what the IC says of it is measured, not calculated. Default false. */
  readonly neutralMeasured?: boolean
}

/** Microchip ATM90E32AS: three phases. Its circuit is what its calibration stands for. */
export interface ATM90E32Wiring extends Common {
  readonly part: 'ATM90E32'
  readonly sensor: SPIOptions & { readonly io: SPIConstructor }
}

/** Analog Devices ADE7953: one phase, and the current of the neutral. */
export type ADE7953Wiring = Common & {
  readonly part: 'ADE7953'
  /** RMS at the terminals that drives the inputs to full scale. */
  readonly circuit: {
    readonly fullScaleVoltage_V: number
    readonly fullScaleCurrent_A: number
    /** Default: that of the phase. */
    readonly fullScaleNeutral_A?: number
  }
} & (
    | { readonly bus: 'SPI'; readonly sensor: Partial<SPIOptions> & { readonly io: SPIConstructor } }
    | { readonly bus: 'I2C'; readonly sensor: Partial<I2COptions> & { readonly io: I2CConstructor } }
  )

/** Belling BL0942: one phase, at a UART. */
export interface BL0942Wiring extends Common {
  readonly part: 'BL0942'
  /** The format has the chip's defaults, 4800 baud 8N1. */
  readonly sensor: Partial<SerialOptions> & { readonly io: SerialConstructor }
  /** Pins A2_NCS and A1. Default 0. */
  readonly address?: 0 | 1 | 2 | 3
  readonly circuit: {
    readonly shunt_uOhm: number
    /** The voltage divider above and below the input VP. */
    readonly upper_Ohm: number
    readonly lower_Ohm: number
    /** The ends of the shunt are swapped, as in many plugs. */
    readonly reversed?: boolean
  }
}

/** Chipsea CSE7766 (CSE7759B, HLW8032): one phase without direction, at a UART that only listens. */
export interface CSE7766Wiring extends Common {
  readonly part: 'CSE7766'
  /** The format has the chip's defaults, 4800 baud 8E1. */
  readonly sensor: Partial<SerialOptions> & { readonly io: SerialConstructor }
  readonly circuit: {
    readonly shunt_uOhm: number
    /** Resistance of the divider above the chip's own input of 1 kilohm. */
    readonly divider_Ohm: number
  }
}

/** Units of what a pulse stands for; Wh and J of a heat meter. */
export type PulseUnit = 'ml' | 'l' | 'm3' | 'Wh' | 'kWh' | 'MWh' | 'kJ' | 'MJ' | 'GJ'

/** So many pulses stand for an amount: `{ pulses: 10, amount: 1, unit: 'l' }`. Integers, so the weight of a pulse is an exact fraction. */
export interface PulseWeight {
  readonly pulses: number
  readonly amount: number
  readonly unit: PulseUnit
}

/** A pulse output of a meter and the counter at its wire. */
export interface PulseOutput extends PulseCountOptions {
  readonly io: PulseCountConstructor
}

/** What the plate of a meter with pulse outputs says, and which outputs are connected. */
export interface PulsePlate {
  readonly part: 'PULSE'
  readonly medium: 'water' | 'hotWater' | 'gas' | 'heat' | 'cooling'
  /** What the main output counts: the volume, of a heat meter the energy. */
  readonly weight: PulseWeight
  /** Of a heat meter: an output for its volume. */
  readonly volumeWeight?: PulseWeight
  /** There is an output for what flows back, of the same weight. */
  readonly hasReverse?: boolean
  /** The counters live on a battery and count while the board is dark; each keeps its count when it is opened again. */
  readonly retained?: boolean
}

/** A water, gas or heat meter at pulse inputs. */
export interface PulseWiring extends PulsePlate, Common {
  readonly outputs: {
    readonly forward: PulseOutput
    readonly reverse?: PulseOutput
    readonly volume?: PulseOutput
  }
  /** A line that tells whether the board has its supply; its `interrupt` rises when it fails. */
  readonly supply?: { readonly io: DigitalConstructor; readonly pin: number; readonly mode?: DigitalMode; readonly good?: 0 | 1 }
}

/** The metering IC of a board with its bus (ECMA-419 "sensor.io" pattern) and what stands between it and the mains. */
export type MeteringWiring = ATM90E32Wiring | ADE7953Wiring | BL0942Wiring | CSE7766Wiring | PulseWiring
