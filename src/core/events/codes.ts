/**
 * The event logs. The numbers are value group E of their names: 0.0.99.98.e is the log, 0.0.96.11.e the code of its newest event. 3 is the log of
 * M-Bus devices.
 */
export const LogId = Object.freeze({ standard: 0, fraud: 1, disconnector: 2, quality: 4, communication: 5 })

/**
 * Event codes of the standard event log, in the numbering of DSMR and IDIS companion standards. A code means something only together with its
 * log: the code spaces of the logs overlap.
 */
export const StandardEvent = Object.freeze({
  powerDown: 1,
  powerUp: 2,
  daylightSavingChanged: 3,
  clockAdjustedOld: 4,
  clockAdjustedNew: 5,
  clockInvalid: 6,
  replaceBattery: 7,
  batteryLow: 8,
  tariffActivated: 9,
  errorRegisterCleared: 10,
  alarmRegisterCleared: 11,
  memoryProgramError: 12,
  memoryRamError: 13,
  memoryNonVolatileError: 14,
  watchdog: 15,
  measurementSystemError: 16,
  firmwareReady: 17,
  firmwareActivated: 18,
  passiveTariffUpdated: 19,
  selfCheckPassed: 20,
  /** 46 to 48: fraud group of DSMR, from the time before there was a log of its own; see `FraudEvent`. */
  failedLogin: 46,
  configurationChanged: 47,
  secretChanged: 48,
  /** Parameter: why, in the order of `FIRMWARE_REFUSALS` of the meter. */
  firmwareRefused: 51,
  /** From 200 on: our own, where no companion standard has a code. */
  firmwareRolledBack: 200,
  partRestarted: 201,
  secretUnreadable: 202,
  factoryReset: 203,
  tariffRefused: 204,
  /** Of a water, gas or heat meter; see `FlowMonitor` for their parameters. */
  leakSuspected: 210,
  leakEnded: 211,
  burst: 212,
  burstEnded: 213,
  backflow: 214,
  backflowEnded: 215,
  noFlow: 216,
  noFlowEnded: 217,
  /** Parameter: 0 the chip does not answer, 1 it does not keep the time. */
  clockChipFault: 220,
  clockChipRecovered: 221,
  /** 230 to 236: prepayment. Parameter: Wh; of a key its revision. */
  creditAdded: 230,
  creditLow: 231,
  creditExhausted: 232,
  emergencyCreditTaken: 233,
  creditCleared: 234,
  tokenLockOut: 235,
  decoderKeyChanged: 236,
  logCleared: 255,
})

const TEXTS: ReadonlyMap<number, string> = new Map([
  [StandardEvent.powerDown, 'Power down'],
  [StandardEvent.powerUp, 'Power up'],
  [StandardEvent.daylightSavingChanged, 'Daylight saving changed'],
  [StandardEvent.clockAdjustedOld, 'Clock adjusted (old time)'],
  [StandardEvent.clockAdjustedNew, 'Clock adjusted (new time)'],
  [StandardEvent.clockInvalid, 'Clock invalid'],
  [StandardEvent.replaceBattery, 'Replace battery'],
  [StandardEvent.batteryLow, 'Battery voltage low'],
  [StandardEvent.tariffActivated, 'Tariff activated'],
  [StandardEvent.errorRegisterCleared, 'Error register cleared'],
  [StandardEvent.alarmRegisterCleared, 'Alarm register cleared'],
  [StandardEvent.memoryProgramError, 'Program memory error'],
  [StandardEvent.memoryRamError, 'RAM error'],
  [StandardEvent.memoryNonVolatileError, 'Non-volatile memory error'],
  [StandardEvent.watchdog, 'Watchdog reset'],
  [StandardEvent.measurementSystemError, 'Measurement system error'],
  [StandardEvent.firmwareReady, 'Firmware ready for activation'],
  [StandardEvent.firmwareActivated, 'Firmware activated'],
  [StandardEvent.passiveTariffUpdated, 'Passive tariff updated'],
  [StandardEvent.selfCheckPassed, 'Self-check passed after firmware update'],
  [StandardEvent.failedLogin, 'Too many wrong secrets'],
  [StandardEvent.configurationChanged, 'Configuration changed'],
  [StandardEvent.secretChanged, 'Secret changed'],
  [StandardEvent.firmwareRefused, 'Firmware refused'],
  [StandardEvent.firmwareRolledBack, 'Firmware rolled back'],
  [StandardEvent.partRestarted, 'Part restarted after a fault'],
  [StandardEvent.secretUnreadable, 'Secret unreadable'],
  [StandardEvent.factoryReset, 'Factory reset'],
  [StandardEvent.tariffRefused, 'Tariff refused'],
  [StandardEvent.leakSuspected, 'Leak suspected'],
  [StandardEvent.leakEnded, 'Leak ended'],
  [StandardEvent.burst, 'Burst: flow above its limit'],
  [StandardEvent.burstEnded, 'Burst ended'],
  [StandardEvent.backflow, 'Backflow'],
  [StandardEvent.backflowEnded, 'Backflow ended'],
  [StandardEvent.noFlow, 'No flow for long'],
  [StandardEvent.noFlowEnded, 'Flow again'],
  [StandardEvent.clockChipFault, 'Clock chip faulty'],
  [StandardEvent.clockChipRecovered, 'Clock chip recovered'],
  [StandardEvent.creditAdded, 'Credit added'],
  [StandardEvent.creditLow, 'Credit low'],
  [StandardEvent.creditExhausted, 'Credit used up'],
  [StandardEvent.emergencyCreditTaken, 'Emergency credit taken'],
  [StandardEvent.creditCleared, 'Credit cleared'],
  [StandardEvent.tokenLockOut, 'Too many wrong tokens'],
  [StandardEvent.decoderKeyChanged, 'Decoder key changed'],
  [StandardEvent.logCleared, 'Event log cleared'],
])

/** Plain words for a person. */
export function standardEventText(code: number): string {
  return TEXTS.get(code) ?? `Event ${code}`
}

/** AMR status byte of a load profile entry (DSMR "AMR profile status"). */
export const ProfileStatus = Object.freeze({
  criticalError: 0x01,
  clockInvalid: 0x02,
  dataNotValid: 0x04,
  daylightSaving: 0x08,
  clockAdjusted: 0x20,
  recoveredValue: 0x40,
  powerDown: 0x80,
})
