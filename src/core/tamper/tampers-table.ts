import type { HoldTimes } from '../events/hold-off.ts'
import { FraudEvent } from '../events/log-codes-table.ts'

/** Bits of the latched tampers, indices of their counters, and ids of the inputs. They are stored: never used again for something else. */
export const Tamper = Object.freeze({
  terminalCover: 0,
  meterCover: 1,
  moduleCover: 2,
  magneticField: 3,
  /** L1; L2 and L3 follow. */
  currentWithoutVoltage: 4,
  /** L1; L2 and L3 follow. */
  currentReversed: 7,
  neutralMismatch: 10,
  phaseSequence: 11,
  currentWhileOpen: 12,
  calibration: 13,
  failedLogin: 14,
  sealedParameter: 15,
  seal: 16,
})
/** Counters of tampers. */
export const TAMPERS = 17

/** Digital inputs of a board, by their tamper. */
export type TamperInput = 0 | 1 | 2 | 3 | 16

/** A condition that begins and ends. */
export interface TamperParameter extends HoldTimes {
  readonly id: number
  readonly start: number
  readonly end: number
}

const COVER = Object.freeze({ startHold_ms: 500, endHold_ms: 2000 })
const MEASURED = Object.freeze({ startHold_ms: 60_000, endHold_ms: 60_000 })

function phase(id: number, start: number, end: number): TamperParameter[] {
  return [0, 1, 2].map((index) => Object.freeze({ id: id + index, start: start + index, end: end + index, ...MEASURED }))
}

/**
 * The hold-offs are ours; no standard that was at hand sets them. A cover that is lifted for half a second has been lifted; a contact bounces for some
 * milliseconds. A magnet is held there for longer than a loudspeaker passes by. What is measured must last a minute: inrush, switching and a
 * meter that is being installed are no fraud.
 */
export const TAMPER_PARAMETERS: readonly TamperParameter[] = Object.freeze([
  Object.freeze({ id: Tamper.terminalCover, start: FraudEvent.terminalCoverRemoved, end: FraudEvent.terminalCoverClosed, ...COVER }),
  Object.freeze({ id: Tamper.meterCover, start: FraudEvent.meterCoverRemoved, end: FraudEvent.meterCoverClosed, ...COVER }),
  Object.freeze({ id: Tamper.moduleCover, start: FraudEvent.moduleCoverRemoved, end: FraudEvent.moduleCoverClosed, ...COVER }),
  Object.freeze({
    ...{ id: Tamper.magneticField, start: FraudEvent.magneticFieldDetected, end: FraudEvent.magneticFieldGone },
    ...{ startHold_ms: 2000, endHold_ms: 10_000 },
  }),
  ...phase(Tamper.currentWithoutVoltage, FraudEvent.currentWithoutVoltageL1, FraudEvent.currentWithoutVoltageEndedL1),
  ...phase(Tamper.currentReversed, FraudEvent.currentReversedL1, FraudEvent.currentReversedEndedL1),
  Object.freeze({ id: Tamper.neutralMismatch, start: FraudEvent.neutralMismatch, end: FraudEvent.neutralMismatchEnded, ...MEASURED }),
  Object.freeze({ id: Tamper.phaseSequence, start: FraudEvent.phaseSequenceReversed, end: FraudEvent.phaseSequenceCorrected, ...MEASURED }),
  Object.freeze({
    ...{ id: Tamper.currentWhileOpen, start: FraudEvent.currentWhileOpen, end: FraudEvent.currentWhileOpenEnded },
    ...{ startHold_ms: 5000, endHold_ms: 60_000 },
  }),
  Object.freeze({ id: Tamper.seal, start: FraudEvent.sealBroken, end: FraudEvent.sealClosed, ...COVER }),
])

/** What happens at once, and has no end: code, and the shortest time between two that are logged. */
export const MOMENTS = Object.freeze({
  calibration: Object.freeze({ id: Tamper.calibration, code: FraudEvent.calibrationOverwritten, spacing_ms: 900_000 }),
  failedLogin: Object.freeze({ id: Tamper.failedLogin, code: FraudEvent.failedLogin, spacing_ms: 60_000 }),
  sealedParameter: Object.freeze({ id: Tamper.sealedParameter, code: FraudEvent.sealedParameterDamaged, spacing_ms: 900_000 }),
})
export type Moment = keyof typeof MOMENTS

/** From which values on a measurement is suspicious. Ours. */
export const TAMPER_LIMITS = Object.freeze({
  /** Below half of the nominal voltage a phase counts as disconnected. */
  voltage_permille: 500,
  /** Of the maximum current: 0.6 A of 60 A. Well above what an open input picks up. */
  current_permille: 10,
  /** Through an open relay nothing may flow; 0.1 A is above noise. */
  openCurrent_mA: 100,
  /** The neutral may differ by an eighth of the current, and by `current_permille` in any case. */
  neutral_permille: 125,
  /** Export of a phase in a place that has nothing to export. */
  reversed_mW: 20_000,
})
