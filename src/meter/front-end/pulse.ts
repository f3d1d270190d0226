import type { PulsePlate, PulseUnit, PulseWeight, PulseWiring } from '../../../hal/api/metering.ts'
import type { Measured } from '../../core/metrology/measured.ts'
import { mediumOf } from '../../core/metrology/media-table.ts'
import { storedPosition } from '../../core/metrology/pulse-position.ts'
import type { MeteringSource } from '../../core/metrology/source.ts'
import { PulseInput } from '../../drivers/pulse/pulse-input.ts'
import { FerrarisError } from '../../lib/errors.ts'
import type { Fraction } from '../../lib/fraction.ts'
import type { MeteringSample } from '../../lib/metering-sample.ts'
import { RatioCarry } from '../../lib/ratio-carry.ts'
import type { MeterConfig } from '../config.ts'
import { lastSign_s } from '../last-sign.ts'
import type { FrontEnd, FrontEndOptions } from './front-end.ts'

/** Thousandths of the unit that the registers keep (l, Wh, kJ). */
const THOUSANDTHS: Readonly<Record<PulseUnit, number>> = Object.freeze({
  ...{ ml: 1, l: 1000, m3: 1_000_000 },
  ...{ Wh: 1000, kWh: 1_000_000, MWh: 1_000_000_000 },
  ...{ kJ: 1000, MJ: 1_000_000, GJ: 1_000_000_000 },
})
const VOLUMES: ReadonlySet<PulseUnit> = new Set(['ml', 'l', 'm3'])
const JOULES: ReadonlySet<PulseUnit> = new Set(['kJ', 'MJ', 'GJ'])
/** Counts of a pulse: 2^32 pulses of a million are still exact. */
const COUNTS_MAX = 2_000_000_000
const PPM = 1_000_000
/** 1 Wh/m³ is a thousandth of a mWh/ml. */
const WH_M3_PER_MWH_ML = 1000

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b)
}

function weightOf({ pulses, amount, unit }: PulseWeight): Fraction {
  const thousandths = amount * THOUSANDTHS[unit]
  const common = divisor(thousandths, pulses)
  return { numerator: thousandths / common, denominator: pulses / common }
}

function weights(plate: PulsePlate, { pulse }: MeterConfig): { readonly main: PulseWeight; readonly volume: PulseWeight | undefined } {
  return { main: pulse.weight ?? plate.weight, volume: plate.volumeWeight && (pulse.volumeWeight ?? plate.volumeWeight) }
}

const isHeat = ({ medium }: PulsePlate) => medium === 'heat' || medium === 'cooling'

/** What is wrong with the part `pulse` of a configuration for this meter; empty when all is well. */
export function pulseConfigErrors(plate: PulsePlate, config: MeterConfig): string[] {
  const { main, volume } = weights(plate, config)
  const errors: string[] = []
  const needed = isHeat(plate) ? 'Wh, kWh, MWh, kJ, MJ or GJ' : 'ml, l or m3'
  if (VOLUMES.has(main.unit) === isHeat(plate))
    errors.push(`pulse.weight.unit: found "${main.unit}", allowed for ${plate.medium} is ${needed}`)
  if (volume !== undefined && !VOLUMES.has(volume.unit))
    errors.push(`pulse.volumeWeight.unit: found "${volume.unit}", allowed is ml, l or m3`)
  for (const [name, weight] of [
    ['weight', main],
    ['volumeWeight', volume],
  ] as const) {
    if (weight !== undefined && weightOf(weight).numerator > COUNTS_MAX)
      errors.push(`pulse.${name}: more than 2 MWh, 2 GJ or 2000 m³ a pulse`)
  }
  return errors
}

/** What such a meter measures. */
export function pulseMeasured(plate: PulsePlate, config: MeterConfig): Measured {
  const { conditions, zFactor_ppm, calorificValue_Wh_m3 } = config.pulse.gas
  const medium = mediumOf(plate.medium, {
    reverse: plate.hasReverse === true,
    volume: plate.volumeWeight !== undefined,
    joule: JOULES.has(weights(plate, config).main.unit),
    conditions,
    baseVolume: zFactor_ppm !== undefined && conditions !== 'base',
    energy: calorificValue_Wh_m3 !== undefined,
  })
  return Object.freeze({
    ...{ phases: 1, direction: true, reactive: true, apparentEnergy: false, neutral: false, frequency: false, angle: false },
    medium,
  } as const)
}

/** Volume at base conditions and energy of gas, from the volume that was measured. What is left of a ml or a mWh waits for the next pulse. */
class GasConversion {
  readonly #base: RatioCarry | undefined
  readonly #energy: RatioCarry | undefined

  constructor({ conditions, zFactor_ppm, calorificValue_Wh_m3 }: MeterConfig['pulse']['gas']) {
    const converts = zFactor_ppm !== undefined && conditions !== 'base'
    this.#base = converts ? new RatioCarry({ numerator: zFactor_ppm, denominator: PPM }) : undefined
    this.#energy =
      calorificValue_Wh_m3 === undefined ? undefined : new RatioCarry({ numerator: calorificValue_Wh_m3, denominator: WH_M3_PER_MWH_ML })
  }

  convert(sample: MeteringSample): void {
    const measured = sample.activeImport[0]
    const base = this.#base === undefined ? measured : this.#base.add(measured)
    sample.reactiveImport[0] = this.#base === undefined ? 0 : base
    sample.reactiveExport[0] = this.#energy?.add(base) ?? 0
  }
}

/** Readings up to which the registers count: forward, reverse, volume. None for a new meter, and for counters that begin with 0. */
function positionsOf({ storage }: FrontEndOptions, retained: boolean, first: boolean): readonly (number | undefined)[] | undefined {
  return retained && !first ? [0, 1, 2].map((channel) => storedPosition(storage.registers, channel)) : undefined
}

export const pulse = Object.freeze({
  create: (options: FrontEndOptions, wiring: PulseWiring): FrontEnd => {
    const { device, config, storage } = options
    const errors = pulseConfigErrors(wiring, config)
    if (errors.length > 0) throw new FerrarisError('CONFIG', errors.join('\n'))
    const { outputs, supply, retained = false } = wiring
    const { main, volume } = weights(wiring, config)
    const [mainWeight, volumeWeight] = [weightOf(main), weightOf(volume ?? main)]
    const denominator = (mainWeight.denominator * volumeWeight.denominator) / divisor(mainWeight.denominator, volumeWeight.denominator)
    const energyUnit: Fraction = Object.freeze({ numerator: 1, denominator })
    const counts = (weight: Fraction) => (weight.numerator * denominator) / weight.denominator
    const ticks_ms = () => device.clock.ticks_ms()
    const first = lastSign_s(storage) === 0
    const gas = wiring.medium === 'gas' ? new GasConversion(config.pulse.gas) : undefined
    /** What one driver leaves to the next. */
    let positions = positionsOf(options, retained, first)
    let before: PulseInput | undefined
    return {
      energyUnit,
      measured: pulseMeasured(wiring, config),
      settle_ms: 0,
      start: () => {
        const { forward, reverse, volume: second } = outputs
        if (retained && before !== undefined) positions = [0, 1, 2].map((channel) => before?.position(channel) ?? 0)
        const driver = new PulseInput({ sensor: { forward, reverse, second, supply }, ticks_ms, idle_ms: config.pulse.idle_s * 1000 })
        driver.configure({
          unit: energyUnit,
          perPulse: counts(mainWeight),
          secondPerPulse: counts(volumeWeight),
          positions,
          incomplete: !retained && (!first || before !== undefined),
        })
        before = driver
        return new PulseMetering(driver, retained, gas)
      },
    }
  },
})

/** The driver, with the conversion of gas, as the core takes it. */
class PulseMetering implements MeteringSource {
  readonly energyUnit: Fraction
  readonly identification: MeteringSource['identification']
  readonly #driver: PulseInput
  readonly #retained: boolean
  readonly #gas: GasConversion | undefined

  constructor(driver: PulseInput, retained: boolean, gas: GasConversion | undefined) {
    this.#driver = driver
    this.#retained = retained
    this.#gas = gas
    this.energyUnit = driver.energyUnit
    this.identification = driver.identification
  }

  position(channel: number): number | undefined {
    return this.#retained ? this.#driver.position(channel) : undefined
  }

  sample(): MeteringSample {
    const sample = this.#driver.sample()
    this.#gas?.convert(sample)
    return sample
  }

  acknowledge(): void {
    this.#driver.acknowledge()
  }

  close(): void {
    this.#driver.close()
  }
}
