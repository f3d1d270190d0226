/**
 * BL0942, single-phase metering IC, at register level, with its UART (SEL = 0).
 * Datasheet: Belling BL0942 V1.1; application note V1.04. Section numbers are the datasheet's.
 *
 * Lazy: between changes everything is constant, so energy is integrated in closed form when somebody looks.
 */
import type { SerialConstructor } from '../../../hal/api/io.ts'
import { alternatingCurrent_A, DistortionCopy } from '../distortion.ts'
import { createElectrical, type Electrical } from '../electrical.ts'
import type { Scheduler } from '../scheduler.ts'
import { PulseGenerator } from './bl0942-energy.ts'
import { type BL0942FrontEnd, BL0942Measurement } from './bl0942-measurement.ts'
import { Address, Mode, REGISTERS, RESET_KEY, UNLOCK_KEY, USER_REGISTERS } from './bl0942-registers.ts'
import { UartOutput } from './uart-output.ts'

export interface BL0942Options {
  readonly scheduler: Scheduler
  /** The chip's end of the line. */
  readonly io: SerialConstructor
  /** Pins A2_NCS and A1 of the TSSOP14; 0 in the other packages. */
  readonly address?: 0 | 1 | 2 | 3
  /** Pin SCLK_BPS: 0 for 4800, 1 for 9600 baud. */
  readonly sclkBps?: 0 | 1
  readonly frontEnd?: BL0942FrontEnd
}

const READ = 0x58
const WRITE = 0xa8
const WRITE_BYTES = 6
const PACKET_BYTES = 23
const HEAD = 0x55
/** Sections 3.2.3 to 3.2.6: a frame that takes longer is dropped. */
const FRAME_TIMEOUT_US = 16_000
/** One byte on the wire: start, eight data bits, stop. */
const BYTE_BITS = 10

export class BL0942 {
  /** Faults of the line from the chip. */
  readonly line: UartOutput

  readonly #scheduler: Scheduler
  readonly #address: number
  readonly #sclkBps: 0 | 1
  readonly #registers = new Uint32Array(REGISTERS)
  readonly #inputs: Electrical = createElectrical()
  readonly #distortion = new DistortionCopy()
  readonly #pulses = new PulseGenerator()
  readonly #measurement: BL0942Measurement
  #powered = true
  #unlocked = false
  #baud = 4800
  readonly #frame = new Uint8Array(WRITE_BYTES)
  #received = 0
  #frameStart_us = 0
  #answerEnd_us = 0
  readonly #packet = new Uint8Array(PACKET_BYTES)
  readonly #answer = new Uint8Array(4)
  #forgery: ((packet: Uint8Array) => void) | undefined

  constructor(options: BL0942Options) {
    this.#scheduler = options.scheduler
    this.#address = options.address ?? 0
    this.#sclkBps = options.sclkBps ?? 0
    this.#measurement = new BL0942Measurement(this.#registers, this.#pulses, options.frontEnd ?? {})
    this.line = new UartOutput(
      options.io,
      (byte) => this.#hear(byte),
      // More than 32 zero bits reset the UART (section 3.2.6); on the emulated wire a break shows as a framing error.
      () => {
        this.#received = 0
      },
    )
    this.#start()
  }

  /** Pulses that the chip ever made, by the sign of WATT: what a meter should have counted. */
  get generated(): { readonly forward: number; readonly reverse: number } {
    this.advance()
    return { forward: this.#pulses.forwardPulses, reverse: this.#pulses.reversePulses }
  }

  /** Back door: physical quantities from now on; L1 counts. The values are copied. */
  setInputs(electrical: Electrical): void {
    this.advance()
    const inputs = this.#inputs
    inputs.voltage_V[0] = electrical.voltage_V[0]
    inputs.current_A[0] = alternatingCurrent_A(electrical, 0)
    inputs.active_W[0] = electrical.active_W[0]
    inputs.reactive_var[0] = electrical.reactive_var[0]
    inputs.frequency_Hz = electrical.frequency_Hz
    this.#distortion.take(electrical.distortion)
    inputs.distortion = this.#distortion.now
    if (this.#powered) this.#measurement.change(inputs, this.#scheduler.now_us)
  }

  /** Brings the registers to the present. */
  advance(): void {
    if (!this.#powered) return
    const { now_us } = this.#scheduler
    this.#pulses.integrate(now_us)
    this.#registers[Address.CF_CNT] = this.#pulses.count
    this.#measurement.publish(now_us)
  }

  /** Back door: a register as it stands, without a transaction and its effects. */
  peek(address: number): number {
    this.advance()
    return this.#registers[address] ?? 0
  }

  powerOff(): void {
    this.advance()
    this.#powered = false
    this.line.close()
  }

  /** All registers have their reset values (section 1.5). */
  powerOn(): void {
    if (this.#powered) return
    this.#powered = true
    this.#start()
  }

  /** Fault: resets without being asked. */
  spontaneousReset(): void {
    if (!this.#powered) return
    this.advance()
    this.#start()
  }

  /** Fault: the pulse counter jumps; also how a test gets near the wrap. */
  setPulseCount(count: number): void {
    this.advance()
    this.#pulses.count = count
  }

  /** Fault: one bit of a user register flips, lock or no lock. */
  flip(address: number, bit: number): void {
    const register = USER_REGISTERS.find(([known]) => known === address)
    if (register === undefined || !(bit >= 0 && bit < register[1])) throw new RangeError('user register')
    this.#write(address, this.#registers[address] ^ (1 << bit), true)
  }

  /** Fault: the next packet is changed before its checksum is made. */
  forge(change: (packet: Uint8Array) => void): void {
    this.#forgery = change
  }

  #start(): void {
    const { now_us } = this.#scheduler
    for (const [address, , value] of USER_REGISTERS) this.#registers[address] = value
    this.#registers[Address.USR_WRPROT] = 0
    this.#unlocked = false
    this.#received = 0
    this.#answerEnd_us = 0
    this.#pulses.reset()
    this.#pulses.time_us = now_us
    this.#measurement.reset(now_us)
    this.#applyMode()
    this.#measurement.change(this.#inputs, now_us)
    this.#openLine()
  }

  #applyMode(): void {
    const mode = this.#registers[Address.MODE]
    this.#pulses.enabled = (mode & Mode.CF_EN) !== 0
    this.#pulses.absolute = (mode & Mode.CF_CNT_ADD_SEL) !== 0
  }

  /** UART_RATE_SEL: 00 and 01 leave it to the pin, 10 is 19200, 11 is 38400 (section 3.2.1). */
  #openLine(): void {
    const rate = (this.#registers[Address.MODE] & Mode.UART_RATE_SEL) >> 8
    this.#baud = rate < 2 ? 4800 << this.#sclkBps : 9600 << (rate - 1)
    this.line.open({ baud: this.#baud, bits: 8, parity: 'none', stop: 1 })
  }

  // --- UART (section 3.2) ---

  #hear(byte: number): void {
    const { now_us } = this.#scheduler
    // Half duplex: while it answers it does not listen.
    if (now_us < this.#answerEnd_us) return
    if (this.#received > 0 && now_us - this.#frameStart_us > FRAME_TIMEOUT_US) this.#received = 0
    if (this.#received === 0) {
      if (byte !== (READ | this.#address) && byte !== (WRITE | this.#address)) return
      this.#frameStart_us = now_us
    }
    const frame = this.#frame
    frame[this.#received++] = byte
    if (frame[0] === (READ | this.#address) && this.#received === 2) this.#read(frame[1])
    else if (this.#received === WRITE_BYTES) this.#writeFrame()
  }

  #read(address: number): void {
    this.#received = 0
    this.advance()
    const known = address < REGISTERS
    if (address !== Address.packet && !known) return
    const answer = address === Address.packet ? this.#fillPacket() : this.#fillAnswer(address)
    const cleared = address === Address.packet || address === Address.CF_CNT
    if (cleared && this.#registers[Address.MODE] & Mode.CF_CNT_CLR_SEL) this.#pulses.count = 0
    this.#answerEnd_us = this.#scheduler.now_us + Math.ceil((answer.length * BYTE_BITS * 1_000_000) / this.#baud)
    this.line.send(answer)
  }

  #fillAnswer(address: number): Uint8Array {
    const answer = this.#answer
    put24(answer, 0, this.#registers[address])
    answer[3] = ~((READ | this.#address) + address + answer[0] + answer[1] + answer[2])
    return answer
  }

  /** Section 3.2.5. Byte 20 is 0 there; frames of real chips carry STATUS[9:8] in it. */
  #fillPacket(): Uint8Array {
    const packet = this.#packet
    const registers = this.#registers
    packet[0] = HEAD
    put24(packet, 1, registers[Address.I_RMS])
    put24(packet, 4, registers[Address.V_RMS])
    put24(packet, 7, registers[Address.I_FAST_RMS])
    put24(packet, 10, registers[Address.WATT])
    put24(packet, 13, registers[Address.CF_CNT])
    put24(packet, 16, registers[Address.FREQ])
    put24(packet, 19, registers[Address.STATUS])
    this.#forgery?.(packet)
    this.#forgery = undefined
    // The command counts, its second byte AAH does not.
    let sum = READ | this.#address
    for (let i = 0; i < PACKET_BYTES - 1; i++) sum += packet[i]
    packet[PACKET_BYTES - 1] = ~sum
    return packet
  }

  #writeFrame(): void {
    this.#received = 0
    const frame = this.#frame
    const sum = frame[0] + frame[1] + frame[2] + frame[3] + frame[4]
    if (frame[5] !== (~sum & 0xff)) return
    this.#write(frame[1], frame[2] | (frame[3] << 8) | (frame[4] << 16), this.#unlocked)
  }

  #write(address: number, value: number, unlocked: boolean): void {
    if (address === Address.USR_WRPROT) {
      this.#registers[address] = value & 0xff
      this.#unlocked = (value & 0xff) === UNLOCK_KEY
    } else if (address === Address.SOFT_RESET) {
      // Drivers in use unlock before they reset; the datasheet lists the register apart from those under protection.
      if (value === RESET_KEY) this.spontaneousReset()
    } else if (unlocked) this.#writeUser(address, value)
  }

  #writeUser(address: number, value: number): void {
    const register = USER_REGISTERS.find(([known]) => known === address)
    if (register === undefined) return
    this.advance()
    const before = this.#registers[address]
    this.#registers[address] = value & ((1 << register[1]) - 1)
    this.#applyMode()
    this.#measurement.change(this.#inputs, this.#scheduler.now_us)
    const rates = (before ^ this.#registers[address]) & Mode.UART_RATE_SEL
    if (address === Address.MODE && rates !== 0) this.#openLine()
  }
}

function put24(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >> 8
  bytes[at + 2] = value >> 16
}
