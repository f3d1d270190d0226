/** Register addresses, reset values and access classes of the ATM90E32AS (Atmel-46003B, section 6 "Register"). */
export const Address = Object.freeze({
  MeterEn: 0x00,
  ChannelMapI: 0x01,
  ChannelMapU: 0x02,
  SagPeakDetCfg: 0x05,
  OVth: 0x06,
  SagTh: 0x08,
  PhaseLossTh: 0x09,
  INWarnTh: 0x0a,
  OIth: 0x0b,
  FreqLoTh: 0x0c,
  FreqHiTh: 0x0d,
  IRQ0MergeCfg: 0x0f,
  DetectCtrl: 0x10,
  DetectTh3: 0x13,
  PLconstH: 0x31,
  PLconstL: 0x32,
  MMode0: 0x33,
  MMode1: 0x34,
  /** PStartTh, QStartTh, SStartTh follow each other, as do PPhaseTh, QPhaseTh, SPhaseTh. */
  PStartTh: 0x35,
  PPhaseTh: 0x38,
  /** PoffA, QoffA, PoffB, QoffB, PoffC, QoffC. */
  PoffA: 0x41,
  /** PQGainA, PhiA, PQGainB, PhiB, PQGainC, PhiC. */
  PQGainA: 0x47,
  PoffsetAF: 0x51,
  PGainAF: 0x54,
  /** UgainA, IgainA, UoffsetA, IoffsetA; phases B and C follow at a distance of four. */
  UgainA: 0x61,
  lastConfiguration: 0x6f,
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
  APenergyT: 0x80,
  SAenergyT: 0x90,
  APenergyTF: 0xa0,
  lastEnergy: 0xaf,
  PmeanT: 0xb0,
  QmeanT: 0xb4,
  SmeanT: 0xb8,
  PFmeanT: 0xbc,
  PmeanTF: 0xd0,
  PmeanTH: 0xd4,
  UrmsA: 0xd9,
  IrmsN: 0xdc,
  IrmsA: 0xdd,
  UPeakA: 0xf1,
  IPeakA: 0xf5,
  Freq: 0xf8,
  PAngleA: 0xf9,
  Temp: 0xfc,
  UangleA: 0xfd,
})

/** Distance from the high word of a 32-bit measured value to its low word (section 6.6). */
export const LOW_WORD = 0x10

/** Non-zero values after reset: address, value. */
export const RESET_VALUES: readonly (readonly [number, number])[] = Object.freeze([
  [0x01, 0x0210],
  [0x02, 0x0654],
  [0x05, 0x143f],
  [0x06, 0xc000],
  [0x07, 0x0001],
  [0x08, 0x1000],
  [0x09, 0x0400],
  [0x0a, 0xffff],
  [0x0b, 0xc000],
  [0x0c, 0x1324],
  [0x0d, 0x13ec],
  [0x0e, 0x010f],
  [0x22, 5000],
  [0x23, 25],
  [0x31, 0x0861],
  [0x32, 0xc468],
  [0x33, 0x0087],
  [0x61, 0x8000],
  [0x62, 0x8000],
  [0x65, 0x8000],
  [0x66, 0x8000],
  [0x69, 0x8000],
  [0x6a, 0x8000],
] as const)

/** Bits of MMode0 (33H). */
export const MMode0 = Object.freeze({ HPFoff: 1 << 11, CF2varh: 1 << 7, ABSEnQ: 1 << 4, ABSEnP: 1 << 3, EnPA: 1 << 2 })

/** Bits of EMMState0 (71H); phases count down from A. */
export const State0 = Object.freeze({
  OIPhaseA: 1 << 15,
  OVPhaseA: 1 << 12,
  URevWn: 1 << 9,
  IRevWn: 1 << 8,
  INOv0: 1 << 7,
  TQNoload: 1 << 6,
  TPNoload: 1 << 5,
  TASNoload: 1 << 4,
  /** CF1RevFlag; CF2 to CF4 follow downwards. */
  CF1Rev: 1 << 3,
})

/** Bits of EMMState1 (72H). */
export const State1 = Object.freeze({
  FreqHi: 1 << 15,
  SagPhaseA: 1 << 14,
  FreqLo: 1 << 11,
  PhaseLossA: 1 << 10,
  QERegT: 1 << 7,
  QERegA: 1 << 6,
  PERegT: 1 << 3,
  PERegA: 1 << 2,
})

/** What a read has to do before the stored word may go out. */
export const Access = Object.freeze({ plain: 0, energy: 1, measured: 2, state: 3, check: 4 })

function accessTable(): Uint8Array {
  const table = new Uint8Array(0x400)
  table.fill(Access.state, Address.EMMState0, Address.EMMIntState1 + 1)
  table.fill(Access.check, Address.CRCErrStatus, Address.CRCDigest + 1)
  table.fill(Access.energy, Address.APenergyT, 0x94)
  table.fill(Access.energy, Address.APenergyTF, Address.lastEnergy + 1)
  table.fill(Access.measured, Address.PmeanT, 0x100)
  return table
}

/** Access class of every address of the 10-bit space; addresses without a register read 0. */
export const ACCESS: Uint8Array = accessTable()

/** A 16-bit register as a signed number. */
export function signed16(word: number): number {
  return word & 0x8000 ? word - 0x10000 : word
}
