import { SwitchEvent } from '../switch/events.ts'
import { LogId, StandardEvent } from './codes.ts'
import { FraudEvent, QualityEvent } from './log-codes-table.ts'

/**
 * Bits of the alarm registers: DSMR/SMR, read from `AlarmTypeRegisterLookup` of the GXF platform. Register 1: 0.0.97.98.0, register 2: 0.0.97.98.1.
 */
export const Alarm1 = Object.freeze({
  clockInvalid: 0,
  replaceBattery: 1,
  powerUp: 2,
  auxiliaryEvent: 3,
  configurationChanged: 4,
  programMemoryError: 8,
  ramError: 9,
  nonVolatileMemoryError: 10,
  measurementSystemError: 11,
  watchdogError: 12,
  fraudAttempt: 13,
  phaseOutageL1: 28,
  phaseOutageL2: 29,
  phaseOutageL3: 30,
})
export const Alarm2 = Object.freeze({ sagL1: 0, sagL2: 1, sagL3: 2, swellL1: 3, swellL2: 4, swellL3: 5 })

/** An event that sets a bit, or takes it back because its cause is over. */
export interface AlarmRule {
  /** 1 or 2. */
  readonly register: number
  readonly bit: number
  readonly log: number
  readonly code: number
  readonly set: boolean
}

function rule(register: number, bit: number, log: number, code: number, set = true): AlarmRule {
  return Object.freeze({ register, bit, log, code, set })
}

function phases(register: number, bit: number, start: number, end?: number): AlarmRule[] {
  const rules: AlarmRule[] = []
  for (let phase = 0; phase < 3; phase++) {
    rules.push(rule(register, bit + phase, LogId.quality, start + phase))
    if (end !== undefined) rules.push(rule(register, bit + phase, LogId.quality, end + phase, false))
  }
  return rules
}

const FRAUD = [
  FraudEvent.terminalCoverRemoved,
  FraudEvent.magneticFieldDetected,
  FraudEvent.meterCoverRemoved,
  FraudEvent.moduleCoverRemoved,
  FraudEvent.failedLogin,
  FraudEvent.neutralMismatch,
  FraudEvent.phaseSequenceReversed,
  FraudEvent.calibrationOverwritten,
  FraudEvent.currentWhileOpen,
  FraudEvent.sealedParameterDamaged,
  FraudEvent.sealBroken,
  ...[0, 1, 2].flatMap((phase) => [FraudEvent.currentWithoutVoltageL1 + phase, FraudEvent.currentReversedL1 + phase]),
] as const

export const ALARM_RULES: readonly AlarmRule[] = Object.freeze([
  rule(1, Alarm1.clockInvalid, LogId.standard, StandardEvent.clockInvalid),
  rule(1, Alarm1.clockInvalid, LogId.standard, StandardEvent.clockAdjustedNew, false),
  rule(1, Alarm1.replaceBattery, LogId.standard, StandardEvent.replaceBattery),
  rule(1, Alarm1.powerUp, LogId.standard, StandardEvent.powerUp),
  rule(1, Alarm1.configurationChanged, LogId.standard, StandardEvent.configurationChanged),
  rule(1, Alarm1.configurationChanged, LogId.fraud, FraudEvent.configurationChanged),
  rule(1, Alarm1.programMemoryError, LogId.standard, StandardEvent.memoryProgramError),
  rule(1, Alarm1.ramError, LogId.standard, StandardEvent.memoryRamError),
  rule(1, Alarm1.nonVolatileMemoryError, LogId.standard, StandardEvent.memoryNonVolatileError),
  rule(1, Alarm1.measurementSystemError, LogId.standard, StandardEvent.measurementSystemError),
  rule(1, Alarm1.watchdogError, LogId.standard, StandardEvent.watchdog),
  rule(1, Alarm1.auxiliaryEvent, LogId.disconnector, SwitchEvent.failure),
  rule(1, Alarm1.auxiliaryEvent, LogId.standard, StandardEvent.creditLow),
  rule(1, Alarm1.auxiliaryEvent, LogId.standard, StandardEvent.creditExhausted),
  ...FRAUD.map((code) => rule(1, Alarm1.fraudAttempt, LogId.fraud, code)),
  ...phases(1, Alarm1.phaseOutageL1, QualityEvent.phaseOutageL1, QualityEvent.phaseReturnedL1),
  ...phases(2, Alarm2.sagL1, QualityEvent.sagL1),
  ...phases(2, Alarm2.swellL1, QualityEvent.swellL1),
])
