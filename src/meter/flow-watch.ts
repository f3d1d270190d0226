import { type FlowLimits, FlowMonitor } from '../core/flow/flow-monitor.ts'
import type { Medium } from '../core/metrology/media-table.ts'
import { Quantity } from '../core/registers/energy.ts'
import type { MeterConfig } from './config.ts'
import type { MeterCore } from './core.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const THOUSANDTHS = 1000

/** Limits where the configuration says nothing. A boiler runs for days in winter, and heat never pauses: leaks are a matter of water. */
function limitsOf(kind: Medium['kind'], { pulse }: MeterConfig): FlowLimits {
  const { leak_h, pause_min, burst_l_h, burst_min, backflow_l, still_d } = pulse.flow
  const water = kind === 'water' || kind === 'hotWater'
  return {
    leak_ms: (leak_h ?? (water ? 24 : 0)) * HOUR_MS,
    pause_ms: pause_min * MINUTE_MS,
    burst: (burst_l_h ?? (water ? 2000 : 0)) * THOUSANDTHS,
    burst_ms: burst_min * MINUTE_MS,
    backflow: (backflow_l ?? 10) * THOUSANDTHS,
    still_ms: still_d * DAY_MS,
  }
}

/** Watches what flows through a water, gas or heat meter, from its registers. */
export class FlowWatch {
  readonly monitor: FlowMonitor
  readonly #core: MeterCore
  #forward: number
  #back: number

  constructor(core: MeterCore, config: MeterConfig, medium: Medium) {
    this.#core = core
    const log = (code: number, parameter: number) => core.record(code, parameter)
    this.monitor = new FlowMonitor({ limits: limitsOf(medium.kind, config), log }, core.clock.ticks_ms())
    this.#forward = this.read(Quantity.activeImport)
    this.#back = this.read(Quantity.activeExport)
  }

  /** Once a second. Nothing is written while the meter lives on its reserve. */
  second(): void {
    if (this.#core.supplyFailed) return
    const forward = this.read(Quantity.activeImport)
    const back = this.read(Quantity.activeExport)
    const flow = this.#core.now.active_mW[0]
    this.monitor.second(forward - this.#forward, back - this.#back, flow, this.#core.clock.ticks_ms())
    this.#forward = forward
    this.#back = back
  }

  /** Thousandths. */
  private read(quantity: number): number {
    const { energy } = this.#core
    return energy.thousandths(energy.count(quantity, 0))
  }
}
