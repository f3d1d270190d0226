import type { Device } from '../../hal/api/device.ts'
import type { Timer } from '../../hal/api/time.ts'
import { SupplySwitch } from '../core/switch/supply-switch.ts'
import { PushButton } from '../drivers/relay/push-button.ts'
import { SupplyRelay } from '../drivers/relay/supply-relay.ts'
import { MeteringStatus } from '../lib/metering-sample.ts'
import type { MeterConfig } from './config.ts'
import type { MeterCore } from './core.ts'
import { guardTimer } from './guarded.ts'
import type { Part } from './supervisor.ts'

/** Pressed for longer means off. */
const DISCONNECT_MS = 3000
/** What the limiter looks at: instantaneous active power, import. */
const MONITORED = '1.0.1.7.0.255'
const REGISTER_CLASS = 3

type Wiring = NonNullable<Device['supplySwitch']>

/** The disconnector and the limiter of a meter whose board has a relay. */
export class MeterSwitch {
  readonly supply: SupplySwitch
  readonly #core: MeterCore

  constructor(core: MeterCore, config: MeterConfig) {
    this.#core = core
    const power = core.registers.find(({ logicalName }) => logicalName === MONITORED)
    const read = () => (power === undefined || this.faulty ? undefined : Math.min(power.read(core.readings), 0xffffffff))
    this.supply = new SupplySwitch({
      settings: core.storage.settings,
      clock: core.clock,
      ...config.switch,
      monitored: [{ classId: REGISTER_CLASS, logicalName: MONITORED, attribute: 2, read }],
      onEvent: (code, parameter) => core.recordSwitch(code, parameter),
    })
  }

  /** The relay was opened; while an operation is under way nobody knows. */
  get open(): boolean {
    const { outputState, pending } = this.supply.disconnector
    return !outputState && !pending
  }

  private get faulty(): boolean {
    return (this.#core.now.status & MeteringStatus.fault) !== 0
  }

  second(): void {
    const { current_mA } = this.#core.now
    let most_mA = 0
    for (let phase = 0; phase < current_mA.length; phase++) most_mA = Math.max(most_mA, current_mA[phase])
    this.supply.second(this.faulty ? undefined : most_mA / 1000)
  }

  /** The relay and the button, as a part that can be started again. */
  part(wiring: Wiring, timer: Timer): Part {
    const core = this.#core
    const { disconnector } = this.supply
    const common = { ticks_ms: () => core.clock.ticks_ms(), ready: () => !core.supplyFailed }
    let relay: SupplyRelay | undefined
    let button: PushButton | undefined
    return {
      start: (guard) => {
        const options = { ...common, timer: guardTimer(timer, guard) }
        const unknown = wiring.coil.type === 'bistable' && disconnector.lastTransition === undefined
        relay = new SupplyRelay({ ...wiring, ...options, ...(unknown ? {} : { closed: disconnector.outputState }) })
        disconnector.attach(relay)
        const onPress = (duration_ms: number) => {
          disconnector.trigger(duration_ms < DISCONNECT_MS ? 'manualReconnect' : 'manualDisconnect')
        }
        if (wiring.button !== undefined) button = new PushButton({ ...wiring.button, ...options, onPress })
      },
      stop: () => {
        disconnector.detach()
        relay?.close()
        button?.close()
        relay = button = undefined
      },
    }
  }
}
