import type { LoRaWiring } from '../../hal/api/lora.ts'
import { EmulatedSX126x } from '../../src/world/chips/sx126x.ts'
import { EmulatedSX127x } from '../../src/world/chips/sx127x.ts'
import type { LoRaAir } from '../../src/world/lora/air.ts'
import type { PinBank } from '../../src/world/pins.ts'
import type { Scheduler } from '../../src/world/scheduler.ts'
import { BOARD } from './board.ts'
import type { BoardLoRa } from './lora.ts'

export type TransceiverName = 'SX1262' | 'SX1276'

/** A LoRa transceiver on the board. */
export class BoardTransceiver implements BoardLoRa {
  readonly chip: EmulatedSX126x | EmulatedSX127x
  readonly #pins: PinBank

  constructor(scheduler: Scheduler, pins: PinBank, air: LoRaAir, part: TransceiverName) {
    this.#pins = pins
    const { second, interrupt, reset, antennaGain_dBi } = BOARD.lora
    const common = { scheduler, air, name: 'meter', position: { x_m: 0, y_m: 0 }, antennaGain_dBi }
    const onInterrupt = (level: 0 | 1): void => pins.drive(interrupt, level)
    const onSecond = (level: 0 | 1): void => pins.drive(second, level)
    this.chip =
      part === 'SX1276'
        ? new EmulatedSX127x({ ...common, onDio0: onInterrupt, onDio1: onSecond })
        : new EmulatedSX126x({ ...common, onDio1: onInterrupt, onBusy: onSecond })
    pins.listen(reset, (level) => this.chip.reset(level))
  }

  powerOn(): void {
    this.chip.powerOn()
  }

  powerOff(): void {
    this.chip.powerOff()
  }

  /** Its pins are those of the board. */
  release(): void {}

  wiring(): LoRaWiring {
    const io = this.#pins.constructorFor()
    const { hz, select, second, interrupt, reset, antennaGain_dBi, sx1262, sx1276 } = BOARD.lora
    const common = {
      radio: { io: this.chip.bus(), hz, select },
      interrupt: { io, pin: interrupt },
      reset: { io, pin: reset },
      antennaGain_dBi,
    }
    if (this.chip instanceof EmulatedSX127x) return { ...common, ...sx1276, part: 'SX1276', dio1: { io, pin: second } }
    return { ...common, ...sx1262, part: 'SX1262', busy: { io, pin: second } }
  }
}
