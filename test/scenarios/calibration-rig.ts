import { START_MS } from '../meter/views/rig.ts'
import { Terminal } from '../support/terminal.ts'
import { Rig, type RigOptions } from './rig.ts'

/** Per phase: what the reference source gives at 230 V. */
const LOADS = Object.freeze({
  '5 A': [1150, 0],
  '5 A, 0.5 inductive': [575, 575 * Math.sqrt(3)],
  '0.25 A': [57.5, 0],
  '20 A, 0.8 capacitive': [3680, -2760],
  '30 A': [6900, 0],
} as const)
/** Counts of the register that an error is measured over, so that one is 0.2 %. */
const COUNTS = 500

export type SourceLoad = keyof typeof LOADS

export interface CalibrationRigOptions extends Pick<RigOptions, 'storage' | 'key'> {
  readonly board?: 'virtual' | 'virtual-1pn' | 'virtual-1p' | 'virtual-plug'
  /** Null: nominal parts. */
  readonly skewSeed?: number | null
  readonly sealOpen?: boolean
}

/** A meter from a box of ordinary parts, a reference source, and a person with a terminal. */
export class CalibrationRig {
  readonly rig: Rig
  readonly terminal: Terminal
  readonly #phases: number

  constructor({ board = 'virtual', sealOpen = true, ...options }: CalibrationRigOptions = {}) {
    const { skewSeed = 7, ...machine } = options
    this.#phases = board === 'virtual' ? 3 : 1
    const appliances = Object.entries(LOADS).map(([name, [active_W, reactive_var]], i) => ({
      ...{ id: `source-${i}`, name, phase: 'all' },
      ...{ active_W: active_W * this.#phases, reactive_var: reactive_var * this.#phases },
    }))
    const world = { board, wander: false, load: 'none', sealOpen, frontEnd: skewSeed === null ? {} : { skewSeed }, appliances }
    this.rig = new Rig({ trace: null, start_ms: START_MS, config: { world }, ...machine })
    this.terminal = new Terminal(this.rig)
  }

  /** The source gives this load, or no current. */
  apply(load?: SourceLoad): void {
    for (const appliance of this.rig.machine.appliances) appliance.switch(appliance.name === load)
    this.rig.machine.mains.update()
  }

  say(line: string, wait_s = 25): string {
    return this.terminal.say(line, wait_s)
  }

  /** Steps of an IC that has gains only. */
  calibrateGains(): string {
    this.apply('5 A')
    return `${this.say('calibrate gain all 230 5')}\n${this.say('calibrate power all 1150')}`
  }

  /** The whole procedure, without storing its result. Gives all answers. */
  calibrate(): string {
    this.apply('5 A')
    const said = [this.say('calibrate gain all 230 5')]
    this.apply()
    said.push(this.say('calibrate offset all'))
    this.apply('5 A')
    said.push(this.say('calibrate power all 1150'))
    this.apply('5 A, 0.5 inductive')
    said.push(this.say('calibrate phase all 575'))
    this.apply('5 A')
    said.push(this.say('calibrate power all 1150'))
    return said.join('\n')
  }

  /** Percentage error of the energy register with a load, over so much energy that a count does not matter. */
  error_percent(load: SourceLoad): number {
    const [active_W] = LOADS[load]
    const { numerator, denominator } = this.rig.core.energy.unit
    const duration_s = Math.max(300, Math.ceil((COUNTS * numerator * 3.6) / denominator / active_W / this.#phases))
    this.apply(load)
    this.rig.run(10_000)
    const before_mWh = this.rig.imported_mWh
    this.rig.run(duration_s * 1000)
    const true_mWh = (active_W * this.#phases * duration_s) / 3.6
    return 100 * ((this.rig.imported_mWh - before_mWh) / true_mWh - 1)
  }

  /** Loads whose error is outside class 1: 1 %, 1.5 % below 0.5 A. */
  outside(): string[] {
    const loads = Object.keys(LOADS) as SourceLoad[]
    return loads.filter((load) => Math.abs(this.error_percent(load)) > (load === '0.25 A' ? 1.5 : 1))
  }
}
