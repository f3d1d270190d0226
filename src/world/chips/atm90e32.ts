/**
 * ATM90E32AS, poly-phase metering IC with SPI, at register level.
 * Datasheet: Atmel-46003B (M90E32AS), application note Atmel-46103A. Section numbers are the datasheet's unless marked AN.
 *
 * Lazy: between changes of inputs or configuration everything is constant, so energy is integrated in closed form when somebody looks.
 */
import type { Bytes, SPIConstructor } from '../../../hal/api/io.ts'
import { crc16Word } from '../../lib/crc.ts'
import { DistortionCopy } from '../distortion.ts'
import { createElectrical, type Electrical } from '../electrical.ts'
import { busOf } from './atm90e32-bus.ts'
import { EnergyAccumulators, type PulseCallback } from './atm90e32-energy.ts'
import { type FrontEnd, Measurement } from './atm90e32-measurement.ts'
import { ACCESS, Access, Address, RESET_VALUES } from './atm90e32-registers.ts'
import { type InterruptCallback, StatusBits } from './atm90e32-states.ts'

export interface ATM90E32Options {
  /** Monotonic virtual time in microseconds, an integer. */
  readonly now_us: () => number
  /** Default 8000H for both: readings are right with the gain registers of a reset. */
  readonly frontEnd?: Partial<FrontEnd>
  /** Pins IRQ0 and IRQ1. Called from `setInputs`, `advance` and SPI accesses; whoever wires a pin has to defer. */
  readonly interrupt?: InterruptCallback
  /** CF1 to CF4, one pulse per 100 energy counts; late, with the exact time of each edge, in time order per output. */
  readonly pulse?: PulseCallback
  /** Energy registers stop at FFFFH instead of wrapping. The datasheet does not say; default false. */
  readonly saturate?: boolean
  /** Power-up time T1 (5 ms, table 7-1) and CRC pass (14 ms, section 3.9) take their time. Default false: ready at once, for synchronous drivers. */
  readonly datasheetTiming?: boolean
  readonly temperature_C?: number
}

const RESET_KEY = 0x789a
const CONFIGURATION_KEY = 0x55aa
const GOLDEN_CRC_KEY = 0xaa55
const STARTUP_US = 5000
/** 112 words at 125 us (section 3.9). */
const CRC_PASS_US = 14_000
const CLOCKS = 32
const NO_FAULT = -1

export class ATM90E32 {
  /** Junction temperature that register Temp shows. Takes effect with the next change of inputs. */
  temperature_C: number

  readonly #now_us: () => number
  readonly #timing: boolean
  readonly #registers = new Uint16Array(0x400)
  readonly #inputs: Electrical = createElectrical()
  readonly #distortion = new DistortionCopy()
  readonly #energy: EnergyAccumulators
  readonly #measurement: Measurement
  readonly #states: StatusBits
  readonly #interruptWired: boolean

  /** Inputs or configuration changed at `#changed_us`; measured values and powers are still the old ones. */
  #stale = true
  #changed_us = 0
  /** One of the following is not as usual, so `transfer` takes the slow way. */
  #unusual = false
  #powered = true
  #ready_us = 0
  #stuck = NO_FAULT
  #lostClock = NO_FAULT
  #forgedAddress = NO_FAULT
  #forged = 0

  #goldenDue_us = 0
  #goldenPending = true
  #golden = 0
  /** Configuration changed since the last CRC pass. */
  #crcStale = true

  constructor(options: ATM90E32Options) {
    const { voltageGain = 0x8000, currentGain = 0x8000, skew } = options.frontEnd ?? {}
    if (!(voltageGain > 0 && currentGain > 0)) throw new RangeError('frontEnd gains must be positive')
    this.#now_us = options.now_us
    this.#timing = options.datasheetTiming ?? false
    this.temperature_C = options.temperature_C ?? 25
    this.#energy = new EnergyAccumulators(this.#registers, options.saturate ?? false, options.pulse)
    this.#measurement = new Measurement(this.#registers, { voltageGain, currentGain, skew }, this.#energy)
    this.#states = new StatusBits(this.#registers, this.#measurement, this.#energy, options.interrupt)
    this.#interruptWired = options.interrupt !== undefined
    this.#start()
  }

  /** An SPI class for a board's `sensor.io`, bound to this chip. */
  bus(): SPIConstructor {
    return busOf(this)
  }

  /**
   * One transaction (section 4.2.1): R/W and ten address bits, sixteen data bits. SDO is low outside the data bits.
   * A write needs exactly 32 clocks; a read takes effect after 16.
   */
  transfer(buffer: Bytes): void {
    if (this.#unusual || buffer.length !== 4) {
      this.#unusualTransfer(buffer)
      return
    }
    const address = ((buffer[0] & 3) << 8) | buffer[1]
    if (buffer[0] & 0x80) {
      const value = this.#read(address)
      buffer[0] = 0
      buffer[1] = 0
      buffer[2] = value >> 8
      buffer[3] = value
    } else {
      this.#write(address, (buffer[2] << 8) | buffer[3])
      buffer.fill(0)
    }
  }

  /** Back door: physical quantities from now on. Integrates the old ones up to now first. The values are copied; equal values cost next to nothing. */
  setInputs(electrical: Electrical): void {
    const inputs = this.#inputs
    if (this.#distortion.same(electrical.distortion) && sameInputs(inputs, electrical)) return
    this.#change()
    for (let i = 0; i < 3; i++) {
      inputs.voltage_V[i] = electrical.voltage_V[i]
      inputs.current_A[i] = electrical.current_A[i]
      inputs.active_W[i] = electrical.active_W[i]
      inputs.reactive_var[i] = electrical.reactive_var[i]
      inputs.angle_deg[i] = electrical.angle_deg[i]
    }
    inputs.frequency_Hz = electrical.frequency_Hz
    this.#distortion.take(electrical.distortion)
    inputs.distortion = this.#distortion.now
    if (this.#interruptWired) this.advance()
  }

  /** Brings energy, pulses, status bits and interrupt pins to the present. Needed only for their callbacks. */
  advance(): void {
    if (!this.#powered) return
    const now_us = this.#now_us()
    this.#integrate(now_us)
    this.#refresh()
    this.#states.evaluate(now_us)
  }

  /** Back door: every count that the register at `address` (80H to AFH) was ever given, also what a reset lost. */
  generated(address: number): number {
    this.advance()
    return this.#energy.generated[address - Address.APenergyT] ?? 0
  }

  /** Back door: a register as it stands, without a transaction and its effects. */
  peek(address: number): number {
    this.advance()
    return this.#registers[address] ?? 0
  }

  powerOff(): void {
    this.advance()
    this.#powered = false
    this.#unusual = true
  }

  /** Registers, remainders and LastSPIData are lost (section 2). */
  powerOn(): void {
    if (this.#powered) return
    this.#powered = true
    this.#registers.fill(0)
    this.#start()
  }

  /** Fault: resets without being asked (brown-out, ESD). DetectCtrl to DetectTh3 survive, as in a soft reset. */
  spontaneousReset(): void {
    if (!this.#powered) return
    this.advance()
    this.#reset()
  }

  /** Fault: the next transaction has 31 clocks for the chip; clock `at` (0..31) of the bus master does not reach it. */
  loseClock(at = 24): void {
    if (!(Number.isInteger(at) && at >= 0 && at < CLOCKS)) throw new RangeError('clock 0 to 31')
    this.#lostClock = at
    this.#unusual = true
  }

  /** Fault: bus dead, the chip sees nothing and the master reads all 0 or all 1. `undefined` ends it. */
  stick(level: 0 | 1 | undefined): void {
    this.#stuck = level ?? NO_FAULT
    this.#unusual = true
  }

  /** Fault: the next read of the register at `address` gives `word`, also in LastSPIData. */
  forge(address: number, word: number): void {
    this.#forgedAddress = address
    this.#forged = word
  }

  /** Fault: one bit of a configuration register (00H to 6FH) flips, lock or no lock. */
  flip(address: number, bit: number): void {
    if (!(address >= 0 && address <= Address.lastConfiguration && bit >= 0 && bit < 16)) throw new RangeError('configuration bit')
    this.#change()
    this.#crcStale = true
    this.#registers[address] ^= 1 << bit
    this.#checkCRC()
  }

  #start(): void {
    this.#energy.time_us = this.#now_us()
    this.#reset()
  }

  #reset(): void {
    const registers = this.#registers
    const now_us = this.#now_us()
    registers.fill(0, 0, Address.DetectCtrl)
    registers.fill(0, Address.DetectTh3 + 1)
    for (const [address, value] of RESET_VALUES) registers[address] = value
    this.#energy.reset()
    this.#energy.time_us = now_us
    this.#measurement.reset()
    this.#states.reset()
    this.#stale = true
    this.#changed_us = now_us
    this.#ready_us = this.#timing ? now_us + STARTUP_US : now_us
    this.#unusual = true
    this.#armGolden(now_us)
  }

  // --- time ---

  /** To call before anything that the measured values depend on changes. */
  #change(): void {
    const now_us = this.#now_us()
    if (this.#powered) {
      this.#integrate(now_us)
      this.#refresh()
      this.#states.evaluate(now_us)
    }
    this.#stale = true
    this.#changed_us = now_us
  }

  #integrate(now_us: number): void {
    if (now_us <= this.#energy.time_us) return
    this.#refresh()
    this.#energy.integrate(now_us)
  }

  #refresh(): void {
    if (!this.#stale) return
    this.#stale = false
    this.#measurement.update(this.#inputs, this.temperature_C)
    this.#states.changed(this.#changed_us)
  }

  // --- bus ---

  #read(address: number): number {
    const registers = this.#registers
    const access = ACCESS[address]
    if (access !== Access.plain) this.#prepare(access)
    const value = address === this.#forgedAddress ? this.#forged : registers[address]
    if (address === this.#forgedAddress) this.#forgedAddress = NO_FAULT
    registers[Address.LastSPIData] = value
    // Cleared only after LastSPIData holds the value (section 4.2.2): what the master misread can be had again.
    if (access === Access.energy) registers[address] = 0
    return value
  }

  #prepare(access: number): void {
    if (access === Access.energy) this.#integrate(this.#now_us())
    else if (access === Access.measured) this.#refresh()
    else if (access === Access.state) this.advance()
    else this.#checkCRC()
  }

  #write(address: number, value: number): void {
    const registers = this.#registers
    registers[Address.LastSPIData] = value
    if (address <= Address.lastConfiguration) this.#writeConfiguration(address, value)
    else if (address === Address.SoftReset) this.#softReset(value)
    else if (address === Address.EMMIntState0 || address === Address.EMMIntState1) this.#clearInterrupts(address, value)
    else if (address === Address.EMMIntEn0 || address === Address.EMMIntEn1) {
      registers[address] = value
      this.#states.drive()
    } else if (address === Address.CfgRegAccEn) this.#writeLock(value)
    else if (address === Address.CRCDigest && registers[Address.CfgRegAccEn] === GOLDEN_CRC_KEY) {
      this.#golden = value
      this.#goldenPending = false
      this.#crcStale = true
    }
    // Everything else is read-only or does not exist.
  }

  #writeConfiguration(address: number, value: number): void {
    if (this.#registers[Address.CfgRegAccEn] !== CONFIGURATION_KEY) return
    this.#change()
    this.#crcStale = true
    this.#registers[address] = value
    this.#states.drive()
  }

  #softReset(value: number): void {
    if (value !== RESET_KEY) return
    this.advance()
    this.#reset()
  }

  #clearInterrupts(address: number, ones: number): void {
    this.advance()
    this.#registers[address] &= ~ones
    this.#states.drive()
  }

  // --- configuration lock and CRC (section 3.9) ---

  #writeLock(value: number): void {
    this.#checkCRC()
    const registers = this.#registers
    registers[Address.CfgRegAccEn] = value
    if (value === CONFIGURATION_KEY) {
      registers[Address.CRCErrStatus] &= ~1
      this.#states.warning = false
      this.#states.drive()
    } else if (value !== GOLDEN_CRC_KEY) this.#armGolden(this.#now_us())
  }

  /** The next completed pass gives the golden CRC. */
  #armGolden(now_us: number): void {
    this.#goldenPending = true
    this.#crcStale = true
    this.#goldenDue_us = this.#timing ? now_us + CRC_PASS_US : now_us
  }

  /** Start value 0, words 00H to 6FH, most significant bit first: the datasheet leaves this open; a driver may only compare. */
  #checkCRC(): void {
    if (!this.#crcStale) return
    const registers = this.#registers
    if (registers[Address.CfgRegAccEn] === CONFIGURATION_KEY) return
    if (this.#goldenPending && this.#now_us() < this.#goldenDue_us) return
    this.#crcStale = false
    let crc = 0
    for (let i = 0; i <= Address.lastConfiguration; i++) crc = crc16Word(crc, registers[i])
    registers[Address.CRCDigest] = crc
    if (this.#goldenPending && registers[Address.CfgRegAccEn] !== GOLDEN_CRC_KEY) {
      this.#golden = crc
      this.#goldenPending = false
    }
    const error = !this.#goldenPending && crc !== this.#golden
    registers[Address.CRCErrStatus] = error ? registers[Address.CRCErrStatus] | 1 : registers[Address.CRCErrStatus] & ~1
    if (this.#states.warning === error) return
    this.#states.warning = error
    this.#states.drive()
  }

  // --- unusual transactions ---

  #unusualTransfer(buffer: Bytes): void {
    if (this.#stuck !== NO_FAULT) {
      buffer.fill(this.#stuck === 1 ? 0xff : 0)
      return
    }
    if (!this.#powered || this.#now_us() < this.#ready_us) {
      buffer.fill(0)
      return
    }
    const lost = this.#lostClock
    this.#lostClock = NO_FAULT
    this.#unusual = false
    this.#clocked(buffer, lost)
  }

  /** The transaction clock by clock: data in on the rising edge, data out on the falling edge. Clock `lost` never arrives. */
  #clocked(buffer: Bytes, lost: number): void {
    let seen = 0
    let command = 0
    let data = 0
    let value = 0
    let level = 0
    for (let clock = 0; clock < buffer.length * 8; clock++) {
      const mask = 0x80 >> (clock & 7)
      const sent = buffer[clock >> 3] & mask ? 1 : 0
      if (clock !== lost) {
        level = seen >= 16 && seen < CLOCKS ? (value >> (CLOCKS - 1 - seen)) & 1 : 0
        if (seen < 16) command = (command << 1) | sent
        else data = ((data << 1) | sent) & 0xffff
        seen++
        if (seen === 16 && command & 0x8000) value = this.#read(command & 0x3ff)
      }
      buffer[clock >> 3] = level ? buffer[clock >> 3] | mask : buffer[clock >> 3] & ~mask
    }
    if (seen === CLOCKS && (command & 0x8000) === 0) this.#write(command & 0x3ff, data)
  }
}

function sameInputs(a: Electrical, b: Electrical): boolean {
  for (let i = 0; i < 3; i++) {
    if (a.active_W[i] !== b.active_W[i] || a.reactive_var[i] !== b.reactive_var[i]) return false
    if (a.voltage_V[i] !== b.voltage_V[i] || a.current_A[i] !== b.current_A[i] || a.angle_deg[i] !== b.angle_deg[i]) return false
  }
  return a.frequency_Hz === b.frequency_Hz
}
