import type { Bytes, SPIConstructor } from '../../../hal/api/io.ts'
import { symbol_us } from '../../lib/lora-airtime.ts'
import type { AirReceiver, AirReception, AirSignal, LoRaAir, Position } from '../lora/air.ts'
import type { Scheduler, Task } from '../scheduler.ts'
import { loraBus } from './lora-bus.ts'
import { SX127xFifo } from './sx127x-fifo.ts'
import { SX127xRegisters } from './sx127x-registers.ts'

/**
 * Semtech SX1276 at the level of registers, FIFO, modes and DIO lines: written from DS_SX1276-7-8-9_W_APP revision 7. It knows nothing of its driver. Channel activity
 * detection, frequency hopping, OOK, continuous mode and the sequencer are not there: who asks for them is refused.
 */

export interface EmulatedSX127xOptions {
  readonly scheduler: Scheduler
  readonly air: LoRaAir
  readonly name: string
  readonly position: Position
  readonly antennaGain_dBi?: number
  /** DIO0 and DIO1 as the board sees them. */
  readonly onDio0: (level: 0 | 1) => void
  readonly onDio1: (level: 0 | 1) => void
}

/** By bits 2:0 of RegOpMode. */
const MODES = Object.freeze(['sleep', 'standby', 'fsTx', 'tx', 'fsRx', 'rx', 'rxSingle'] as const)
type Mode = (typeof MODES)[number]

const FASTEST_HZ = 10_000_000
const VERSION = 0x12
/** RegOpMode after a reset: FSK, lower band, standby. */
const RESET_OP_MODE = 0x09
const POWER_ON_US = 10_000
const RESET_US = 5000
/** The oscillator starts (table 9, TS_OSC). */
const OSCILLATOR_US = 250
const CALIBRATION_US = 10_000
const NOISE_FIGURE_DB = 6
const GAIN_DBI = 2
/** RssiValue in dBm at 0 (section 5.5.5): upper band above 779 MHz, lower one. */
const UPPER_HZ = 779_000_000
const UPPER_DBM = -157
const LOWER_DBM = -164
const FSK_SYNC_BYTES = 3
const LORA_IRQ = Object.freeze({ rxTimeout: 0x80, rxDone: 0x40, crcError: 0x20, validHeader: 0x10, txDone: 0x08 })

/** Registers of LoRa that can be written in sleep, standby and FSTX only (section 4.1.4). */
const STATIC: ReadonlySet<number> = new Set([
  0x1d, 0x1e, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x26, 0x31, 0x33, 0x36, 0x37, 0x39, 0x3a, 0x3b,
])
const READ_ONLY: ReadonlySet<number> = new Set([0x10, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c])

/** Faults that real boards show. */
export interface SX127xFaults {
  /** MISO reads zeros, and nothing is taken. */
  silent: boolean
  /** Rising edges on DIO0 and DIO1 that are lost on the way. */
  lostInterrupts: number
  /** The next transmission never ends. */
  hangs: boolean
  /** Calibration never ends: a crystal that does not swing. */
  calibrationStuck: boolean
}

export class EmulatedSX127x implements AirReceiver {
  readonly name: string
  readonly antennaGain_dBi: number
  readonly noiseFigure_dB = NOISE_FIGURE_DB
  position: Position
  readonly faults: SX127xFaults = { silent: false, lostInterrupts: 0, hangs: false, calibrationStuck: false }
  /** Accesses that the chip did not follow: too early after a reset, in a mode that does not allow them, or of something that it does not have. */
  refused = 0
  /** Bytes that were missing in the FIFO when they had to leave. */
  underruns = 0
  readonly #options: EmulatedSX127xOptions
  readonly #registers = new SX127xRegisters()
  readonly #fifo = new SX127xFifo()
  readonly #memory = new Uint8Array(256)
  #lora = false
  #lowBand = true
  #mode: Mode = 'standby'
  #irq = 0
  #irqFlags1 = 0
  #payloadReady = false
  #packetSent = false
  #crcOk = false
  #levels: [0 | 1, 0 | 1] = [0, 0]
  #selected = true
  #ready_us = 0
  #awake_us = 0
  #calibrated_us = 0
  #since_us = 0
  #rxPointer = 0
  #following: AirSignal | undefined
  /** A packet of FSK waits to be read; the receiver is off. */
  #waiting = false
  #tasks: Task[] = []

  constructor(options: EmulatedSX127xOptions) {
    this.#options = options
    this.name = options.name
    this.position = options.position
    this.antennaGain_dBi = options.antennaGain_dBi ?? GAIN_DBI
    options.air.attach(this)
    this.powerOn()
  }

  /** The supply is there. */
  powerOn(): void {
    this.#begin(POWER_ON_US)
  }

  powerOff(): void {
    this.#stop()
    this.#selected = false
    this.#mode = 'sleep'
    this.#irq = 0
    this.#payloadReady = false
    this.#packetSent = false
    this.#fifo.clear()
    this.#lines()
  }

  /** NRESET: low holds the chip, its rise starts it. */
  reset(level: 0 | 1): void {
    if (level === 0) this.powerOff()
    else if (!this.#selected) this.#begin(RESET_US)
  }

  #begin(start_us: number): void {
    this.powerOff()
    this.#selected = true
    this.#registers.reset()
    this.#memory.fill(0)
    this.#lora = (RESET_OP_MODE & 0x80) !== 0
    this.#lowBand = true
    this.#mode = 'standby'
    this.#ready_us = this.#options.scheduler.now_us + start_us
    this.#awake_us = this.#ready_us
    // The receiver of the lower band is calibrated by itself.
    this.#calibrated_us = this.#ready_us
  }

  get mode(): Mode {
    return this.#mode
  }

  /** An ECMA-419 SPI class whose instances talk to this chip. RangeError for a mode or clock that it cannot follow. */
  bus(): SPIConstructor {
    return loraBus((buffer) => this.#transfer(buffer), FASTEST_HZ)
  }

  // Bus

  #transfer(bytes: Bytes): void {
    const given = bytes.slice()
    bytes.fill(0)
    if (!this.#selected || this.faults.silent) return
    if (this.#options.scheduler.now_us < this.#ready_us) {
      this.refused++
      return
    }
    const first = given[0] & 0x7f
    for (let i = 1; i < given.length; i++) {
      // The FIFO keeps its address.
      const address = first === 0 ? 0 : (first + i - 1) & 0x7f
      if ((given[0] & 0x80) === 0) bytes[i] = this.#read(address)
      else this.#write(address, given[i])
    }
  }

  #read(address: number): number {
    if (address === 0x00) return this.#readFifo()
    if (address === 0x01) return (this.#lora ? 0x80 : 0) | (this.#lowBand ? 0x08 : 0) | MODES.indexOf(this.#mode)
    if (address === 0x42) return VERSION
    const own = this.#lora ? this.#readLoRa(address) : this.#readFsk(address)
    return own ?? this.#registers.get(address, this.#lora)
  }

  #readLoRa(address: number): number | undefined {
    if (address === 0x12) return this.#irq
    // Signal detected and synchronized; clear.
    if (address === 0x18) return this.#following === undefined ? 0x10 : 0x03
    if (address === 0x1b) return clamp(this.#level_dBm() - this.#offset_dBm())
    return undefined
  }

  #readFsk(address: number): number | undefined {
    if (address === 0x11) return clamp(-2 * this.#level_dBm())
    if (address === 0x3b) return (this.#registers.get(0x3b, false) & ~0x60) | (this.#calibrating ? 0x20 : 0)
    if (address === 0x3e) return this.#irqFlags1 | (this.#options.scheduler.now_us >= this.#awake_us ? 0x80 : 0)
    if (address === 0x3f) return this.#flags2()
    return undefined
  }

  get #calibrating(): boolean {
    return this.faults.calibrationStuck || this.#options.scheduler.now_us < this.#calibrated_us
  }

  #flags2(): number {
    const { length, full, overrun } = this.#fifo
    const level = length > (this.#registers.get(0x35, false) & 0x3f)
    const states: readonly (readonly [boolean, number])[] = [
      [full, 0x80],
      [length === 0, 0x40],
      [level, 0x20],
      [overrun, 0x10],
      [this.#packetSent, 0x08],
      [this.#payloadReady, 0x04],
      [this.#crcOk, 0x02],
    ]
    return states.reduce((flags, [on, bit]) => (on ? flags | bit : flags), 0)
  }

  #write(address: number, value: number): void {
    if (address === 0x00) this.#writeFifo(value)
    else if (address === 0x01) this.#writeOpMode(value)
    else if (address === 0x42) this.refused++
    else if (this.#lora) this.#writeLoRa(address, value)
    else this.#writeFsk(address, value)
    if (address === 0x40) this.#lines()
  }

  #writeLoRa(address: number, value: number): void {
    const still = this.#mode === 'sleep' || this.#mode === 'standby' || this.#mode === 'fsTx'
    if (READ_ONLY.has(address) || (STATIC.has(address) && !still)) this.refused++
    else if (address === 0x12) {
      this.#irq &= ~value
      this.#lines()
    } else this.#registers.set(address, value, true)
  }

  #writeFsk(address: number, value: number): void {
    if (address === 0x3e) this.#irqFlags1 &= ~(value & 0x0b)
    else if (address === 0x3f) this.#clearOverrun(value)
    else if (address === 0x3b) this.#calibrate(value)
    else {
      this.#registers.set(address, address === 0x0d ? value & ~0x60 : value, false)
      if (address === 0x0d && (value & 0x60) !== 0 && this.#mode === 'rx') this.#listen()
    }
  }

  #clearOverrun(value: number): void {
    if ((value & 0x10) === 0) return
    this.#fifo.overrun = false
    this.#fifo.clear()
    this.#lines()
  }

  /** In standby only (section 2.1.3.8). */
  #calibrate(value: number): void {
    this.#registers.set(0x3b, value & ~0x60, false)
    if ((value & 0x40) === 0) return
    if (this.#mode === 'standby') this.#calibrated_us = this.#options.scheduler.now_us + CALIBRATION_US
    else this.refused++
  }

  // FIFO

  /** Not in sleep, and not before the oscillator runs. */
  get #fifoReachable(): boolean {
    return this.#mode !== 'sleep' && this.#options.scheduler.now_us >= this.#awake_us
  }

  #readFifo(): number {
    if (!this.#fifoReachable) {
      this.refused++
      return 0
    }
    if (this.#lora) {
      const at = this.#registers.get(0x0d, true)
      this.#registers.set(0x0d, (at + 1) & 0xff, true)
      return this.#memory[at]
    }
    const value = this.#fifo.shift()
    if (value === undefined) this.refused++
    // Errata 3.1: an empty FIFO ends PayloadReady.
    if (this.#fifo.length === 0) {
      this.#payloadReady = false
      this.#crcOk = false
    }
    this.#lines()
    return value ?? 0
  }

  #writeFifo(value: number): void {
    // LoRa: filled in standby only (section 4.1.2.3).
    if (!this.#fifoReachable || (this.#lora && this.#mode !== 'standby')) {
      this.refused++
      return
    }
    if (this.#lora) {
      const at = this.#registers.get(0x0d, true)
      this.#registers.set(0x0d, (at + 1) & 0xff, true)
      this.#memory[at] = value
      return
    }
    this.#fifo.push(value)
    this.#lines()
    if (this.#mode === 'tx') this.#startPacket()
  }

  // Modes

  #writeOpMode(value: number): void {
    const lora = (value & 0x80) !== 0
    if (lora !== this.#lora) {
      if (this.#mode === 'sleep') this.#lora = lora
      else this.refused++
    }
    this.#lowBand = (value & 0x08) !== 0
    const mode = MODES[value & 7]
    // FSK has no single reception; OOK and shared registers are not there.
    if (mode === undefined || (mode === 'rxSingle' && !this.#lora) || (value & 0x60) !== 0) this.refused++
    else this.#enter(mode)
  }

  #enter(mode: Mode): void {
    const { scheduler } = this.#options
    const before = this.#mode
    this.#stop()
    this.#mode = mode
    this.#irqFlags1 = 0
    this.#packetSent = false
    if (before === 'sleep' && mode !== 'sleep') this.#awake_us = scheduler.now_us + OSCILLATOR_US
    if (mode === 'sleep' || (mode === 'rx' && !this.#lora)) this.#clearFifo()
    this.#lines()
    if (mode === 'sleep' || mode === 'standby') return
    this.#at(this.#awake_us, () => this.#begun())
  }

  #begun(): void {
    if (this.#mode === 'tx') {
      if (this.#lora) this.#transmitLoRa()
      else this.#startPacket()
    } else if (this.#mode === 'rx' || this.#mode === 'rxSingle') this.#listen()
  }

  #clearFifo(): void {
    if (this.#lora) this.#memory.fill(0)
    this.#fifo.clear()
    this.#fifo.overrun = false
    this.#payloadReady = false
    this.#crcOk = false
  }

  /** Runs now when the time has come. */
  #at(time_us: number, action: () => void): void {
    const { scheduler } = this.#options
    if (time_us <= scheduler.now_us) action()
    else this.#tasks.push(scheduler.at(time_us, action))
  }

  #stop(): void {
    for (const task of this.#tasks) this.#options.scheduler.cancel(task)
    this.#tasks = []
    this.#following = undefined
    this.#waiting = false
  }

  // Transmission

  #transmitLoRa(): void {
    const registers = this.#registers
    const modulation = registers.modulation(true)
    if (this.faults.hangs || modulation === undefined) {
      if (modulation === undefined) this.refused++
      this.faults.hangs = false
      return
    }
    const payload = Uint8Array.from({ length: registers.get(0x22, true) }, (_, i) => this.#memory[(registers.get(0x0e, true) + i) & 0xff])
    const { end_us } = this.#options.air.transmit(this, {
      frequency_Hz: registers.frequency_Hz,
      modulation,
      invertedIq: (registers.get(0x33, true) & 0x01) === 0,
      preamble: registers.preamble(true),
      publicNetwork: registers.publicNetwork,
      payload,
      power_dBm: registers.power_dBm,
      crc: (registers.get(0x1e, true) & 0x04) !== 0,
    })
    this.#at(end_us, () => {
      this.#mode = 'standby'
      this.#raise(LORA_IRQ.txDone)
    })
  }

  /** FSK: begins with the first byte, or above the threshold. */
  #startPacket(): void {
    const registers = this.#registers
    const early = (registers.get(0x35, false) & 0x80) !== 0
    const modulation = registers.modulation(false)
    if (this.#tasks.length > 0 || this.#packetSent || modulation?.type !== 'fsk' || this.#fifo.length === 0) return
    if (!early && (this.#flags2() & 0x20) === 0) return
    if (this.faults.hangs || !registers.lorawanFsk) {
      this.faults.hangs = false
      return
    }
    const { scheduler, air } = this.#options
    const byte_us = 8_000_000 / modulation.bitRate_bps
    const preamble = registers.preamble(false)
    const payload = new Uint8Array(this.#fifo.shift() ?? 0)
    const { end_us } = air.transmit(this, {
      frequency_Hz: registers.frequency_Hz,
      modulation,
      invertedIq: false,
      preamble,
      publicNetwork: true,
      payload,
      power_dBm: registers.power_dBm,
      crc: (registers.get(0x30, false) & 0x10) !== 0,
    })
    const first_us = scheduler.now_us + (preamble + FSK_SYNC_BYTES + 1) * byte_us
    for (let i = 0; i < payload.length; i++) {
      this.#at(Math.round(first_us + i * byte_us), () => {
        const value = this.#fifo.shift()
        if (value === undefined) this.underruns++
        payload[i] = value ?? 0
        this.#lines()
      })
    }
    this.#at(end_us, () => {
      this.#tasks = []
      this.#packetSent = true
      this.#lines()
    })
  }

  // Reception

  #listen(): void {
    const { air, scheduler } = this.#options
    this.#stop()
    this.#since_us = scheduler.now_us
    if (!this.#lora) {
      this.#irqFlags1 = 0
      this.#clearFifo()
    } else this.#rxPointer = this.#registers.get(0x0f, true)
    const modulation = this.#registers.modulation(this.#lora)
    if (this.#mode === 'rxSingle' && modulation?.type === 'lora') {
      const length_us = Math.round(this.#registers.symbolTimeout * symbol_us(modulation))
      this.#at(scheduler.now_us + length_us, () => {
        this.#mode = 'standby'
        this.#raise(LORA_IRQ.rxTimeout)
      })
    }
    air.listening(this)
  }

  listensSince_us({ transmission }: AirSignal): number | undefined {
    const receiving = this.#mode === 'rx' || this.#mode === 'rxSingle'
    if (!receiving || this.#following !== undefined || this.#waiting || this.#options.scheduler.now_us < this.#awake_us) return undefined
    const registers = this.#registers
    const { modulation, frequency_Hz, invertedIq, publicNetwork } = transmission
    const tuned = registers.modulation(this.#lora)
    if (frequency_Hz !== registers.frequency_Hz || tuned === undefined) return undefined
    if (tuned.type === 'fsk' || modulation.type === 'fsk') {
      return tuned.type === modulation.type && registers.lorawanFsk ? this.#since_us : undefined
    }
    const same = tuned.spreadingFactor === modulation.spreadingFactor && tuned.bandwidth_Hz === modulation.bandwidth_Hz
    const inverted = (registers.get(0x33, true) & 0x40) !== 0
    return same && invertedIq === inverted && publicNetwork === registers.publicNetwork ? this.#since_us : undefined
  }

  onPreamble(signal: AirSignal): boolean {
    if (this.#mode !== 'rx' && this.#mode !== 'rxSingle') return false
    // A window ends without a preamble only.
    this.#stop()
    this.#following = signal
    if (!this.#lora) this.#followPacket(signal)
    return true
  }

  #followPacket({ transmission, begin_us }: AirSignal): void {
    const { modulation, preamble, payload } = transmission
    if (modulation.type !== 'fsk') return
    const byte_us = 8_000_000 / modulation.bitRate_bps
    this.#irqFlags1 |= 0x02
    const sync_us = begin_us + (preamble + FSK_SYNC_BYTES) * byte_us
    this.#at(Math.round(sync_us), () => {
      this.#irqFlags1 |= 0x01
    })
    for (let i = 0; i <= payload.length; i++) {
      this.#at(Math.round(sync_us + (i + 1) * byte_us), () => {
        this.#fifo.push(i === 0 ? payload.length : payload[i - 1])
        this.#lines()
      })
    }
  }

  onEnd(reception: AirReception): boolean {
    if (this.#following !== reception.signal) return false
    this.#stop()
    if (this.#lora) this.#endLoRa(reception)
    else this.#endPacket(reception)
    return true
  }

  #endLoRa({ signal, rssi_dBm, snr_dB, damaged }: AirReception): void {
    const { payload, crc } = signal.transmission
    const registers = this.#registers
    for (let i = 0; i < payload.length; i++) {
      this.#memory[(this.#rxPointer + i) & 0xff] = damaged && i > 2 ? payload[i] ^ 0x5a : payload[i]
    }
    const above_dB = rssi_dBm - this.#offset_dBm()
    registers.set(0x10, this.#rxPointer, true)
    registers.set(0x13, payload.length, true)
    registers.set(0x19, Math.max(-128, Math.min(127, Math.round(4 * snr_dB))) & 0xff, true)
    registers.set(0x1a, clamp(snr_dB < 0 ? above_dB - snr_dB : (above_dB * 15) / 16), true)
    registers.set(0x1c, crc ? 0x40 : 0, true)
    this.#rxPointer = (this.#rxPointer + payload.length) & 0xff
    if (this.#mode === 'rxSingle') this.#mode = 'standby'
    else this.#since_us = this.#options.scheduler.now_us
    this.#raise(LORA_IRQ.rxDone | LORA_IRQ.validHeader | (damaged && crc ? LORA_IRQ.crcError : 0))
  }

  #endPacket({ damaged }: AirReception): void {
    const judged = (this.#registers.get(0x30, false) & 0x18) === 0x10
    // CrcAutoClear: nobody learns of a packet with a wrong CRC.
    if (damaged && judged) {
      this.#listen()
      return
    }
    this.#waiting = true
    this.#payloadReady = this.#fifo.length > 0
    this.#crcOk = !damaged
    this.#lines()
  }

  #offset_dBm(): number {
    return this.#registers.frequency_Hz >= UPPER_HZ ? UPPER_DBM : LOWER_DBM
  }

  /** What the receiver measures now. */
  #level_dBm(): number {
    const { air } = this.#options
    if (this.#following !== undefined) return air.power_dBm(this.#following, this)
    return air.noise_dBm(this, this.#registers.frequency_Hz, 125_000)
  }

  // Lines

  /** Latches events of LoRa that are not masked. */
  #raise(bits: number): void {
    this.#irq |= bits & ~this.#registers.get(0x11, true)
    this.#lines()
  }

  #lines(): void {
    const { onDio0, onDio1 } = this.#options
    const [dio0, dio1] = this.#lora ? this.#linesLoRa() : this.#linesFsk()
    this.#drive(0, dio0, onDio0)
    this.#drive(1, dio1, onDio1)
  }

  /** Table 18. */
  #linesLoRa(): readonly [boolean, boolean] {
    const one = [LORA_IRQ.rxDone, LORA_IRQ.txDone, 0x04, 0][this.#registers.mapping(0)]
    const two = [LORA_IRQ.rxTimeout, 0x02, 0x01, 0][this.#registers.mapping(1)]
    return [(this.#irq & one) !== 0, (this.#irq & two) !== 0]
  }

  /** Table 30, packet mode. */
  #linesFsk(): readonly [boolean, boolean] {
    const flags = this.#flags2()
    const receiving = this.#mode === 'rx'
    const one = [receiving ? 0x04 : 0x08, receiving ? 0x02 : 0, 0, 0][this.#registers.mapping(0)]
    const two = [0x20, 0x40, 0x80, 0][this.#registers.mapping(1)]
    return [(flags & one) !== 0, (flags & two) !== 0]
  }

  #drive(line: 0 | 1, on: boolean, drive: (level: 0 | 1) => void): void {
    const level = on ? 1 : 0
    if (this.#levels[line] === level) return
    this.#levels[line] = level
    if (level === 1 && this.faults.lostInterrupts > 0) this.faults.lostInterrupts--
    else drive(level)
  }
}

function clamp(value: number): number {
  return Math.max(0, Math.min(255, Math.round(value)))
}
