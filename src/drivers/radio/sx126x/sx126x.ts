// Semtech SX1261 and SX1262: transceiver for LoRa and FSK, 150 to 960 MHz.
// Datasheet DS.SX1261-2 revision 2.1.
import type { Digital, SPIConstructor, SPIOptions } from '../../../../hal/api/io.ts'
import type { Timer, TimerHandle } from '../../../../hal/api/time.ts'
import { airtime_us, lowDataRate } from '../../../lib/lora-airtime.ts'
import type { LoRaModulation, LoRaRadio, Modulation, RadioEvents, RadioReception, RadioTransmission } from '../../../lib/lora-radio.ts'
import { interruptLine, openTogether, type Pin, resetLine } from '../parts.ts'
import { FRAME_MAX_MS, GUARD_MS, type Job, LORAWAN_FSK_SYNC_WORD, type RadioLimits, receiveJob, transmitJob } from '../requests.ts'
import { BANDWIDTH_CODE, Command, Irq, PacketType, PRIVATE_SYNC_WORD, PUBLIC_SYNC_WORD, Register } from './commands.ts'
import { Port } from './port.ts'

const CRYSTAL_HZ = 32_000_000
/** Unit of the timers: 15.625 µs. */
const TICKS_PER_MS = 64
const CONTINUOUS = 0xffffff
/** BUSY is looked at so often; after so many looks the chip does not answer. Cold start takes 3.5 ms (table 8-2). */
const BUSY_POLL_MS = 1
const BUSY_POLLS_MAX = 30
const RESET_MS = 1

export interface SX126xOptions {
  /** SPI mode 0, at most 16 MHz. */
  readonly radio: SPIOptions & { readonly io: SPIConstructor }
  readonly busy: Pin
  /** DIO1. */
  readonly interrupt: Pin
  readonly reset: Pin
  /** Highest power that the module is made for: 22 with an SX1262, 15 with an SX1261. */
  readonly part: 'SX1261' | 'SX1262'
  /** Voltage of a TCXO on DIO3; undefined with a crystal. */
  readonly tcxo_mV?: number
  /** DIO2 switches the antenna. */
  readonly dio2Switch: boolean
  readonly dcdc?: boolean
  readonly timer: Timer
  readonly events: RadioEvents
}

/** SetPaConfig and range of powers (table 13-21). */
const PARTS = Object.freeze({
  SX1261: Object.freeze({ pa: Object.freeze([0x04, 0x00, 0x01, 0x01]), min_dBm: -17, max_dBm: 14 }),
  SX1262: Object.freeze({ pa: Object.freeze([0x04, 0x07, 0x00, 0x01]), min_dBm: -9, max_dBm: 22 }),
})

const RANGE = Object.freeze({ lowest_Hz: 150_000_000, highest_Hz: 960_000_000, spreadingFactor_min: 5 })

/** TCXO voltages by code (table 13-35). */
const TCXO_MV: readonly number[] = Object.freeze([1600, 1700, 1800, 2200, 2400, 2700, 3000, 3300])
const TCXO_START_MS = 5

/** CalibrateImage by band (table 9-2): first frequency in Hz, and its two parameters. */
const IMAGE_BANDS: readonly (readonly [number, number, number])[] = Object.freeze([
  Object.freeze([902_000_000, 0xe1, 0xe9] as const),
  Object.freeze([863_000_000, 0xd7, 0xdb] as const),
  Object.freeze([779_000_000, 0xc1, 0xc5] as const),
  Object.freeze([470_000_000, 0x75, 0x81] as const),
  Object.freeze([0, 0x6b, 0x6f] as const),
])

/**
 * Driver of an SX126x. Nothing in it blocks: a chip that is busy is asked again a millisecond later. One that does not answer, or does not tell the end of what it
 * was told to do, is reset, and `onError` says so; the next job starts with a fresh chip.
 */
export class SX126x implements LoRaRadio {
  readonly #options: SX126xOptions
  readonly #port: Port
  readonly #reset: Digital
  readonly #interrupt: Digital
  #timer: TimerHandle | undefined
  #guard: TimerHandle | undefined
  /** Waits until the chip can do it. */
  #next: Job | undefined
  /** What the chip does. */
  #current: Job = { kind: 'sleep' }
  #configured = false
  #asleep = false
  #imageBand = -1
  #closed = false

  /** Errors: those of the constructors of bus and pins; nothing of what was opened stays open. */
  constructor(options: SX126xOptions) {
    this.#options = options
    const { io: SPI, ...bus } = options.radio
    const opened = openTogether((keep) => {
      const spi = keep(new SPI({ mode: 0, ...bus }))
      const busy = keep(new options.busy.io({ pin: options.busy.pin, mode: 'Input' }))
      const reset = keep(resetLine(options.reset))
      return { port: new Port(spi, busy), reset, interrupt: keep(interruptLine(options.interrupt, () => this.onInterrupt())) }
    })
    this.#port = opened.port
    this.#reset = opened.reset
    this.#interrupt = opened.interrupt
    this.restart()
  }

  transmit(transmission: RadioTransmission): void {
    this.do(transmitJob(transmission, this.limits))
  }

  receive(reception: RadioReception): void {
    this.do(receiveJob(reception, this.limits))
  }

  /** Tables 3-4 and 6-1. */
  private get limits(): RadioLimits {
    return { ...RANGE, power_dBm: PARTS[this.#options.part].max_dBm }
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
    this.#interrupt.close()
  }

  private do(job: Job): void {
    if (this.#closed) throw new Error('the radio is closed')
    this.#next = job
    this.#current = { kind: 'sleep' }
    if (this.#guard !== undefined) this.#options.timer.clear(this.#guard)
    this.#guard = undefined
    // A chip that is started is looked at until it is ready, and then does what was asked for last.
    if (this.#configured && this.#timer === undefined) this.wake()
  }

  // Readiness

  private restart(): void {
    this.clear()
    this.#configured = false
    this.#asleep = false
    this.#imageBand = -1
    this.#reset.write(0)
    this.#timer = this.#options.timer.set(() => {
      this.#reset.write(1)
      this.whenReady(() => this.configure())
    }, RESET_MS)
  }

  /** Any transaction wakes a chip that sleeps; BUSY falls when it is awake. */
  private wake(): void {
    if (this.#asleep) {
      this.#asleep = false
      this.#port.command(Command.GetStatus, 0)
    }
    if (!this.#port.busy) this.start()
    else this.whenReady(() => this.start())
  }

  private whenReady(then: () => void, polls = 0): void {
    this.#timer = this.#options.timer.set(() => {
      this.#timer = undefined
      if (!this.#port.busy) then()
      else if (polls < BUSY_POLLS_MAX) this.whenReady(then, polls + 1)
      else this.fail('BUSY does not fall')
    }, BUSY_POLL_MS)
  }

  private fail(reason: string): void {
    this.#next = undefined
    this.#current = { kind: 'sleep' }
    this.restart()
    this.#options.events.onError(`${this.#options.part}: ${reason}`)
  }

  private clear(): void {
    const { timer } = this.#options
    for (const handle of [this.#timer, this.#guard]) if (handle !== undefined) timer.clear(handle)
    this.#timer = undefined
    this.#guard = undefined
  }

  // Configuration

  private configure(): void {
    const { tcxo_mV, dio2Switch, dcdc = true, part } = this.#options
    const port = this.#port
    const syncWord = (port.readRegister(Register.LoRaSyncWordMsb) << 8) | port.readRegister(Register.LoRaSyncWordMsb + 1)
    if (syncWord !== PRIVATE_SYNC_WORD) {
      this.fail(`no answer: the sync word reads ${syncWord.toString(16)}`)
      return
    }
    port.command(Command.SetStandby, 0)
    if (tcxo_mV !== undefined) {
      const delay = TCXO_START_MS * TICKS_PER_MS
      const code = Math.max(
        0,
        TCXO_MV.findIndex((voltage) => voltage >= tcxo_mV),
      )
      port.command(Command.SetDIO3AsTcxoCtrl, code, delay >> 16, (delay >> 8) & 0xff, delay & 0xff)
      // The crystal oscillator did not start before: that is an error only without a TCXO.
      port.command(Command.ClearDeviceErrors, 0, 0)
    }
    port.command(Command.Calibrate, 0x7f)
    this.whenReady(() => {
      port.command(Command.SetRegulatorMode, dcdc ? 1 : 0)
      port.command(Command.SetDIO2AsRfSwitchCtrl, dio2Switch ? 1 : 0)
      port.command(Command.SetBufferBaseAddress, 0, 0)
      port.command(Command.SetPaConfig, ...PARTS[part].pa)
      port.command(Command.StopTimerOnPreamble, 1)
      // Section 15.2: without it the power falls when the antenna is not matched.
      port.adjust(Register.TxClampConfig, 0, 0x1e)
      port.command(Command.SetDioIrqParams, ...word(INTERRUPTS), ...word(INTERRUPTS), 0, 0, 0, 0)
      this.#configured = true
      this.wake()
    })
  }

  // Jobs

  private start(): void {
    const job = this.#next
    this.#next = undefined
    if (job === undefined || job.kind === 'sleep') {
      if (this.#asleep) return
      this.#asleep = true
      // Warm: the configuration is kept.
      this.#port.command(Command.SetSleep, 0x04)
      return
    }
    const { frequency_Hz } = job.what
    this.#port.command(Command.SetStandby, 0)
    const band = IMAGE_BANDS.findIndex(([first_Hz]) => frequency_Hz >= first_Hz)
    if (band !== this.#imageBand) {
      this.#imageBand = band
      this.#next = job
      this.#port.command(Command.CalibrateImage, IMAGE_BANDS[band][1], IMAGE_BANDS[band][2])
      this.whenReady(() => this.start())
      return
    }
    this.#current = job
    if (job.kind === 'transmit') this.startTransmission(job.what)
    else this.startReception(job.what)
  }

  private startTransmission(transmission: RadioTransmission): void {
    const { payload, crc, power_dBm, modulation } = transmission
    const { min_dBm, max_dBm } = PARTS[this.#options.part]
    const power = Math.max(min_dBm, Math.min(max_dBm, Math.round(power_dBm)))
    this.tune(transmission, payload.length, crc)
    // Ramp of 200 µs.
    this.#port.command(Command.SetTxParams, power & 0xff, 0x04)
    // Section 15.1.
    const wide = modulation.type === 'lora' && modulation.bandwidth_Hz === 500_000
    this.#port.adjust(Register.TxModulation, 0x04, wide ? 0 : 0x04)
    this.#port.writeBuffer(0, payload)
    this.#port.command(Command.ClearIrqStatus, 0xff, 0xff)
    this.#port.command(Command.SetTx, 0, 0, 0)
    this.watch(airtime_us({ modulation, preamble: transmission.preamble, crc, length: payload.length }) / 1000)
  }

  private startReception(reception: RadioReception): void {
    const { timeout_ms } = reception
    // The header of a frame says whether it has a CRC.
    this.tune(reception, 255, false)
    this.#port.writeRegister(Register.RxGain, 0x96)
    this.#port.command(Command.ClearIrqStatus, 0xff, 0xff)
    const ticks = timeout_ms === undefined ? CONTINUOUS : Math.min(CONTINUOUS - 1, Math.max(1, Math.round(timeout_ms * TICKS_PER_MS)))
    this.#port.command(Command.SetRx, ticks >> 16, (ticks >> 8) & 0xff, ticks & 0xff)
    if (timeout_ms !== undefined) this.watch(timeout_ms + FRAME_MAX_MS)
  }

  private tune(channel: RadioReception | RadioTransmission, length: number, crc: boolean): void {
    const { frequency_Hz, modulation, preamble, publicNetwork, invertedIq } = channel
    const port = this.#port
    const steps = Math.round((frequency_Hz * 2 ** 25) / CRYSTAL_HZ)
    port.command(Command.SetPacketType, modulation.type === 'lora' ? PacketType.lora : PacketType.gfsk)
    port.command(Command.SetRfFrequency, ...word(steps >>> 16), ...word(steps & 0xffff))
    if (modulation.type === 'fsk') {
      this.tuneFsk(modulation.bitRate_bps, modulation.deviation_Hz, preamble, length, crc || length === 255)
      return
    }
    port.command(Command.SetModulationParams, ...loraParameters(modulation))
    port.command(Command.SetPacketParams, ...word(preamble), 0, length, crc ? 1 : 0, invertedIq ? 1 : 0)
    port.writeRegister(Register.LoRaSyncWordMsb, ...word(publicNetwork ? PUBLIC_SYNC_WORD : PRIVATE_SYNC_WORD))
    // Section 15.4.
    port.adjust(Register.IqPolarity, 0x04, invertedIq ? 0 : 0x04)
  }

  /** GFSK with BT 0.5, whitening and CRC-CCITT as LoRaWAN wants them (RP002-1.0.4 section 2, "FSK"). */
  private tuneFsk(bitRate_bps: number, deviation_Hz: number, preamble: number, length: number, crc: boolean): void {
    const port = this.#port
    const rate = Math.round((32 * CRYSTAL_HZ) / bitRate_bps)
    const deviation = Math.round((deviation_Hz * 2 ** 25) / CRYSTAL_HZ)
    // 0x0b: receiver bandwidth of 117.3 kHz, the next above twice the deviation and the bit rate.
    port.command(Command.SetModulationParams, rate >> 16, ...word(rate & 0xffff), 0x09, 0x0b, deviation >> 16, ...word(deviation & 0xffff))
    port.command(Command.SetPacketParams, ...word(8 * preamble), 0x05, 24, 0, 1, length, crc ? 0x06 : 0x01, 1)
    port.writeRegister(Register.SyncWord0, ...LORAWAN_FSK_SYNC_WORD)
    port.writeRegister(Register.WhiteningInitialMsb, 0x01, 0xff)
    port.writeRegister(Register.CrcInitialMsb, 0x1d, 0x0f, 0x10, 0x21)
  }

  /** The chip has to tell an end within this time. */
  private watch(duration_ms: number): void {
    this.#guard = this.#options.timer.set(() => {
      this.#guard = undefined
      // A lost edge is no lost frame.
      if (!this.#port.busy && this.serve()) return
      this.fail('does not end what it was told to do')
    }, Math.ceil(duration_ms) + GUARD_MS)
  }

  // Interrupts

  private onInterrupt(): void {
    if (!this.#closed && this.#current.kind !== 'sleep' && !this.#port.busy) this.serve()
  }

  /** Looks at what happened; false when nothing did. */
  private serve(): boolean {
    const [high, low] = this.#port.query(Command.GetIrqStatus, 2)
    const irq = (high << 8) | low
    const job = this.#current
    if (job.kind === 'sleep' || (irq & INTERRUPTS) === 0) return false
    this.#port.command(Command.ClearIrqStatus, high, low)
    if (job.kind === 'transmit') this.endTransmission(irq)
    else if (job.kind === 'receive') this.endReception(irq, job.what)
    return true
  }

  private endTransmission(irq: number): void {
    if ((irq & Irq.TxDone) === 0) return
    this.idle()
    this.#options.events.onTransmitted()
  }

  private endReception(irq: number, { timeout_ms, modulation }: RadioReception): void {
    const { events } = this.#options
    const damaged = (irq & (Irq.CrcErr | Irq.HeaderErr)) !== 0
    const frame = (irq & Irq.RxDone) !== 0 && !damaged ? this.readFrame(modulation) : undefined
    if (timeout_ms !== undefined) this.idle()
    if (frame !== undefined) events.onReceived(frame)
    else if (timeout_ms !== undefined) events.onTimeout()
  }

  private readFrame(modulation: Modulation) {
    const [length, start] = this.#port.query(Command.GetRxBufferStatus, 2)
    const payload = this.#port.readBuffer(start, length)
    const status = this.#port.query(Command.GetPacketStatus, 3)
    if (modulation.type === 'fsk') return { payload, rssi_dBm: -status[2] / 2, snr_dB: 0 }
    const snr_dB = ((status[1] << 24) >> 24) / 4
    return { payload, rssi_dBm: -status[0] / 2, snr_dB }
  }

  /** The chip is in standby, and has nothing to tell. */
  private idle(): void {
    this.#current = { kind: 'sleep' }
    if (this.#guard !== undefined) this.#options.timer.clear(this.#guard)
    this.#guard = undefined
  }
}

const INTERRUPTS = Irq.TxDone | Irq.RxDone | Irq.CrcErr | Irq.HeaderErr | Irq.Timeout

function word(value: number): [number, number] {
  return [(value >> 8) & 0xff, value & 0xff]
}

function loraParameters(modulation: LoRaModulation): number[] {
  const { spreadingFactor, bandwidth_Hz, codingRate } = modulation
  return [spreadingFactor, BANDWIDTH_CODE[bandwidth_Hz], codingRate, lowDataRate(modulation) ? 1 : 0]
}
