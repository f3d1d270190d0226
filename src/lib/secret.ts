/** Compares secrets in a time that depends only on the length of `given`. */
export function sameSecret(given: Uint8Array, expected: Uint8Array): boolean {
  let difference = given.length ^ expected.length
  for (let i = 0; i < given.length; i++) difference |= given[i] ^ (expected[i % (expected.length || 1)] ?? 0)
  return difference === 0
}
