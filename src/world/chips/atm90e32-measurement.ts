import { cosineOfDegrees, degreesOf, sineOfDegrees } from '../../lib/trig.ts'
import { type Distortion, rmsOf } from '../distortion.ts'
import type { Electrical } from '../electrical.ts'
import { ACTIVE, APPARENT, type EnergyAccumulators, FUNDAMENTAL, HARMONIC, REACTIVE } from './atm90e32-energy.ts'
import { Address, LOW_WORD, MMode0, State0, State1, signed16 } from './atm90e32-registers.ts'
import { type ChannelError, createChannelError, skewAt, type ThreePhaseSkew } from './front-end.ts'
import { highestOrder, neutralOf, rotationOf, SpectrumPower } from './spectrum.ts'

/** LSBs of 0.00032 W in a watt. */
const POWER_LSB_PER_WATT = 3125
const HUNDREDTH_VOLT = 100
/** Channel sampling bandwidth at 8 kHz (section 6.1). */
const BAND_HZ = 2000
const SQRT2 = Math.sqrt(2)

/** Gain codes that make the readings right: what calibration would find for this divider, shunt or transformer at a PGA of 1. */
export interface FrontEnd {
  readonly voltageGain: number
  readonly currentGain: number
  /** How the inputs of the three phases differ from that. Default: not at all. */
  readonly skew?: ThreePhaseSkew
}

/** Working values of one phase. */
interface Phase {
  /** Number of the input of ChannelMapU/I, or -1: nothing. */
  voltageInput: number
  currentInput: number
  voltage_V: number
  current_A: number
  /** What the chip makes of an ampere at its input. */
  gain: number
  active: number
  reactive: number
  apparent: number
  fundamental: number
  harmonic: number
  /** Peaks in the unit of the threshold registers (full scale of the ADC = FFFFH). */
  voltagePeak: number
  currentPeak: number
  /** The powers whose zero crossings the chip compares: those of the fundamental. */
  crossingActive: number
  crossingReactive: number
  /** Angle of the current behind its voltage, in degrees, and the powers that it was computed from. */
  angle_deg: number
  angleActive: number
  angleReactive: number
  /** Angle of the voltage behind U1, with its cosine and sine. */
  voltageAngle_deg: number
  cosine: number
  sine: number
}

function createPhase(): Phase {
  return {
    voltageInput: -1,
    currentInput: -1,
    voltage_V: 0,
    current_A: 0,
    gain: 1,
    active: 0,
    reactive: 0,
    apparent: 0,
    fundamental: 0,
    harmonic: 0,
    voltagePeak: 0,
    currentPeak: 0,
    crossingActive: 0,
    crossingReactive: 0,
    angle_deg: 0,
    angleActive: 0,
    angleReactive: 0,
    voltageAngle_deg: 0,
    cosine: 1,
    sine: 0,
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high)
}

function turn(degrees: number): number {
  return degrees - 360 * Math.floor(degrees / 360)
}

/** Turns physical inputs and calibration registers into measured registers, powers that count, and immediate status bits. */
export class Measurement {
  readonly phases: readonly [Phase, Phase, Phase] = [createPhase(), createPhase(), createPhase()]
  /** Bits of EMMState0 and EMMState1 that need no time to appear; without sag, phase loss and CF flags. */
  state0 = 0
  state1 = 0

  readonly #registers: Uint16Array
  readonly #frontEnd: FrontEnd
  readonly #energy: EnergyAccumulators
  readonly #error: ChannelError = createChannelError()
  readonly #delay = { perOrder_deg: 0, lead_deg: 0 }
  readonly #power = new SpectrumPower()
  /** Highest order inside the band. */
  #highest = 0
  /** Direction bits keep their value while there is no power. */
  #directions = 0

  constructor(registers: Uint16Array, frontEnd: FrontEnd, energy: EnergyAccumulators) {
    this.#registers = registers
    this.#frontEnd = frontEnd
    this.#energy = energy
  }

  reset(): void {
    this.#directions = 0
  }

  update(inputs: Electrical, temperature_C: number): void {
    this.#highest = highestOrder(inputs.frequency_Hz, BAND_HZ)
    for (let index = 0; index < 3; index++) this.#measurePhase(this.phases[index], index, inputs)
    this.#publishPowers()
    this.#publishPhases()
    const neutral_mA = clamp(Math.round(this.#neutral_A(inputs) * 1000), 0, 0xffff)
    const frequency = this.#frequency(inputs)
    const registers = this.#registers
    registers[Address.IrmsN] = neutral_mA
    registers[Address.Freq] = frequency
    registers[Address.Temp] = Math.round(temperature_C)
    this.#countPowers()
    this.#immediateStates(neutral_mA, frequency)
  }

  #measurePhase(phase: Phase, index: number, inputs: Electrical): void {
    const registers = this.#registers
    const voltageSource = (registers[Address.ChannelMapU] >> (4 * index)) & 7
    const currentSource = (registers[Address.ChannelMapI] >> (4 * index)) & 7
    // Codes 0..2 are I0..I2, 4..6 are U0..U2; a voltage that reads a current input (or the reverse) sees nothing useful: modelled as 0.
    phase.voltageInput = voltageSource >= 4 && voltageSource <= 6 ? voltageSource - 4 : -1
    phase.currentInput = currentSource <= 2 ? currentSource : -1
    const gains = Address.UgainA + 4 * index
    const voltagePGA = this.#amplification(phase.voltageInput, 8)
    const currentPGA = this.#amplification(phase.currentInput, 0)
    const { distortion } = inputs
    const voltage_V = phase.voltageInput < 0 ? 0 : this.#rms(inputs.voltage_V, distortion?.voltage, phase.voltageInput)
    const current_A = phase.currentInput < 0 ? 0 : this.#rms(inputs.current_A, distortion?.current, phase.currentInput)
    this.#setVoltageAngle(phase, phase.voltageInput < 0 ? 0 : inputs.angle_deg[phase.voltageInput])
    const error = this.#errorOf(phase, current_A)
    const voltageScale = voltagePGA * error.voltage
    const currentScale = currentPGA * error.current
    // One division, so that equal gains give exactly 1, and whole watts whole counts.
    const voltageGain = (registers[gains] * voltageScale) / this.#frontEnd.voltageGain
    const currentGain = (registers[gains + 1] * currentScale) / this.#frontEnd.currentGain
    phase.voltage_V = voltage_V * voltageGain
    phase.current_A = (current_A + error.offset_A) * currentGain
    phase.gain = currentGain
    const voltageCrest = distortion === undefined || phase.voltageInput < 0 ? SQRT2 : distortion.voltageCrest[phase.voltageInput]
    const currentCrest = distortion === undefined || phase.currentInput < 0 ? SQRT2 : distortion.currentCrest[phase.currentInput]
    // th = RmsReg * sqrt(2) / (gain / 2^14) (Atmel-46103 5.2); the gain register cancels out of it.
    phase.voltagePeak = (voltage_V * voltageScale * HUNDREDTH_VOLT * voltageCrest * 0x4000) / this.#frontEnd.voltageGain
    phase.currentPeak = (current_A * currentScale * 1000 * currentCrest * 0x4000) / this.#frontEnd.currentGain
    phase.apparent = Math.round(phase.voltage_V * phase.current_A * POWER_LSB_PER_WATT)
    this.#measurePower(phase, index, inputs, voltageGain * currentGain)
  }

  /** Inside the band, and behind the high-pass filter unless it is off. */
  #rms(values: Float64Array, phasors: Distortion['voltage'] | undefined, input: number): number {
    if (phasors === undefined) return values[input]
    const first = this.#registers[Address.MMode0] & MMode0.HPFoff ? 0 : 1
    return rmsOf(phasors, input, first, this.#highest)
  }

  /** The inputs of one phase may belong to different channels of the board: the divider of one, the transformer of the other. */
  #errorOf(phase: Phase, current_A: number): ChannelError {
    const error = this.#error
    const { skew } = this.#frontEnd
    if (skew === undefined) return error
    skewAt(phase.voltageInput < 0 ? {} : skew[phase.voltageInput], current_A, error)
    const { voltage } = error
    skewAt(phase.currentInput < 0 ? {} : skew[phase.currentInput], current_A, error)
    error.voltage = voltage
    return error
  }

  #setVoltageAngle(phase: Phase, angle_deg: number): void {
    if (phase.voltageAngle_deg === angle_deg) return
    phase.voltageAngle_deg = angle_deg
    phase.cosine = cosineOfDegrees(angle_deg)
    phase.sine = sineOfDegrees(angle_deg)
  }

  /** PGA of an input from MMode1, two bits each: 1x, 2x, 4x. */
  #amplification(input: number, shift: number): number {
    if (input < 0) return 1
    const code = (this.#registers[Address.MMode1] >> (shift + 2 * input)) & 3
    return code === 0 ? 1 : code === 1 ? 2 : 4
  }

  #measurePower(phase: Phase, index: number, inputs: Electrical, gain: number): void {
    const registers = this.#registers
    const power = this.#power
    this.#decompose(phase, index, inputs)
    const { fundamental_W, fundamental_var, harmonic_W, harmonic_var } = power
    const factor = POWER_LSB_PER_WATT * gain * (1 + signed16(registers[Address.PQGainA + 2 * index]) / 0x8000)
    const offset = Address.PoffA + 2 * index
    const fundamental = fundamental_W * factor * (1 + signed16(registers[Address.PGainAF + index]) / 0x8000)
    phase.active = toInt32((fundamental_W + harmonic_W) * factor, signed16(registers[offset]))
    phase.reactive = toInt32((fundamental_var + harmonic_var) * factor, signed16(registers[offset + 1]))
    phase.fundamental = toInt32(fundamental, signed16(registers[Address.PoffsetAF + index]))
    phase.harmonic = toInt32(harmonic_W * factor, 0)
    const sine = inputs.distortion === undefined
    phase.crossingActive = sine ? phase.active : toInt32(fundamental_W * factor, 0)
    phase.crossingReactive = sine ? phase.reactive : toInt32(fundamental_var * factor, 0)
  }

  /** The powers of a phase as the chip sees them, in `#power`: turned by all that delays one channel, and with the crosstalk. */
  #decompose(phase: Phase, index: number, inputs: Electrical): void {
    const power = this.#power
    const { voltageInput, currentInput } = phase
    power.fundamental_W = 0
    power.fundamental_var = 0
    power.harmonic_W = 0
    power.harmonic_var = 0
    if (voltageInput < 0 || currentInput < 0) return
    this.#setDelay(index, phase, inputs)
    if (inputs.distortion === undefined) this.#turn(phase, inputs)
    else power.measure(inputs.distortion, voltageInput, currentInput, this.#highest, this.#delay)
    if (inputs.voltage_V[voltageInput] === 0) return
    power.fundamental_W += this.#error.offset_W
    power.fundamental_var += this.#error.offset_var
  }

  /** The power of sines. */
  #turn(phase: Phase, inputs: Electrical): void {
    const power = this.#power
    const { voltageInput, currentInput } = phase
    const active_W = inputs.active_W[currentInput]
    const reactive_var = inputs.reactive_var[currentInput]
    power.fundamental_W = active_W
    power.fundamental_var = reactive_var
    const rotation_deg = rotationOf(this.#delay, 1)
    if (rotation_deg === 0 && voltageInput === currentInput) return
    const ownVoltage = inputs.voltage_V[currentInput]
    const scale = voltageInput === currentInput ? 1 : ownVoltage > 0 ? inputs.voltage_V[voltageInput] / ownVoltage : 0
    const cosine = cosineOfDegrees(rotation_deg) * scale
    const sine = sineOfDegrees(rotation_deg) * scale
    power.fundamental_W = active_W * cosine - reactive_var * sine
    power.fundamental_var = reactive_var * cosine + active_W * sine
  }

  /**
   * How much further the current seems to lag: Phi delays one channel in cycles of 2.048 MHz, a transformer's current comes early (in a harmonic
   * by as much less as its frequency is higher, for it comes from the magnetizing current), and a foreign voltage has another angle.
   */
  #setDelay(index: number, phase: Phase, inputs: Electrical): void {
    const { voltageInput, currentInput } = phase
    const phi = this.#registers[Address.PQGainA + 1 + 2 * index]
    const delay_deg = ((phi & 0xff) * inputs.frequency_Hz * 360) / 2_048_000
    const foreign_deg = voltageInput === currentInput ? 0 : inputs.angle_deg[currentInput] - inputs.angle_deg[voltageInput]
    this.#delay.perOrder_deg = foreign_deg + (phi & 0x8000 ? -delay_deg : delay_deg)
    this.#delay.lead_deg = this.#error.lead_deg
  }

  /** Sum over the phases that MMode0 enables; `absolute` adds magnitudes. */
  #sum(a: number, b: number, c: number, absolute: boolean): number {
    const mode = this.#registers[Address.MMode0]
    let sum = 0
    if (mode & MMode0.EnPA) sum += absolute ? Math.abs(a) : a
    if (mode & (MMode0.EnPA >> 1)) sum += absolute ? Math.abs(b) : b
    if (mode & (MMode0.EnPA >> 2)) sum += absolute ? Math.abs(c) : c
    return sum
  }

  #publishPowers(): void {
    const mode = this.#registers[Address.MMode0]
    const a = this.phases[0]
    const b = this.phases[1]
    const c = this.phases[2]
    const active = this.#sum(a.active, b.active, c.active, (mode & MMode0.ABSEnP) !== 0)
    const reactive = this.#sum(a.reactive, b.reactive, c.reactive, (mode & MMode0.ABSEnQ) !== 0)
    const apparent = this.#sum(a.apparent, b.apparent, c.apparent, false)
    this.#store32(Address.PmeanT, active)
    this.#store32(Address.QmeanT, reactive)
    this.#store32(Address.SmeanT, apparent)
    this.#store32(Address.PmeanTF, this.#sum(a.fundamental, b.fundamental, c.fundamental, (mode & MMode0.ABSEnP) !== 0))
    this.#store32(Address.PmeanTH, this.#sum(a.harmonic, b.harmonic, c.harmonic, (mode & MMode0.ABSEnP) !== 0))
    this.#registers[Address.PFmeanT] = powerFactor(active, apparent)
  }

  #publishPhases(): void {
    const registers = this.#registers
    const reference_deg = this.phases[0].voltageAngle_deg
    for (let index = 0; index < 3; index++) {
      const phase = this.phases[index]
      const calibration = Address.UgainA + 4 * index
      this.#store32(Address.PmeanT + 1 + index, phase.active)
      this.#store32(Address.QmeanT + 1 + index, phase.reactive)
      this.#store32(Address.SmeanT + 1 + index, phase.apparent)
      this.#store32(Address.PmeanTF + 1 + index, phase.fundamental)
      this.#store32(Address.PmeanTH + 1 + index, phase.harmonic)
      registers[Address.PFmeanT + 1 + index] = powerFactor(phase.active, phase.apparent)
      this.#storeRms(Address.UrmsA + index, phase.voltage_V * HUNDREDTH_VOLT, registers[calibration + 2])
      this.#storeRms(Address.IrmsA + index, phase.current_A * 1000, registers[calibration + 3])
      // U = UPeak * Ugain / (100 * 2^13) V, I = IPeak * Igain / (1000 * 2^13) A: half of the unit of the thresholds.
      registers[Address.UPeakA + index] = clamp(Math.round(phase.voltagePeak / 2), 0, 0xffff)
      registers[Address.IPeakA + index] = clamp(Math.round(phase.currentPeak / 2), 0, 0xffff)
      registers[Address.PAngleA + index] = Math.round(this.#angle_deg(phase) * 10) % 3600
      registers[Address.UangleA + index] = Math.round(turn(phase.voltageAngle_deg - reference_deg) * 10) % 3600
    }
  }

  /** High word at `address`, low word 10H above, two's complement. */
  #store32(address: number, value: number): void {
    const bounded = clamp(value, -0x80000000, 0x7fffffff)
    this.#registers[address] = bounded >> 16
    this.#registers[address + LOW_WORD] = bounded
  }

  /** An RMS value with eight more bits in the upper half of its LSB word. The offset counts 1/512 LSB (Atmel-46103 4.2.1: 32-bit value >> 7). */
  #storeRms(address: number, value: number, offset: number): void {
    const fine = clamp(Math.round(value * 256 + signed16(offset) / 2), 0, 0xffffff)
    this.#registers[address] = fine >> 8
    this.#registers[address + LOW_WORD] = (fine & 0xff) << 8
  }

  /** Angles change seldom and cost much: computed only when the powers did. */
  #angle_deg(phase: Phase): number {
    const { crossingActive, crossingReactive } = phase
    if (crossingActive !== phase.angleActive || crossingReactive !== phase.angleReactive) {
      phase.angleActive = crossingActive
      phase.angleReactive = crossingReactive
      phase.angle_deg = degreesOf(crossingReactive, crossingActive)
    }
    return phase.angle_deg
  }

  /** The sum of the phase currents by instantaneous values (section 3.6.4). Sines are vectors: each lags its voltage by the angle of (P, Q). */
  #neutral_A({ distortion, angle_deg }: Electrical): number {
    if (distortion !== undefined) {
      const parts = this.phases.map(({ currentInput, gain }) => ({ currentInput, gain, angle_deg: angle_deg[Math.max(0, currentInput)] }))
      return neutralOf(distortion, parts, this.#highest)
    }
    let x = 0
    let y = 0
    for (const phase of this.phases) {
      const { active, reactive, cosine, sine } = phase
      const power = Math.sqrt(active * active + reactive * reactive)
      const along = power === 0 ? phase.current_A : (phase.current_A * active) / power
      const across = power === 0 ? 0 : (phase.current_A * reactive) / power
      x += along * cosine - across * sine
      y += along * sine + across * cosine
    }
    return Math.sqrt(x * x + y * y)
  }

  /** The frequency comes from the first phase that is not lost (A, C, B); all phases share it here. */
  #frequency(inputs: Electrical): number {
    const threshold = this.#registers[Address.PhaseLossTh]
    for (const phase of this.phases) {
      if (phase.voltagePeak > 0 && phase.voltagePeak >= threshold) return clamp(Math.round(inputs.frequency_Hz * 100), 0, 0xffff)
    }
    return 0
  }

  /** Gates the powers (start and no-load thresholds, section 3.4) and hands them to the accumulators. */
  #countPowers(): void {
    const registers = this.#registers
    const { power } = this.#energy
    const mode = registers[Address.MMode0]
    for (let index = 0; index < 3; index++) {
      const phase = this.phases[index]
      const load = Math.abs(phase.active) + Math.abs(phase.reactive)
      const active = load >= registers[Address.PPhaseTh]
      power[ACTIVE + 1 + index] = active ? phase.active : 0
      power[REACTIVE + 1 + index] = load >= registers[Address.PPhaseTh + 1] ? phase.reactive : 0
      power[APPARENT + 1 + index] = load >= registers[Address.PPhaseTh + 2] ? phase.apparent : 0
      power[FUNDAMENTAL + 1 + index] = active ? phase.fundamental : 0
      power[HARMONIC + 1 + index] = active ? phase.harmonic : 0
    }
    this.#countSum(ACTIVE, (mode & MMode0.ABSEnP) !== 0, registers[Address.PStartTh])
    this.#countSum(REACTIVE, (mode & MMode0.ABSEnQ) !== 0, registers[Address.PStartTh + 1])
    this.#countSum(APPARENT, false, registers[Address.PStartTh + 2])
    this.#countSum(FUNDAMENTAL, (mode & MMode0.ABSEnP) !== 0, registers[Address.PStartTh])
    // What the harmonics carry is little beside the rest, so it counts whenever the phase does.
    this.#countSum(HARMONIC, (mode & MMode0.ABSEnP) !== 0, 0)
    if (registers[Address.MeterEn] === 0) power.fill(0)
    this.#energy.cf2Reactive = (mode & MMode0.CF2varh) !== 0
    this.#energy.powersChanged(registers[Address.PLconstH] * 0x10000 + registers[Address.PLconstL])
  }

  #countSum(quantity: number, absolute: boolean, threshold: number): void {
    const { power } = this.#energy
    const sum = this.#sum(power[quantity + 1], power[quantity + 2], power[quantity + 3], absolute)
    power[quantity] = Math.abs(sum) < threshold ? 0 : sum
  }

  #immediateStates(neutral_mA: number, frequency: number): void {
    const registers = this.#registers
    const { power } = this.#energy
    let state0 = 0
    for (let index = 0; index < 3; index++) {
      if (this.phases[index].currentPeak > registers[Address.OIth]) state0 |= State0.OIPhaseA >> index
      if (this.phases[index].voltagePeak > registers[Address.OVth]) state0 |= State0.OVPhaseA >> index
    }
    if (this.#reversed(false)) state0 |= State0.URevWn
    if (this.#reversed(true)) state0 |= State0.IRevWn
    if (neutral_mA > registers[Address.INWarnTh]) state0 |= State0.INOv0
    if (power[REACTIVE] === 0) state0 |= State0.TQNoload
    if (power[ACTIVE] === 0) state0 |= State0.TPNoload
    if (power[APPARENT] === 0) state0 |= State0.TASNoload
    this.state0 = state0
    this.#direction(ACTIVE, State1.PERegT)
    this.#direction(REACTIVE, State1.QERegT)
    this.state1 = this.#directions
    if (frequency > registers[Address.FreqHiTh]) this.state1 |= State1.FreqHi
    if (frequency < registers[Address.FreqLoTh]) this.state1 |= State1.FreqLo
  }

  /** 1 = negative, for the sum at `bit` and the phases below it. */
  #direction(quantity: number, bit: number): void {
    for (let index = 0; index < 4; index++) {
      const power = this.#energy.power[quantity + index]
      if (power < 0) this.#directions |= bit >> index
      else if (power > 0) this.#directions &= ~(bit >> index)
    }
  }

  /** Order of the phases other than A, B, C. Says nothing while a phase is missing. */
  #reversed(current: boolean): boolean {
    const a = this.phases[0]
    const b = this.phases[1]
    const c = this.phases[2]
    const loss = this.#registers[Address.PhaseLossTh]
    if (a.voltageInput < 0 || b.voltageInput < 0 || c.voltageInput < 0) return false
    if (a.voltagePeak < loss || b.voltagePeak < loss || c.voltagePeak < loss) return false
    if (current && (a.current_A === 0 || b.current_A === 0 || c.current_A === 0)) return false
    const start_deg = a.voltageAngle_deg + (current ? a.angle_deg : 0)
    const second_deg = turn(b.voltageAngle_deg + (current ? b.angle_deg : 0) - start_deg)
    const third_deg = turn(c.voltageAngle_deg + (current ? c.angle_deg : 0) - start_deg)
    return second_deg > third_deg
  }
}

function toInt32(value: number, offset: number): number {
  return clamp(Math.round(value) + offset, -0x80000000, 0x7fffffff)
}

/** Signed thousandths. */
function powerFactor(active: number, apparent: number): number {
  return apparent === 0 ? 0 : clamp(Math.round((active * 1000) / apparent), -1000, 1000)
}
