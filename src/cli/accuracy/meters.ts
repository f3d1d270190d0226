import { ade7953Rules } from '../../core/calibration/ade7953.ts'
import { ATM90E32_RULES } from '../../core/calibration/atm90e32.ts'
import type { PhaseQuantities, ThreePhaseCodes, TwoChannelCodes } from '../../core/calibration/codes.ts'
import type { CalibrationStep } from '../../core/calibration/procedure.ts'
import type { MeteringSource } from '../../core/metrology/source.ts'
import { ADE7953 } from '../../drivers/metering/ade7953/ade7953.ts'
import { ATM90E32 } from '../../drivers/metering/atm90e32/atm90e32.ts'
import type { ATM90E32Configuration } from '../../drivers/metering/atm90e32/image.ts'
import { BL0942 } from '../../drivers/metering/bl0942/bl0942.ts'
import { CSE7766 } from '../../drivers/metering/cse7766/cse7766.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { ADE7953 as EmulatedADE7953 } from '../../world/chips/ade7953.ts'
import { ATM90E32 as EmulatedATM90E32 } from '../../world/chips/atm90e32.ts'
import { BL0942 as EmulatedBL0942 } from '../../world/chips/bl0942.ts'
import { CSE7766 as EmulatedCSE7766 } from '../../world/chips/cse7766.ts'
import type { ThreePhaseSkew } from '../../world/chips/front-end.ts'
import type { Scheduler } from '../../world/scheduler.ts'
import { SerialWire } from '../../world/serial-wire.ts'
import { calibrate } from './calibrate.ts'
import type { AccuracyClass } from './classes.ts'
import type { Applied } from './load.ts'

export interface BenchMeterOptions {
  readonly scheduler: Scheduler
  readonly accuracyClass: AccuracyClass
  /** Faults of the front end. */
  readonly skew?: ThreePhaseSkew
}

/** A driver and its emulated IC on the bench. */
export interface BenchMeter {
  readonly source: MeteringSource
  apply(load: Applied): void
  /** Runs the calibration of this IC; `compare` applies a load, waits, and gives what the reference meter says. Absent where the IC has none. */
  calibrate?(compare: (step: CalibrationStep) => PhaseQuantities): void
}

/** A kind of meter that can stand on the bench. */
export interface BenchMeterType {
  readonly name: string
  readonly phases: 1 | 3
  /** What it can do; points that need more are left out. */
  readonly exports: boolean
  readonly reactive: boolean
  /** Its front end can have tolerances here, and it can be calibrated. */
  readonly skews: boolean
  /** Behind transformers too; else connected directly only. */
  readonly transformers: boolean
  /** Where the circuit bears less than the class has. */
  readonly maximum_A?: number
  create(options: BenchMeterOptions): BenchMeter
}

/** Energy counts per kWh, in hundreds: fine enough for the smallest load of the class, and far from the overflow of a register at its greatest. */
const PULSES_PER_KWH = Object.freeze({ direct: 3200, transformer: 32_000 })

/** Starting power is half the power at the starting current on one phase, that of a phase a tenth (Atmel-46103 section 5.1). */
function configurationOf({ rating, start }: AccuracyClass, phases?: ThreePhaseCodes): ATM90E32Configuration {
  const start_W = rating.voltage_V * start.current_A
  return {
    mainsFrequency_Hz: rating.frequency_Hz === 60 ? 60 : 50,
    nominalVoltage_V: rating.voltage_V,
    meterConstant: PULSES_PER_KWH[rating.connection],
    start_W: start_W / 2,
    phaseStart_W: start_W / 10,
    overcurrent_A: 1.2 * rating.maximum_A,
    phases,
  }
}

/** The ATM90E32 behind its SPI bus; the bench hands its `chip` and `driver` to whoever wants to disturb them. */
export class BenchATM90E32 implements BenchMeter {
  readonly chip: EmulatedATM90E32
  readonly source: ATM90E32
  readonly #class: AccuracyClass

  constructor({ scheduler, accuracyClass, skew }: BenchMeterOptions) {
    this.#class = accuracyClass
    this.chip = new EmulatedATM90E32({
      now_us: () => scheduler.now_us,
      frontEnd: { voltageGain: 0x8000, currentGain: 0x8000, skew },
    })
    this.source = new ATM90E32({ sensor: { io: this.chip.bus() } })
    this.configure()
  }

  configure(phases?: ThreePhaseCodes): void {
    this.source.configure(configurationOf(this.#class, phases))
  }

  apply({ electrical }: Applied): void {
    this.chip.setInputs(electrical)
  }

  calibrate(compare: (step: CalibrationStep) => PhaseQuantities): ThreePhaseCodes {
    return calibrate({
      rules: ATM90E32_RULES,
      frequency_Hz: this.#class.rating.frequency_Hz,
      compare,
      measured: () => this.source.fine,
      configure: (phases) => this.configure(phases),
    })
  }
}

/** What the inputs are made for: twice the voltage, and the maximum current with room for its peaks. */
const FULL_SCALE = Object.freeze({
  direct: Object.freeze({ voltage_V: 347.4, current_A: 90.32, neutral_A: 90.32 }),
  transformer: Object.freeze({ voltage_V: 115.4, current_A: 12, neutral_A: 12 }),
})

/** The ADE7953 behind its SPI bus; the current of the phase comes back through the neutral. */
export class BenchADE7953 implements BenchMeter {
  readonly chip: EmulatedADE7953
  readonly source: ADE7953
  readonly #class: AccuracyClass

  constructor({ scheduler, accuracyClass, skew }: BenchMeterOptions) {
    this.#class = accuracyClass
    const now_us = () => scheduler.now_us
    this.chip = new EmulatedADE7953({ now_us, frontEnd: { ...this.#fullScale, skew: skew?.[0], neutralSkew: skew?.[1] } })
    const ticks_ms = () => Math.floor(scheduler.now_us / 1000)
    this.source = new ADE7953({ bus: 'SPI', sensor: { io: this.chip.bus() }, ticks_ms })
    this.configure()
  }

  get #fullScale() {
    return FULL_SCALE[this.#class.rating.connection]
  }

  configure(phases?: TwoChannelCodes): void {
    const { rating, start } = this.#class
    const { voltage_V, current_A, neutral_A } = this.#fullScale
    this.source.configure({
      mainsFrequency_Hz: rating.frequency_Hz === 60 ? 60 : 50,
      nominalVoltage_V: rating.voltage_V,
      fullScaleVoltage_V: voltage_V,
      fullScaleCurrent_A: current_A,
      fullScaleNeutral_A: neutral_A,
      start_W: (rating.voltage_V * start.current_A) / 2,
      phases,
    })
  }

  apply({ electrical }: Applied): void {
    this.chip.setInputs(electrical)
  }

  calibrate(compare: (step: CalibrationStep) => PhaseQuantities): TwoChannelCodes {
    return calibrate({
      rules: ade7953Rules(this.#fullScale),
      frequency_Hz: this.#class.rating.frequency_Hz,
      compare: (step) => bothChannels(compare(step)),
      measured: () => this.source.fine,
      configure: (phases) => this.configure(phases),
    })
  }
}

/** The reference of the phase is that of the neutral, too. */
function bothChannels({ voltage_V, current_A, active_W, reactive_var }: PhaseQuantities): PhaseQuantities {
  const twice = (values: ArrayLike<number>) => [values[0], values[0]]
  return { voltage_V: twice(voltage_V), current_A: twice(current_A), active_W: twice(active_W), reactive_var: twice(reactive_var) }
}

/** What the single-phase circuits have in common: 30 mV at a shunt of 1 milliohm. */
const SINGLE = Object.freeze({ phases: 1, reactive: false, skews: false, transformers: false, maximum_A: 30 })

function benchBL0942({ scheduler, accuracyClass }: BenchMeterOptions): BenchMeter {
  const wire = new SerialWire(scheduler)
  const chip = new EmulatedBL0942({ scheduler, io: wire.end(1) })
  const source = new BL0942({ sensor: { io: wire.end(0) }, ticks_ms: () => Math.floor(scheduler.now_us / 1000) })
  source.configure({ nominalVoltage_V: accuracyClass.rating.voltage_V, counted: 0 })
  return { source, apply: ({ electrical }) => chip.setInputs(electrical) }
}

function benchCSE7766({ scheduler, accuracyClass }: BenchMeterOptions): BenchMeter {
  const wire = new SerialWire(scheduler)
  const chip = new EmulatedCSE7766({ scheduler, io: wire.end(1) })
  const source = new CSE7766({ sensor: { io: wire.end(0) }, ticks_ms: () => Math.floor(scheduler.now_us / 1000) })
  source.configure({ nominalVoltage_V: accuracyClass.rating.voltage_V, counted: 0 })
  return { source, apply: ({ electrical }) => chip.setInputs(electrical) }
}

/** ICs with a place on the bench. Another one needs its `BenchMeter` here and nothing else. */
const METER_TYPES: readonly BenchMeterType[] = [
  {
    name: 'ATM90E32',
    phases: 3,
    exports: true,
    reactive: true,
    skews: true,
    transformers: true,
    create: (options) => new BenchATM90E32(options),
  },
  {
    name: 'ADE7953',
    phases: 1,
    exports: true,
    reactive: true,
    skews: true,
    transformers: true,
    create: (options) => new BenchADE7953(options),
  },
  { name: 'BL0942', ...SINGLE, exports: true, create: benchBL0942 },
  { name: 'CSE7766', ...SINGLE, exports: false, create: benchCSE7766 },
]

export const METER_NAMES: readonly string[] = METER_TYPES.map(({ name }) => name)

/** Errors: FerrarisError `USAGE`. */
export function meterTypeOf(name: string): BenchMeterType {
  const type = METER_TYPES.find((candidate) => candidate.name.toUpperCase() === name.toUpperCase())
  if (type === undefined) throw new FerrarisError('USAGE', `--ic: found "${name}", allowed is ${METER_NAMES.join(', ')}`)
  return type
}
