import { p256 } from '@noble/curves/nist.js'
import ECPoint from './ecp.ts'

const { Point } = p256

function times({ X, Y }: ECPoint, k: bigint) {
  return k === 0n ? Point.ZERO : Point.fromAffine({ x: X, y: Y }).multiplyUnsafe(k)
}

/** `ec`, as `modules/crypt/arith/ec.js` behaves, for the one curve that is used: P-256, whose points `@noble/curves` multiplies. */
export default class EC {
  constructor(a: bigint, _b: bigint, m: bigint) {
    if (m !== Point.Fp.ORDER || a !== m - 3n) throw new RangeError('not P-256')
  }

  mul2(a1: ECPoint, k1: bigint, a2: ECPoint, k2: bigint): ECPoint {
    const sum = times(a1, k1).add(times(a2, k2))
    if (sum.is0()) return new ECPoint(0n, 0n, true)
    const { x, y } = sum.toAffine()
    return new ECPoint(x, y)
  }
}
