import type { EnergyAccumulators } from './atm90e32-energy.ts'
import type { Measurement } from './atm90e32-measurement.ts'
import { Address, State1 } from './atm90e32-registers.ts'

/** A new level of pin IRQ0 or IRQ1. */
export type InterruptCallback = (irq: 0 | 1, level: 0 | 1) => void

/** Three samples at 8 kHz above the threshold end a sag (section 3.6.3). */
const RECOVERY_US = 375

/** IRQ0MergeCfg (0FH). */
const WARN_OR = 2
const IRQ1_OR = 1

/**
 * EMMState0/1, the change-latched EMMIntState0/1 and the interrupt pins. Sag and phase loss need time: they appear after Sag_Period
 * (SagPeakDetCfg, low byte, in ms) below their threshold, so `evaluate` is a function of the moment.
 */
export class StatusBits {
  /** CRC error of the configuration (pin WarnOut), which IRQ0MergeCfg may route to IRQ0. */
  warning = false

  readonly #registers: Uint16Array
  readonly #measurement: Measurement
  readonly #energy: EnergyAccumulators
  readonly #interrupt: InterruptCallback | undefined
  readonly #levels = Uint8Array.of(0, 0)
  /** Sag of A, B, C, then loss of A, B, C: whether the voltage is below the threshold, and since when. */
  readonly #below = new Uint8Array(6)
  readonly #since_us = new Float64Array(6)
  #timed = 0
  #next_us = 0

  constructor(registers: Uint16Array, measurement: Measurement, energy: EnergyAccumulators, interrupt: InterruptCallback | undefined) {
    this.#registers = registers
    this.#measurement = measurement
    this.#energy = energy
    this.#interrupt = interrupt
  }

  /** The supply came, or a reset: all phases count as present until Sag_Period has passed; no-load (section 6.3). */
  reset(): void {
    this.#below.fill(0)
    this.#timed = 0
    this.#next_us = 0
    this.warning = false
    this.#registers[Address.EMMState0] = 0x70
    this.drive()
  }

  /** Inputs or thresholds changed at `changed_us`; compares anew. */
  changed(changed_us: number): void {
    const registers = this.#registers
    for (let i = 0; i < 6; i++) {
      const threshold = registers[i < 3 ? Address.SagTh : Address.PhaseLossTh]
      const below = this.#measurement.phases[i % 3].voltagePeak < threshold ? 1 : 0
      if (below === this.#below[i]) continue
      this.#below[i] = below
      this.#since_us[i] = changed_us
    }
    this.#next_us = 0
  }

  /** Brings the state registers to `now_us`; a bit that changed, either way, is latched in EMMIntState. */
  evaluate(now_us: number): void {
    if (now_us >= this.#next_us) this.#advance(now_us)
    const state0 = this.#measurement.state0 | this.#energy.reverseFlags
    const state1 = this.#measurement.state1 | this.#timed
    const registers = this.#registers
    const changed0 = registers[Address.EMMState0] ^ state0
    const changed1 = registers[Address.EMMState1] ^ state1
    if ((changed0 | changed1) === 0) return
    registers[Address.EMMState0] = state0
    registers[Address.EMMState1] = state1
    registers[Address.EMMIntState0] |= changed0
    registers[Address.EMMIntState1] |= changed1
    this.drive()
  }

  #advance(now_us: number): void {
    const period_us = (this.#registers[Address.SagPeakDetCfg] & 0xff) * 1000
    let next_us = Number.POSITIVE_INFINITY
    for (let i = 0; i < 6; i++) {
      const bit = i < 3 ? State1.SagPhaseA >> i : State1.PhaseLossA >> (i - 3)
      const below = this.#below[i] === 1
      if (below === ((this.#timed & bit) !== 0)) continue
      const due_us = this.#since_us[i] + (below ? period_us : RECOVERY_US)
      if (now_us >= due_us) this.#timed ^= bit
      else next_us = Math.min(next_us, due_us)
    }
    this.#next_us = next_us
  }

  /** Sets the interrupt pins from the latched and enabled bits. */
  drive(): void {
    if (!this.#interrupt) return
    const registers = this.#registers
    const merge = registers[Address.IRQ0MergeCfg]
    const second = (registers[Address.EMMIntState1] & registers[Address.EMMIntEn1]) !== 0
    const own = (registers[Address.EMMIntState0] & registers[Address.EMMIntEn0]) !== 0
    const first = own || (second && (merge & IRQ1_OR) !== 0) || (this.warning && (merge & WARN_OR) !== 0)
    this.#set(0, first ? 1 : 0)
    this.#set(1, second ? 1 : 0)
  }

  #set(irq: 0 | 1, level: 0 | 1): void {
    if (this.#levels[irq] === level) return
    this.#levels[irq] = level
    this.#interrupt?.(irq, level)
  }
}
