import { symbol_us } from '../../lib/lora-airtime.ts'
import type { Modulation } from '../../lib/lora-radio.ts'

/** Symbols of preamble that a receiver needs to find a frame. */
const MIN_SYMBOLS = 6
/** A window aims at the middle of the preamble: four of its eight symbols. */
const AIM_SYMBOLS = 4

export interface WindowTiming {
  /** When to open the window, in ms after the moment at which the frame may begin; negative is before. */
  readonly offset_ms: number
  readonly timeout_ms: number
}

/** A window that finds a frame although both clocks are off by `error_ms` together, and the receiver needs `wakeup_ms` to begin (Semtech's way of computing it). */
export function windowTiming(modulation: Modulation, error_ms: number, wakeup_ms: number): WindowTiming {
  const symbol_ms = modulation.type === 'lora' ? symbol_us(modulation) / 1000 : 8000 / modulation.bitRate_bps
  const symbols = Math.max(Math.ceil(((2 * MIN_SYMBOLS - 8) * symbol_ms + 2 * error_ms) / symbol_ms), MIN_SYMBOLS)
  const offset_ms = Math.floor(AIM_SYMBOLS * symbol_ms - (symbols * symbol_ms) / 2 - wakeup_ms)
  return { offset_ms, timeout_ms: Math.ceil(symbols * symbol_ms) + wakeup_ms }
}
