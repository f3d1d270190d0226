/** Registers of the ATM90E32AS with the datasheet's names (Atmel-46003B, section 6; the number in brackets is the subsection). */
export const Register = Object.freeze({
  // Status and special [6.1]
  MeterEn: 0x00,
  ChannelMapI: 0x01,
  ChannelMapU: 0x02,
  SagPeakDetCfg: 0x05,
  OVth: 0x06,
  ZXConfig: 0x07,
  SagTh: 0x08,
  PhaseLossTh: 0x09,
  INWarnTh: 0x0a,
  OIth: 0x0b,
  FreqLoTh: 0x0c,
  FreqHiTh: 0x0d,
  PMPwrCtrl: 0x0e,
  IRQ0MergeCfg: 0x0f,
  // Measurement configuration and calibration [6.2, 6.4]
  PLconstH: 0x31,
  PLconstL: 0x32,
  MMode0: 0x33,
  MMode1: 0x34,
  PStartTh: 0x35,
  QStartTh: 0x36,
  SStartTh: 0x37,
  PPhaseTh: 0x38,
  QPhaseTh: 0x39,
  SPhaseTh: 0x3a,
  PoffA: 0x41,
  QoffA: 0x42,
  PoffB: 0x43,
  QoffB: 0x44,
  PoffC: 0x45,
  QoffC: 0x46,
  PQGainA: 0x47,
  PhiA: 0x48,
  PQGainB: 0x49,
  PhiB: 0x4a,
  PQGainC: 0x4b,
  PhiC: 0x4c,
  PoffsetAF: 0x51,
  PoffsetBF: 0x52,
  PoffsetCF: 0x53,
  PGainAF: 0x54,
  PGainBF: 0x55,
  PGainCF: 0x56,
  UgainA: 0x61,
  IgainA: 0x62,
  UoffsetA: 0x63,
  IoffsetA: 0x64,
  UgainB: 0x65,
  IgainB: 0x66,
  UoffsetB: 0x67,
  IoffsetB: 0x68,
  UgainC: 0x69,
  IgainC: 0x6a,
  UoffsetC: 0x6b,
  IoffsetC: 0x6c,
  IoffsetN: 0x6e,
  // Reset, events, bus [6.3]
  SoftReset: 0x70,
  EMMState0: 0x71,
  EMMState1: 0x72,
  EMMIntState0: 0x73,
  EMMIntState1: 0x74,
  EMMIntEn0: 0x75,
  EMMIntEn1: 0x76,
  LastSPIData: 0x78,
  CRCErrStatus: 0x79,
  CRCDigest: 0x7a,
  CfgRegAccEn: 0x7f,
  // Energy, clear on read [6.5]: each T, A, B, C
  APenergyT: 0x80,
  ANenergyT: 0x84,
  RPenergyT: 0x88,
  RNenergyT: 0x8c,
  SAenergyT: 0x90,
  // Measured values [6.6]: high words; low words 10H above
  PmeanT: 0xb0,
  QmeanT: 0xb4,
  SmeanT: 0xb8,
  PFmeanT: 0xbc,
  PmeanTF: 0xd0,
  PmeanTH: 0xd4,
  UrmsA: 0xd9,
  IrmsN: 0xdc,
  IrmsA: 0xdd,
  Freq: 0xf8,
  PAngleA: 0xf9,
  UangleB: 0xfe,
  UangleC: 0xff,
})

/** Written to SoftReset. */
export const RESET_KEY = 0x789a
/** Written to CfgRegAccEn: configuration may be written and the CRC check is off. */
export const CONFIGURATION_KEY = 0x55aa
/** Any other value closes the lock; the next CRC pass becomes the reference. */
export const LOCKED = 0x0000

/** Bits of EMMState0 [6.3.2]. */
export const EMMState0 = Object.freeze({ URevWn: 1 << 9, TQNoload: 1 << 6, TPNoload: 1 << 5 })
/** Bits of EMMState1 [6.3.2]; B and C below A. */
export const EMMState1 = Object.freeze({ FreqHi: 1 << 15, SagPhaseA: 1 << 14, FreqLo: 1 << 11, PhaseLossA: 1 << 10 })

/** Sag and phase loss of A, B and C in EMMState1, EMMIntState1 and EMMIntEn1 [6.3.2]; enabled ones raise pin IRQ1. */
export const VOLTAGE_FAILURES = 0x7700
