import type { Machine } from '../../boards/virtual/machine.ts'

/** First energy register of each quantity of the ATM90E32 (sum of the phases): +A, -A, +R, -R. */
const REGISTERS = [0x80, 0x84, 0x88, 0x8c] as const
export const QUANTITIES = REGISTERS.length
/** 2000-01-01. */
const LOST_MS = 946_684_800_000

/** What one second of the world brought. */
export interface Second {
  /** Time of the meter's clock when the second began and when it ended, and whether it could be trusted; undefined without a valid clock. */
  readonly from_s: number | undefined
  readonly to_s: number
  /** The same firmware ran all the time, and the clock was not touched. */
  readonly whole: boolean
}

/**
 * What really happened, second by second: counts that the metering IC has ever generated, told by its emulation and not by the firmware. Nothing here asks
 * the meter for a register.
 */
export class World {
  readonly machine: Machine
  /** By quantity: counts generated up to the end of each second. */
  readonly generated: readonly number[][] = REGISTERS.map(() => [0])
  /** The clock of the meter against the time of the world, and whether it can be trusted. */
  offset_ms = 0
  valid = true
  #generation = 0

  constructor(machine: Machine) {
    this.machine = machine
    this.#generation = machine.generation
  }

  /** What the clock of the meter should show. */
  get utc_ms(): number {
    return this.machine.now_ms + this.offset_ms
  }

  /** The clock begins again where a clock without a supply begins. */
  loseClock(): void {
    this.machine.clock.loseBackup()
    this.offset_ms = LOST_MS - this.machine.now_ms
    this.valid = false
  }

  /** Index of the newest second. */
  get now(): number {
    return this.generated[0].length - 1
  }

  /** Counts of a quantity that the IC has generated so far. */
  total(quantity: number): number {
    return this.generated[quantity][this.now]
  }

  /** Counts of a quantity in the last `seconds`. */
  since(quantity: number, seconds: number): number {
    return this.total(quantity) - this.generated[quantity][Math.max(0, this.now - seconds)]
  }

  /** The most counts of a quantity that any `seconds` in a row brought, from the second `first` on. */
  most(quantity: number, seconds: number, first: number): number {
    const generated = this.generated[quantity]
    let most = 0
    for (let i = Math.max(0, first); i < generated.length; i++) most = Math.max(most, generated[i] - generated[Math.max(0, i - seconds)])
    return most
  }

  /** A second passes. */
  second(): Second {
    const { machine } = this
    const from_ms = this.utc_ms
    const from_s = this.valid ? Math.floor(from_ms / 1000) : undefined
    const ran = machine.meter !== undefined && machine.generation === this.#generation
    machine.run(machine.now_ms + 1000)
    for (let quantity = 0; quantity < QUANTITIES; quantity++) {
      this.generated[quantity].push(machine.chip.generated(REGISTERS[quantity]))
    }
    const runs = machine.meter !== undefined && machine.generation === this.#generation
    this.#generation = machine.generation
    const to_ms = this.utc_ms
    return { from_s, to_s: Math.floor(to_ms / 1000), whole: ran && runs && to_ms - from_ms === 1000 && from_ms % 1000 === 0 }
  }
}
