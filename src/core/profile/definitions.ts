import type { CaptureColumns, ProfileColumn } from './capture-profile.ts'

/**
 * The profiles of the meter and what their buffers are called. Logical names: DSMR and IDIS object lists; monthly values stand in "data of billing
 * period 2", because period 1 is what end of billing closes. Depths: DSMR 4.2.2 (load profile 960, daily 40, monthly 13), power quality EN 50160: a week of
 * 10 minutes.
 */
export const PROFILES = Object.freeze({
  load: Object.freeze({ logicalName: '1.0.99.1.0.255', status: '0.0.96.10.1.255', depth: 960 }),
  daily: Object.freeze({ logicalName: '1.0.99.2.0.255', status: '0.0.96.10.2.255', depth: 40 }),
  monthly: Object.freeze({ logicalName: '0.0.98.2.0.255', status: '0.0.96.10.3.255', depth: 13 }),
  powerQuality: Object.freeze({ logicalName: '1.0.99.1.1.255', status: '0.0.96.10.4.255', depth: 1008 }),
})

/** Whole Wh or varh of a register; `rate` 0 is the total. `quantity` is an index of `Quantity`. */
export type EnergyValue = (quantity: number, rate: number) => number

/** Bytes of an energy: 2^48 Wh are more than any display shows. */
const ENERGY_BYTES = 6

/** OBIS code `C.D.E` of a register of an electricity meter. */
const energyCode = (quantity: number, rate: number) => `${quantity + 1}.8.${rate}`

/** Columns of energies, quantity by quantity: the total, then the rates 1 to `rates`. `code` names them. */
export function energyColumns(
  value: EnergyValue,
  quantities: readonly number[],
  rates: number,
  code: (quantity: number, rate: number) => string = energyCode,
): CaptureColumns {
  return new EnergyColumns(value, quantities, rates, code)
}

class EnergyColumns implements CaptureColumns {
  readonly count: number
  readonly #value: EnergyValue
  readonly #quantities: readonly number[]
  /** Columns of a quantity. */
  readonly #width: number
  readonly #code: (quantity: number, rate: number) => string

  constructor(value: EnergyValue, quantities: readonly number[], rates: number, code: (quantity: number, rate: number) => string) {
    this.#value = value
    this.#quantities = quantities
    this.#width = rates + 1
    this.#code = code
    this.count = quantities.length * this.#width
  }

  column(index: number): ProfileColumn {
    return { code: this.#code(this.quantity(index), index % this.#width), bytes: ENERGY_BYTES }
  }

  read(index: number): number {
    return this.#value(this.quantity(index), index % this.#width)
  }

  private quantity(index: number): number {
    return this.#quantities[Math.floor(index / this.#width)]
  }
}
