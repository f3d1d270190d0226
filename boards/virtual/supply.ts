import type { HoldUp } from '../../hal/api/device.ts'
import type { SeededRandom } from '../../src/lib/random.ts'
import { FlashTimings, operationTime_ms, type Tear } from '../../src/world/chips/nor-flash.ts'
import { EnergyReserve } from '../../src/world/energy-reserve.ts'
import type { Scheduler } from '../../src/world/scheduler.ts'
import { BOARD } from './board.ts'

/** How a flash operation may end when the capacitors are empty in the middle of it. */
const TEARS: readonly Tear[] = ['none', 'complete', 'prefix', 'bits', 'garbage', 'erase-random']

export interface SupplyOptions {
  readonly scheduler: Scheduler
  readonly random: SeededRandom
  /** How long a board that does nothing else lives on its capacitors. */
  readonly holdUp_ms: number
  readonly onEmpty: () => void
}

/** The power supply of the board with its capacitors: what the firmware does in its last moments shortens them. */
export class BoardSupply {
  readonly holdUp: HoldUp
  readonly #reserve: EnergyReserve
  readonly #random: SeededRandom

  constructor({ scheduler, random, holdUp_ms, onEmpty }: SupplyOptions) {
    const { run_mW, charge_mW, message_mJ } = BOARD.supply
    const energy_mJ = (holdUp_ms * run_mW) / 1000
    this.holdUp = Object.freeze({ energy_mJ, run_mW, message_mJ })
    this.#random = random
    this.#reserve = new EnergyReserve({ scheduler, energy_mJ, run_mW, charge_mW, onEmpty })
  }

  /** The mains came or went. */
  set mains(present: boolean) {
    if (present) this.#reserve.charge()
    else this.#reserve.drain()
  }

  /** Charges a flash operation; how it ends when there is not enough energy for it. */
  flashOperation(kind: 'program' | 'erase', bytes: number, offset: number): Tear | undefined {
    if (!this.#reserve.draining) return undefined
    const duration_ms = operationTime_ms(FlashTimings[BOARD.flash.part], kind, bytes, offset)
    const energy_mJ = (duration_ms * (BOARD.supply.run_mW + BOARD.supply.flash_mW)) / 1000
    return this.#reserve.spend(energy_mJ) ? undefined : TEARS[this.#random.below(TEARS.length)]
  }

  /** Charges a message; false when it does not leave. */
  message(): boolean {
    return !this.#reserve.draining || this.#reserve.spend(BOARD.supply.message_mJ)
  }
}
