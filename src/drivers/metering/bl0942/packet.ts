/** Bytes of the packet of all electrical parameters, checksum included (BL0942 V1.1 section 3.2.5). */
export const PACKET_BYTES = 23
/** Bytes of the answer to the reading of one register [3.2.4]. */
export const ANSWER_BYTES = 4
/** First bytes of a frame [3.2.3, 3.2.4]; the chip's address is added. */
export const READ = 0x58
export const WRITE = 0xa8

const HEAD = 0x55
/** STATUS has ten bits, two of them in byte 20. The datasheet says 0 there; real chips show them. */
const STATUS_HIGH = 3

/** The registers of one packet. */
export interface Packet {
  /** I_RMS, V_RMS, WATT (signed), CF_CNT, FREQ, STATUS as counts of the chip. */
  current: number
  voltage: number
  power: number
  pulses: number
  period: number
  status: number
}

export function createPacket(): Packet {
  return { current: 0, voltage: 0, power: 0, pulses: 0, period: 0, status: 0 }
}

/** Reads the packet that starts at `at` into `packet`; false, and nothing changed, when these bytes are none. `address`: 0..3. */
export function decodePacket(bytes: Uint8Array, at: number, address: number, packet: Packet): boolean {
  if (at < 0 || at + PACKET_BYTES > bytes.length || bytes[at] !== HEAD) return false
  if (bytes[at + 18] !== 0 || bytes[at + 20] > STATUS_HIGH || bytes[at + 21] !== 0) return false
  let sum = READ + address
  for (let i = 0; i < PACKET_BYTES - 1; i++) sum += bytes[at + i]
  if ((~sum & 0xff) !== bytes[at + PACKET_BYTES - 1]) return false
  packet.current = uint24(bytes, at + 1)
  packet.voltage = uint24(bytes, at + 4)
  packet.power = (uint24(bytes, at + 10) << 8) >> 8
  packet.pulses = uint24(bytes, at + 13)
  packet.period = bytes[at + 16] | (bytes[at + 17] << 8)
  packet.status = bytes[at + 19] | (bytes[at + 20] << 8)
  return true
}

/** The value in the answer that starts at `at` to the reading of `register`; -1 when these bytes are none. */
export function decodeAnswer(bytes: Uint8Array, at: number, address: number, register: number): number {
  if (at < 0 || at + ANSWER_BYTES > bytes.length) return -1
  const sum = READ + address + register + bytes[at] + bytes[at + 1] + bytes[at + 2]
  return (~sum & 0xff) === bytes[at + 3] ? uint24(bytes, at) : -1
}

function uint24(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16)
}
