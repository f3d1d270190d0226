/**
 * ADE7953: single-phase energy metering IC with a second current channel, SPI up to 5 MHz or I2C up to 400 kHz.
 * Datasheet: Analog Devices ADE7953 Rev. B; quoted names are its headings.
 *
 * Channel A is in the phase and counts; channel B is in the neutral and measures its current, so that a difference shows.
 */
import type { I2CConstructor, I2COptions } from '../../../../hal/api/i2c.ts'
import type { SPIConstructor, SPIOptions } from '../../../../hal/api/io.ts'
import { MILLI_UNIT } from '../../../lib/energy-carry.ts'
import { FerrarisError } from '../../../lib/errors.ts'
import type { Fraction } from '../../../lib/fraction.ts'
import { createMeteringSample, type MeteringSample, MeteringStatus, silence } from '../../../lib/metering-sample.ts'
import { FAILED, I2cPort, RegisterAccess, SpiPort } from './access.ts'
import { EnergyReader, PendingEnergy } from './energy.ts'
import { type ADE7953Configuration, createImage, DISNOLOAD_ALL, type Image, imageCheck } from './image.ts'
import { Config, CRC_DISABLED, Irq, Register } from './registers.ts'
import { type FineReading, ValueReader } from './values.ts'

interface CommonOptions {
  /** Blocks for a time. Needed by a real chip, which takes up to 100 ms to start; `configure` waits at most 125 ms for it. */
  readonly wait_ms?: (duration_ms: number) => void
  /** Monotonic time. With it the driver knows what an energy register can have counted: one that rolled over is certain then, one that is wrong is not believed. */
  readonly ticks_ms?: () => number
  /** What an earlier driver of the same chip has read and not delivered. */
  readonly pending?: PendingEnergy
}

/** The bus; its options have defaults (SPI: 2 MHz, mode 0; I2C: address 38H, 400 kHz), a board may override them. */
export type ADE7953Options = CommonOptions &
  (
    | { readonly bus: 'SPI'; readonly sensor: Partial<SPIOptions> & { readonly io: SPIConstructor } }
    | { readonly bus: 'I2C'; readonly sensor: Partial<I2COptions> & { readonly io: I2CConstructor } }
  )

const STARTUP_STEP_MS = 5
const STARTUP_STEPS = 25
/** The checksum is made 6990 times a second. */
const CHECKSUM_MS = 1
const UNKNOWN = -1
/** WRITE_PROTECT: registers of all widths. */
const PROTECT_ALL = 7

export class ADE7953 {
  readonly identification: { readonly model: string } = Object.freeze({ model: 'ADE7953' })
  /** 1 mWh: what a count is worth differs from board to board; counts are converted exactly, and the rest is carried. */
  readonly energyUnit: Fraction = MILLI_UNIT

  readonly #access: RegisterAccess
  readonly #energy: EnergyReader
  readonly #values: ValueReader
  readonly #sample: MeteringSample = createMeteringSample()
  readonly #wait_ms: ((duration_ms: number) => void) | undefined
  readonly #ticks_ms: (() => number) | undefined
  #closed = false
  #image: Image | undefined
  #imageCheck = 0
  /** Checksum of this configuration: reserved registers go in, so it is only compared with its own first reading. */
  #checksum = UNKNOWN
  #firstChecksum = UNKNOWN
  /** Which register outside the checksum is compared next. */
  #turn = 0
  /** The image is in the chip. */
  #installed = false
  /** The checksum differs although every register of the image holds: a reserved one changed, which only a reset puts right. */
  #foreign = false
  #resets = 0
  #reconfigured = false
  #converted_ms: number | undefined

  /** Throws FerrarisError `NO_DEVICE` when no ADE7953 answers; what the bus's constructor throws goes through. */
  constructor(options: ADE7953Options) {
    const port = portOf(options)
    this.#access = new RegisterAccess(port)
    this.#energy = new EnergyReader(this.#access, options.pending ?? new PendingEnergy())
    this.#values = new ValueReader(this.#access)
    this.#wait_ms = options.wait_ms
    this.#ticks_ms = options.ticks_ms
    if (this.wake()) return
    port.close()
    throw noDevice()
  }

  /** Readings that had to be recovered or repeated. */
  get recoveries(): number {
    return this.#energy.recoveries
  }

  /**
   * Writes the configuration and reads it back. A chip that was configured before is not reset, so what it counted while the firmware or the driver restarted
   * stays; what a chip counted before it was ever configured is left out.
   * Throws RangeError for a value that does not fit (nothing is written then), FerrarisError `NO_DEVICE` or `CONFIGURATION` (a register does not take its value).
   */
  configure(options: ADE7953Configuration = {}): void {
    this.open()
    const image = createImage(options)
    if (!this.wake()) throw noDevice()
    const counts = this.#access.fetch(Register.CONFIG) === image.config
    if (this.#image && counts && !this.collect()) throw noDevice()
    this.#image = undefined
    if (!counts) this.reset()
    this.#energy.pending.prepare(image.energy)
    if (!this.install(image)) throw new FerrarisError('CONFIGURATION', 'a register does not keep its value')
    // What a chip counted that was just reset, it counted with other gains.
    if (!counts) this.#energy.drain(Register.CONFIG)
    this.#image = image
    this.#imageCheck = imageCheck(image)
    this.#firstChecksum = UNKNOWN
    this.#foreign = false
    this.#converted_ms = counts ? undefined : this.#ticks_ms?.()
    if (!this.#wait_ms) return
    this.#wait_ms(CHECKSUM_MS)
    this.takeChecksum()
  }

  /** Values of the last sample as fine as the chip has them: phase, neutral. */
  get fine(): FineReading {
    if (!this.#image) throw notConfigured()
    return this.#values.fine(this.#image)
  }

  /** The configuration that the chip was found to have last is the one that was written, calibration included. */
  get intact(): boolean {
    return this.#checksum !== UNKNOWN && this.#checksum === this.#firstChecksum
  }

  /**
   * Reads energy, values and status. The object belongs to the driver and changes with the next call. Never throws for what the chip does: see `MeteringStatus`.
   * Throws FerrarisError `NOT_CONFIGURED` before `configure`. An energy register of the chip holds 40 s at full scale.
   */
  sample(): MeteringSample {
    this.open()
    const image = this.#image
    if (!image) throw notConfigured()
    if (!this.#energy.recall() || !this.inspect(image)) return this.fault()
    if (!this.#energy.readAll(Register.CONFIG) || !this.#values.read()) return this.fault()
    const sample = this.#sample
    this.#values.publish(image, sample, (this.#energy.pending.events & Irq.Sag) !== 0)
    if (!this.convert()) this.#reconfigured = true
    if (this.#reconfigured) sample.status |= MeteringStatus.reconfigured
    this.#reconfigured = false
    this.deliver()
    if (this.#foreign) this.softReset(image)
    return sample
  }

  /**
   * Takes back the interrupt of pin IRQ (active low): a sag, a voltage without crossings, a reset. `sample().status` tells what it was about. What a
   * disturbed bus does not carry is done with a later sample, which reads the events anyway.
   */
  acknowledge(): void {
    this.open()
    if (!this.#energy.recall()) return
    if (this.#access.fetch(Register.CONFIG) !== FAILED) this.#energy.readEvents(Register.CONFIG)
  }

  /** Closes the bus; may be called twice. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#access.close()
  }

  private open(): void {
    if (this.#closed) throw new Error('closed')
  }

  /** Waits for a chip that may just have got its supply. A reading that is still to be settled goes first. */
  private wake(): boolean {
    for (let step = 0; step < STARTUP_STEPS; step++) {
      if (this.#energy.recall() && this.#access.fetch(Register.CONFIG) !== FAILED) return true
      this.#wait_ms?.(STARTUP_STEP_MS)
    }
    return false
  }

  /** "the recommended response is to issue a hardware/software reset" ("Checksum Register"). The next sample finds and repairs it. */
  private softReset(image: Image): void {
    this.#foreign = false
    this.#resets++
    this.#access.put(Register.WRITE_PROTECT, 0)
    this.#access.put(Register.CONFIG, image.config | Config.SWRST)
  }

  private reset(): void {
    this.#access.put(Register.WRITE_PROTECT, 0)
    this.#access.put(Register.CONFIG, Config.HPFEN | Config.COMM_LOCK | Config.SWRST)
    this.#wait_ms?.(STARTUP_STEP_MS)
    if (!this.wake()) throw noDevice()
  }

  /** Takes what the chip counted so far with the configuration that it has. */
  private collect(): boolean {
    if (!this.#energy.readAll(Register.CONFIG) || !this.#values.read()) return false
    if (!this.convert()) this.#reconfigured = true
    return true
  }

  /** Writes what differs and verifies all of it; no-load and sag detection are off meanwhile. CONFIG is the last register that was fetched. */
  private install(image: Image): boolean {
    const access = this.#access
    this.#installed = false
    this.#checksum = UNKNOWN
    if (!access.store(Register.WRITE_PROTECT, 0)) return false
    if (!this.holdsThresholds(image)) {
      if (!access.store(Register.DISNOLOAD, DISNOLOAD_ALL) || !access.store(Register.SAGLVL, 0)) return false
    }
    for (const [address, value] of image.entries) if (!access.store(address, value)) return false
    for (const [address, value] of image.entries) if (access.fetch(address) !== value) return false
    if (!access.store(Register.WRITE_PROTECT, PROTECT_ALL)) return false
    this.#installed = access.fetch(Register.CONFIG) === image.config
    return this.#installed
  }

  private holdsThresholds(image: Image): boolean {
    for (const [address, value] of image.unchecked) if (this.#access.fetch(address) !== value) return false
    return true
  }

  /** The chip runs with its configuration, or has it again. False when the bus fails. CONFIG is the last register that was fetched. */
  private inspect(image: Image): boolean {
    if (!this.#installed) return this.restore(image)
    const access = this.#access
    const checksum = access.fetch(Register.CRC)
    const [address, value] = image.unchecked[this.#turn]
    this.#turn = (this.#turn + 1) % image.unchecked.length
    const unchecked = access.fetch(address)
    const config = access.fetch(Register.CONFIG)
    if (checksum === FAILED || unchecked === FAILED || config === FAILED) return false
    if (config !== image.config || unchecked !== value) return this.restore(image)
    if (this.#checksum === UNKNOWN) this.compare(checksum)
    return this.#checksum === UNKNOWN || checksum === this.#checksum || this.restore(image)
  }

  /** Without a reset: whatever the energy registers hold is still good. An image that changed in memory is never written; a new driver has a new one. */
  private restore(image: Image): boolean {
    if (imageCheck(image) !== this.#imageCheck || !this.install(image)) return false
    this.#reconfigured = true
    return true
  }

  private takeChecksum(): void {
    const checksum = this.#access.fetch(Register.CRC)
    if (checksum !== FAILED) this.compare(checksum)
  }

  /** The first one after the configuration was written. It has to be that of the start; a chip that does not come back to it after a reset is believed. */
  private compare(checksum: number): void {
    if (checksum === CRC_DISABLED) return
    if (this.#firstChecksum === UNKNOWN) this.#firstChecksum = checksum
    if (checksum === this.#firstChecksum) this.#resets = 0
    else if (this.#resets === 0) {
      this.#foreign = true
      this.#reconfigured = true
    }
    this.#checksum = checksum
  }

  private convert(): boolean {
    const now_ms = this.#ticks_ms?.()
    const elapsed_ms = now_ms === undefined || this.#converted_ms === undefined ? undefined : now_ms - this.#converted_ms
    this.#converted_ms = now_ms
    return this.#energy.convert(this.#values.active, this.#values.reactive, elapsed_ms)
  }

  private deliver(): void {
    const { activeImport, activeExport, reactiveImport, reactiveExport, apparent } = this.#sample
    const { carries } = this.#energy.pending
    activeImport.fill(carries[0].take(), 0, 2)
    activeExport.fill(carries[1].take(), 0, 2)
    reactiveImport.fill(carries[2].take(), 0, 2)
    reactiveExport.fill(carries[3].take(), 0, 2)
    apparent.fill(carries[4].take(), 0, 2)
  }

  /** Old values, no counts; what was read before the bus died waits in `pending`. */
  private fault(): MeteringSample {
    return silence(this.#sample)
  }
}

function portOf(options: ADE7953Options): SpiPort | I2cPort {
  if (options.bus === 'SPI') {
    const { io, ...wiring } = options.sensor
    return new SpiPort(io, { hz: 2_000_000, mode: 0, ...wiring })
  }
  const { io, ...wiring } = options.sensor
  return new I2cPort(io, wiring)
}

function noDevice(): FerrarisError {
  return new FerrarisError('NO_DEVICE', 'no ADE7953 answers on the bus')
}

function notConfigured(): FerrarisError {
  return new FerrarisError('NOT_CONFIGURED', 'configure() comes first')
}
