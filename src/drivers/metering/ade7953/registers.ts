/**
 * Registers of the ADE7953 with the datasheet's names (Rev. B, tables 13 to 15). The address tells the width: 0xxH 8 bits, 1xxH 16, 3xxH 32; of the
 * twins at 2xxH (24 bits) and 3xxH the wide one is used, which has the sign extended.
 */
export const Register = Object.freeze({
  SAGCYC: 0x000,
  DISNOLOAD: 0x001,
  LCYCMODE: 0x004,
  PGA_V: 0x007,
  PGA_IA: 0x008,
  PGA_IB: 0x009,
  WRITE_PROTECT: 0x040,
  LAST_OP: 0x0fd,
  unlock: 0x0fe,
  ZXTOUT: 0x100,
  LINECYC: 0x101,
  CONFIG: 0x102,
  CF1DEN: 0x103,
  CF2DEN: 0x104,
  CFMODE: 0x107,
  PHCALA: 0x108,
  PHCALB: 0x109,
  ANGLE_A: 0x10c,
  Period: 0x10e,
  ALT_OUTPUT: 0x110,
  /** Reserved, "should be set to 30h to meet the performance specified in Table 1". */
  performance: 0x120,
  LAST_ADD: 0x1fe,
  SAGLVL: 0x300,
  ACCMODE: 0x301,
  AP_NOLOAD: 0x303,
  VAR_NOLOAD: 0x304,
  VA_NOLOAD: 0x305,
  AVA: 0x310,
  AWATT: 0x312,
  BWATT: 0x313,
  AVAR: 0x314,
  BVAR: 0x315,
  IRMSA: 0x31a,
  IRMSB: 0x31b,
  VRMS: 0x31c,
  AENERGYA: 0x31e,
  RENERGYA: 0x320,
  APENERGYA: 0x322,
  OVLVL: 0x324,
  OILVL: 0x325,
  IRQENA: 0x32c,
  RSTIRQSTATA: 0x32e,
  IRQENB: 0x32f,
  CRC: 0x37f,
  AIGAIN: 0x380,
  AVGAIN: 0x381,
  AWGAIN: 0x382,
  AVARGAIN: 0x383,
  AVAGAIN: 0x384,
  AIRMSOS: 0x386,
  VRMSOS: 0x388,
  AWATTOS: 0x389,
  AVAROS: 0x38a,
  AVAOS: 0x38b,
  BIGAIN: 0x38c,
  BVGAIN: 0x38d,
  BWGAIN: 0x38e,
  BVARGAIN: 0x38f,
  BVAGAIN: 0x390,
  BIRMSOS: 0x392,
  BWATTOS: 0x395,
  BVAROS: 0x396,
  BVAOS: 0x397,
  version: 0x702,
})

/** Written to `unlock` immediately before 120H, and what 120H has to hold (table 14). */
export const UNLOCK_KEY = 0xad
export const PERFORMANCE = 0x30

/** LAST_OP after a read. */
export const WAS_READ = 0x35

/** Bits of CONFIG (table 18). */
export const Config = Object.freeze({ HPFEN: 1 << 2, SWRST: 1 << 7, CRC_ENABLE: 1 << 8, COMM_LOCK: 1 << 15 })

/** RSTREAD of LCYCMODE (table 17): energies are cleared by reading. */
export const RSTREAD = 1 << 6

/** Bits of IRQENA and IRQSTATA (tables 22 and 23). */
export const Irq = Object.freeze({ AEOFA: 1 << 3, ZXTO: 1 << 14, Sag: 1 << 19, Reset: 1 << 20 })

/** Read-only bits of ACCMODE (table 21): no active and no reactive energy is registered on channel A. */
export const NOLOAD_A = (1 << 16) | (1 << 18)

/** Checksum while it is disabled. */
export const CRC_DISABLED = 0xffffffff

/** Readings at full-scale inputs ("Root Mean Square Measurement", "Active Power Calculation", "Active Energy Calculation", "Current Channel ADCs"). */
export const RMS_FULL_SCALE = 9_032_007
export const POWER_FULL_SCALE = 4_862_401
export const ENERGY_FULL_SCALE_HZ = 206_900
export const PEAK_FULL_SCALE = 6_500_000
/** Clock of Period and ANGLE: 3.58 MHz / 16. */
export const PERIOD_HZ = 223_750
