import { expect, test } from 'vitest'
import { type ClockState, decodeClockState, encodeClockState } from '../../../src/core/clock/clock-state.ts'

test.each<ClockState>([
  { part: '' },
  { part: 'RV3028', trim_ppm: -14.305 },
  { part: 'PCF8563', drift_ppm: 19.75, reference_s: 1_800_000_000, uncertainty_ms: 500 },
  { part: 'DS3231', trim_ppm: 0.1, drift_ppm: -0.003, reference_s: 0, uncertainty_ms: 0 },
])('%j comes back', (state) => {
  expect(decodeClockState(encodeClockState(state), state.part)).toEqual(state)
})

test('what belongs to another chip is forgotten, when the time was set is not', () => {
  const bytes = encodeClockState({ part: 'RV3028', trim_ppm: 5, drift_ppm: 1, reference_s: 100, uncertainty_ms: 7 })
  expect(decodeClockState(bytes, 'DS3231')).toEqual({ part: 'DS3231', reference_s: 100, uncertainty_ms: 7 })
})

test('what cannot be read is as nothing', () => {
  for (const bytes of [undefined, new Uint8Array(0), Uint8Array.of(1, 7), new Uint8Array(30)]) {
    expect(decodeClockState(bytes, 'DS3231')).toEqual({ part: 'DS3231' })
  }
})
