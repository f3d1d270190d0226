import type { PhaseQuantities } from '../../core/calibration/codes.ts'
import type { CalibrationStep } from '../../core/calibration/procedure.ts'
import { EnergyRegisters, Quantity } from '../../core/registers/energy.ts'
import { MeteringStatus } from '../../lib/metering-sample.ts'
import { MetrologicalLed } from '../../meter/led.ts'
import type { ThreePhaseSkew } from '../../world/chips/front-end.ts'
import { PinBank } from '../../world/pins.ts'
import { Scheduler } from '../../world/scheduler.ts'
import { WorldTimer } from '../../world/time.ts'
import { type AccuracyClass, COSINE, ratedAt } from './classes.ts'
import { type Applied, applied, type Load, loadOf } from './load.ts'
import type { BenchMeter, BenchMeterType } from './meters.ts'

const SECOND_US = 1_000_000
const MWH_PER_MWS = 1 / 3600
/** After a change of the load: what the LED still has to flash of the old one, and what the IC and its driver have not handed over yet. */
const SETTLE_S = 6
const CALIBRATION_SETTLE_S = 2
const LED_PIN = 2

export interface RigOptions {
  readonly type: BenchMeterType
  readonly accuracyClass: AccuracyClass
  readonly skew?: ThreePhaseSkew
}

/** What the bench saw of one load. Energies without sign, of all phases. */
export interface Measurement {
  readonly duration_s: number
  /** Integral of the source's power. */
  readonly reference_mWh: number
  readonly registered_mWh: number
  readonly referenceReactive_mvarh: number
  readonly registeredReactive_mvarh: number
  /** Reactive energy that went to another quadrant than that of the load. */
  readonly strayReactive_mvarh: number
  /** Active energy that went to the register of the other direction. */
  readonly stray_mWh: number
  /** Samples without an answer of the IC. */
  readonly faults: number
  /** Leading edges of the LED in microseconds since the beginning. */
  readonly edges_us: readonly number[]
}

/** The meter on the bench: driver and IC, energy registers and the LED on its pin, once a second as in the meter, and the reference beside it. */
export class Rig {
  readonly scheduler = new Scheduler(0)
  readonly meter: BenchMeter
  readonly accuracyClass: AccuracyClass
  readonly energy: EnergyRegisters
  readonly type: BenchMeterType
  /** Samples without an answer of the IC since the beginning. */
  faults = 0
  /** Flashes since the beginning. */
  pulses = 0
  #edges_us: number[] = []
  readonly #led: MetrologicalLed

  constructor({ type, accuracyClass, skew }: RigOptions) {
    const { scheduler } = this
    this.accuracyClass = ratedAt(accuracyClass, type.maximum_A ?? accuracyClass.rating.maximum_A)
    this.type = type
    this.meter = type.create({ scheduler, accuracyClass: this.accuracyClass, skew })
    this.energy = new EnergyRegisters(this.meter.source.energyUnit)
    this.#led = new MetrologicalLed(accuracyClass.rating.meterConstant)
    const pins = new PinBank(scheduler)
    const Pin = pins.constructorFor()
    pins.listen(LED_PIN, (level) => {
      if (level === 0) return
      this.pulses++
      this.#edges_us.push(scheduler.now_us)
    })
    this.#led.update(0)
    this.#led.attach(new Pin({ pin: LED_PIN, mode: 'Output' }), new WorldTimer(scheduler))
  }

  /** Wh that the registers of both directions hold. */
  get registered_mWh(): number {
    return this.#milli(Quantity.activeImport) + this.#milli(Quantity.activeExport)
  }

  get countUnit_mWh(): number {
    const { numerator, denominator } = this.energy.unit
    return numerator / denominator
  }

  /** Applies a load and lets the meter settle. */
  apply(load: Load, settle_s = SETTLE_S): Applied {
    const now = applied(load, this.type.phases)
    this.meter.apply(now)
    this.run(settle_s)
    return now
  }

  /** Seconds of the meter, until `done` says so. Gives how many there were. */
  run(seconds: number, done: () => boolean = () => false): number {
    const { source } = this.meter
    const { energy, scheduler } = this
    for (let i = 0; i < seconds; i++) {
      if (done()) return i
      scheduler.run(scheduler.now_us + SECOND_US)
      const sample = source.sample()
      if (sample.status & MeteringStatus.fault) this.faults++
      energy.add(sample)
      const total = energy.count(Quantity.activeImport, 0) + energy.count(Quantity.activeExport, 0)
      this.#led.update(energy.thousandths(total))
    }
    return seconds
  }

  /** Measures a load: `apply`, and from then on `seconds`, or until `edges` flashes have been seen. */
  measure(load: Load, seconds: number, edges = Number.POSITIVE_INFINITY): Measurement {
    const { active_W, reactive_var } = this.apply(load)
    const before = this.energy.counts.slice()
    this.#edges_us = []
    const { faults } = this
    const duration_s = this.run(seconds, () => this.#edges_us.length >= edges)
    const gained = (quantity: number) => (this.energy.count(quantity, 0) - before[4 * quantity]) * this.countUnit_mWh
    const quadrants = [Quantity.reactiveQ1, Quantity.reactiveQ2, Quantity.reactiveQ3, Quantity.reactiveQ4].map(gained)
    const own = active_W >= 0 ? (reactive_var >= 0 ? 0 : 3) : reactive_var >= 0 ? 1 : 2
    const [imported, exported] = [gained(Quantity.activeImport), gained(Quantity.activeExport)]
    return {
      duration_s,
      reference_mWh: Math.abs(active_W) * 1000 * duration_s * MWH_PER_MWS,
      registered_mWh: active_W >= 0 ? imported : exported,
      stray_mWh: active_W >= 0 ? exported : imported,
      referenceReactive_mvarh: Math.abs(reactive_var) * 1000 * duration_s * MWH_PER_MWS,
      registeredReactive_mvarh: quadrants[own],
      strayReactive_mvarh: quadrants.reduce((sum, value) => sum + value, 0) - quadrants[own],
      faults: this.faults - faults,
      edges_us: this.#edges_us,
    }
  }

  /** The load of a calibration step, as the reference meter has it. */
  readonly compare = ({ current, powerFactor }: CalibrationStep): PhaseQuantities => {
    const { rating } = this.accuracyClass
    const [cosine, sine] = COSINE[powerFactor === 1 ? '1' : '0.5L']
    const load = { ...loadOf(rating), current_A: current * rating.basic_A, cosine, sine }
    return this.apply(load, CALIBRATION_SETTLE_S).electrical
  }

  #milli(quantity: number): number {
    return this.energy.count(quantity, 0) * this.countUnit_mWh
  }
}
