/** Memory as the test sees it; a `Uint8Array` is one. */
export interface Memory {
  readonly length: number
  [index: number]: number
}

/** Each bit once 0 and once 1, next to neighbours that are the same and that are not; then all of them together. */
const PATTERNS: readonly number[] = Object.freeze([0x55, 0xaa, 0x0f, 0xf0, 0x00, 0xff])
/** A prime, so that no two addresses that differ in one line get the same byte. */
const STRIDE = 251

/** Bytes of `memory` that do not keep what is written to them: fixed bits, and address lines that are stuck or short-circuited. */
export function faultyBytes(memory: Memory): number {
  let faults = 0
  for (const pattern of PATTERNS) {
    for (let i = 0; i < memory.length; i++) memory[i] = pattern
    for (let i = 0; i < memory.length; i++) if (memory[i] !== pattern) faults++
  }
  // All first, then all: two addresses that are one show up only then.
  for (let i = 0; i < memory.length; i++) memory[i] = i % STRIDE
  for (let i = memory.length - 1; i >= 0; i--) if (memory[i] !== i % STRIDE) faults++
  return faults
}

/** Bytes of one test. */
const LENGTH = 2048

/**
 * What a JavaScript engine can do of a RAM test: it cannot name an address, and must not write over memory that others use. So each run takes a fresh
 * buffer from the engine's heap, writes patterns and reads them back. The allocator hands out another place as the heap lives, so over the days much of
 * the heap has its turn, but nothing proves that all of it had. The march test of the whole memory belongs to the boot loader, before the
 * engine starts; registers are guarded apart, by what the journal in flash and the running sums say of each other.
 */
export function testRam(allocate: (length: number) => Memory = (length) => new Uint8Array(length)): number {
  return faultyBytes(allocate(LENGTH))
}
