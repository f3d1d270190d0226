/**
 * ATM90E32AS: poly-phase energy metering IC, SPI mode 3 up to 1 MHz.
 * Datasheet: Atmel-46003B-SE-M90E32AS; application note: Atmel-46103A. Numbers in brackets are sections of the datasheet.
 */
import type { SPI, SPIConstructor, SPIOptions } from '../../../../hal/api/io.ts'
import { FerrarisError } from '../../../lib/errors.ts'
import { createMeteringSample, type MeteringSample, MeteringStatus, silence } from '../../../lib/metering-sample.ts'
import { RegisterAccess, whileBusWorks } from './access.ts'
import { EnergyReader, PendingEnergy } from './energy.ts'
import { type ATM90E32Configuration, createImage, energyUnitOf, IMAGE_ADDRESSES, type Image, imageCheck, OTHER_ADDRESSES } from './image.ts'
import { CONFIGURATION_KEY, LOCKED, RESET_KEY, Register, VOLTAGE_FAILURES } from './registers.ts'
import { type DecomposedPower, type FineReading, readDecomposed, ValueReader } from './values.ts'

export interface ATM90E32Options {
  /** The bus: `hz` and `mode` have defaults (1 MHz, 3), a board may override them. */
  readonly sensor: Partial<SPIOptions> & { readonly io: SPIConstructor }
  /** Blocks for a time. Needed by a real chip, which takes 5 ms to start and 14 ms for a CRC pass; `configure` waits at most 65 ms in sum. */
  readonly wait_ms?: (duration_ms: number) => void
  /** What an earlier driver of the same chip has read and not delivered. */
  readonly pending?: PendingEnergy
}

/** T1 [7.4] is 5, at most 40 ms; polled. */
const STARTUP_STEP_MS = 5
const STARTUP_STEPS = 10
/** 112 words at 125 us [3.9], rounded up. */
const CRC_PASS_MS = 15
const UNKNOWN = -1
const ATTEMPTS = 3
/** Whether the chip meters, and what a count is worth. */
const COUNTING = [Register.MeterEn, Register.PLconstH, Register.PLconstL] as const

export class ATM90E32 {
  readonly identification: { readonly model: string } = Object.freeze({ model: 'ATM90E32AS' })

  #io: SPI | undefined
  readonly #access: RegisterAccess
  readonly #energy: EnergyReader
  readonly #values: ValueReader
  readonly #sample: MeteringSample = createMeteringSample()
  readonly #wait_ms: ((duration_ms: number) => void) | undefined
  #image: Image | undefined
  #imageCheck = 0
  #energyUnit = energyUnitOf(3200)
  /** CRCDigest of this configuration; the datasheet does not define its value, so it is only compared with its own first reading. */
  #digest = UNKNOWN
  /** The first one: after the configuration was written again, the chip has to come back to it. */
  #firstDigest = UNKNOWN
  #latestDigest = UNKNOWN
  /** Reported with the next good sample. */
  #reconfigured = false
  /** The interrupt was not taken back yet. */
  #acknowledging = false

  /** Throws FerrarisError `NO_DEVICE` when no ATM90E32 answers; what the bus's constructor throws goes through. */
  constructor(options: ATM90E32Options) {
    const { io: Bus, ...wiring } = options.sensor
    const io = new Bus({ hz: 1_000_000, mode: 3, ...wiring })
    this.#access = new RegisterAccess(io)
    this.#energy = new EnergyReader(this.#access, options.pending ?? new PendingEnergy())
    this.#values = new ValueReader(this.#access)
    this.#wait_ms = options.wait_ms
    try {
      if (!this.wake()) throw noDevice()
    } catch (error) {
      io.close()
      throw error
    }
    this.#io = io
  }

  /** One energy count in mWh, mvarh, mVAh: 10000 / meter constant; 25/8 for 3200 imp/kWh. */
  get energyUnit(): { readonly numerator: number; readonly denominator: number } {
    return this.#energyUnit
  }

  /** Energy readings that had to be recovered or repeated. */
  get recoveries(): number {
    return this.#energy.recoveries
  }

  /**
   * Writes the configuration, reads it back and closes the lock. A chip that counts with this meter constant is not reset, so what it counted while
   * the firmware or the driver restarted stays; otherwise counts since the last sample are lost.
   * Throws RangeError for a value that does not fit (nothing is written then), FerrarisError `NO_DEVICE` or `CONFIGURATION` (a register does not take its value).
   */
  configure(options: ATM90E32Configuration = {}): void {
    this.open()
    const { meterConstant = 3200 } = options
    const energyUnit = energyUnitOf(meterConstant)
    const image = createImage(options)
    this.#image = undefined
    if (!this.#access.probe(CONFIGURATION_KEY)) throw noDevice()
    if (!this.counts(image, meterConstant)) this.reset()
    if (!this.install(image)) throw new FerrarisError('CONFIGURATION', 'a register does not keep its value')
    for (const address of OTHER_ADDRESSES) image[address] = this.#access.agreed(address)
    this.#energy.pending.meterConstant = meterConstant
    this.#image = image
    this.#imageCheck = imageCheck(image)
    this.#energyUnit = energyUnit
    this.#firstDigest = UNKNOWN
    this.#latestDigest = UNKNOWN
    if (!this.#wait_ms) return
    this.#wait_ms(CRC_PASS_MS)
    this.takeDigest()
  }

  /** Values of the last sample as fine as the chip has them. */
  get fine(): FineReading {
    return this.#values.fine()
  }

  /**
   * Asks for the active power of the fundamental and of the harmonics, apart from the samples: the present values, unchecked. Of distortion this IC
   * measures no more: registers for THD+N are in its sister ATM90E36A only.
   */
  decomposed(): DecomposedPower {
    this.open()
    // A reading that is still to be settled stands in LastSPIData, which every read changes.
    if (!this.#energy.recall()) throw noDevice()
    return readDecomposed(this.#access)
  }

  /** The configuration that the chip was found to have last is the one that was written, calibration included. */
  get intact(): boolean {
    return this.#digest !== UNKNOWN && this.#digest === this.#firstDigest
  }

  /**
   * Reads energy, values and status. The object belongs to the driver and changes with the next call. Never throws for what the chip does: see `MeteringStatus`.
   * Throws FerrarisError `NOT_CONFIGURED` before `configure`. High and low word of a power are two transactions; if the chip updates
   * between them that reading may be off by the high word's step (21 W); energy is not concerned.
   */
  sample(): MeteringSample {
    this.open()
    if (!this.#image) throw new FerrarisError('NOT_CONFIGURED', 'configure() comes first')
    return whileBusWorks(this.#take, this.#fault)
  }

  /** Bound once, so that a sample makes no closure. */
  readonly #take = (): MeteringSample => {
    const image = this.#image
    const energy = this.#energy
    if (!image || !energy.recall()) return this.#fault()
    if (this.#acknowledging) this.sendAcknowledgement()
    if (!this.isSound(image) && !this.restore(image)) return this.#fault()
    if (!energy.readAll() || !this.#values.read() || !energy.alive()) return this.#fault()
    const sample = this.#sample
    this.#values.publish(sample)
    if (this.#reconfigured) sample.status |= MeteringStatus.reconfigured
    this.#reconfigured = false
    this.deliver()
    return sample
  }

  /**
   * Takes back the interrupt that pin IRQ1 raises when a phase voltage sags, is lost or returns. `sample().status` tells what it was about; take the
   * sample after this, so that a change in between raises the pin again. What a disturbed bus does not carry is sent with a later sample.
   */
  acknowledge(): void {
    this.open()
    this.#acknowledging = true
    // A reading that is still to be settled stands in LastSPIData, which every write changes.
    whileBusWorks(
      () => {
        if (this.#energy.recall()) this.sendAcknowledgement()
      },
      () => {},
    )
  }

  /** Closes the bus; may be called twice. */
  close(): void {
    this.#io?.close()
    this.#io = undefined
  }

  private sendAcknowledgement(): void {
    this.#access.write(Register.EMMIntState1, VOLTAGE_FAILURES)
    this.#acknowledging = this.#access.read(Register.LastSPIData) !== VOLTAGE_FAILURES
  }

  private open(): void {
    if (!this.#io) throw new Error('closed')
  }

  /** Waits for a chip that may just have got its supply or a reset. */
  private wake(): boolean {
    const energy = this.#energy
    for (let step = 0; step < STARTUP_STEPS; step++) {
      const settled = energy.recall()
      if (this.#access.probe(CONFIGURATION_KEY)) {
        // The chip answers and its marker is gone: there is nothing more to learn about a reading that was cut off.
        if (!settled) energy.pending.settle(energy.pending.latched)
        return true
      }
      this.#wait_ms?.(STARTUP_STEP_MS)
    }
    return false
  }

  private reset(): void {
    this.#access.write(Register.SoftReset, RESET_KEY)
    this.#wait_ms?.(STARTUP_STEP_MS)
    if (!this.wake()) throw noDevice()
  }

  /**
   * What the energy registers hold may be booked with this meter constant: an earlier driver of this run configured the chip so, or the chip itself
   * says so. Registers that differ are then written without a reset, as `sample` repairs them.
   */
  private counts(image: Image, meterConstant: number): boolean {
    if (this.#energy.pending.meterConstant !== 0) return this.#energy.pending.meterConstant === meterConstant
    for (const address of COUNTING) if (!this.#access.holds(address, image[address])) return false
    return true
  }

  private holds(image: Image): boolean {
    for (const address of IMAGE_ADDRESSES) if (!this.#access.holds(address, image[address])) return false
    return true
  }

  /** Writes what differs, verifies all of it and closes the lock; the configuration has to be open. */
  private install(image: Image): boolean {
    for (const address of IMAGE_ADDRESSES) if (!this.#access.store(address, image[address])) return false
    this.#digest = UNKNOWN
    if (!this.#access.store(Register.EMMIntEn1, VOLTAGE_FAILURES)) return false
    return this.holds(image) && this.#access.store(Register.CfgRegAccEn, LOCKED)
  }

  /** Without a reset: whatever the energy registers hold is still good. An image that changed in memory is never written; a new driver has a new one. */
  private restore(image: Image): boolean {
    if (imageCheck(image) !== this.#imageCheck || !this.#access.probe(CONFIGURATION_KEY)) return false
    for (const address of OTHER_ADDRESSES) this.#access.mend(address, image[address])
    if (!this.install(image)) return false
    this.#reconfigured = true
    return true
  }

  /**
   * The chip runs, and its configuration is what was written: MeterEn finds a reset, the CRC everything else. A chip that does not come back to its
   * first CRC is written once more, and both samples say so.
   */
  private isSound(image: Image): boolean {
    const access = this.#access
    if (!access.holds(Register.MeterEn, image[Register.MeterEn])) return false
    if (this.crcError()) return false
    if (this.#digest !== UNKNOWN) return access.holds(Register.CRCDigest, this.#digest)
    return this.takeDigest()
  }

  private takeDigest(): boolean {
    const digest = this.#access.agreed(Register.CRCDigest)
    // The same stranger twice, with every register read back in between: it was the first one that was misread.
    if (this.#firstDigest === UNKNOWN || digest === this.#latestDigest) this.#firstDigest = digest
    this.#latestDigest = digest
    this.#digest = digest
    return digest === this.#firstDigest
  }

  /** CFG_CRC_ERR [3.9], bit 0 of CRCErrStatus. */
  private crcError(): boolean {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) if ((this.#access.read(Register.CRCErrStatus) & 1) === 0) return false
    return true
  }

  private deliver(): void {
    const { counts } = this.#energy.pending
    const sample = this.#sample
    for (let i = 0; i < 4; i++) {
      sample.activeImport[i] = counts[i]
      sample.activeExport[i] = counts[4 + i]
      sample.reactiveImport[i] = counts[8 + i]
      sample.reactiveExport[i] = counts[12 + i]
      sample.apparent[i] = counts[16 + i]
    }
    counts.fill(0)
  }

  /** Old values, no counts; what was read before the bus died waits in `pending`. */
  readonly #fault = (): MeteringSample => silence(this.#sample)
}

function noDevice(): FerrarisError {
  return new FerrarisError('NO_DEVICE', 'no ATM90E32 answers on the bus')
}
