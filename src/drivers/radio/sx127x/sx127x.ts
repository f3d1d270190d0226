// Semtech SX1276 (RFM95, RA-01H): transceiver for LoRa and FSK, 137 to 1020 MHz.
// Datasheet DS_SX1276-7-8-9_W_APP revision 7, errata note revision 1.1.
import type { Digital, SPIConstructor, SPIOptions } from '../../../../hal/api/io.ts'
import type { Timer, TimerHandle } from '../../../../hal/api/time.ts'
import { airtime_us, symbol_us } from '../../../lib/lora-airtime.ts'
import type {
  FskModulation,
  LoRaModulation,
  LoRaRadio,
  RadioEvents,
  RadioFrame,
  RadioReception,
  RadioTransmission,
} from '../../../lib/lora-radio.ts'
import { interruptLine, openTogether, type Pin, resetLine } from '../parts.ts'
import { FRAME_MAX_MS, GUARD_MS, type Job, receiveJob, transmitJob } from '../requests.ts'
import { IncomingPacket, OutgoingPacket } from './fsk-packet.ts'
import { Port } from './port.ts'
import { FskIrq1, FskIrq2, FskRegister, LONG_RANGE, LOW_FREQUENCY, LoRaIrq, LoRaRegister, Mode, Register } from './registers.ts'
import { isLowBand, POWER_RANGE, setFrequency, setInversion, setPower, tuneFsk, tuneLoRa } from './tune.ts'

const VERSION = 0x12
const RESET_MS = 1
/** Section 7.2.2: 5 ms after the reset. */
const READY_MS = 6
/** The crystal oscillator needs 250 µs (table 9); a TCXO more. */
const WAKE_MS = 1
const TCXO_WAKE_MS = 5
/** Calibration of the receiver for the upper band; it takes 10 ms. The lower one is calibrated after a reset. */
const CALIBRATION_HZ = 868_000_000
const CALIBRATION_POLLS_MAX = 30
const POLL_MS = 1
/** FSK: the FIFO of 64 bytes lasts 10 ms at 50 kbit/s. */
const FIFO_POLL_MS = 2
/** A preamble that was found as the window ended may still become a frame. */
const LATE_POLLS = 2
const SYMBOLS_MIN = 4
const SYMBOLS_MAX = 1023
/** Section 5.5.5. */
const RSSI_HIGH_DBM = -157
const RSSI_LOW_DBM = -164
const LIMITS = Object.freeze({ lowest_Hz: 137_000_000, highest_Hz: 1_020_000_000, spreadingFactor_min: 6 })

export interface SX127xOptions {
  /** SPI mode 0, at most 10 MHz. */
  readonly radio: SPIOptions & { readonly io: SPIConstructor }
  /** DIO0: end of a frame. */
  readonly interrupt: Pin
  /** DIO1: end of a window, and level of the FIFO. */
  readonly dio1: Pin
  readonly reset: Pin
  /** The antenna is at PA_BOOST, as on nearly all modules; else at RFO. */
  readonly paBoost: boolean
  /** A TCXO feeds XTA. */
  readonly tcxo?: boolean
  readonly timer: Timer
  readonly events: RadioEvents
}

/**
 * Driver of an SX1276. Nothing in it blocks. A chip that does not answer, or does not tell the end of what it was told to do, is reset, and `onError` says so; the
 * next job starts with a fresh chip.
 */
export class SX127x implements LoRaRadio {
  readonly #options: SX127xOptions
  readonly #port: Port
  readonly #reset: Digital
  readonly #pins: readonly Digital[]
  /** Start and waking. */
  #timer: TimerHandle | undefined
  #guard: TimerHandle | undefined
  #poll: TimerHandle | undefined
  #next: Job | undefined
  #current: Job = { kind: 'sleep' }
  #configured = false
  #asleep = false
  #lora = false
  #lowBand = false
  #outgoing: OutgoingPacket | undefined
  #incoming: IncomingPacket | undefined
  #rssi_dBm: number | undefined
  /** Longest frame of the FSK that it is tuned to. */
  #frame_ms = 0
  #closed = false

  /** Errors: those of the constructors of bus and pins; nothing of what was opened stays open. */
  constructor(options: SX127xOptions) {
    this.#options = options
    const { io: SPI, ...bus } = options.radio
    const onInterrupt = () => this.onInterrupt()
    const opened = openTogether((keep) => ({
      port: new Port(keep(new SPI({ mode: 0, ...bus }))),
      reset: keep(resetLine(options.reset)),
      pins: [keep(interruptLine(options.interrupt, onInterrupt)), keep(interruptLine(options.dio1, onInterrupt))],
    }))
    this.#port = opened.port
    this.#reset = opened.reset
    this.#pins = opened.pins
    this.restart()
  }

  transmit(transmission: RadioTransmission): void {
    const { max_dBm } = this.#options.paBoost ? POWER_RANGE.boost : POWER_RANGE.rfo
    this.do(transmitJob(transmission, { ...LIMITS, power_dBm: max_dBm }))
  }

  receive(reception: RadioReception): void {
    this.do(receiveJob(reception, { ...LIMITS, power_dBm: 0 }))
  }

  sleep(): void {
    this.do({ kind: 'sleep' })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.clear()
    this.#port.close()
    this.#reset.close()
    for (const pin of this.#pins) pin.close()
  }

  private do(job: Job): void {
    if (this.#closed) throw new Error('the radio is closed')
    this.#next = job
    this.forget()
    // A chip that starts or wakes up does then what was asked for last.
    if (this.#configured && this.#timer === undefined) this.start()
  }

  // Start

  private restart(): void {
    this.clear()
    this.#configured = false
    this.#asleep = false
    this.#lora = false
    this.#reset.write(0)
    this.after(RESET_MS, () => {
      this.#reset.write(1)
      this.after(READY_MS, () => this.configure())
    })
  }

  private configure(): void {
    const version = this.#port.read(Register.Version)
    if (version !== VERSION) {
      this.fail(`no answer: the version reads ${version.toString(16)}`)
      return
    }
    this.enter(Mode.standby)
    this.#port.write(Register.Tcxo, this.#options.tcxo === true ? 0x19 : 0x09)
    // No power while the receiver is calibrated.
    this.#port.write(Register.PaConfig, 0)
    setFrequency(this.#port, CALIBRATION_HZ)
    this.#port.write(FskRegister.ImageCal, 0x42)
    this.whenCalibrated()
  }

  private whenCalibrated(polls = 0): void {
    this.after(POLL_MS, () => {
      if ((this.#port.read(FskRegister.ImageCal) & 0x20) !== 0) {
        if (polls < CALIBRATION_POLLS_MAX) this.whenCalibrated(polls + 1)
        else this.fail('calibration does not end')
        return
      }
      // Highest gain, and 150 % current in the upper band.
      this.#port.write(Register.Lna, 0x23)
      this.#configured = true
      this.start()
    })
  }

  private after(delay_ms: number, then: () => void): void {
    this.#timer = this.#options.timer.set(() => {
      this.#timer = undefined
      then()
    }, delay_ms)
  }

  private fail(reason: string): void {
    this.#next = undefined
    this.restart()
    this.#options.events.onError(`SX1276: ${reason}`)
  }

  private clear(): void {
    this.forget()
    if (this.#timer !== undefined) this.#options.timer.clear(this.#timer)
    this.#timer = undefined
  }

  /** Nothing is expected of the chip any more. */
  private forget(): void {
    const { timer } = this.#options
    for (const handle of [this.#guard, this.#poll]) if (handle !== undefined) timer.clear(handle)
    this.#guard = undefined
    this.#poll = undefined
    this.#outgoing = undefined
    this.#incoming = undefined
    this.#rssi_dBm = undefined
    this.#current = { kind: 'sleep' }
  }

  private enter(mode: number): void {
    this.#port.write(Register.OpMode, (this.#lora ? LONG_RANGE : 0) | (this.#lowBand ? LOW_FREQUENCY : 0) | mode)
    this.#asleep = mode === Mode.sleep
  }

  // Jobs

  private start(): void {
    const job = this.#next
    if (job === undefined || job.kind === 'sleep') {
      this.#next = undefined
      if (!this.#asleep) this.enter(Mode.sleep)
      return
    }
    const { modulation, frequency_Hz } = job.what
    const lora = modulation.type === 'lora'
    if (lora !== this.#lora) {
      // The modem can be changed in sleep only.
      this.enter(Mode.sleep)
      this.#lora = lora
      this.enter(Mode.sleep)
    }
    this.#lowBand = isLowBand(frequency_Hz)
    const slept = this.#asleep
    this.enter(Mode.standby)
    if (slept) {
      this.after(this.#options.tcxo === true ? TCXO_WAKE_MS : WAKE_MS, () => this.start())
      return
    }
    this.#next = undefined
    this.#current = job
    if (job.kind === 'transmit') this.startTransmission(job.what)
    else this.startReception(job.what)
  }

  private startTransmission(transmission: RadioTransmission): void {
    const { payload, crc, power_dBm, modulation, preamble, invertedIq } = transmission
    const port = this.#port
    setPower(port, power_dBm, this.#options.paBoost)
    if (modulation.type === 'lora') {
      tuneLoRa(port, transmission, modulation, crc, SYMBOLS_MIN)
      setInversion(port, invertedIq, false)
      port.write(LoRaRegister.PayloadLength, payload.length)
      port.write(LoRaRegister.FifoAddrPtr, 0, 0)
      port.writeBytes(Register.Fifo, payload)
      this.listen(LoRaIrq.TxDone, 0x40)
    } else {
      tuneFsk(port, transmission, modulation, crc)
      port.write(Register.DioMapping1, 0)
      this.#outgoing = new OutgoingPacket(port, payload)
      this.pollLater()
    }
    this.enter(Mode.transmit)
    this.watch(airtime_us({ modulation, preamble, crc, length: payload.length }) / 1000)
  }

  private startReception(reception: RadioReception): void {
    const { modulation } = reception
    if (modulation.type === 'fsk') this.receiveFsk(reception, modulation)
    else this.receiveLoRa(reception, modulation)
  }

  private receiveLoRa(reception: RadioReception, modulation: LoRaModulation): void {
    const { timeout_ms, invertedIq } = reception
    const port = this.#port
    const symbols = timeout_ms === undefined ? SYMBOLS_MIN : Math.max(SYMBOLS_MIN, Math.ceil((timeout_ms * 1000) / symbol_us(modulation)))
    // The header of a frame says whether it has a CRC.
    tuneLoRa(port, reception, modulation, false, Math.min(symbols, SYMBOLS_MAX))
    setInversion(port, invertedIq, true)
    port.write(LoRaRegister.FifoAddrPtr, 0)
    port.write(LoRaRegister.FifoRxBaseAddr, 0)
    this.listen(LoRaIrq.RxDone | LoRaIrq.RxTimeout | LoRaIrq.PayloadCrcError, 0x00)
    const single = timeout_ms !== undefined && symbols <= SYMBOLS_MAX
    this.enter(single ? Mode.receiveSingle : Mode.receive)
    if (single) this.watch(timeout_ms + FRAME_MAX_MS)
    else if (timeout_ms !== undefined) this.watchWindow(timeout_ms)
  }

  /** A window of more symbols than the chip counts. */
  private watchWindow(timeout_ms: number): void {
    this.#poll = this.#options.timer.set(() => {
      this.#poll = undefined
      // Bits 1:0: a signal was found.
      if ((this.#port.read(LoRaRegister.ModemStat) & 0x03) !== 0) this.watch(FRAME_MAX_MS)
      else this.endWindow()
    }, timeout_ms)
  }

  private receiveFsk(reception: RadioReception, modulation: FskModulation): void {
    const { timeout_ms } = reception
    tuneFsk(this.#port, reception, modulation, true)
    this.#port.write(Register.DioMapping1, 0)
    this.#incoming = new IncomingPacket(this.#port)
    this.enter(Mode.receive)
    this.#frame_ms = airtime_us({ modulation, preamble: reception.preamble, crc: true, length: 255 }) / 1000
    if (timeout_ms !== undefined) this.pollLater(Math.ceil(timeout_ms / FIFO_POLL_MS))
  }

  /** `mask` stays, the rest is masked; what stood before is cleared. */
  private listen(mask: number, mapping: number): void {
    this.#port.write(LoRaRegister.IrqFlagsMask, ~mask & 0xff, 0xff)
    this.#port.write(Register.DioMapping1, mapping)
  }

  /** The chip has to tell an end within this time. */
  private watch(duration_ms: number): void {
    this.#guard = this.#options.timer.set(() => {
      this.#guard = undefined
      // A lost edge is no lost frame.
      if (!this.serve()) this.fail('does not end what it was told to do')
    }, Math.ceil(duration_ms) + GUARD_MS)
  }

  // FSK: the FIFO is smaller than a frame, and a window has no end of its own.

  private pollLater(polls = 0): void {
    this.#poll = this.#options.timer.set(() => {
      this.#poll = undefined
      if (this.#outgoing !== undefined) this.pollOutgoing(this.#outgoing)
      else this.pollWindow(polls - 1)
    }, FIFO_POLL_MS)
  }

  private pollOutgoing(packet: OutgoingPacket): void {
    packet.refill()
    if (!packet.complete) this.pollLater()
  }

  private pollWindow(polls: number): void {
    const flags = this.#port.read(FskRegister.IrqFlags1)
    if ((flags & FskIrq1.SyncAddressMatch) !== 0) {
      this.takeRssi()
      this.watch(this.#frame_ms)
    } else if (polls > 0 || ((flags & FskIrq1.PreambleDetect) !== 0 && polls > -LATE_POLLS)) this.pollLater(polls)
    else this.endWindow()
  }

  private takeRssi(): number {
    this.#rssi_dBm ??= -this.#port.read(FskRegister.RssiValue) / 2
    return this.#rssi_dBm
  }

  // Interrupts

  private onInterrupt(): void {
    if (!this.#closed && this.#current.kind !== 'sleep') this.serve()
  }

  /** Looks at what happened; false when nothing did. */
  private serve(): boolean {
    const job = this.#current
    if (job.kind === 'sleep') return false
    return job.what.modulation.type === 'lora' ? this.serveLoRa(job) : this.serveFsk(job)
  }

  private serveLoRa(job: Exclude<Job, { kind: 'sleep' }>): boolean {
    const flags = this.#port.read(LoRaRegister.IrqFlags)
    if (flags === 0) return false
    this.#port.write(LoRaRegister.IrqFlags, flags)
    if (job.kind === 'transmit') {
      if ((flags & LoRaIrq.TxDone) !== 0) this.endTransmission()
    } else if ((flags & LoRaIrq.RxDone) !== 0) {
      const damaged = (flags & LoRaIrq.PayloadCrcError) !== 0
      this.endReception(job.what, damaged ? undefined : this.readLoRa())
    } else if ((flags & LoRaIrq.RxTimeout) !== 0) this.endWindow()
    return true
  }

  private serveFsk(job: Exclude<Job, { kind: 'sleep' }>): boolean {
    const flags = this.#port.read(FskRegister.IrqFlags2)
    if (job.kind === 'transmit') {
      if ((flags & FskIrq2.PacketSent) === 0) return false
      this.endTransmission()
      return true
    }
    const incoming = this.#incoming
    if (incoming === undefined) return false
    const rssi_dBm = this.takeRssi()
    if ((flags & FskIrq2.PayloadReady) === 0) {
      if ((flags & FskIrq2.FifoLevel) !== 0) incoming.drain()
      return false
    }
    const payload = incoming.finish(flags)
    const good = payload !== undefined && payload.length > 0 && (flags & FskIrq2.CrcOk) !== 0
    this.endReception(job.what, good ? { payload, rssi_dBm, snr_dB: 0 } : undefined)
    return true
  }

  private readLoRa(): RadioFrame {
    const port = this.#port
    const length = port.read(LoRaRegister.RxNbBytes)
    port.write(LoRaRegister.FifoAddrPtr, port.read(LoRaRegister.FifoRxCurrentAddr))
    const payload = port.readBytes(Register.Fifo, length)
    const snr_dB = ((port.read(LoRaRegister.PktSnrValue) << 24) >> 24) / 4
    const raw = port.read(LoRaRegister.PktRssiValue)
    const offset_dBm = this.#lowBand ? RSSI_LOW_DBM : RSSI_HIGH_DBM
    // Section 5.5.5: below the noise the SNR is added, above it the slope is corrected.
    return { payload, snr_dB, rssi_dBm: offset_dBm + (snr_dB < 0 ? raw + snr_dB : (raw * 16) / 15) }
  }

  private endTransmission(): void {
    this.forget()
    this.enter(Mode.standby)
    this.#options.events.onTransmitted()
  }

  private endWindow(): void {
    this.forget()
    this.enter(Mode.standby)
    this.#options.events.onTimeout()
  }

  private endReception(reception: RadioReception, frame: RadioFrame | undefined): void {
    const { events } = this.#options
    if (reception.timeout_ms !== undefined) {
      this.forget()
      this.enter(Mode.standby)
    } else if (!this.#lora) {
      this.#incoming = new IncomingPacket(this.#port)
      this.#rssi_dBm = undefined
      // Restarts the receiver without a new lock.
      this.#port.write(FskRegister.RxConfig, 0x5e)
    }
    if (frame !== undefined) events.onReceived(frame)
    else if (reception.timeout_ms !== undefined) events.onTimeout()
  }
}
