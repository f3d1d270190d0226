import { type Load, type LoadPhase, spread } from './load.ts'

export interface ApplianceOptions {
  readonly id: string
  readonly name: string
  readonly phase: LoadPhase
  readonly active_W: number
  readonly reactive_var: number
}

/** A household's usual suspects, with nameplate powers. */
export const COMMON_APPLIANCES: readonly ApplianceOptions[] = Object.freeze([
  { id: 'kettle', name: 'Kettle', phase: 1, active_W: 2000, reactive_var: 0 },
  { id: 'oven', name: 'Oven', phase: 2, active_W: 2400, reactive_var: 0 },
  { id: 'washer', name: 'Washing machine', phase: 3, active_W: 1800, reactive_var: 240 },
  { id: 'fridge', name: 'Refrigerator', phase: 1, active_W: 120, reactive_var: 90 },
  { id: 'heatpump', name: 'Heat pump', phase: 'all', active_W: 3000, reactive_var: 900 },
  { id: 'car', name: 'Electric car', phase: 'all', active_W: 11010, reactive_var: 300 },
] as const)

/** A load with a switch. */
export class Appliance implements Load {
  readonly id: string
  readonly name: string
  readonly phase: LoadPhase
  readonly rated_W: number
  readonly active_W = new Float64Array(3)
  readonly reactive_var = new Float64Array(3)
  readonly #rated_var: number
  #on = false

  constructor(options: ApplianceOptions) {
    this.id = options.id
    this.name = options.name
    this.phase = options.phase
    this.rated_W = options.active_W
    this.#rated_var = options.reactive_var
  }

  get on(): boolean {
    return this.#on
  }

  switch(on: boolean): void {
    this.#on = on
    spread(this.active_W, this.phase, on ? this.rated_W : 0)
    spread(this.reactive_var, this.phase, on ? this.#rated_var : 0)
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
