/** The forward error correction of TS004-1.0.0: each redundant fragment is the XOR of about half of all fragments, which a pseudo-random sequence picks. */

/** Feedback shift register of 23 bits. */
function prbs23(value: number): number {
  return (value >>> 1) + (((value & 1) ^ ((value >>> 5) & 1)) << 22)
}

/** Calls `use` with the index of each fragment that the redundant fragment `n` (from 1) of `count` fragments is made of. Draws that hit the same one twice count once. */
export function parityRow(n: number, count: number, use: (index: number) => void): void {
  const seen = new Uint8Array(count)
  // A modulus that is a power of two would make the sequence short.
  const modulus = (count & (count - 1)) === 0 ? count + 1 : count
  let value = 1 + 1001 * n
  for (let drawn = 0; drawn < count >> 1; drawn++) {
    let index = count
    while (index >= count) {
      value = prbs23(value)
      index = value % modulus
    }
    if (seen[index] === 0) use(index)
    seen[index] = 1
  }
}

/** `into` becomes the XOR of both. */
export function xorInto(into: Uint8Array, other: Uint8Array): void {
  for (let i = 0; i < into.length; i++) into[i] ^= other[i]
}

/** Fragment `n`, from 1, of a block whose length is a multiple of `size`; those behind its end are redundancy. */
export function fragmentOf(block: Uint8Array, size: number, n: number): Uint8Array {
  const count = block.length / size
  if (n <= count) return block.slice((n - 1) * size, n * size)
  const data = new Uint8Array(size)
  parityRow(n - count, count, (index) => xorInto(data, block.subarray(index * size, (index + 1) * size)))
  return data
}
