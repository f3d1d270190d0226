/**
 * Keys of a CBOR uplink: a map with integer keys, all of them of one byte. docs/lorawan.md has the CDDL. A key never changes its meaning; new ones take the numbers
 * that are free.
 */

/** Whole numbers in the unit that stands behind each. */
export const CborKey = Object.freeze({
  /** Unix time in s of the values beside it. */
  time: 0,
  /** Wh, varh: totals. */
  activeImport: 1,
  activeExport: 2,
  reactiveImport: 3,
  reactiveExport: 4,
  /** W; export is negative. */
  activePower: 5,
  /** 0.01 Hz. */
  frequency: 6,
  /** 0.1 V. */
  voltageL1: 7,
  voltageL2: 8,
  voltageL3: 9,
  /** mA. */
  currentL1: 10,
  currentL2: 11,
  currentL3: 12,
  /** W, var, VA. */
  activePowerL1: 13,
  activePowerL2: 14,
  activePowerL3: 15,
  reactivePowerL1: 16,
  reactivePowerL2: 17,
  reactivePowerL3: 18,
  apparentPowerL1: 19,
  apparentPowerL2: 20,
  apparentPowerL3: 21,
  /** 0.01. */
  powerFactorL1: -1,
  powerFactorL2: -2,
  powerFactorL3: -3,
  /** 0.01 degrees. */
  phaseAngleL1: -4,
  phaseAngleL2: -5,
  phaseAngleL3: -6,
  /** Wh, varh: by rate, on a meter with rates. */
  activeImportT1: -7,
  activeImportT2: -8,
  activeExportT1: -9,
  activeExportT2: -10,
  reactiveImportT1: -11,
  reactiveImportT2: -12,
  reactiveExportT1: -13,
  reactiveExportT2: -14,
})

export type CborName = keyof typeof CborKey

/** Keys whose values are no numbers. */
export const CborSpecial = Object.freeze({
  /** Rows of the load profile. */
  profile: 22,
  /** The relay is closed. */
  relay: -15,
  /** The supply is good. */
  supply: -16,
  /** A downlink was done. */
  done: -17,
})

/** Port of CBOR uplinks. */
export const CBOR_PORT = 60
