import type { RegisterAccess } from './access.ts'
import { Register } from './registers.ts'

/** Energy registers read: APenergyT to ANenergyC, RPenergyT to RNenergyC, SAenergyT to SenergyC, without a gap. */
const ENERGY_COUNT = 20

const DEAD = -1
const UNKNOWN = -1
const NONE = -1
const ATTEMPTS = 3
/** ChannelMapU: its value is part of every configuration, and nothing that a dead bus shows. */
const MARKER = 0x0654

/**
 * Counts that were read from a chip, which forgot them by that, and not yet delivered. It outlives a driver: handed to the next driver of the same chip,
 * nothing is lost when a driver is replaced, and nothing comes twice.
 */
export class PendingEnergy {
  /** By register, APenergyT first. */
  readonly counts = new Float64Array(ENERGY_COUNT)
  /** Meter constant that the chip counts with; 0 before it was configured. */
  meterConstant = 0
  /** Register whose reading is under way or was cut off; NONE in between. */
  unsettled = NONE
  /** The word received, UNKNOWN when the bus failed before it came. */
  received = UNKNOWN
  /** What LastSPIData held before that reading, and what it was found to hold after it. */
  previous = UNKNOWN
  latched = UNKNOWN

  begin(register: number, previous: number): void {
    this.unsettled = register
    this.previous = previous
    this.received = UNKNOWN
    this.latched = UNKNOWN
  }

  /** Books the reading that was cut off, as far as it is known; `latched` is what LastSPIData holds of it. */
  settle(latched: number): void {
    if (this.unsettled !== NONE) this.counts[this.unsettled] += this.best(latched)
    this.unsettled = NONE
  }

  private best(latched: number): number {
    const heard = this.received !== UNKNOWN && !isDark(this.received)
    // A chip that was reset, or woke up just after the question: the word received is the best that is left.
    if (isDark(latched) || latched === UNKNOWN) return heard ? this.received : 0
    // Nothing came and LastSPIData did not change: the transaction never reached the chip, and its register was not cleared.
    return !heard && latched === this.previous ? 0 : latched
  }
}

/**
 * Reads the clear-on-read energy registers so that no count is lost and none comes twice.
 *
 * A read latches the value in LastSPIData before it clears the register (Atmel-46003B section 4.2.2), so every read is compared with LastSPIData.
 * What can go wrong, and how it shows:
 * - a clock is lost among the data bits: the word received is distorted, LastSPIData has the true one;
 * - the transaction never reached the chip: the word is 0000H or FFFFH and LastSPIData still holds what it held before; nothing was
 *   cleared, so the register is read again. That is certain only when the earlier content differs from a value that looks like 0000H or
 *   FFFFH when a bit slips, so a marker is put in LastSPIData after such a value;
 * - a clock is lost among the address bits: another register was read. If it was a configuration register (for every energy register exactly one
 *   can be hit), it is recognised and dropped; if it was another energy register, its counts appear under the register that was asked for;
 * - the bus dies between the read and the comparison: LastSPIData is asked again when it is back.
 *
 * FFFFH itself is never taken for energy: it is 65535 counts, 204 Wh at 3200 imp/kWh, between two samples.
 */
export class EnergyReader {
  readonly pending: PendingEnergy
  /** Readings that needed more than one look since the start. */
  recoveries = 0

  readonly #access: RegisterAccess
  /** What LastSPIData held before the next read. */
  #previous = UNKNOWN

  constructor(access: RegisterAccess, pending: PendingEnergy) {
    this.#access = access
    this.pending = pending
  }

  /**
   * Books what LastSPIData still holds of a reading that the last sample could not settle. Has to be the first thing in a sample, and the first that a
   * new driver does, because every other transaction that gets through overwrites it. False while the bus is dead.
   */
  recall(): boolean {
    const { pending } = this
    this.#previous = UNKNOWN
    if (pending.unsettled === NONE) return true
    const latched = pending.latched === UNKNOWN ? this.#access.agreed(Register.LastSPIData) : pending.latched
    if (isDark(latched) && !this.alive()) return false
    pending.settle(latched)
    return true
  }

  /** Adds all energy registers to `pending`; false when the bus died on the way. */
  readAll(): boolean {
    const { counts } = this.pending
    for (let i = 0; i < ENERGY_COUNT; i++) {
      const count = this.take(Register.APenergyT + i, ATTEMPTS)
      if (count === DEAD) return false
      counts[i] += count
      this.pending.unsettled = NONE
    }
    return true
  }

  /** The bus works; LastSPIData then holds the marker. */
  alive(): boolean {
    const alive = this.#access.holds(Register.ChannelMapU, MARKER)
    this.#previous = alive ? MARKER : UNKNOWN
    return alive
  }

  private take(address: number, attempts: number): number {
    if (this.#previous === UNKNOWN && !this.alive()) return DEAD
    // A bus that throws must not take with it what the chip has already forgotten.
    this.pending.begin(address - Register.APenergyT, this.#previous)
    const received = this.#access.read(address)
    this.pending.received = received
    const latched = this.#access.read(Register.LastSPIData)
    if (received !== latched || received === 0xffff) return this.recover(address, received, latched, attempts)
    // After a 0 LastSPIData holds 0, or what it held before if both transactions were lost: `#previous` stays.
    if (received !== 0) this.#previous = received === 1 || received === 0xfffe ? UNKNOWN : received
    return received
  }

  private recover(address: number, received: number, first: number, attempts: number): number {
    const previous = this.#previous
    const latched = this.confirm(received, first)
    const dark = isDark(received)
    // What follows overwrites LastSPIData.
    this.pending.latched = latched
    if (!this.alive()) {
      this.pending.latched = UNKNOWN
      if (dark) this.pending.unsettled = NONE
      return DEAD
    }
    this.recoveries++
    if (dark && (latched === previous || isDark(latched))) return this.again(address, attempts)
    if (latched === received) return received
    const delayed = (received & 0x7fff) === latched >> 1
    // The comparison itself went wrong, unless the word received is the latched one delayed by a bit.
    if (isDark(latched)) return delayed ? latched : received
    if (!delayed) return latched
    // Should the bus fail now, it stays open whose count this was: none is better than a foreign one.
    this.pending.unsettled = NONE
    return this.isForeign(address, latched) ? this.again(address, attempts) : latched
  }

  /** LastSPIData does not change by being read: two equal readings, or one that equals the word received, decide. */
  private confirm(received: number, first: number): number {
    let latched = first
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const again = this.#access.read(Register.LastSPIData)
      if (again === received || again === latched) return again
      latched = again
    }
    return latched
  }

  /** The chip missed the topmost one of the address, 1xxxxxxx, and read 0xxxxxxx0. */
  private isForeign(address: number, latched: number): boolean {
    this.#previous = UNKNOWN
    return this.#access.read((address & 0x7f) << 1) === latched
  }

  /** The register was not read. */
  private again(address: number, attempts: number): number {
    this.pending.unsettled = NONE
    return attempts > 1 ? this.take(address, attempts - 1) : DEAD
  }
}

/** What a bus without an answer shows. */
function isDark(word: number): boolean {
  return word === 0 || word === 0xffff
}
