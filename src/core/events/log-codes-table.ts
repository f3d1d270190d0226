import { switchEventText } from '../switch/events.ts'
import { LogId, standardEventText } from './codes.ts'

/**
 * Event codes of the logs beside the standard one. 40 to 49 and 51 to 99: DSMR/SMR, read from `EventType` of the GXF platform; 140 to 158: IDIS, from memory;
 * from 200 on: our own, where no companion standard has a code. A name that ends in `L1` is the first of three codes for L1, L2, L3.
 *
 * Where nothing else is said, the start of a condition carries as parameter the milliseconds that it had lasted when it was told, its end the
 * milliseconds that it lasted in all (saturated at 2^32 - 1, 49 days), and both as value the extreme so far.
 */
export const FraudEvent = Object.freeze({
  terminalCoverRemoved: 40,
  terminalCoverClosed: 41,
  magneticFieldDetected: 42,
  magneticFieldGone: 43,
  meterCoverRemoved: 44,
  meterCoverClosed: 45,
  /** Parameter: the client. */
  failedLogin: 46,
  configurationChanged: 47,
  moduleCoverRemoved: 48,
  moduleCoverClosed: 49,
  secretChanged: 200,
  currentWithoutVoltageL1: 201,
  currentWithoutVoltageEndedL1: 204,
  neutralMismatch: 207,
  neutralMismatchEnded: 208,
  phaseSequenceReversed: 209,
  phaseSequenceCorrected: 210,
  currentReversedL1: 211,
  currentReversedEndedL1: 214,
  /** The metering IC lost its configuration, or somebody changed it; it was written again. */
  calibrationOverwritten: 217,
  currentWhileOpen: 218,
  currentWhileOpenEnded: 219,
  /** Parameter: bits of the tampers that were latched; value: of those that last. */
  tamperReset: 220,
  /** A sealed parameter is not the one that was stored while the seal was open. Parameter: number of the last change that is known. */
  sealedParameterDamaged: 221,
  /** Parameter: number of the change. */
  sealedParameterChanged: 222,
  sealBroken: 223,
  sealClosed: 224,
  /** Codes of a calibration are in the metering IC that are not stored. */
  calibrationTrial: 225,
  calibrationDiscarded: 226,
  /** Parameter: events that the log did not take, so that it does not fill with one kind. */
  eventsSuppressed: 254,
  logCleared: 255,
})

export const QualityEvent = Object.freeze({
  thdHighL1: 51,
  thdNormalL1: 54,
  thdLongL1: 57,
  undervoltageL1: 77,
  overvoltageL1: 80,
  /** End of an undervoltage or an overvoltage; never are both open. */
  voltageNormalL1: 83,
  phaseOutageL1: 86,
  phaseReturnedL1: 90,
  sagL1: 93,
  swellL1: 96,
  lastGasp: 99,
  sagEndedL1: 200,
  swellEndedL1: 203,
  overcurrentL1: 206,
  overcurrentEndedL1: 209,
  /** All phases below the limit, as a meter sees it that lives on. */
  interruption: 212,
  interruptionEnded: 213,
  frequencyLow: 214,
  frequencyLowEnded: 215,
  frequencyHigh: 216,
  frequencyHighEnded: 217,
  unbalance: 218,
  unbalanceEnded: 219,
  eventsSuppressed: 254,
  logCleared: 255,
})

export const CommunicationEvent = Object.freeze({
  noConnection: 140,
  modemInitialisationFailed: 141,
  networkRegistrationFailed: 144,
  modemReset: 150,
  signalLow: 156,
  localCommunication: 158,
  /** Parameter: the client. */
  clientConnected: 200,
  clientReleased: 201,
  clientLockedOut: 202,
  pushFailed: 203,
  eventsSuppressed: 254,
  logCleared: 255,
})

/** `L1` in a text stands for the phase. */
const FRAUD_TEXTS: Readonly<Record<keyof typeof FraudEvent, string>> = Object.freeze({
  terminalCoverRemoved: 'Terminal cover removed',
  terminalCoverClosed: 'Terminal cover closed',
  magneticFieldDetected: 'Strong magnetic field',
  magneticFieldGone: 'Strong magnetic field gone',
  meterCoverRemoved: 'Meter cover removed',
  meterCoverClosed: 'Meter cover closed',
  failedLogin: 'Too many wrong secrets',
  configurationChanged: 'Configuration changed',
  moduleCoverRemoved: 'Module cover removed',
  moduleCoverClosed: 'Module cover closed',
  secretChanged: 'Secret changed',
  currentWithoutVoltageL1: 'Current without voltage L1',
  currentWithoutVoltageEndedL1: 'Current without voltage L1 ended',
  neutralMismatch: 'Neutral current does not match',
  neutralMismatchEnded: 'Neutral current matches again',
  phaseSequenceReversed: 'Phase sequence reversed',
  phaseSequenceCorrected: 'Phase sequence correct again',
  currentReversedL1: 'Current reversed L1',
  currentReversedEndedL1: 'Current reversed L1 ended',
  calibrationOverwritten: 'Configuration of the metering IC changed',
  currentWhileOpen: 'Current flows through the open switch',
  currentWhileOpenEnded: 'Current through the open switch ended',
  tamperReset: 'Tamper reset',
  sealedParameterDamaged: 'Sealed parameter damaged',
  sealedParameterChanged: 'Sealed parameter changed',
  sealBroken: 'Seal broken',
  sealClosed: 'Seal closed',
  calibrationTrial: 'Calibration on trial',
  calibrationDiscarded: 'Calibration discarded',
  eventsSuppressed: 'Events suppressed',
  logCleared: 'Event log cleared',
})

const QUALITY_TEXTS: Readonly<Record<keyof typeof QualityEvent, string>> = Object.freeze({
  thdHighL1: 'Harmonic distortion high L1',
  thdNormalL1: 'Harmonic distortion normal L1',
  thdLongL1: 'Harmonic distortion high for long L1',
  undervoltageL1: 'Undervoltage L1',
  overvoltageL1: 'Overvoltage L1',
  voltageNormalL1: 'Voltage normal L1',
  phaseOutageL1: 'Phase outage L1',
  phaseReturnedL1: 'Phase returned L1',
  sagL1: 'Voltage sag L1',
  swellL1: 'Voltage swell L1',
  lastGasp: 'Last gasp',
  sagEndedL1: 'Voltage sag L1 ended',
  swellEndedL1: 'Voltage swell L1 ended',
  overcurrentL1: 'Overcurrent L1',
  overcurrentEndedL1: 'Overcurrent L1 ended',
  interruption: 'Interruption of all phases',
  interruptionEnded: 'Interruption ended',
  frequencyLow: 'Frequency low',
  frequencyLowEnded: 'Frequency low ended',
  frequencyHigh: 'Frequency high',
  frequencyHighEnded: 'Frequency high ended',
  unbalance: 'Voltage unbalance',
  unbalanceEnded: 'Voltage unbalance ended',
  eventsSuppressed: 'Events suppressed',
  logCleared: 'Event log cleared',
})

const COMMUNICATION_TEXTS: Readonly<Record<keyof typeof CommunicationEvent, string>> = Object.freeze({
  noConnection: 'No connection for too long',
  modemInitialisationFailed: 'Modem initialisation failed',
  networkRegistrationFailed: 'Network registration failed',
  modemReset: 'Modem reset',
  signalLow: 'Signal quality low',
  localCommunication: 'Local communication attempt',
  clientConnected: 'Client connected',
  clientReleased: 'Client released',
  clientLockedOut: 'Client locked out',
  pushFailed: 'Message could not be sent',
  eventsSuppressed: 'Events suppressed',
  logCleared: 'Event log cleared',
})

/** Texts by code; a phase code gets three. */
function textTable<Name extends string>(codes: Readonly<Record<Name, number>>, texts: Readonly<Record<Name, string>>) {
  const table = new Map<number, string>()
  for (const name of Object.keys(codes) as Name[]) {
    const count = name.endsWith('L1') ? 3 : 1
    for (let phase = 0; phase < count; phase++) table.set(codes[name] + phase, texts[name].replace('L1', `L${phase + 1}`))
  }
  return table
}

const TABLES: ReadonlyMap<number, ReadonlyMap<number, string>> = new Map([
  [LogId.fraud, textTable(FraudEvent, FRAUD_TEXTS)],
  [LogId.quality, textTable(QualityEvent, QUALITY_TEXTS)],
  [LogId.communication, textTable(CommunicationEvent, COMMUNICATION_TEXTS)],
])

const LOG_CLEARED = 255

/** Plain words for a person: what the event `code` means in the log `log`, one of `LogId`. */
export function eventText(log: number, code: number): string {
  if (log === LogId.standard || code === LOG_CLEARED) return standardEventText(code)
  if (log === LogId.disconnector) return switchEventText(code)
  return TABLES.get(log)?.get(code) ?? `Event ${code}`
}
