/** Registers of the RV-3028-C7 with the names of its Application Manual (Micro Crystal, Rev. 1.4, "Register overview"). */
export const Register = Object.freeze({
  Seconds: 0x00,
  Minutes: 0x01,
  Hours: 0x02,
  Weekday: 0x03,
  Date: 0x04,
  Month: 0x05,
  Year: 0x06,
  MinutesAlarm: 0x07,
  Status: 0x0e,
  Control1: 0x0f,
  Control2: 0x10,
  EEAddress: 0x25,
  EEData: 0x26,
  EECommand: 0x27,
  EEPROMOffset: 0x36,
  EEPROMBackup: 0x37,
})

/** "Status register". */
export const Status = Object.freeze({ EEbusy: 0x80, BSF: 0x20, PORF: 0x01 })

/** "Control 1 register" and "Control 2 register". */
export const Control1 = Object.freeze({ EERD: 0x08 })
export const Control2 = Object.freeze({ twelveHours: 0x02 })

/** Section 3.15.6: EEOffset bit 0, trickle charger, fast edge detection (must be 1), switchover mode, series resistor. */
export const Backup = Object.freeze({ EEOffset0: 0x80, TCE: 0x20, FEDE: 0x10, BSM: 0x0c, TCR: 0x03 })

/** Values of BSM. */
export const Switchover = Object.freeze({ off: 0x00, direct: 0x04, level: 0x0c })

/** Values of TCR, in ohm. */
export const TRICKLE_OHM = Object.freeze([3000, 5000, 9000, 15_000] as const)

/** "EEPROM command register": commands for the configuration EEPROM; each must follow `first`. */
export const EECommand = Object.freeze({ first: 0x00, refreshAll: 0x12, write: 0x21, read: 0x22 })

/** Section 3.15.5: one step of EEOffset, 1 / (32768 * 32), as ppm. More steps are taken to make the clock faster. */
export const OFFSET_STEP_PPM = 0.953_674_316_406_25
