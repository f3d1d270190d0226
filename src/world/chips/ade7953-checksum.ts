import { CHECKED, WRITABLE } from './ade7953-registers.ts'

/** Generator of IEEE 802.3, x^31 down to 1 ("Checksum Register"). */
const GENERATOR = 0x04c11db7
/** Of a chip whose registers all have their reset values, the one bit that enables the checksum apart. */
const AFTER_RESET = 0x48739163
const CRC_ENABLED = 0x8104
export const DISABLED = 0xffffffff

/**
 * The checksum as equations 50 to 53 have it. The eight reserved bytes that go in besides are unknown, and so is what fills up the 1024 bits: their
 * constant contribution is taken from the one value that the datasheet gives.
 */
export function createChecksum(): (registers: Float64Array) => number {
  const fresh = new Float64Array(0x300)
  for (const [address, , value] of WRITABLE) if (address < fresh.length) fresh[address] = value
  fresh[0x102] = CRC_ENABLED
  const hidden = shift(fresh) ^ AFTER_RESET
  return (registers) => (shift(registers) ^ hidden) >>> 0
}

/** Least significant bit of each register first. */
function shift(registers: Float64Array): number {
  let crc = 0xffffffff
  for (const [address, bits] of CHECKED) {
    for (let bit = 0; bit < bits; bit++) {
      const feedback = ((registers[address] >>> bit) & 1) ^ (crc >>> 31)
      crc = (crc << 1) ^ (feedback === 1 ? GENERATOR : 0)
    }
  }
  return crc
}
