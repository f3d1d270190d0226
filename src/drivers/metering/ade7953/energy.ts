import { EnergyCarry } from '../../../lib/energy-carry.ts'
import type { Fraction } from '../../../lib/fraction.ts'
import { FAILED, type RegisterAccess } from './access.ts'
import { ENERGY_FULL_SCALE_HZ, Irq, Register, WAS_READ } from './registers.ts'

/** Registers that a read clears, in the order in which they are read: three energies, and after them the events, which tell whether one rolled over. */
const CLEARED = [Register.AENERGYA, Register.RENERGYA, Register.APENERGYA, Register.RSTIRQSTATA] as const
const KINDS = 3
const NONE = -1
/** The register was not read. */
const NOTHING = -2
const DEAD_HIGH = 0xff
const ATTEMPTS = 3
const MODULUS = 0x1000000
const U32 = 0x100000000
/** Peaks above full scale, and seconds that were not quite over. */
const RATE_MARGIN = 1.5
const SLACK_MS = 500
/** A driver that finds nothing of its reading for so many samples talks to a chip that was reset. */
const EMPTY_MAX = 2

/**
 * Counts that were read from a chip, which forgot them by that, and not yet delivered. It outlives a driver: handed to the next driver of the same chip,
 * nothing is lost when a driver is replaced, and nothing comes twice.
 */
export class PendingEnergy {
  /** Of the energy registers, signed. */
  readonly raw = new Float64Array(KINDS)
  /** Events. */
  events = 0
  /** Which of `CLEARED` is being read or was cut off; NONE in between. */
  unsettled = NONE
  /** What came, or FAILED, and the address that LAST_ADD held before. */
  heard = FAILED
  previous = FAILED
  /** +A, -A, +R, -R, S in mWh, mvarh, mVAh. */
  carries: readonly EnergyCarry[] = []
  #ratio: Fraction | undefined

  /** `ratio`: mWh in one count. The rest of one that was carried with another ratio, less than 1 mWh, is given up. */
  prepare(ratio: Fraction): void {
    const old = this.#ratio
    if (old?.numerator === ratio.numerator && old.denominator === ratio.denominator) return
    const before = this.carries
    this.#ratio = ratio
    this.carries = [0, 1, 2, 3, 4].map((i) => {
      const carry = new EnergyCarry(ratio)
      carry.counts = before[i]?.counts ?? 0
      return carry
    })
  }

  begin(index: number, previous: number): void {
    this.unsettled = index
    this.previous = previous
    this.heard = FAILED
  }

  /** Books what the register held, or NOTHING. */
  settle(value: number): void {
    const index = this.unsettled
    this.unsettled = NONE
    if (value === NOTHING || index === NONE) return
    if (index === KINDS) this.events |= value
    else this.raw[index] += value >= U32 / 2 ? value - U32 : value
  }

  /** All of it was turned into energy. */
  clear(): void {
    this.raw.fill(0)
    this.events = 0
  }
}

/**
 * Reads the registers that reading clears so that no count is lost and none comes twice.
 *
 * The chip records address and data of the last complete access, and a register is cleared by a complete read only. So whatever came over the bus, LAST_ADD
 * tells whether it was read, and LAST_RWDATA what it held; reading these two changes nothing. If the bus dies before they could be asked, they are
 * asked in the next sample, before anything else is.
 */
export class EnergyReader {
  readonly pending: PendingEnergy
  /** Readings that needed more than one look since the start. */
  recoveries = 0
  /** A reading was lost with a reset of the chip or a bus that failed at the worst moment. */
  incomplete = false

  readonly #access: RegisterAccess
  #empty = 0

  constructor(access: RegisterAccess, pending: PendingEnergy) {
    this.#access = access
    this.pending = pending
  }

  /** Books what the chip still knows of a reading that the last sample could not settle. Has to come first in a sample. False while the bus is dead. */
  recall(): boolean {
    const { pending } = this
    if (pending.unsettled === NONE) return true
    const access = this.#access
    const operation = access.agreed(Register.LAST_OP)
    if (operation === WAS_READ) {
      const address = access.lastAddress
      if (address === CLEARED[pending.unsettled]) return this.settle(this.recorded(address))
      if (address === pending.previous) return this.settle(NOTHING)
    }
    // Empty as after a reset, or a bus that is dead low: the next access decides, and overwrites what could be had if it was the bus.
    if (operation === FAILED || operation === DEAD_HIGH || ++this.#empty < EMPTY_MAX) return false
    if (access.fetch(Register.CONFIG) === FAILED) return false
    this.incomplete = true
    return this.settle(isDark(pending.heard) ? NOTHING : pending.heard)
  }

  /** Adds all energies and events to `pending`; false when the bus died on the way. `previous`: the address that was fetched just before. */
  readAll(previous: number): boolean {
    let before = previous
    for (let i = 0; i < CLEARED.length; i++) {
      if (!this.take(i, before)) return false
      before = CLEARED[i]
    }
    return true
  }

  /** Only the events. */
  readEvents(previous: number): boolean {
    return this.take(KINDS, previous)
  }

  /** Reads and forgets what the chip counted before it was configured. */
  drain(previous: number): void {
    const { raw, events } = this.pending
    const kept = raw.slice()
    if (this.readAll(previous)) {
      raw.set(kept)
      this.pending.events = events
    }
  }

  private take(index: number, previous: number): boolean {
    const access = this.#access
    const { pending } = this
    const address = CLEARED[index]
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      pending.begin(index, previous)
      pending.heard = access.read(address)
      const last = access.lastAddress
      if (last === address) {
        const value = this.recorded(address)
        if (value === FAILED) return false
        if (value !== pending.heard) this.recoveries++
        pending.settle(value)
        return true
      }
      // The transaction was not complete: nothing was cleared.
      if (last !== previous) return false
      this.recoveries++
      pending.settle(NOTHING)
    }
    return false
  }

  /** What the chip says it gave. Where that is not what came, a bus that has died meanwhile has to be told from one that spoiled it. */
  private recorded(address: number): number {
    const access = this.#access
    const value = access.lastData(address)
    if (value === this.pending.heard) return value
    return access.lastAddress === address && access.lastData(address) === value ? value : FAILED
  }

  /** FAILED: the bus died again. */
  private settle(value: number): boolean {
    if (value === FAILED) return false
    this.#empty = 0
    this.recoveries++
    this.pending.settle(value)
    return true
  }

  /**
   * Turns what was read into energy. `elapsed_ms`: time since the last time, undefined if unknown. False when it is not certain what the registers counted:
   * one may have gone round more than once, or holds more than full scale explains; the least is taken then.
   */
  convert(active: number, reactive: number, elapsed_ms: number | undefined): boolean {
    const { pending } = this
    const most = elapsed_ms === undefined ? Number.POSITIVE_INFINITY : ((elapsed_ms + SLACK_MS) * ENERGY_FULL_SCALE_HZ * RATE_MARGIN) / 1000
    let certain = !this.incomplete
    this.incomplete = false
    for (let kind = 0; kind < KINDS; kind++) {
      const rolled = (pending.events & (Irq.AEOFA << kind)) !== 0
      const negative = kind === 0 ? active < 0 : kind === 1 ? reactive < 0 : false
      let counts = rolled ? unrolled(pending.raw[kind], most < MODULUS ? undefined : negative) : pending.raw[kind]
      if ((rolled && most >= MODULUS) || Math.abs(counts) > most) certain = false
      if (Math.abs(counts) > most) counts = 0
      this.book(kind, counts)
    }
    pending.clear()
    return certain
  }

  private book(kind: number, counts: number): void {
    const { carries } = this.pending
    if (kind === 2) carries[4].add(Math.max(0, counts))
    else carries[2 * kind + (counts < 0 ? 1 : 0)].add(Math.abs(counts))
  }
}

/** A register that went past 7FFFFFH shows the rest as negative, one that went below 800000H as positive. Where it may have gone on, the direction decides. */
function unrolled(raw: number, negative: boolean | undefined): number {
  return (negative ?? raw >= 0) ? raw - MODULUS : raw + MODULUS
}

/** What a bus without an answer shows. */
function isDark(value: number): boolean {
  return value === FAILED || value === 0 || value === U32 - 1
}
