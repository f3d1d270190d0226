/** 14 bits of mantissa, and two of exponent above them (IEC 62055-41, 6.3.6). */
const MANTISSA = 0x3fff
const EXPONENT_SHIFT = 14
/** The ranges of the four exponents follow each other without a gap: 0, 2^14, 2^14 * 11, 2^14 * 111. */
const BASE = MANTISSA + 1
/** The largest amount that a token can carry. */
export const AMOUNT_MAX = MANTISSA * 1000 + BASE * 111

/**
 * The integer that 16 bits of a token stand for: credit in tenths of its unit (0.1 kWh), a power limit in watts. Exact; at most 18,201,624.
 */
export function decodeAmount(bits: number): number {
  let amount = bits & MANTISSA
  for (let exponent = bits >>> EXPONENT_SHIFT; exponent > 0; exponent--) amount = amount * 10 + BASE
  return amount
}

/**
 * The 16 bits for an amount, rounded up where the mantissa is too short, as the standard has it: the customer never gets less. RangeError for what is no
 * integer from 0 to 18,201,624.
 */
export function encodeAmount(amount: number): number {
  if (!Number.isInteger(amount) || amount < 0 || amount > AMOUNT_MAX)
    throw new RangeError(`an amount is an integer 0..${AMOUNT_MAX}, found ${amount}`)
  let exponent = 0
  let offset = 0
  let scale = 1
  while (amount > offset + MANTISSA * scale && exponent < 3) {
    offset += BASE * scale
    scale *= 10
    exponent++
  }
  const mantissa = Math.max(0, Math.ceil((amount - offset) / scale))
  return (exponent << EXPONENT_SHIFT) | mantissa
}
