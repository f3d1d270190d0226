/** A ratio of two positive integers. */
export interface Fraction {
  readonly numerator: number
  readonly denominator: number
}

/** Steps of the continued fraction; a double has no more than about forty. */
const STEPS_MAX = 64
/** A double holds a quotient of exact values to about 1e-16 and loses a digit or two in a chain of products. */
const EXACT = 1e-14

/**
 * The fraction nearest to `value` whose terms do not exceed `limit`: the exact one where `value` stands for such a fraction. Small terms keep products
 * with counts exact below 2^53. Throws RangeError when `value` is not between 1 / limit and limit.
 */
export function nearestFraction(value: number, limit: number): Fraction {
  if (!(value > 1 / limit && value < limit)) throw new RangeError(`fraction: ${value} does not fit terms up to ${limit}`)
  // Convergents of the continued fraction; where the next one is too large, the largest fraction on the way to it.
  let [numerator, denominator, lastNumerator, lastDenominator] = [Math.floor(value), 1, 1, 0]
  let rest = value - numerator
  for (let step = 0; step < STEPS_MAX && Math.abs(value - numerator / denominator) > EXACT * value; step++) {
    const whole = Math.floor(1 / rest)
    const most = Math.min((limit - lastNumerator) / Math.max(numerator, 1), (limit - lastDenominator) / denominator)
    const term = Math.min(whole, Math.floor(most))
    const nextNumerator = term * numerator + lastNumerator
    const nextDenominator = term * denominator + lastDenominator
    const better = Math.abs(value - nextNumerator / nextDenominator) < Math.abs(value - numerator / denominator)
    if (term < whole && !better) break
    ;[lastNumerator, lastDenominator, numerator, denominator] = [numerator, denominator, nextNumerator, nextDenominator]
    if (term < whole) break
    rest = 1 / rest - whole
  }
  return { numerator, denominator }
}
