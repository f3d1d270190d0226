import type { Random } from '../../../hal/api/crypto.ts'

/** A whole number from 0 to below `limit`, up to 65,536: what keeps meters from doing the same thing at the same moment. */
export function below(random: Random, limit: number): number {
  const bytes = new Uint8Array(2)
  random(bytes)
  return Math.floor(((bytes[0] * 256 + bytes[1]) / 65_536) * limit)
}
