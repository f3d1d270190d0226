/**
 * BL0942: single-phase energy metering IC, UART 8N1 at 4800 or 9600 baud (pin SCLK_BPS).
 * Datasheet: Belling BL0942 V1.1; application note V1.04. Numbers in brackets are sections of the datasheet.
 *
 * It measures U, I, P and f, and counts active energy of both directions in one counter. No reactive or apparent energy; S and PF are computed here.
 */
import type { SerialConstructor, SerialOptions } from '../../../../hal/api/io.ts'
import { FerrarisError } from '../../../lib/errors.ts'
import type { Fraction } from '../../../lib/fraction.ts'
import {
  createMeteringSample,
  type MeteringSample,
  MeteringStatus,
  type SinglePhaseReading,
  singlePhase,
} from '../../../lib/metering-sample.ts'
import { PulseCounter } from '../../../lib/pulse-counter.ts'
import { RatioCarry } from '../../../lib/ratio-carry.ts'
import { DirectionSplit } from './direction.ts'
import { Exchange } from './exchange.ts'
import { type BL0942Configuration, CHECKED, createImage, type Image } from './image.ts'
import { COUNTER_MODULUS, MODE_RESET, Register, STATUS_CREEP, STATUS_REVERSE, UNLOCKED } from './registers.ts'
import { isPlausible, publish } from './values.ts'

export interface BL0942Options {
  /** The line: `baud` has the default 4800; the format is the chip's. */
  readonly sensor: Partial<SerialOptions> & { readonly io: SerialConstructor }
  /** Monotonic time. */
  readonly ticks_ms: () => number
  /** Pins A2_NCS and A1. Default 0. */
  readonly address?: 0 | 1 | 2 | 3
}

/** A packet takes 52 ms with its question at 4800 baud [3.2.5]. */
const ANSWER_MS = 250
/** So many samples without news repeat the old values; then the chip is reported. */
const STALE_MAX = 3
/** A mains voltage that is gone has to be gone twice: the meter itself is still running, and after its start the chip shows 0 for a while. */
const LOSS_CONFIRMATIONS = 2
/** What the chip counted while the firmware was away is taken for at most so long. */
const AWAY_MS = 60_000
const NO_DOUBT = -1

export class BL0942 {
  readonly identification: { readonly model: string } = Object.freeze({ model: 'BL0942' })

  readonly #ticks_ms: () => number
  readonly #exchange: Exchange
  readonly #sample: MeteringSample = createMeteringSample()
  #closed = false
  #image: Image = createImage({})
  #configured = false
  #counter = new PulseCounter(COUNTER_MODULUS, this.#image.pulsesPerSecond_max)
  #split = new DirectionSplit()
  #forward = new RatioCarry(this.#image.perPulse)
  #reverse = new RatioCarry(this.#image.perPulse)
  /** Energy that waits for the next sample. */
  #imported = 0
  #exported = 0
  /** All of `CHECKED` was found as it has to be. */
  #held = false
  /** Which of `CHECKED` is asked for now, and which one comes after MODE in the next round. */
  #index = 0
  #turn = 1
  #doubt = NO_DOUBT
  #asked_ms = 0
  #packet_ms = 0
  #news = false
  #stale = STALE_MAX
  #losses = 0
  #reconfigured = false

  /** The bus's constructor may throw. The chip is not asked yet: a UART answers later, and `sample` tells. */
  constructor(options: BL0942Options) {
    const { io, ...wiring } = options.sensor
    this.#ticks_ms = options.ticks_ms
    const line: SerialOptions = { baud: 4800, bits: 8, parity: 'none', stop: 1, ...wiring }
    const answered = (register: number, value: number) => this.answered(register, value)
    const writable = () => {
      if (this.#configured && !this.#held && !this.#exchange.waiting) this.ask(Register.packet)
    }
    this.#exchange = new Exchange(io, line, options.address ?? 0, answered, writable)
  }

  /** One pulse of CF without a correction in mWh [2.4], as the nearest fraction with terms up to a million. */
  get energyUnit(): Fraction {
    return this.#image.energyUnit
  }

  /** Reading of CF_CNT up to which pulses were handed over or wait for the next sample; undefined before the second reading. */
  get counted(): number | undefined {
    return this.#counter.position
  }

  /** The chip was found to hold all of its configuration. */
  get intact(): boolean {
    return this.#held
  }

  /** Values of the last sample, of the one phase: for the calibration. */
  get fine(): SinglePhaseReading {
    return singlePhase(this.#sample)
  }

  /** How often the counter did not just go on. */
  get restarts(): number {
    return this.#counter.restarts
  }

  /**
   * Takes the configuration; it is written and verified in the time after, as the line allows. A chip that already holds it goes on undisturbed.
   * Throws RangeError for a value that does not fit.
   */
  configure(options: BL0942Configuration = {}): void {
    this.open()
    const image = createImage(options)
    const again = this.#configured
    const { counted } = options
    if (counted !== undefined && !(Number.isInteger(counted) && counted >= 0 && counted < COUNTER_MODULUS)) throw new RangeError('counted')
    // What was counted so far was counted with the correction before.
    if (again) this.collect()
    this.#image = image
    this.#counter = new PulseCounter(COUNTER_MODULUS, image.pulsesPerSecond_max)
    if (counted !== undefined) this.#counter.resume(counted, AWAY_MS, this.#ticks_ms())
    this.#split = new DirectionSplit()
    this.#forward = new RatioCarry(image.perPulse)
    this.#reverse = new RatioCarry(image.perPulse)
    this.#configured = true
    this.#held = false
    this.#news = false
    if (!again) this.#stale = STALE_MAX
    this.ask(Register.packet)
  }

  /**
   * Gives the newest values and the pulses since the last sample, and asks the chip for the next ones. To be called about once a second. The object
   * belongs to the driver. Never throws for what the chip does: see `MeteringStatus`.
   * Throws FerrarisError `NOT_CONFIGURED` before `configure`.
   */
  sample(): MeteringSample {
    this.open()
    if (!this.#configured) throw new FerrarisError('NOT_CONFIGURED', 'configure() comes first')
    const sample = this.#sample
    this.#stale = this.#news ? 0 : Math.min(this.#stale + 1, STALE_MAX)
    this.#news = false
    if (!this.#exchange.waiting || this.#ticks_ms() - this.#asked_ms > ANSWER_MS) this.ask(Register.packet)
    sample.activeImport.fill(0)
    sample.activeExport.fill(0)
    sample.status &= ~(MeteringStatus.reconfigured | MeteringStatus.fault)
    if (this.#stale === STALE_MAX) sample.status |= MeteringStatus.fault
    else this.deliver()
    return sample
  }

  /** The chip has no interrupt. */
  acknowledge(): void {
    this.open()
  }

  /** Closes the line; may be called twice. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#exchange.close()
  }

  private open(): void {
    if (this.#closed) throw new Error('closed')
  }

  private deliver(): void {
    const sample = this.#sample
    this.collect()
    sample.activeImport.fill(this.#imported, 0, 2)
    sample.activeExport.fill(this.#exported, 0, 2)
    this.#imported = 0
    this.#exported = 0
    if (this.#reconfigured) sample.status |= MeteringStatus.reconfigured
    this.#reconfigured = false
  }

  /** Turns pulses into energy. */
  private collect(): void {
    const split = this.#split
    const exporting = this.#image.mWPerCount < 0
    const forward = this.#forward.add(split.forward)
    const reverse = this.#reverse.add(split.reverse)
    this.#imported += exporting ? reverse : forward
    this.#exported += exporting ? forward : reverse
    split.forward = 0
    split.reverse = 0
  }

  // --- a round: packet, MODE, one more register (or all of them after a change) ---

  private ask(register: number): void {
    this.#asked_ms = this.#ticks_ms()
    if (register === Register.packet) this.#doubt = NO_DOUBT
    this.#exchange.ask(register)
  }

  private check(index: number): void {
    this.#index = index
    this.#doubt = NO_DOUBT
    this.ask(CHECKED[index])
  }

  private answered(register: number, value: number): void {
    if (register === Register.packet) {
      this.#packet_ms = this.#ticks_ms()
      this.check(0)
    } else if (value === this.#image.values[this.#index]) this.checked()
    else if (value === this.#doubt) this.changed(value)
    else {
      // The checksum has eight bits; only the second equal answer convinces.
      this.#doubt = value
      this.ask(register)
    }
  }

  private checked(): void {
    const index = this.#index
    if (this.#held) {
      if (index > 0) return
      // MODE after the packet: the chip was not reset between the last packet and this one.
      this.accept()
      this.check(this.#turn)
      this.#turn = this.#turn + 1 < CHECKED.length ? this.#turn + 1 : 1
    } else if (index + 1 < CHECKED.length) this.check(index + 1)
    else {
      this.#held = true
      this.accept()
    }
  }

  /** A register holds something else: after a reset all of them, or a bit flipped. */
  private changed(value: number): void {
    if (CHECKED[this.#index] === Register.MODE && value === MODE_RESET) this.wasReset()
    if (this.#held) this.#reconfigured = true
    this.#held = false
    this.#exchange.order(Register.USR_WRPROT, UNLOCKED)
    for (let i = 0; i < CHECKED.length; i++) this.#exchange.order(CHECKED[i], this.#image.values[i])
    this.ask(Register.packet)
  }

  /** CF_CNT started again at zero. At the first contact that is what a power-up does, and no reason to mark anything. */
  private wasReset(): void {
    const { position } = this.#counter
    if (this.#held) this.#counter.restart()
    else if (position !== undefined) {
      if (position > 0) this.#reconfigured = true
      this.#counter.resume(0, AWAY_MS, this.#ticks_ms())
    }
  }

  // --- a packet of which everything is known to be good but its content ---

  private accept(): void {
    const { packet } = this.#exchange
    const image = this.#image
    if (!isPlausible(packet, image)) return
    if (packet.voltage * image.mVPerCount >= image.phaseLoss_mV) this.#losses = 0
    else if (this.#losses < LOSS_CONFIRMATIONS) this.#losses++
    if (this.#losses > 0 && this.#losses < LOSS_CONFIRMATIONS) return
    const { restarts } = this.#counter
    const rate = Math.abs(packet.power) * image.pulsesPerCountSecond
    const counts = this.#counter.read(packet.pulses, this.#packet_ms, rate)
    if (this.#counter.restarts !== restarts) this.#reconfigured = true
    this.#split.add(counts, packet.power, (packet.status & STATUS_REVERSE) !== 0)
    publish(packet, image, this.#sample)
    if (packet.status & STATUS_CREEP) this.#sample.status |= MeteringStatus.noLoad
    this.#news = true
  }
}
