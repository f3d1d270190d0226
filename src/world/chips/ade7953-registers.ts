/** Register addresses, widths and reset values of the ADE7953 (Rev. B, tables 13 to 15). A register of 24 bits has its 32-bit twin 100H above. */
export const Address = Object.freeze({
  SAGCYC: 0x000,
  DISNOLOAD: 0x001,
  LCYCMODE: 0x004,
  PGA_V: 0x007,
  PGA_IA: 0x008,
  PGA_IB: 0x009,
  WRITE_PROTECT: 0x040,
  LAST_OP: 0x0fd,
  unlock: 0x0fe,
  LAST_RWDATA: 0x0ff,
  ZXTOUT: 0x100,
  LINECYC: 0x101,
  CONFIG: 0x102,
  CF1DEN: 0x103,
  CF2DEN: 0x104,
  PHCALA: 0x108,
  PFA: 0x10a,
  ANGLE_A: 0x10c,
  Period: 0x10e,
  reserved: 0x120,
  LAST_ADD: 0x1fe,
  SAGLVL: 0x200,
  ACCMODE: 0x201,
  AP_NOLOAD: 0x203,
  /** AVA, BVA, AWATT, BWATT, AVAR, BVAR. */
  AVA: 0x210,
  AWATT: 0x212,
  IRMSA: 0x21a,
  IRMSB: 0x21b,
  VRMS: 0x21c,
  /** AENERGYA, AENERGYB, RENERGYA, RENERGYB, APENERGYA, APENERGYB. */
  AENERGYA: 0x21e,
  APENERGYB: 0x223,
  OVLVL: 0x224,
  OILVL: 0x225,
  /** Each peak register is followed by its read-with-reset twin: V, IA, IB. */
  VPEAK: 0x226,
  RSTIBPEAK: 0x22b,
  IRQENA: 0x22c,
  IRQSTATA: 0x22d,
  RSTIRQSTATA: 0x22e,
  IRQENB: 0x22f,
  IRQSTATB: 0x230,
  RSTIRQSTATB: 0x231,
  CRC: 0x37f,
  AIGAIN: 0x280,
  AVGAIN: 0x281,
  AWGAIN: 0x282,
  AIRMSOS: 0x286,
  VRMSOS: 0x288,
  AWATTOS: 0x289,
  BIGAIN: 0x28c,
  BVGAIN: 0x28d,
  BWGAIN: 0x28e,
  BIRMSOS: 0x292,
  BWATTOS: 0x295,
  version: 0x702,
  EX_REF: 0x800,
})

/** Bits of CONFIG (table 18). */
export const Config = Object.freeze({ HPFEN: 1 << 2, SWRST: 1 << 7, CRC_ENABLE: 1 << 8, COMM_LOCK: 1 << 15 })
/** Bit of LCYCMODE (table 17); the six below it are the line cycle modes in the order of the energy registers. */
export const RSTREAD = 1 << 6

/** Bits of IRQSTATA (tables 22 and 23); those of channel B are the same up to `OI`. */
export const Irq = Object.freeze({
  /** Active, reactive, apparent. */
  EHF: 1 << 0,
  EOF: 1 << 3,
  NOLOAD: 1 << 6,
  /** Active, reactive. */
  SIGN: 1 << 9,
  ZXTO_I: 1 << 11,
  ZX_I: 1 << 12,
  OI: 1 << 13,
  ZXTO: 1 << 14,
  ZXV: 1 << 15,
  OV: 1 << 16,
  WSMP: 1 << 17,
  CYCEND: 1 << 18,
  Sag: 1 << 19,
  Reset: 1 << 20,
  CRC: 1 << 21,
})

export const GAIN_ONE = 0x400000
const NOLOAD_RESET = 0x00e419

/** Addresses that are looked at; there is nothing above. */
const SPACE = 0x801

/** What can be written: address, bits, value after reset. */
export const WRITABLE: readonly (readonly [address: number, bits: number, reset: number])[] = Object.freeze([
  [0x000, 8, 0],
  [0x001, 3, 0],
  [0x004, 7, 0x40],
  [0x007, 3, 0],
  [0x008, 3, 0],
  [0x009, 3, 0],
  [0x040, 3, 0],
  [0x100, 16, 0xffff],
  [0x101, 16, 0],
  [0x102, 16, 0x8004],
  [0x103, 16, 0x003f],
  [0x104, 16, 0x003f],
  [0x107, 10, 0x0300],
  [0x108, 10, 0],
  [0x109, 10, 0],
  [0x110, 12, 0],
  [0x120, 16, 0],
  [0x200, 24, 0],
  [0x201, 10, 0],
  [0x203, 24, NOLOAD_RESET],
  [0x204, 24, NOLOAD_RESET],
  [0x205, 24, 0],
  [0x224, 24, 0xffffff],
  [0x225, 24, 0xffffff],
  [0x22c, 22, 0x100000],
  [0x22f, 14, 0],
  ...calibration(),
  [0x800, 1, 0],
] as const)

/** 280H to 297H; gains are those with a reset value. */
function calibration(): (readonly [number, number, number])[] {
  const gains = [0x280, 0x281, 0x282, 0x283, 0x284, 0x28c, 0x28d, 0x28e, 0x28f, 0x290]
  return Array.from({ length: 24 }, (_, i) => [0x280 + i, 24, gains.includes(0x280 + i) ? GAIN_ONE : 0] as const)
}

/** Read-only registers of 24 bits that are signed; the 32-bit twin extends the sign. Offsets are signed, too. */
const SIGNED: ReadonlySet<number> = new Set([
  ...[0x210, 0x211, 0x212, 0x213, 0x214, 0x215, 0x216, 0x217, 0x218],
  ...[0x21e, 0x21f, 0x220, 0x221, 0x222, 0x223],
  ...[0x285, 0x286, 0x287, 0x288, 0x289, 0x28a, 0x28b, 0x291, 0x292, 0x295, 0x296, 0x297],
])

/** All that can be read besides what can be written. */
const READ_ONLY: ReadonlySet<number> = new Set([
  ...[0x0fd, 0x0ff, 0x10a, 0x10b, 0x10c, 0x10d, 0x10e, 0x1fe, 0x1ff, 0x2ff, 0x702],
  ...Array.from({ length: 9 }, (_, i) => 0x210 + i),
  ...Array.from({ length: 3 }, (_, i) => 0x21a + i),
  ...Array.from({ length: 6 }, (_, i) => 0x21e + i),
  ...Array.from({ length: 6 }, (_, i) => 0x226 + i),
  ...[0x22d, 0x22e, 0x230, 0x231],
])

/** Registers of the checksum in the order of table 12, with their width: control first, then 280H to 297H. */
export const CHECKED: readonly (readonly [address: number, bits: number])[] = Object.freeze([
  ...[0x004, 0x007, 0x008, 0x009, 0x040].map((address) => [address, 8] as const),
  ...[0x102, 0x103, 0x104, 0x107, 0x108, 0x109, 0x110].map((address) => [address, 16] as const),
  ...[0x201, 0x22c, 0x22f].map((address) => [address, 24] as const),
  ...Array.from({ length: 24 }, (_, i) => [0x280 + i, 24] as const),
])

/** The one memory location of both twins. */
export function locationOf(address: number): number {
  return address >= 0x300 && address <= 0x3ff && address !== Address.CRC ? address - 0x100 : address
}

/** Writable bits by location. */
const BITS = new Uint8Array(SPACE)
for (const [address, bits] of WRITABLE) BITS[address] = bits

/** Bits that can be written; 0: none, or no such register. */
export function writableBits(location: number): number {
  return BITS[location] ?? 0
}

function widths(): Uint8Array {
  const table = new Uint8Array(SPACE)
  for (let address = 0; address < SPACE; address++) {
    const location = locationOf(address)
    if (BITS[location] === 0 && !READ_ONLY.has(location)) continue
    table[address] = address >= 0x700 ? 1 : (address >> 8) + 1
  }
  table[Address.CRC] = 4
  table[Address.unlock] = 1
  return table
}

const WIDTHS = widths()

/** Bytes of a register, which its address tells; 0: there is none. */
export function widthOf(address: number): number {
  return WIDTHS[address] ?? 0
}

export function isSigned(location: number): boolean {
  return SIGNED.has(location)
}

export function signed24(value: number): number {
  return value & 0x800000 ? value - 0x1000000 : value
}
