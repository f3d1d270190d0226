/** Registers of the BL0942 with the datasheet's names (BL0942 datasheet V1.1, section 1.5). */
export const Address = Object.freeze({
  I_WAVE: 0x01,
  V_WAVE: 0x02,
  I_RMS: 0x03,
  V_RMS: 0x04,
  I_FAST_RMS: 0x05,
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
  SOFT_RESET: 0x1c,
  USR_WRPROT: 0x1d,
  /** Not a register: asks for the packet of all electrical parameters (section 3.2.5). */
  packet: 0xaa,
})

/** Addresses 00H to 1FH; the rest does not exist. */
export const REGISTERS = 0x20

/** Address, significant bits and value after a reset of the registers that the host may write (section 1.5). */
export const USER_REGISTERS: readonly (readonly [number, number, number])[] = Object.freeze([
  [Address.I_RMSOS, 8, 0],
  [Address.WA_CREEP, 8, 0x0b],
  [Address.I_FAST_RMS_TH, 16, 0xffff],
  [Address.I_FAST_RMS_CYC, 3, 1],
  [Address.FREQ_CYC, 2, 3],
  [Address.OT_FUNX, 6, 0x24],
  [Address.MODE, 10, 0x87],
  [Address.GAIN_CR, 2, 2],
] as const)

/** Bits of MODE (section 1.6). */
export const Mode = Object.freeze({
  CF_EN: 1 << 2,
  RMS_UPDATE_SEL: 1 << 3,
  AC_FREQ_SEL: 1 << 5,
  CF_CNT_CLR_SEL: 1 << 6,
  CF_CNT_ADD_SEL: 1 << 7,
  UART_RATE_SEL: 3 << 8,
})

/** Bits of STATUS (section 1.6). */
export const Status = Object.freeze({ CF_REVP_F: 1 << 0, CREEP_F: 1 << 1, I_ZX_LTH_F: 1 << 8, V_ZX_LTH_F: 1 << 9 })

export const RESET_KEY = 0x5a5a5a
export const UNLOCK_KEY = 0x55
