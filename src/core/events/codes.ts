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
  memoryProgramError: 12,
  memoryRamError: 13,
  memoryNonVolatileError: 14,
  watchdog: 15,
  measurementSystemError: 16,
  firmwareReady: 17,
  firmwareActivated: 18,
  /** 46 to 48: fraud group of DSMR; they stand here until there is a log of their own. */
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
  [StandardEvent.memoryProgramError, 'Program memory error'],
  [StandardEvent.memoryRamError, 'RAM error'],
  [StandardEvent.memoryNonVolatileError, 'Non-volatile memory error'],
  [StandardEvent.watchdog, 'Watchdog reset'],
  [StandardEvent.measurementSystemError, 'Measurement system error'],
  [StandardEvent.firmwareReady, 'Firmware ready for activation'],
  [StandardEvent.firmwareActivated, 'Firmware activated'],
  [StandardEvent.failedLogin, 'Too many wrong secrets'],
  [StandardEvent.configurationChanged, 'Configuration changed'],
  [StandardEvent.secretChanged, 'Secret changed'],
  [StandardEvent.firmwareRefused, 'Firmware refused'],
  [StandardEvent.firmwareRolledBack, 'Firmware rolled back'],
  [StandardEvent.partRestarted, 'Part restarted after a fault'],
  [StandardEvent.secretUnreadable, 'Secret unreadable'],
  [StandardEvent.factoryReset, 'Factory reset'],
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
