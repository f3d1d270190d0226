import type { Bytes, SPIConstructor } from '../../../hal/api/io.ts'
import type { LoRaModulation, Modulation, RadioTransmission } from '../../lib/lora-radio.ts'
import type { AirReceiver, AirReception, AirSignal, LoRaAir, Position } from '../lora/air.ts'
import type { Scheduler, Task } from '../scheduler.ts'
import { loraBus } from './lora-bus.ts'

/**
 * Semtech SX1261/62 at the level of commands, registers, buffer, IRQ lines and BUSY: written from DS.SX1261-2 revision 2.1. It knows nothing of its driver.
 */

export interface EmulatedSX126xOptions {
  readonly scheduler: Scheduler
  readonly air: LoRaAir
  readonly name: string
  readonly position: Position
  readonly antennaGain_dBi?: number
  readonly part?: 'SX1261' | 'SX1262'
  /** DIO1 and BUSY as the board sees them. */
  readonly onDio1: (level: 0 | 1) => void
  readonly onBusy: (level: 0 | 1) => void
}

type Mode = 'sleep' | 'standbyRc' | 'standbyXosc' | 'fs' | 'rx' | 'tx'

/** Bits 6:4 of the status (table 13-76). */
const MODE_CODES: Readonly<Record<Mode, number>> = Object.freeze({ sleep: 0, standbyRc: 2, standbyXosc: 3, fs: 4, rx: 5, tx: 6 })

/** SPI clock of at most 16 MHz (table 8-1). */
const FASTEST_HZ = 16_000_000
const REGISTERS = 0x1000
/** How long BUSY stays high (table 8-2): cold start, warm start, calibration. */
const COLD_START_US = 3500
const WARM_START_US = 340
const CALIBRATION_US = 3500
const IMAGE_CALIBRATION_US = 2000
/** 15.625 µs in units of 1/64 ms. */
const TICK_US = 1000 / 64
const CONTINUOUS = 0xffffff
const NOISE_FIGURE_DB = 6
const GAIN_DBI = 2
const IRQ = Object.freeze({ txDone: 1, rxDone: 2, preamble: 4, syncWord: 8, header: 16, headerError: 32, crcError: 64, timeout: 512 })

/** Values after a reset that software looks at (chapter 12). */
const RESET_VALUES: readonly (readonly [number, number])[] = Object.freeze([
  Object.freeze([0x0740, 0x14] as const),
  Object.freeze([0x0741, 0x24] as const),
  Object.freeze([0x0736, 0x0d] as const),
  Object.freeze([0x0889, 0x01] as const),
  Object.freeze([0x08ac, 0x94] as const),
  Object.freeze([0x08d8, 0xc8] as const),
  Object.freeze([0x08e7, 0x18] as const),
])

/** Faults that real boards show. */
export interface SX126xFaults {
  /** BUSY never falls: a chip without supply or with a broken crystal. */
  busyStuck: boolean
  /** MISO reads zeros. */
  silent: boolean
  /** Edges on DIO1 that are lost on the way. */
  lostInterrupts: number
  /** The next transmission never ends. */
  hangs: boolean
}

export class EmulatedSX126x implements AirReceiver {
  readonly name: string
  readonly antennaGain_dBi: number
  readonly noiseFigure_dB = NOISE_FIGURE_DB
  position: Position
  readonly faults: SX126xFaults = { busyStuck: false, silent: false, lostInterrupts: 0, hangs: false }
  /** Transactions that came while BUSY was high, and that the chip did not take. */
  ignored = 0
  readonly #options: EmulatedSX126xOptions
  #registers = new Uint8Array(REGISTERS)
  #buffer = new Uint8Array(256)
  #mode: Mode = 'standbyRc'
  #busy: 0 | 1 = 0
  #busyTask: Task | undefined
  /** Status bits 3:1 of the last command. */
  #commandStatus = 1
  #irq = 0
  #irqMask = 0
  #dio1Mask = 0
  #dio1: 0 | 1 = 0
  #packetType = 0
  #frequency_Hz = 0
  #modulationParameters = new Uint8Array(8)
  #packetParameters = new Uint8Array(9)
  #power_dBm = 0
  #txBase = 0
  #rxBase = 0
  #rx = { length: 0, start: 0, rssi: 0, snr: 0 }
  #stopOnPreamble = false
  #selected = true
  #since_us = 0
  #continuous = false
  #following: AirSignal | undefined
  #task: Task | undefined

  constructor(options: EmulatedSX126xOptions) {
    this.#options = options
    this.name = options.name
    this.position = options.position
    this.antennaGain_dBi = options.antennaGain_dBi ?? GAIN_DBI
    options.air.attach(this)
    this.powerOn()
  }

  /** The supply is there. */
  powerOn(): void {
    this.#clear()
    this.#registers = new Uint8Array(REGISTERS)
    for (const [address, value] of RESET_VALUES) this.#registers[address] = value
    this.#buffer = new Uint8Array(256)
    this.#irqMask = 0
    this.#dio1Mask = 0
    this.#packetType = 0
    this.#stopOnPreamble = false
    this.#selected = true
    this.#enter('standbyRc')
    this.#beBusy(COLD_START_US)
  }

  powerOff(): void {
    this.#clear()
    this.#selected = false
    this.#enter('sleep')
    this.#setBusy(0)
  }

  /** NRESET: low holds the chip, its rise starts it. */
  reset(level: 0 | 1): void {
    if (level === 1 && !this.#selected) this.powerOn()
    else if (level === 0) {
      this.#clear()
      this.#selected = false
      this.#setBusy(1)
    }
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
    if (!this.#selected || this.faults.silent) {
      bytes.fill(0)
      return
    }
    if (this.#mode === 'sleep') {
      // The falling edge of NSS wakes the chip; what it carries is lost.
      bytes.fill(0)
      this.#enter('standbyRc')
      this.#beBusy(WARM_START_US)
      return
    }
    if (this.#busy === 1) {
      this.ignored++
      bytes.fill(0)
      return
    }
    const given = bytes.slice()
    // The status comes back with every byte, unless an answer takes its place.
    bytes.fill(this.#status())
    this.#commandStatus = 1
    this.#command(given[0], given.subarray(1), bytes.subarray(1))
  }

  #status(): number {
    return (MODE_CODES[this.#mode] << 4) | (this.#commandStatus << 1)
  }

  /** `answer` is what goes back with the bytes after the operation code. */
  #command(code: number, given: Uint8Array, answer: Uint8Array): void {
    const handler = COMMANDS[code]
    if (handler === undefined || given.length < handler.least) {
      // Table 13-76: the command could not be processed.
      this.#commandStatus = 4
      return
    }
    handler.run(this.#access, given, answer)
  }

  /** What commands may touch. */
  readonly #access: ChipAccess = {
    sleep: () => {
      this.#stop()
      this.#enter('sleep')
    },
    standby: (xosc) => {
      this.#stop()
      this.#enter(xosc ? 'standbyXosc' : 'standbyRc')
    },
    fs: () => {
      this.#stop()
      this.#enter('fs')
    },
    transmit: (timeout) => this.#transmit(timeout),
    receive: (timeout) => this.#receive(timeout),
    calibrate: (image) => {
      if (this.#mode !== 'standbyRc') this.#commandStatus = 5
      else this.#beBusy(image ? IMAGE_CALIBRATION_US : CALIBRATION_US)
    },
    setPacketType: (type) => {
      this.#packetType = type
    },
    setFrequency: (steps) => {
      this.#frequency_Hz = Math.round((steps * 32_000_000) / 2 ** 25)
    },
    setPower: (power_dBm) => {
      this.#power_dBm = power_dBm
    },
    setModulation: (bytes) => this.#modulationParameters.set(bytes.subarray(0, 8)),
    setPacket: (bytes) => this.#packetParameters.set(bytes.subarray(0, 9)),
    setBases: (tx, rx) => {
      this.#txBase = tx
      this.#rxBase = rx
    },
    setIrq: (mask, dio1) => {
      this.#irqMask = mask
      this.#dio1Mask = dio1
      this.#raise(0)
    },
    irq: () => this.#irq,
    clearIrq: (bits) => {
      this.#irq &= ~bits
      this.#raise(0)
    },
    stopOnPreamble: (on) => {
      this.#stopOnPreamble = on
    },
    register: (address) => this.#registers[address & (REGISTERS - 1)],
    setRegister: (address, value) => {
      this.#registers[address & (REGISTERS - 1)] = value
    },
    buffer: () => this.#buffer,
    received: () => this.#rx,
    gfsk: () => this.#packetType === 0,
    rssi: () => {
      const dBm = this.#options.air.noise_dBm(this, this.#frequency_Hz, 125_000)
      return Math.round(-2 * dBm)
    },
  }

  // Radio

  #modulation(): Modulation {
    const m = this.#modulationParameters
    if (this.#packetType === 0) {
      const rate = (m[0] << 16) | (m[1] << 8) | m[2]
      const deviation = (m[5] << 16) | (m[6] << 8) | m[7]
      return {
        type: 'fsk',
        bitRate_bps: Math.round((32 * 32_000_000) / Math.max(1, rate)),
        deviation_Hz: Math.round((deviation * 32_000_000) / 2 ** 25),
      }
    }
    const bandwidth_Hz = ({ 4: 125_000, 5: 250_000, 6: 500_000 } as const)[m[1]] ?? 125_000
    return { type: 'lora', spreadingFactor: m[0], bandwidth_Hz, codingRate: Math.max(1, Math.min(4, m[2])) as LoRaModulation['codingRate'] }
  }

  get #lora(): boolean {
    return this.#packetType === 1
  }

  get #publicNetwork(): boolean {
    return !this.#lora || (this.#registers[0x0740] === 0x34 && this.#registers[0x0741] === 0x44)
  }

  #transmit(timeout: number): void {
    this.#stop()
    this.#enter('tx')
    const { air, scheduler } = this.#options
    const p = this.#packetParameters
    const length = p[this.#lora ? 3 : 6]
    if (this.faults.hangs) {
      this.faults.hangs = false
      return
    }
    const payload = new Uint8Array(length)
    for (let i = 0; i < length; i++) payload[i] = this.#buffer[(this.#txBase + i) & 0xff]
    const preamble = (p[0] << 8) | p[1]
    const transmission: RadioTransmission = {
      frequency_Hz: this.#frequency_Hz,
      modulation: this.#modulation(),
      invertedIq: this.#lora && p[5] === 1,
      preamble: this.#lora ? preamble : preamble / 8,
      publicNetwork: this.#publicNetwork,
      payload,
      power_dBm: this.#power_dBm,
      crc: this.#lora ? p[4] === 1 : p[7] !== 1,
    }
    const { end_us } = air.transmit(this, transmission)
    const limit_us = timeout === 0 ? Number.POSITIVE_INFINITY : scheduler.now_us + Math.round(timeout * TICK_US)
    this.#task = scheduler.at(Math.min(end_us, limit_us), () => {
      this.#enter('standbyRc')
      this.#raise(end_us <= limit_us ? IRQ.txDone : IRQ.timeout)
    })
  }

  #receive(timeout: number): void {
    this.#stop()
    this.#enter('rx')
    const { air, scheduler } = this.#options
    this.#continuous = timeout === CONTINUOUS
    this.#since_us = scheduler.now_us
    if (timeout !== 0 && !this.#continuous) {
      this.#task = scheduler.after(Math.round(timeout * TICK_US), () => {
        this.#following = undefined
        this.#enter('standbyRc')
        this.#raise(IRQ.timeout)
      })
    }
    air.listening(this)
  }

  listensSince_us({ transmission }: AirSignal): number | undefined {
    if (this.#mode !== 'rx' || this.#following !== undefined) return undefined
    if (transmission.frequency_Hz !== this.#frequency_Hz || transmission.publicNetwork !== this.#publicNetwork) return undefined
    const tuned = this.#modulation()
    const { modulation, invertedIq } = transmission
    if (tuned.type === 'fsk' || modulation.type === 'fsk') return tuned.type === modulation.type ? this.#since_us : undefined
    const same = tuned.spreadingFactor === modulation.spreadingFactor && tuned.bandwidth_Hz === modulation.bandwidth_Hz
    return same && invertedIq === (this.#packetParameters[5] === 1) ? this.#since_us : undefined
  }

  onPreamble(signal: AirSignal): boolean {
    if (this.#mode !== 'rx') return false
    this.#following = signal
    // Without StopTimerOnPreamble the timer runs on until the header is valid; with it the frame is received to its end.
    if (this.#stopOnPreamble) this.#cancel()
    this.#raise(IRQ.preamble)
    return true
  }

  onEnd({ signal, rssi_dBm, snr_dB, damaged }: AirReception): boolean {
    if (this.#following !== signal) return false
    this.#following = undefined
    this.#cancel()
    const { payload, crc } = signal.transmission
    this.#rx = {
      length: payload.length,
      start: this.#rxBase,
      rssi: Math.max(0, Math.min(255, Math.round(-2 * rssi_dBm))),
      snr: Math.max(-128, Math.min(127, Math.round(4 * snr_dB))) & 0xff,
    }
    for (let i = 0; i < payload.length; i++) this.#buffer[(this.#rxBase + i) & 0xff] = damaged && i > 2 ? payload[i] ^ 0x5a : payload[i]
    if (!this.#continuous) this.#enter('standbyRc')
    else this.#since_us = this.#options.scheduler.now_us
    this.#raise(IRQ.rxDone | IRQ.syncWord | IRQ.header | (damaged && crc ? IRQ.crcError : 0))
    return true
  }

  #stop(): void {
    this.#cancel()
    this.#following = undefined
  }

  #cancel(): void {
    if (this.#task !== undefined) this.#options.scheduler.cancel(this.#task)
    this.#task = undefined
  }

  // Lines

  #clear(): void {
    this.#stop()
    if (this.#busyTask !== undefined) this.#options.scheduler.cancel(this.#busyTask)
    this.#busyTask = undefined
    this.#irq = 0
    this.#raise(0)
  }

  #enter(mode: Mode): void {
    this.#mode = mode
    if (mode === 'sleep') this.#setBusy(1)
    else if (this.#busyTask === undefined) this.#setBusy(0)
  }

  #beBusy(duration_us: number): void {
    const { scheduler } = this.#options
    if (this.#busyTask !== undefined) scheduler.cancel(this.#busyTask)
    this.#setBusy(1)
    this.#busyTask = scheduler.after(duration_us, () => {
      this.#busyTask = undefined
      if (!this.faults.busyStuck) this.#setBusy(0)
    })
  }

  #setBusy(level: 0 | 1): void {
    this.#busy = level
    this.#options.onBusy(level)
  }

  /** Latches events that are not masked, and drives DIO1. */
  #raise(bits: number): void {
    this.#irq |= bits & this.#irqMask
    const level = (this.#irq & this.#dio1Mask) === 0 ? 0 : 1
    if (level === this.#dio1) return
    this.#dio1 = level
    if (level === 1 && this.faults.lostInterrupts > 0) this.faults.lostInterrupts--
    else this.#options.onDio1(level)
  }
}

interface ChipAccess {
  sleep(): void
  standby(xosc: boolean): void
  fs(): void
  transmit(timeout: number): void
  receive(timeout: number): void
  calibrate(image: boolean): void
  setPacketType(type: number): void
  setFrequency(steps: number): void
  setPower(power_dBm: number): void
  setModulation(bytes: Uint8Array): void
  setPacket(bytes: Uint8Array): void
  setBases(tx: number, rx: number): void
  setIrq(mask: number, dio1: number): void
  irq(): number
  clearIrq(bits: number): void
  stopOnPreamble(on: boolean): void
  register(address: number): number
  setRegister(address: number, value: number): void
  buffer(): Uint8Array
  received(): { length: number; start: number; rssi: number; snr: number }
  gfsk(): boolean
  rssi(): number
}

interface Handler {
  /** Bytes after the operation code. */
  readonly least: number
  readonly run: (chip: ChipAccess, given: Uint8Array, answer: Uint8Array) => void
}

const uint16 = (bytes: Uint8Array, at = 0): number => (bytes[at] << 8) | bytes[at + 1]
const uint24 = (bytes: Uint8Array): number => (bytes[0] << 16) | uint16(bytes, 1)
const nothing = (): void => {}

/** Chapter 13; commands that change nothing that anybody sees are taken and forgotten. */
const COMMANDS: Readonly<Record<number, Handler>> = Object.freeze({
  132: { least: 1, run: (chip) => chip.sleep() },
  128: { least: 1, run: (chip, given) => chip.standby(given[0] === 1) },
  193: { least: 0, run: (chip) => chip.fs() },
  131: { least: 3, run: (chip, given) => chip.transmit(uint24(given)) },
  130: { least: 3, run: (chip, given) => chip.receive(uint24(given)) },
  159: { least: 1, run: (chip, given) => chip.stopOnPreamble(given[0] === 1) },
  150: { least: 1, run: nothing },
  137: { least: 1, run: (chip) => chip.calibrate(false) },
  152: { least: 2, run: (chip) => chip.calibrate(true) },
  149: { least: 4, run: nothing },
  147: { least: 1, run: nothing },
  13: {
    least: 3,
    run: (chip, given) => {
      for (let i = 2; i < given.length; i++) chip.setRegister(uint16(given) + i - 2, given[i])
    },
  },
  29: {
    least: 4,
    run: (chip, given, answer) => {
      for (let i = 3; i < answer.length; i++) answer[i] = chip.register(uint16(given) + i - 3)
    },
  },
  14: {
    least: 2,
    run: (chip, given) => {
      for (let i = 1; i < given.length; i++) chip.buffer()[(given[0] + i - 1) & 0xff] = given[i]
    },
  },
  30: {
    least: 3,
    run: (chip, given, answer) => {
      for (let i = 2; i < answer.length; i++) answer[i] = chip.buffer()[(given[0] + i - 2) & 0xff]
    },
  },
  8: { least: 8, run: (chip, given) => chip.setIrq(uint16(given), uint16(given, 2)) },
  18: { least: 3, run: (chip, _, answer) => answer.set([chip.irq() >> 8, chip.irq() & 0xff], 1) },
  2: { least: 2, run: (chip, given) => chip.clearIrq(uint16(given)) },
  157: { least: 1, run: nothing },
  151: { least: 4, run: nothing },
  134: { least: 4, run: (chip, given) => chip.setFrequency(uint16(given) * 0x10000 + uint16(given, 2)) },
  138: { least: 1, run: (chip, given) => chip.setPacketType(given[0]) },
  142: { least: 2, run: (chip, given) => chip.setPower((given[0] << 24) >> 24) },
  139: { least: 4, run: (chip, given) => chip.setModulation(given) },
  140: { least: 6, run: (chip, given) => chip.setPacket(given) },
  143: { least: 2, run: (chip, given) => chip.setBases(given[0], given[1]) },
  192: { least: 0, run: nothing },
  19: { least: 3, run: (chip, _, answer) => answer.set([chip.received().length, chip.received().start], 1) },
  20: {
    least: 4,
    run: (chip, _, answer) => {
      const { rssi, snr } = chip.received()
      answer.set(chip.gfsk() ? [0, rssi, rssi] : [rssi, snr, rssi], 1)
    },
  },
  21: { least: 2, run: (chip, _, answer) => answer.set([chip.rssi()], 1) },
  7: { least: 2, run: nothing },
})
