/**
 * ADE7953, single-phase metering IC with a second current channel, at register level, with SPI and I2C.
 * Datasheet: Analog Devices ADE7953 Rev. B; quoted names are its headings. Channel A is in the phase (L1), channel B in the neutral.
 *
 * Lazy: between changes everything is constant, so energy is integrated in closed form when somebody looks. Not emulated: UART, the waveform
 * registers, the pins CF1, CF2, REVP, ZX and ZX_I, and the integrators; their registers are there.
 */
import type { SPIConstructor } from '../../../hal/api/io.ts'
import { DistortionCopy } from '../distortion.ts'
import { createElectrical, type Electrical } from '../electrical.ts'
import type { I2CPeripheral } from '../i2c-bus.ts'
import { ADE7953I2cPort, type ADE7953Port, ADE7953SpiPort } from './ade7953-bus.ts'
import { createChecksum, DISABLED } from './ade7953-checksum.ts'
import { ADE7953Energy, POWER_FULL_SCALE, QUANTITIES } from './ade7953-energy.ts'
import { type ADE7953FrontEnd, ADE7953Measurement, fine, type NeutralInputs } from './ade7953-measurement.ts'
import {
  Address,
  CHECKED,
  Config,
  Irq,
  isSigned,
  locationOf,
  RSTREAD,
  signed24,
  WRITABLE,
  widthOf,
  writableBits,
} from './ade7953-registers.ts'
import { ADE7953States, type IrqCallback } from './ade7953-states.ts'

export interface ADE7953Options {
  /** Monotonic virtual time in microseconds, an integer. */
  readonly now_us: () => number
  readonly frontEnd?: ADE7953FrontEnd
  /** Pin IRQ, active low. Called from `setInputs`, `advance` and accesses; whoever wires the pin has to defer. */
  readonly interrupt?: IrqCallback
  /** Start (100 ms) and the first checksum (143 us) take their time. Default false: ready at once, for synchronous drivers. */
  readonly datasheetTiming?: boolean
}

const STARTUP_US = 100_000
const CHECKSUM_US = 143
const READ = 0x35
const WRITE = 0xca
const UNLOCK_KEY = 0xad
const VERSION = 1
const LOCATIONS = 0x300
const U32 = 0x100000000
/** X_NOLOAD = 65536 - Y / 1.4 (equation 39). */
const NOLOAD_BASE = 65_536
const NOLOAD_STEP = 1.4
/** Limits of the gain registers ("Gain Calibration"). */
const GAIN_MIN = 0x200000
const GAIN_MAX = 0x600000
/** 10 bits, of which nine are a magnitude up to 383. */
const PHCAL_MAX = 383

export class ADE7953 {
  /** Faults of the SPI side. */
  readonly spi: ADE7953SpiPort

  readonly #now_us: () => number
  readonly #timing: boolean
  readonly #registers = new Float64Array(LOCATIONS)
  readonly #inputs: Electrical = createElectrical()
  readonly #distortion = new DistortionCopy()
  #neutral: NeutralInputs | undefined
  readonly #energy = new ADE7953Energy()
  readonly #measurement: ADE7953Measurement
  readonly #states: ADE7953States
  readonly #interruptWired: boolean
  readonly #checksum = createChecksum()
  readonly #i2c: ADE7953I2cPort
  #exReference = 0
  #forgedAddress = -1
  #forged = 0

  #powered = true
  #ready_us = 0
  #started = false
  #stale = true
  /** Everything is up to this moment. */
  #seen_us = -1
  #changed_us = 0
  #lockedTo: 'SPI' | 'I2C' | undefined
  /** The write just before opened address 120H. */
  #unlocked = false
  /** First of the two writes that CFxDEN needs. */
  #divider = -1
  #dividerValue = 0
  /** Thresholds as they were when no-load detection was enabled, by kind. */
  readonly #thresholds = new Float64Array(3)
  #crc = DISABLED
  #crcDue_us = 0
  #crcStale = true

  constructor(options: ADE7953Options) {
    this.#now_us = options.now_us
    this.#timing = options.datasheetTiming ?? false
    this.#measurement = new ADE7953Measurement(this.#registers, options.frontEnd ?? {})
    this.#states = new ADE7953States(this.#registers, this.#measurement, this.#energy, options.interrupt)
    this.#interruptWired = options.interrupt !== undefined
    const port: ADE7953Port = {
      open: (by) => this.#open(by),
      widthOf,
      look: (address) => this.#look(address),
      completeRead: (address, value) => this.#completeRead(address, value),
      write: (address, value, by) => this.#write(address, value, by),
    }
    this.spi = new ADE7953SpiPort(port)
    this.#i2c = new ADE7953I2cPort(port)
    this.#reset()
  }

  /** An SPI class for a board's `sensor.io`, bound to this chip. */
  bus(): SPIConstructor {
    return this.spi.bus()
  }

  /** For an I2C bus. */
  get peripheral(): I2CPeripheral {
    return this.#i2c
  }

  /** Back door: physical quantities from now on; L1 counts. The values are copied. */
  setInputs(electrical: Electrical): void {
    const inputs = this.#inputs
    const same =
      this.#distortion.same(electrical.distortion) &&
      inputs.voltage_V[0] === electrical.voltage_V[0] &&
      inputs.current_A[0] === electrical.current_A[0] &&
      inputs.active_W[0] === electrical.active_W[0] &&
      inputs.reactive_var[0] === electrical.reactive_var[0] &&
      inputs.frequency_Hz === electrical.frequency_Hz
    if (same) return
    this.#change()
    inputs.voltage_V[0] = electrical.voltage_V[0]
    inputs.current_A[0] = electrical.current_A[0]
    inputs.active_W[0] = electrical.active_W[0]
    inputs.reactive_var[0] = electrical.reactive_var[0]
    inputs.frequency_Hz = electrical.frequency_Hz
    this.#distortion.take(electrical.distortion)
    inputs.distortion = this.#distortion.now
    if (this.#interruptWired) this.advance()
  }

  /** Back door: what returns through the neutral from now on; `undefined`: what flows in the phase. */
  setNeutral(neutral: NeutralInputs | undefined): void {
    this.#change()
    this.#neutral = neutral === undefined ? undefined : { ...neutral }
  }

  /** Brings energy, status and pin to the present. */
  advance(): void {
    if (!this.#powered) return
    const now_us = this.#now_us()
    if (now_us === this.#seen_us && !this.#stale && !this.#crcStale) return
    this.#seen_us = now_us
    if (!this.#started && now_us >= this.#ready_us) this.#start()
    this.#refresh()
    this.#energy.integrate(now_us)
    this.#states.evaluate(now_us)
    this.#checkCRC()
  }

  /** Back door: counts ever made of the energy register at `address` (21EH to 223H), also what a reset lost. */
  generated(address: number): { readonly forward: number; readonly reverse: number } {
    this.advance()
    const quantity = locationOf(address) - Address.AENERGYA
    return { forward: this.#energy.forward[quantity], reverse: this.#energy.reverse[quantity] }
  }

  /** Back door: a register as it stands, without a transaction and its effects. */
  peek(address: number): number {
    return widthOf(address) === 0 ? 0 : this.#look(address)
  }

  powerOff(): void {
    this.advance()
    this.#powered = false
  }

  powerOn(): void {
    if (this.#powered) return
    this.#powered = true
    this.#reset()
  }

  /** Fault: resets without being asked. */
  spontaneousReset(): void {
    if (!this.#powered) return
    this.advance()
    this.#reset()
  }

  /** Fault: the next read of the register at `address` gives `value`, also in LAST_RWDATA. */
  forge(address: number, value: number): void {
    this.#forgedAddress = address
    this.#forged = value
  }

  /** Fault: an energy register (21EH to 223H) jumps; also how a test gets near the wrap. Counts as generated. */
  setEnergy(address: number, value: number): void {
    this.advance()
    const quantity = locationOf(address) - Address.AENERGYA
    if (!(quantity >= 0 && quantity < QUANTITIES)) throw new RangeError('energy register')
    const jump = value - this.#energy.registers[quantity]
    if (jump > 0) this.#energy.forward[quantity] += jump
    else this.#energy.reverse[quantity] -= jump
    this.#energy.registers[quantity] = value
  }

  /** Fault: one bit of a register that can be written flips, protected or not. */
  flip(address: number, bit: number): void {
    const location = locationOf(address)
    if (location >= LOCATIONS || !(bit >= 0 && bit < writableBits(location))) throw new RangeError('register bit')
    this.#change()
    this.#set(location, this.#registers[location] ^ (1 << bit))
  }

  // --- reset and time ---

  #reset(): void {
    const now_us = this.#now_us()
    this.#registers.fill(0)
    for (const [address, , value] of WRITABLE) if (address < LOCATIONS) this.#registers[address] = value
    this.#exReference = 0
    this.#lockedTo = undefined
    this.#unlocked = false
    this.#divider = -1
    this.#loadThresholds()
    this.#energy.reset(now_us)
    this.#states.reset(now_us)
    this.#crc = DISABLED
    this.#crcStale = true
    this.#stale = true
    this.#changed_us = now_us
    this.#started = false
    this.#ready_us = this.#timing ? now_us + STARTUP_US : now_us
    if (!this.#timing) this.#start()
  }

  /** Ready for communication: the reset event. */
  #start(): void {
    this.#started = true
    this.#states.raise(Irq.Reset)
  }

  /** To call before anything that the measured values depend on changes. */
  #change(): void {
    this.advance()
    this.#stale = true
    this.#changed_us = this.#now_us()
  }

  #refresh(): void {
    if (!this.#stale) return
    this.#stale = false
    this.#measurement.update(this.#inputs, this.#neutral)
    this.#states.changed(this.#changed_us)
    this.#accumulate()
    const { crossing, frequency_Hz } = this.#measurement
    this.#energy.setLineCycles(this.#registers[Address.LCYCMODE], this.#registers[Address.LINECYC], crossing ? 500_000 / frequency_Hz : 0)
  }

  // --- what is accumulated ---

  #accumulate(): void {
    const { power } = this.#energy
    const { channels } = this.#measurement
    let noLoad = 0
    let signs = 0
    for (let quantity = 0; quantity < QUANTITIES; quantity++) {
      const kind = quantity >> 1
      const channel = channels[quantity & 1]
      const value = kind === 0 ? channel.active : kind === 1 ? channel.reactive : this.#apparent(quantity & 1)
      const idle = (this.#registers[Address.DISNOLOAD] & (1 << kind)) === 0 && Math.abs(value) < this.#thresholds[kind]
      if (idle) noLoad |= 1 << quantity
      if (kind < 2 && value < 0) signs |= 1 << quantity
      power[quantity] = idle ? 0 : fine(this.#moded(quantity, value, channel.active))
    }
    this.#states.powers(noLoad, signs)
    this.#publishFactors()
  }

  /** AVAACC, BVAACC: the current instead of the apparent power ("Ampere-Hour Accumulation"), on the scale of the RMS register. */
  #apparent(channel: number): number {
    const { apparent, rms } = this.#measurement.channels[channel]
    return this.#registers[Address.ACCMODE] & (1 << (8 + channel)) ? rms : apparent
  }

  /** ACCMODE (table 21): two bits each for active A, B, reactive A, B. */
  #moded(quantity: number, value: number, active: number): number {
    if (quantity >= 4) return value
    const mode = (this.#registers[Address.ACCMODE] >> (2 * quantity)) & 3
    if (mode === 2) return Math.abs(value)
    if (mode !== 1) return value
    return quantity < 2 ? Math.max(0, value) : active < 0 ? -value : value
  }

  /** PFA, PFB (equation 37): the sign is that of the reactive power; 1 without apparent power, 0 without active power. */
  #publishFactors(): void {
    const { noLoad } = this.#states
    for (const index of [0, 1] as const) {
      const { active, reactive, apparent } = this.#measurement.channels[index]
      const ratio = apparent > 0 ? Math.abs(active) / apparent : 1
      const factor = noLoad & (1 << (4 + index)) ? 1 : noLoad & (1 << index) ? 0 : reactive < 0 ? -ratio : ratio
      this.#registers[Address.PFA + index] = Math.min(0x7fff, Math.max(-0x8000, Math.round(factor * 0x8000))) & 0xffff
    }
  }

  /** "Setting the No-Load Thresholds": a new threshold counts from when the detection is enabled. */
  #loadThresholds(): void {
    for (let kind = 0; kind < 3; kind++) this.#loadThreshold(kind)
  }

  #loadThreshold(kind: number): void {
    const ratio = NOLOAD_STEP * (NOLOAD_BASE - this.#registers[Address.AP_NOLOAD + kind])
    this.#thresholds[kind] = ratio > 0 ? POWER_FULL_SCALE / ratio : Number.POSITIVE_INFINITY
  }

  // --- registers ---

  /** Whether the chip listens on this interface ("Locking the Communication Interface"). */
  #open(by: 'SPI' | 'I2C'): boolean {
    if (!this.#powered) return false
    if (!this.#started) this.advance()
    return this.#started && (this.#lockedTo === undefined || this.#lockedTo === by)
  }

  #look(address: number): number {
    if (address === this.#forgedAddress) return this.#forged
    const location = locationOf(address)
    const stored = this.#stored(location)
    return address >= 0x300 && address < 0x400 && isSigned(location) ? (signed24(stored) + U32) % U32 : stored
  }

  #stored(location: number): number {
    if (location === Address.version) return VERSION
    if (location === Address.EX_REF) return this.#exReference
    if (location === Address.unlock) return 0
    // What records the last access does not change with time.
    if (location === Address.LAST_OP || location === Address.LAST_ADD || (location & 0xff) === 0xff) return this.#registers[location]
    this.advance()
    const registers = this.#registers
    if (location === Address.CRC) return this.#crc
    if (location >= Address.AENERGYA && location <= Address.APENERGYB)
      return (this.#energy.registers[location - Address.AENERGYA] + 0x1000000) % 0x1000000
    if (location === Address.ACCMODE) return registers[location] | this.#states.mode
    if (location === Address.RSTIRQSTATA || location === Address.RSTIRQSTATB) return registers[location - 1]
    const peakTwin = location > Address.VPEAK && location <= Address.RSTIBPEAK && (location - Address.VPEAK) % 2 === 1
    return registers[peakTwin ? location - 1 : location]
  }

  #completeRead(address: number, value: number): void {
    if (address === this.#forgedAddress) this.#forgedAddress = -1
    const location = locationOf(address)
    this.#record(address, value, READ)
    if (location >= Address.AENERGYA && location <= Address.APENERGYB) {
      if (this.#registers[Address.LCYCMODE] & RSTREAD) this.#energy.registers[location - Address.AENERGYA] = 0
    } else if (location === Address.RSTIRQSTATA) this.#states.clear(0, this.#now_us())
    else if (location === Address.RSTIRQSTATB) this.#states.clear(1, this.#now_us())
    else if (location > Address.VPEAK && location <= Address.RSTIBPEAK && (location - Address.VPEAK) % 2 === 1) {
      this.#change()
      this.#registers[location - 1] = 0
    }
  }

  /** "Communication Verification"; the registers that tell it are not recorded themselves. */
  #record(address: number, value: number, operation: number): void {
    if (address === Address.LAST_OP || address === Address.LAST_ADD || (address < 0x400 && (address & 0xff) === 0xff)) return
    this.#unlocked = false
    this.#divider = operation === WRITE ? this.#divider : -1
    this.#registers[Address.LAST_OP] = operation
    this.#registers[Address.LAST_ADD] = address
    // One value, seen through as many bytes as are asked for.
    for (const location of [Address.LAST_RWDATA, 0x1ff, 0x2ff]) this.#registers[location] = value
  }

  #write(address: number, value: number, by: 'SPI' | 'I2C'): void {
    const location = locationOf(address)
    const width = widthOf(address)
    const group = width > 2 ? 4 : width
    if (location !== Address.WRITE_PROTECT && this.#registers[Address.WRITE_PROTECT] & group) return
    const bits = writableBits(location)
    if (bits === 0 && location !== Address.unlock) return
    const unlocked = this.#unlocked
    const repeated = this.#divider === location && this.#dividerValue === value
    this.#record(address, value, WRITE)
    this.#divider = -1
    if (location === Address.unlock) this.#unlocked = value === UNLOCK_KEY
    else if (location === Address.reserved && !unlocked) return
    else if ((location === Address.CF1DEN || location === Address.CF2DEN) && !repeated) {
      this.#divider = location
      this.#dividerValue = value
    } else if (location === Address.EX_REF) this.#exReference = value & 1
    else this.#take(location, value % 2 ** bits, by)
  }

  #take(location: number, value: number, by: 'SPI' | 'I2C'): void {
    if (isGain(location) && !(value >= GAIN_MIN && value <= GAIN_MAX)) return
    if ((location === Address.PHCALA || location === Address.PHCALA + 1) && (value & 0x1ff) > PHCAL_MAX) return
    if (location === Address.CONFIG && value & Config.SWRST) {
      this.advance()
      this.#reset()
      return
    }
    this.#change()
    this.#set(location, value)
    if (location === Address.CONFIG && (value & Config.COMM_LOCK) === 0) this.#lockedTo ??= by
  }

  #set(location: number, value: number): void {
    const registers = this.#registers
    const enabled = location === Address.DISNOLOAD ? registers[location] & ~value : 0
    registers[location] = value
    for (let kind = 0; kind < 3; kind++) if (enabled & (1 << kind)) this.#loadThreshold(kind)
    if (CHECKED.some(([checked]) => checked === location)) {
      if (this.#crc === DISABLED) this.#crcDue_us = this.#timing ? this.#now_us() + CHECKSUM_US : this.#now_us()
      this.#crcStale = true
    }
    this.#states.drive()
  }

  #checkCRC(): void {
    if (!this.#crcStale) return
    if ((this.#registers[Address.CONFIG] & Config.CRC_ENABLE) === 0) this.#crc = DISABLED
    else {
      if (this.#now_us() < this.#crcDue_us) return
      const before = this.#crc
      this.#crc = this.#checksum(this.#registers)
      if (before !== DISABLED && before !== this.#crc) this.#states.raise(Irq.CRC)
    }
    this.#crcStale = false
  }
}

/** 280H to 284H and 28CH to 290H. */
function isGain(location: number): boolean {
  const from = location >= Address.BIGAIN ? Address.BIGAIN : Address.AIGAIN
  return location >= from && location < from + 5
}
