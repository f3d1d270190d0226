import { type Load, type LoadPhase, spread } from './load.ts'
import { recordedWaveform, type Waveform, waveformOf } from './waveform.ts'
import type { WaveformName } from './waveforms-table.ts'

export interface ApplianceOptions {
  readonly id: string
  readonly name: string
  readonly phase: LoadPhase
  readonly active_W: number
  /** Follows from the shape of the current where one is given. */
  readonly reactive_var: number
  /** A recorded shape of the current. */
  readonly waveform?: WaveformName
  /** Instead of it: one cycle of current samples in any unit, from the rising zero crossing of the voltage. */
  readonly samples?: readonly number[]
}

/** A shape whose fundamental carries less power than this part of its apparent power is not scaled to a power. */
const DISPLACEMENT_MIN = 0.1

/** A household's usual suspects, with nameplate powers. */
export const COMMON_APPLIANCES: readonly ApplianceOptions[] = Object.freeze([
  { id: 'kettle', name: 'Kettle', phase: 1, active_W: 2000, reactive_var: 0 },
  { id: 'oven', name: 'Oven', phase: 2, active_W: 2400, reactive_var: 0 },
  { id: 'washer', name: 'Washing machine', phase: 3, active_W: 1800, reactive_var: 240 },
  { id: 'fridge', name: 'Refrigerator', phase: 1, active_W: 120, reactive_var: 45, waveform: 'fridge' },
  { id: 'vacuum', name: 'Vacuum cleaner', phase: 2, active_W: 1600, reactive_var: 430, waveform: 'vacuum' },
  { id: 'lamps', name: 'Energy-saving lamps', phase: 3, active_W: 80, reactive_var: -80, waveform: 'cfl' },
  { id: 'heatpump', name: 'Heat pump', phase: 'all', active_W: 3000, reactive_var: 900 },
  { id: 'car', name: 'Electric car', phase: 'all', active_W: 11010, reactive_var: 300 },
] as const)

/** What is wrong with the shape of an appliance's current; undefined: nothing. */
export function waveformError(options: Pick<ApplianceOptions, 'samples'>): string | undefined {
  // The recorded ones are known to be good.
  if (options.samples === undefined) return undefined
  try {
    const { real } = waveformOf(options.samples)
    return Math.abs(real[1]) >= DISPLACEMENT_MIN ? undefined : 'the fundamental of the current is at right angles to the voltage'
  } catch (error) {
    if (error instanceof RangeError) return error.message
    throw error
  }
}

function shapeOf({ waveform, samples }: Pick<ApplianceOptions, 'waveform' | 'samples'>): Waveform | undefined {
  if (samples !== undefined) return waveformOf(samples)
  return waveform === undefined ? undefined : recordedWaveform(waveform)
}

/** A load with a switch. */
export class Appliance implements Load {
  readonly id: string
  readonly name: string
  readonly phase: LoadPhase
  readonly rated_W: number
  readonly active_W = new Float64Array(3)
  readonly reactive_var = new Float64Array(3)
  readonly #options: ApplianceOptions
  #on = false
  #shape: Waveform | undefined

  /** Throws RangeError for a shape that carries no power. */
  constructor(options: ApplianceOptions) {
    const wrong = waveformError(options)
    if (wrong !== undefined) throw new RangeError(wrong)
    this.id = options.id
    this.name = options.name
    this.phase = options.phase
    this.rated_W = options.active_W
    this.#options = options
  }

  get on(): boolean {
    return this.#on
  }

  /** Known once the load was switched on. */
  get waveform(): Waveform | undefined {
    return this.#shape
  }

  switch(on: boolean): void {
    this.#on = on
    if (on) this.#shape ??= shapeOf(this.#options)
    spread(this.active_W, this.phase, on ? this.rated_W : 0)
    spread(this.reactive_var, this.phase, on ? this.#rated_var : 0)
  }

  get #rated_var(): number {
    const shape = this.#shape
    return shape === undefined ? this.#options.reactive_var : (-this.rated_W * shape.imaginary[1]) / shape.real[1]
  }
}

/** A photovoltaic inverter on all phases, or on one: feeds in, so its active power is negative. */
export class Photovoltaics implements Load {
  readonly active_W = new Float64Array(3)
  readonly reactive_var = new Float64Array(3)
  readonly #phase: LoadPhase
  #on = false
  #power_W: number

  constructor(power_W = 9000, phase: LoadPhase = 'all') {
    this.#power_W = power_W
    this.#phase = phase
  }

  get on(): boolean {
    return this.#on
  }

  get power_W(): number {
    return this.#power_W
  }

  set(on: boolean, power_W: number): void {
    this.#on = on
    this.#power_W = power_W
    spread(this.active_W, this.#phase, on ? -power_W : 0)
  }
}
