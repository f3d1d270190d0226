/**
 * CSE7766 (and CSE7759B, HLW8032): single-phase metering IC that only talks: 4800 baud 8E1, a frame of 24 bytes, then a pause.
 * Datasheet: Chipsea CSE7766 user manual Rev. 1.2. What it leaves open is taken from captured frames and said so.
 */
import type { SerialConstructor } from '../../../hal/api/io.ts'
import { alternatingCurrent_A } from '../distortion.ts'
import { createElectrical, type Electrical } from '../electrical.ts'
import type { Scheduler, Task } from '../scheduler.ts'
import { POWER_PER_WATT, PulseTrain } from './cse7766-pulses.ts'
import { UartOutput } from './uart-output.ts'

/** Constants of one chip from its factory: U, I and P are coefficient / period in microseconds, in the reference circuit. */
export interface CSE7766Coefficients {
  readonly voltage: number
  readonly current: number
  readonly power: number
}

export interface CSE7766Options {
  readonly scheduler: Scheduler
  /** The chip's end of the line. */
  readonly io: SerialConstructor
  /** Default: those of a Sonoff Pow R2. */
  readonly coefficients?: CSE7766Coefficients
  /** False: state AAH and nominal coefficients. */
  readonly calibrated?: boolean
  /** The reference circuit has a shunt of 1 milliohm and a divider of 1 megohm. */
  readonly shunt_uOhm?: number
  readonly divider_Ohm?: number
  /** Longest time between two pulses that is still power; above it is "no load". Default 2^22 us: frames of real chips place it between 3.1 and 6.5 s. */
  readonly powerRange_us?: number
}

const SONOFF: CSE7766Coefficients = Object.freeze({ voltage: 0x02db40, current: 0x003d18, power: 0x4f0a60 })
const NOMINAL: CSE7766Coefficients = Object.freeze({ voltage: 191_200, current: 16_140, power: 5_364_000 })
const FRAME_BYTES = 24
/** Eleven bits a byte take 55 ms; frames follow 50 ms later, so that their starts are 105 ms apart, as time stamps of captured frames show. */
const FRAME_US = 55_000
const PAUSE_US = 50_000
const U24 = 0xffffff
const CHECK = 0x5a
/** State: good, not calibrated, abnormal with the reasons in the low bits. */
const GOOD = 0x55
const UNCALIBRATED = 0xaa
const ABNORMAL = 0xf0
const POWER_OUT_OF_RANGE = 1 << 1
const VOLTAGE_OUT_OF_RANGE = 1 << 3
/** Adj: carry of CF; the three periods are complete. Captured frames have bit 0 set besides. */
const CARRY = 1 << 7
const VOLTAGE_VALID = 1 << 6
const CURRENT_VALID = 1 << 5
const POWER_VALID = 1 << 4

export class CSE7766 {
  /** Faults of the line from the chip. */
  readonly line: UartOutput

  readonly #scheduler: Scheduler
  readonly #coefficients: CSE7766Coefficients
  readonly #calibrated: boolean
  readonly #voltageRatio: number
  readonly #currentRatio: number
  readonly #range_us: number
  readonly #inputs: Electrical = createElectrical()
  readonly #pulses: PulseTrain
  readonly #frame = new Uint8Array(FRAME_BYTES)
  #task: Task | undefined
  #abnormal = 0
  #fresh = true
  #forgeries = 0
  #forgery: ((frame: Uint8Array) => void) | undefined

  constructor(options: CSE7766Options) {
    const { calibrated = true, shunt_uOhm = 1000, divider_Ohm = 1_000_000, powerRange_us = 2 ** 22 } = options
    if (!(shunt_uOhm > 0 && divider_Ohm > 0)) throw new RangeError('circuit')
    this.#scheduler = options.scheduler
    this.#calibrated = calibrated
    this.#coefficients = calibrated ? (options.coefficients ?? SONOFF) : NOMINAL
    this.#voltageRatio = 1_000_000 / divider_Ohm
    this.#currentRatio = shunt_uOhm / 1000
    this.#range_us = powerRange_us
    this.#pulses = new PulseTrain(this.#coefficients.power)
    this.line = new UartOutput(options.io)
    this.#start()
  }

  /** Pulses that the chip ever made. */
  get generated(): number {
    this.advance()
    return this.#pulses.generated
  }

  /** Back door: physical quantities from now on; L1 counts, and of the power only its magnitude. The values are copied. */
  setInputs(electrical: Electrical): void {
    this.advance()
    const inputs = this.#inputs
    inputs.voltage_V[0] = electrical.voltage_V[0]
    inputs.current_A[0] = alternatingCurrent_A(electrical, 0)
    const watt = Math.abs(electrical.active_W[0]) * this.#voltageRatio * this.#currentRatio
    const pulses = this.#pulses
    pulses.power = Math.round(watt * POWER_PER_WATT)
    if (pulses.due_us > this.#range_us) pulses.power = 0
  }

  /** Brings the pulses to the present. */
  advance(): void {
    if (this.#task !== undefined) this.#pulses.integrate(this.#scheduler.now_us)
  }

  powerOff(): void {
    this.advance()
    this.#stop()
    this.line.close()
  }

  /** Counter and periods start again. */
  powerOn(): void {
    if (this.#task === undefined) this.#start()
  }

  /** Fault: resets without being asked. */
  spontaneousReset(): void {
    if (this.#task === undefined) return
    this.powerOff()
    this.#start()
  }

  /** Fault: the pulse counter jumps; also how a test gets near the wrap. */
  setPulseCount(count: number, carry: 0 | 1 = 0): void {
    this.advance()
    this.#pulses.count = count
    this.#pulses.carry = carry
  }

  /** Fault: reasons in the low four bits of the state, from now on; 0 ends it. */
  setAbnormal(bits: number): void {
    this.#abnormal = bits & 0x0f
  }

  /** Fault: the next `count` frames are changed before their checksum is made. */
  forge(change: (frame: Uint8Array) => void, count = 1): void {
    this.#forgery = change
    this.#forgeries = count
  }

  #start(): void {
    const { now_us } = this.#scheduler
    this.#pulses.reset(now_us)
    this.#fresh = true
    this.line.open({ baud: 4800, bits: 8, parity: 'even', stop: 1 })
    this.#task = this.#scheduler.after(PAUSE_US, this.#send, FRAME_US + PAUSE_US)
  }

  #stop(): void {
    if (this.#task !== undefined) this.#scheduler.cancel(this.#task)
    this.#task = undefined
  }

  readonly #send = (): void => {
    this.advance()
    const frame = this.#frame
    frame[1] = CHECK
    put24(frame, 2, this.#coefficients.voltage)
    put24(frame, 8, this.#coefficients.current)
    put24(frame, 14, this.#coefficients.power)
    let adj = 1
    adj |= this.#putPeriods(frame)
    const pulses = this.#putPower(frame)
    adj |= pulses & POWER_VALID
    this.#putState(frame, pulses)
    frame[20] = adj | this.#putCounter(frame)
    this.#fresh = false
    if (this.#forgeries > 0) {
      this.#forgeries--
      this.#forgery?.(frame)
    }
    let sum = 0
    for (let i = 2; i < FRAME_BYTES - 1; i++) sum += frame[i]
    frame[FRAME_BYTES - 1] = sum
    this.line.send(frame)
  }

  /** Voltage and current; gives their bits of Adj. Nothing is complete in the first frame. */
  #putPeriods(frame: Uint8Array): number {
    const voltage = period(this.#coefficients.voltage, this.#inputs.voltage_V[0] * this.#voltageRatio)
    const current = period(this.#coefficients.current, this.#inputs.current_A[0] * this.#currentRatio)
    put24(frame, 5, voltage)
    put24(frame, 11, current)
    if (this.#fresh) return 0
    return (voltage < U24 ? VOLTAGE_VALID : 0) | (current < U24 ? CURRENT_VALID : 0)
  }

  /** Time between pulses, or, once the next one is overdue, since the last. Gives POWER_VALID or POWER_OUT_OF_RANGE or neither. */
  #putPower(frame: Uint8Array): number {
    const pulses = this.#pulses
    const elapsed_us = this.#scheduler.now_us - pulses.last_us
    const complete = pulses.period_us > 0 && elapsed_us <= pulses.period_us
    put24(frame, 17, Math.min(U24, complete ? pulses.period_us : elapsed_us))
    if (complete) return POWER_VALID
    return elapsed_us > this.#range_us ? POWER_OUT_OF_RANGE : 0
  }

  #putState(frame: Uint8Array, power: number): void {
    const voltage = this.#fresh || this.#inputs.voltage_V[0] > 0 ? 0 : VOLTAGE_OUT_OF_RANGE
    const reasons = this.#abnormal | (power & POWER_OUT_OF_RANGE) | voltage
    if (!this.#calibrated) frame[0] = UNCALIBRATED
    else frame[0] = reasons === 0 ? GOOD : ABNORMAL | reasons
  }

  /** While CFl is 0 the rest of the counter has not followed yet: carry and CFm are to be ignored (section 3.6.2). */
  #putCounter(frame: Uint8Array): number {
    const { count, carry } = this.#pulses
    const late = (count & 0xff) === 0 && count + carry > 0
    const shown = late ? (count + 0xffff) & 0xffff : count
    frame[21] = shown >> 8
    frame[22] = count
    const flag = late && count === 0 ? 1 - carry : carry
    return flag === 1 ? CARRY : 0
  }
}

function period(coefficient: number, value: number): number {
  return value > 0 ? Math.min(U24, Math.round(coefficient / value)) : U24
}

function put24(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 16
  bytes[at + 1] = value >> 8
  bytes[at + 2] = value
}
