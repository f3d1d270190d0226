import { Disconnector, type DisconnectorOptions } from './disconnector.ts'
import { Limiter, type LimiterOptions } from './limiter.ts'

export interface SupplySwitchOptions extends Omit<DisconnectorOptions, 'ticks_ms'>, Omit<LimiterOptions, 'disconnector'> {}

/** What a meter with a relay has: a disconnector, and a limiter that may use it. */
export class SupplySwitch {
  readonly disconnector: Disconnector
  readonly limiter: Limiter

  constructor(options: SupplySwitchOptions) {
    const { clock } = options
    this.disconnector = new Disconnector({ ...options, ticks_ms: () => clock.ticks_ms() })
    this.limiter = new Limiter({ ...options, disconnector: this.disconnector })
  }

  /** To be called once a second, with the largest current of the phases; undefined when nobody knows it. */
  second(current_A: number | undefined): void {
    this.disconnector.second(current_A)
    this.limiter.second()
  }
}
