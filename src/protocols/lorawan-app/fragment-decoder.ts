import { parityRow, xorInto } from './parity.ts'

/** Keeps the fragments of a block; index from 0. */
export interface FragmentStore {
  /** A fragment that was written before. */
  read(index: number, into: Uint8Array): void
  write(index: number, data: Uint8Array): void
}

export interface FragmentDecoderOptions {
  readonly count: number
  readonly size: number
  readonly store: FragmentStore
  /** Fragments that may be missing at most for redundancy to be of use: each takes its size and a row of as many bits in memory. */
  readonly missing_max: number
  /** Fragments that the store has already, after a restart. Default: none. */
  readonly has?: (index: number) => boolean
}

/** An equation: the XOR of these missing fragments is that. */
interface Row {
  readonly bits: Uint8Array
  readonly data: Uint8Array
}

function hasBit(bits: Uint8Array, index: number): boolean {
  return (bits[index >> 3] & (1 << (index & 7))) !== 0
}

function setBit(bits: Uint8Array, index: number): void {
  bits[index >> 3] |= 1 << (index & 7)
}

/**
 * Puts a block together from fragments of TS004, of which any may be lost. Fragments go into the store as they come; what is missing when redundancy begins is computed by
 * Gaussian elimination, row by row. Memory: one bit for each fragment, and one row for each that is missing.
 */
export class FragmentDecoder {
  /** Fragments that came, redundancy included. */
  received = 0
  /** More are missing than can be computed. */
  overflow = false
  readonly #options: FragmentDecoderOptions
  readonly #there: Uint8Array
  #present = 0
  /** Indices that were missing when redundancy began, and the equations for them, by the first of them. */
  #missing: number[] | undefined
  #rows: (Row | undefined)[] = []
  #rank = 0

  constructor(options: FragmentDecoderOptions) {
    this.#options = options
    const { count, has } = options
    this.#there = new Uint8Array(Math.ceil(count / 8))
    for (let index = 0; has !== undefined && index < count; index++) {
      if (!has(index)) continue
      setBit(this.#there, index)
      this.#present++
    }
    this.received = this.#present
  }

  get done(): boolean {
    return this.#present === this.#options.count
  }

  /** Fragments that are neither there nor determined by what is. */
  get missing(): number {
    return this.#options.count - this.#present - this.#rank
  }

  /** Fragment `n`, from 1; `data` is used up. One of another length is passed over. */
  take(n: number, data: Uint8Array): void {
    const { count, size } = this.#options
    if (n < 1 || data.length !== size || this.done) return
    this.received++
    if (n <= count) this.#takePlain(n - 1, data)
    else this.#takeParity(n - count, data)
  }

  #takePlain(index: number, data: Uint8Array): void {
    if (hasBit(this.#there, index)) return
    const place = this.#missing?.indexOf(index) ?? -1
    if (place < 0) {
      this.#keep(index, data)
      return
    }
    const bits = this.#newBits()
    setBit(bits, place)
    this.#addRow({ bits, data: data.slice() })
  }

  #takeParity(n: number, given: Uint8Array): void {
    const missing = this.#missingFragments()
    if (missing === undefined) return
    const { count, size, store } = this.#options
    const data = given.slice()
    const bits = this.#newBits()
    const known = new Uint8Array(size)
    let any = false
    parityRow(n, count, (index) => {
      if (hasBit(this.#there, index)) {
        store.read(index, known)
        xorInto(data, known)
      } else {
        setBit(bits, missing.indexOf(index))
        any = true
      }
    })
    if (any) this.#addRow({ bits, data })
  }

  /** Those that are missing when redundancy begins; undefined when they are too many. */
  #missingFragments(): readonly number[] | undefined {
    if (this.#missing !== undefined) return this.#missing
    const { count, missing_max } = this.#options
    this.overflow = count - this.#present > missing_max
    if (this.overflow) return undefined
    const missing: number[] = []
    for (let index = 0; index < count; index++) if (!hasBit(this.#there, index)) missing.push(index)
    this.#missing = missing
    this.#rows = new Array(missing.length).fill(undefined)
    return missing
  }

  #newBits(): Uint8Array {
    return new Uint8Array(Math.ceil(this.#rows.length / 8))
  }

  #addRow(row: Row): void {
    for (let pivot = 0; pivot < this.#rows.length; pivot++) {
      if (!hasBit(row.bits, pivot)) continue
      const other = this.#rows[pivot]
      if (other === undefined) {
        this.#rows[pivot] = row
        this.#rank++
        if (this.#rank === this.#rows.length) this.#solve()
        return
      }
      xorInto(row.bits, other.bits)
      xorInto(row.data, other.data)
    }
    // It says nothing new.
  }

  /** From the last row up, each has only what is solved already besides its own. */
  #solve(): void {
    const missing = this.#missing ?? []
    const rows = this.#rows
    this.#rank = 0
    for (let pivot = rows.length - 1; pivot >= 0; pivot--) {
      const row = rows[pivot] as Row
      for (let i = pivot + 1; i < rows.length; i++) if (hasBit(row.bits, i)) xorInto(row.data, (rows[i] as Row).data)
      this.#keep(missing[pivot], row.data)
    }
    this.#rows = []
  }

  #keep(index: number, data: Uint8Array): void {
    setBit(this.#there, index)
    this.#present++
    this.#options.store.write(index, data)
  }
}
