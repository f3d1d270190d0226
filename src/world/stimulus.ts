import type { Electrical } from './electrical.ts'
import { type Load, type LoadPhase, spread } from './loads/load.ts'
import type { Mains } from './mains.ts'

/** What a test can do to a house and its meter, whether they are emulated or stand on a desk. Plain data: JSON carries it. */
export type Stimulus =
  /** A test source behind the meter, in place of what it drew before; at nominal voltage. */
  | { readonly kind: 'load'; readonly phase: LoadPhase; readonly active_W: number; readonly reactive_var: number }
  /** Voltage as part of the nominal one; 0 is a failure. Without a duration until further notice. */
  | { readonly kind: 'mains'; readonly phase: LoadPhase; readonly factor: number; readonly duration_ms?: number }
  | { readonly kind: 'appliance'; readonly id: string; readonly on: boolean }
  | { readonly kind: 'tamper'; readonly what: TamperPoint; readonly on: boolean }

export const TAMPER_POINTS = ['terminalCover', 'meterCover', 'magneticField', 'seal'] as const
export type TamperPoint = (typeof TAMPER_POINTS)[number]

/** Energy that went through the terminals since the beginning, in Wh; both directions, all phases summed at each moment. */
export interface AppliedEnergy {
  readonly import_Wh: number
  readonly export_Wh: number
}

/** Three sources, one a phase, that a test sets. */
export class TestSource implements Load {
  readonly active_W = new Float64Array(3)
  readonly reactive_var = new Float64Array(3)

  /** On one phase, or spread over `all` of the house's. */
  set(phase: LoadPhase, phases: 1 | 3, active_W: number, reactive_var: number): void {
    const place = phase === 'all' && phases === 1 ? 1 : phase
    if (place === 'all') {
      spread(this.active_W, place, active_W)
      spread(this.reactive_var, place, reactive_var)
    } else {
      this.active_W[place - 1] = active_W
      this.reactive_var[place - 1] = reactive_var
    }
  }
}

/** Disturbs one phase or all. */
export function disturb(mains: Mains, phase: LoadPhase, factor: number, duration_ms: number | undefined): void {
  if (phase === 'all') mains.disturbAll(factor, duration_ms)
  else mains.disturb(phase - 1, factor, duration_ms)
}

/** Adds up what went through the terminals: what a meter should have counted. */
export class EnergyIntegral {
  readonly #now_us: () => number
  #since_us: number
  #power_W = 0
  #import_Wus = 0
  #export_Wus = 0

  constructor(now_us: () => number) {
    this.#now_us = now_us
    this.#since_us = now_us()
  }

  /** From now on the quantities are these. */
  change({ active_W }: Electrical): void {
    this.#advance()
    this.#power_W = active_W[0] + active_W[1] + active_W[2]
  }

  read(): AppliedEnergy {
    this.#advance()
    return { import_Wh: this.#import_Wus / 3.6e9, export_Wh: this.#export_Wus / 3.6e9 }
  }

  #advance(): void {
    const now_us = this.#now_us()
    const energy_Wus = this.#power_W * (now_us - this.#since_us)
    this.#since_us = now_us
    if (energy_Wus > 0) this.#import_Wus += energy_Wus
    else this.#export_Wus -= energy_Wus
  }
}
