/** Registers of the BL0942 with the datasheet's names (Belling BL0942 V1.1, section 1.5). */
export const Register = Object.freeze({
  I_RMS: 0x03,
  V_RMS: 0x04,
  WATT: 0x06,
  CF_CNT: 0x07,
  FREQ: 0x08,
  STATUS: 0x09,
  I_RMSOS: 0x12,
  WA_CREEP: 0x14,
  I_FAST_RMS_TH: 0x15,
  I_FAST_RMS_CYC: 0x16,
  FREQ_CYC: 0x17,
  OT_FUNX: 0x18,
  MODE: 0x19,
  GAIN_CR: 0x1a,
  USR_WRPROT: 0x1d,
  /** Asks for all electrical parameters at once [3.2.5]. */
  packet: 0xaa,
})

/** MODE [1.6]: reserved bits 11, CF_EN, CF_CNT_ADD_SEL absolute, no clearing on read, RMS every 400 ms, baud by pin. */
export const MODE_RESET = 0x87
/** FAST_RMS_SEL: the fast RMS value without DC. Set always, so that MODE shows whether the chip was reset. */
export const MODE_FAST_RMS_AC = 1 << 4
export const MODE_60_HZ = 1 << 5

/** Written to USR_WRPROT [1.5]; anything else locks. */
export const UNLOCKED = 0x55
export const LOCKED = 0

/** Bits of STATUS [1.6]. */
export const STATUS_REVERSE = 1 << 0
export const STATUS_CREEP = 1 << 1

/** CF_CNT has 24 bits. */
export const COUNTER_MODULUS = 2 ** 24
