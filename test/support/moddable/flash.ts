import type { NorArray } from '../../../src/lib/nor-array.ts'
import { machine } from './machine.ts'

/** A partition, as `modules/io/flash/esp32/flash-esp32.c` behaves: its methods convert what they are given to integers of 32 bits, and ESP-IDF checks the range. */
class Partition {
  readonly #array: NorArray
  readonly #readOnly: boolean
  #open = true

  constructor(array: NorArray, readOnly: boolean) {
    this.#array = array
    this.#readOnly = readOnly
  }

  status(): { size: number; blockLength: number; blocks: number } {
    const { size, blockLength, blocks } = this.#check()
    return { size, blockLength, blocks }
  }

  eraseBlock(start: number, end = start + 1): void {
    const array = this.#check(true)
    // A size of 0 is erased without a word.
    if ((start | 0) === (end | 0)) return
    this.#attempt('erase failed', () => array.eraseBlock(start | 0, end | 0))
  }

  read(buffer: Uint8Array, offset: number): number {
    const array = this.#check()
    this.#attempt('read failed', () => array.read(buffer, offset | 0))
    return buffer.length
  }

  write(buffer: Uint8Array, offset: number): void {
    const array = this.#check(true)
    this.#attempt('write failed', () => array.program(buffer, offset | 0))
  }

  close(): void {
    this.#open = false
  }

  #attempt(failure: string, work: () => void): void {
    try {
      work()
    } catch (cause) {
      throw new Error(failure, { cause })
    }
  }

  #check(writes = false): NorArray {
    if (!this.#open) throw new TypeError('this: not a host object')
    if (writes && this.#readOnly) throw new Error('read-only')
    return this.#array
  }
}

/** `embedded:storage/flash`. */
export default {
  open({ path, mode = 'r+' }: { path: string; mode?: string }): Partition {
    const array = machine().partitions.get(path)
    if (array === undefined) throw new Error("can't find partition")
    if (mode !== 'r' && mode !== 'r+') throw new Error('invalid mode')
    return new Partition(array, mode === 'r')
  },
}
