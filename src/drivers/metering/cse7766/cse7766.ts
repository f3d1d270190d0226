/**
 * CSE7766 (also CSE7759B, HLW8032): single-phase energy metering IC that sends a frame about ten times a second, UART 4800 baud 8E1.
 * Datasheet: Chipsea CSE7766 user manual Rev. 1.2.
 *
 * It measures U, I and P and counts active energy, without direction: everything is import. No frequency, no reactive or apparent energy; S and PF
 * are computed here.
 */
import type { Serial, SerialConstructor, SerialOptions } from '../../../../hal/api/io.ts'
import { EnergyCarry, MILLI_UNIT } from '../../../lib/energy-carry.ts'
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
import { type Circuit, type CSE7766Configuration, createCircuit } from './circuit.ts'
import { Coefficients } from './coefficients.ts'
import { COUNTER_MODULUS, createFrame, decodeFrame, FRAME_BYTES, isFrame } from './frame.ts'
import { isLoss, Values } from './values.ts'

export interface CSE7766Options {
  /** The line: the format has the chip's defaults. */
  readonly sensor: Partial<SerialOptions> & { readonly io: SerialConstructor }
  /** Monotonic time. */
  readonly ticks_ms: () => number
  /** The voltage is gone: called once when frames agree on it, 0.4 s after it went, while bytes are received. The next sample says so. */
  readonly onLoss?: () => void
}

const BUFFER_BYTES = 2 * FRAME_BYTES
/** So many samples without news repeat the old values; then the chip is reported. */
const STALE_MAX = 3
/** Frames that have to agree before a mains voltage is gone: the meter itself is still running. */
const LOSS_CONFIRMATIONS = 3
/** What the chip counted while the firmware was away is taken for at most so long: the counter wraps after a minute at full load. */
const AWAY_MS = 20_000
/** Microjoules in 1 mWh. */
const UJ_PER_COUNT = 3_600_000

export class CSE7766 {
  readonly identification: { readonly model: string } = Object.freeze({ model: 'CSE7766' })
  readonly energyUnit: Fraction = MILLI_UNIT

  readonly #ticks_ms: () => number
  readonly #onLoss: (() => void) | undefined
  readonly #serial: Serial
  readonly #sample: MeteringSample = createMeteringSample()
  readonly #bytes = new Uint8Array(BUFFER_BYTES)
  readonly #frame = createFrame()
  readonly #values = new Values()
  readonly #coefficients = new Coefficients()
  #circuit: Circuit = createCircuit({})
  #counter = new PulseCounter(COUNTER_MODULUS, this.#circuit.pulsesPerSecond_max)
  #carry = carryOf(this.#circuit)
  /** Energy from before the configuration was changed. */
  #waiting = 0
  #configured = false
  #closed = false
  #filled = 0
  #news = false
  #stale = STALE_MAX
  #losses = 0
  #reconfigured = false
  #refused = 0

  /** The bus's constructor may throw. Whether a chip is there shows with its frames: see `sample`. */
  constructor(options: CSE7766Options) {
    const { io: Io, ...wiring } = options.sensor
    this.#ticks_ms = options.ticks_ms
    this.#onLoss = options.onLoss
    this.#serial = new Io({
      baud: 4800,
      bits: 8,
      parity: 'even',
      stop: 1,
      ...wiring,
      onReadable: (count) => this.collect(count),
      // A byte is missing now; the checksum finds it.
      onError: () => {},
    })
  }

  /** Reading of the pulse counter up to which pulses were handed over or wait for the next sample; undefined before the second frame. */
  get counted(): number | undefined {
    return this.#counter.position
  }

  /** Values of the last sample, of the one phase: for the calibration. */
  get fine(): SinglePhaseReading {
    return singlePhase(this.#sample)
  }

  /** How often the counter did not just go on. */
  get restarts(): number {
    return this.#counter.restarts
  }

  /** Frames with a right checksum that were not believed. */
  get refused(): number {
    return this.#refused
  }

  /** Takes the configuration; nothing is written, the chip cannot hear. Throws RangeError for a value that does not fit. */
  configure(options: CSE7766Configuration = {}): void {
    this.open()
    const circuit = createCircuit(options)
    const { counted } = options
    if (counted !== undefined && !(Number.isInteger(counted) && counted >= 0 && counted < COUNTER_MODULUS)) throw new RangeError('counted')
    // What was counted so far was counted with the correction before.
    this.#waiting += this.#carry.take()
    this.#circuit = circuit
    this.#counter = new PulseCounter(COUNTER_MODULUS, circuit.pulsesPerSecond_max)
    if (counted !== undefined) this.#counter.resume(counted, AWAY_MS, this.#ticks_ms())
    this.#carry = carryOf(circuit)
    if (!this.#configured) this.#stale = STALE_MAX
    this.#configured = true
    this.#news = false
  }

  /**
   * Gives the newest values and the energy since the last sample. To be called about once a second. The object belongs to the driver. Never throws for
   * what the chip does: see `MeteringStatus`.
   * Throws FerrarisError `NOT_CONFIGURED` before `configure`.
   */
  sample(): MeteringSample {
    this.open()
    if (!this.#configured) throw new FerrarisError('NOT_CONFIGURED', 'configure() comes first')
    const sample = this.#sample
    this.#stale = this.#news ? 0 : Math.min(this.#stale + 1, STALE_MAX)
    this.#news = false
    sample.activeImport.fill(0)
    sample.status &= ~(MeteringStatus.reconfigured | MeteringStatus.fault)
    if (this.#stale === STALE_MAX) {
      sample.status |= MeteringStatus.fault
      return sample
    }
    sample.activeImport.fill(this.#waiting + this.#carry.take(), 0, 2)
    this.#waiting = 0
    if (this.#reconfigured) sample.status |= MeteringStatus.reconfigured
    this.#reconfigured = false
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
    this.#serial.close()
  }

  private open(): void {
    if (this.#closed) throw new Error('closed')
  }

  /** Reads only when a frame can be complete: each reading makes a buffer. */
  private collect(count: number): void {
    let left = count
    while (this.#filled + left >= FRAME_BYTES) {
      const bytes = this.#serial.read(BUFFER_BYTES - this.#filled)
      if (bytes === undefined) return
      this.#bytes.set(bytes, this.#filled)
      this.#filled += bytes.length
      left -= bytes.length
      this.search()
    }
  }

  /** Takes all frames out of the buffer; after a bad one it goes on one byte later. Keeps what may be the beginning of a frame. */
  private search(): void {
    const bytes = this.#bytes
    let at = 0
    while (at + FRAME_BYTES <= this.#filled) {
      if (!isFrame(bytes, at)) at++
      else {
        if (this.#configured) this.take(at)
        at += FRAME_BYTES
      }
    }
    bytes.copyWithin(0, at, this.#filled)
    this.#filled -= at
  }

  private take(at: number): void {
    const frame = this.#frame
    if (!decodeFrame(this.#bytes, at, frame) || !this.isBelievable()) {
      this.#refused++
      return
    }
    this.count()
    this.#values.publish(this.#circuit, frame.noLoad, this.#sample)
    this.#news = true
    if (this.#losses === LOSS_CONFIRMATIONS) this.#onLoss?.()
  }

  private isBelievable(): boolean {
    const frame = this.#frame
    const { changes } = this.#coefficients
    if (!this.#coefficients.accept(frame)) return false
    if (this.#coefficients.changes !== changes) this.#reconfigured = true
    const loss = isLoss(frame, this.#circuit)
    if (frame.noVoltage && !loss) return false
    this.#losses = loss ? this.#losses + 1 : 0
    if (loss && this.#losses < LOSS_CONFIRMATIONS) return false
    return this.#values.take(frame, this.#circuit)
  }

  private count(): void {
    const { pulses, powerPeriod, powerCoefficient, noLoad } = this.#frame
    if (pulses < 0) return
    const { restarts } = this.#counter
    const rate = noLoad || powerPeriod === 0 ? 0 : 1e6 / powerPeriod
    // A pulse is worth the power coefficient in microjoules [3.6], which is known only with the first frame.
    this.#carry.add(this.#counter.read(pulses, this.#ticks_ms(), rate) * powerCoefficient)
    if (this.#counter.restarts !== restarts) this.#reconfigured = true
  }
}

function carryOf({ energy }: Circuit): EnergyCarry {
  return new EnergyCarry({ numerator: energy.numerator, denominator: energy.denominator * UJ_PER_COUNT })
}
