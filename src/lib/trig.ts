/**
 * Angles from additions and multiplications only. `Math.sin` and `Math.atan2` may differ in the last bit between engines; these cannot,
 * so the same seed gives the same bytes on V8 and on XS.
 */

const RADIANS_PER_DEGREE = 0.017453292519943295

/** Taylor series of sine and cosine for |x| <= pi/4, error below 1e-16. */
function sineCore(x: number): number {
  const y = x * x
  return x * (1 - (y / 6) * (1 - (y / 20) * (1 - (y / 42) * (1 - (y / 72) * (1 - (y / 110) * (1 - y / 156))))))
}
function cosineCore(x: number): number {
  const y = x * x
  return 1 - (y / 2) * (1 - (y / 12) * (1 - (y / 30) * (1 - (y / 56) * (1 - (y / 90) * (1 - y / 132)))))
}

export function sineOfDegrees(degrees: number): number {
  const turn = degrees - 360 * Math.floor(degrees / 360)
  const quarter = Math.floor((turn + 45) / 90) & 3
  const rest = (turn - 90 * Math.floor((turn + 45) / 90)) * RADIANS_PER_DEGREE
  if (quarter === 0) return sineCore(rest)
  if (quarter === 1) return cosineCore(rest)
  if (quarter === 2) return -sineCore(rest)
  return -cosineCore(rest)
}

export function cosineOfDegrees(degrees: number): number {
  return sineOfDegrees(degrees + 90)
}

/** Arc tangent for 0 <= x <= 1 in degrees: halves the angle twice, then the series (error below 1e-12). */
function arcTangentCore(x: number): number {
  let t = x
  t = t / (1 + Math.sqrt(1 + t * t))
  t = t / (1 + Math.sqrt(1 + t * t))
  const y = t * t
  let sum = 0
  for (let k = 21; k >= 1; k -= 2) sum = 1 / k - y * sum
  return (4 * t * sum) / RADIANS_PER_DEGREE
}

/** Angle of the point (x, y) in degrees, 0 <= angle < 360; 0 for the origin. */
export function degreesOf(y: number, x: number): number {
  const absX = x < 0 ? -x : x
  const absY = y < 0 ? -y : y
  if (absX === 0 && absY === 0) return 0
  let angle = absY <= absX ? arcTangentCore(absY / absX) : 90 - arcTangentCore(absX / absY)
  if (x < 0) angle = 180 - angle
  if (y < 0) angle = 360 - angle
  return angle >= 360 ? angle - 360 : angle
}
