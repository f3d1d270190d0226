/** A frame of the CSE7766 (Chipsea user manual Rev. 1.2, section 3): all numbers highest byte first. */
export const FRAME_BYTES = 24

const CHECK = 0x5a
/**
 * First byte: good; abnormal only because the power is below the range, which means no load, or the voltage, which means none if its period says so too.
 * Everything else spoils the values.
 */
const STATE_GOOD = 0x55
const STATE_ABNORMAL = 0xf0
const NO_LOAD = 1 << 1
const NO_VOLTAGE = 1 << 3

/** Bits of Adj: carry of CF, periods complete. */
const CARRY = 1 << 7
export const VOLTAGE_VALID = 1 << 6
export const CURRENT_VALID = 1 << 5
export const POWER_VALID = 1 << 4

/** CF has 16 bits and a carry that toggles when it wraps. */
export const COUNTER_MODULUS = 2 ** 17

export interface Frame {
  voltageCoefficient: number
  voltagePeriod: number
  currentCoefficient: number
  currentPeriod: number
  powerCoefficient: number
  powerPeriod: number
  noLoad: boolean
  /** The period of the voltage is out of range. */
  noVoltage: boolean
  /** Bits `..._VALID`. */
  valid: number
  /** Carry and CF as one counter; -1 while the chip says that they are not to be used (section 3.6.2: CFl = 0). */
  pulses: number
}

export function createFrame(): Frame {
  return {
    voltageCoefficient: 0,
    voltagePeriod: 0,
    currentCoefficient: 0,
    currentPeriod: 0,
    powerCoefficient: 0,
    powerPeriod: 0,
    noLoad: false,
    noVoltage: false,
    valid: 0,
    pulses: -1,
  }
}

/** Whether a frame with the right checksum starts at `at`, whatever its state. */
export function isFrame(bytes: Uint8Array, at: number): boolean {
  if (at < 0 || at + FRAME_BYTES > bytes.length || bytes[at + 1] !== CHECK) return false
  let sum = 0
  for (let i = 2; i < FRAME_BYTES - 1; i++) sum += bytes[at + i]
  return (sum & 0xff) === bytes[at + FRAME_BYTES - 1]
}

/**
 * Reads the frame that starts at `at` into `frame`; false, and nothing changed, when these bytes are none or when the chip says that its values are
 * not to be used: not calibrated (AAH), coefficients damaged, current out of range (F1H, F4H and their sums).
 */
export function decodeFrame(bytes: Uint8Array, at: number, frame: Frame): boolean {
  if (!isFrame(bytes, at)) return false
  const state = bytes[at]
  const reasons = state & ~STATE_ABNORMAL
  const abnormal = state >= STATE_ABNORMAL && reasons !== 0 && (reasons & ~(NO_LOAD | NO_VOLTAGE)) === 0
  const adj = bytes[at + 20]
  const noVoltage = abnormal && (reasons & NO_VOLTAGE) !== 0
  // The checksum leaves the state out: a voltage that is complete contradicts it.
  if ((state !== STATE_GOOD && !abnormal) || (noVoltage && (adj & VOLTAGE_VALID) !== 0)) return false
  frame.voltageCoefficient = uint24(bytes, at + 2)
  frame.voltagePeriod = uint24(bytes, at + 5)
  frame.currentCoefficient = uint24(bytes, at + 8)
  frame.currentPeriod = uint24(bytes, at + 11)
  frame.powerCoefficient = uint24(bytes, at + 14)
  frame.powerPeriod = uint24(bytes, at + 17)
  // Without voltage there is no load.
  frame.noLoad = abnormal
  frame.noVoltage = noVoltage
  frame.valid = adj & (VOLTAGE_VALID | CURRENT_VALID | POWER_VALID)
  const low = bytes[at + 22]
  frame.pulses = low === 0 ? -1 : (adj & CARRY ? 0x10000 : 0) + bytes[at + 21] * 256 + low
  return true
}

function uint24(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2]
}
