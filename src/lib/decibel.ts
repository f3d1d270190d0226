/**
 * Logarithms and powers from additions and multiplications only. `Math.log10` and `Math.pow` may differ in the last bit between engines; these cannot, so
 * the same seed gives the same bytes on V8 and on XS.
 */

const { LN2, LN10 } = Math

/** Natural logarithm of a positive number, error below 1e-15. */
function naturalLog(value: number): number {
  let exponent = 0
  let mantissa = value
  while (mantissa >= 1.5) {
    mantissa /= 2
    exponent++
  }
  while (mantissa < 0.75) {
    mantissa *= 2
    exponent--
  }
  // 2 artanh((m - 1) / (m + 1)), with |z| <= 0.2
  const z = (mantissa - 1) / (mantissa + 1)
  const y = z * z
  let sum = 0
  for (let n = 23; n >= 1; n -= 2) sum = sum * y + 1 / n
  return 2 * z * sum + exponent * LN2
}

/** 10 · log10 of a positive ratio. */
export function toDecibel(ratio: number): number {
  return (10 * naturalLog(ratio)) / LN10
}

/** The ratio of a level in dB: 10^(dB / 10). */
export function fromDecibel(level_dB: number): number {
  const x = (level_dB * LN10) / 10
  const twos = Math.round(x / LN2)
  const rest = x - twos * LN2
  let sum = 1
  for (let n = 16; n >= 1; n--) sum = 1 + (rest * sum) / n
  let result = sum
  for (let i = 0; i < twos; i++) result *= 2
  for (let i = 0; i > twos; i--) result /= 2
  return result
}
