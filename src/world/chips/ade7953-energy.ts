import { Irq } from './ade7953-registers.ts'

/** Powers and energies in this order: active A, B, reactive A, B, apparent A, B. */
export const QUANTITIES = 6
/** Powers are integers in units of 1/64 LSB, so that all sums below are exact. */
export const POWER_FRACTION = 64
/** Full scale of the power registers and of the accumulation rate ("Active Energy Calculation"): counts per second. */
export const POWER_FULL_SCALE = 4_862_401
const FULL_SCALE_HZ = 206_900
/** Power times microseconds in one count. */
const COUNT = Math.round((POWER_FULL_SCALE * POWER_FRACTION * 1_000_000) / FULL_SCALE_HZ)
const EXACT_LIMIT = 2 ** 52
const HALF_FULL = 0x400000
const MODULUS = 0x1000000
const NEVER = Number.POSITIVE_INFINITY

/** The energy registers: signed accumulation of counts, which wraps at 24 bits, free running or by line cycles. */
export class ADE7953Energy {
  /** As they accumulate, in 1/64 LSB. */
  readonly power = new Float64Array(QUANTITIES)
  /** The registers, -800000H to 7FFFFFH. */
  readonly registers = new Float64Array(QUANTITIES)
  /** All counts ever made, by direction; also what a reset lost. */
  readonly forward = new Float64Array(QUANTITIES)
  readonly reverse = new Float64Array(QUANTITIES)
  /** Bits for IRQSTATA and IRQSTATB that the registers raised; whoever takes them clears them. */
  readonly raised = new Uint32Array(2)
  time_us = 0

  readonly #rest = new Float64Array(QUANTITIES)
  readonly #cycle = new Float64Array(QUANTITIES)
  #modes = 0
  #halfCycles = 0
  #halfPeriod_us = 0
  #cycleEnd_us = NEVER

  /** `modes`: bits of LCYCMODE; `halfCycles`: LINECYC; `halfPeriod_us`: 0 without zero crossings. To be called up to date. */
  setLineCycles(modes: number, halfCycles: number, halfPeriod_us: number): void {
    const started = this.#modes === 0 || this.#halfPeriod_us === 0 || this.#cycleEnd_us === NEVER
    this.#modes = modes & 0x3f
    this.#halfCycles = halfCycles
    this.#halfPeriod_us = halfPeriod_us
    const runs = this.#modes !== 0 && halfCycles > 0 && halfPeriod_us > 0
    if (!runs) this.#cycleEnd_us = NEVER
    else if (started) {
      this.#cycle.fill(0)
      // Not synchronized yet: the first one begins in the middle of a half cycle.
      this.#cycleEnd_us = this.#crossing(this.time_us, halfCycles)
    }
  }

  reset(now_us: number): void {
    this.time_us = now_us
    this.power.fill(0)
    this.registers.fill(0)
    this.raised.fill(0)
    this.#rest.fill(0)
    this.#cycle.fill(0)
    this.#modes = 0
    this.#cycleEnd_us = NEVER
  }

  /** Integrates the present powers up to `to_us`. */
  integrate(to_us: number): void {
    while (this.#cycleEnd_us <= to_us) {
      this.#run(this.#cycleEnd_us)
      this.#endCycle()
    }
    this.#run(to_us)
  }

  #run(to_us: number): void {
    let greatest = 1
    for (let i = 0; i < QUANTITIES; i++) greatest = Math.max(greatest, Math.abs(this.power[i]))
    const longest_us = Math.max(1, Math.floor(EXACT_LIMIT / greatest))
    while (this.time_us < to_us) {
      const step_us = Math.min(to_us - this.time_us, longest_us)
      for (let i = 0; i < QUANTITIES; i++) if (this.power[i] !== 0) this.#add(i, this.power[i] * step_us)
      this.time_us += step_us
    }
  }

  #add(quantity: number, amount: number): void {
    const sum = this.#rest[quantity] + amount
    const counts = Math.trunc(sum / COUNT)
    this.#rest[quantity] = sum - counts * COUNT
    if (counts === 0) return
    if (counts > 0) this.forward[quantity] += counts
    else this.reverse[quantity] -= counts
    if (this.#modes & (1 << quantity)) this.#cycle[quantity] += counts
    else this.#store(quantity, this.registers[quantity] + counts)
  }

  /** Rolls over and raises EHF and EOF. */
  #store(quantity: number, total: number): void {
    const before = Math.abs(this.registers[quantity])
    const wrapped = total - MODULUS * Math.floor((total + MODULUS / 2) / MODULUS)
    this.registers[quantity] = wrapped
    const kind = quantity >> 1
    if (before < HALF_FULL && Math.abs(total) >= HALF_FULL) this.raised[quantity & 1] |= Irq.EHF << kind
    if (wrapped !== total) this.raised[quantity & 1] |= Irq.EOF << kind
  }

  #endCycle(): void {
    for (let i = 0; i < QUANTITIES; i++) {
      if ((this.#modes & (1 << i)) === 0) continue
      this.registers[i] = 0
      this.#store(i, this.#cycle[i])
      this.#cycle[i] = 0
    }
    this.raised[0] |= Irq.CYCEND
    this.#cycleEnd_us = this.#crossing(this.time_us, this.#halfCycles)
  }

  /** The `count`-th zero crossing after a moment, in whole microseconds; crossings stand at multiples of the half period. */
  #crossing(after_us: number, count: number): number {
    const index = Math.floor((after_us + 0.5) / this.#halfPeriod_us)
    return Math.round((index + count) * this.#halfPeriod_us)
  }
}
