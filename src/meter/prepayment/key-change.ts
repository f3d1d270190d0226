import type { EncryptionAlgorithm, Token } from '../../protocols/sts/token.ts'
import type { KeyAttributes } from './decoder-key.ts'

/** Which part of the key a section carries, in words of 32 bits from the most significant one: IEC 62055-41, set section decoder key. */
const WORDS: Readonly<Record<EncryptionAlgorithm, Readonly<Record<string, number>>>> = Object.freeze({
  EA07: Object.freeze({ keySection1: 0, keySection2: 1 }),
  EA11: Object.freeze({ keySection1: 0, keySection3: 1, keySection4: 2, keySection2: 3 }),
})

export interface NewKey extends Omit<KeyAttributes, 'era'> {
  readonly key: Uint8Array
  /** The base date changes with the key: a new list of identifiers begins. */
  readonly rollover: boolean
}

/**
 * Collects the sections of a new decoder key, in any order. They stay in memory only: after a power cut, and after another key, all are entered again. A
 * section that comes twice replaces the first one.
 */
export class KeyChange {
  readonly #sections = new Map<string, Token['fields']>()

  /** `function`: the algorithm knows no such section. `more`: others are still missing. */
  add({ type, fields }: Token, algorithm: EncryptionAlgorithm): NewKey | 'more' | 'function' {
    const words = WORDS[algorithm]
    if (words[type] === undefined) return 'function'
    this.#sections.set(type, fields)
    const types = Object.keys(words)
    if (!types.every((name) => this.#sections.has(name))) return 'more'
    const key = new Uint8Array(4 * types.length)
    const view = new DataView(key.buffer)
    for (const name of types) view.setUint32(4 * words[name], this.#sections.get(name)?.key ?? 0)
    const first = this.#sections.get('keySection1') ?? {}
    const second = this.#sections.get('keySection2') ?? {}
    this.clear()
    return {
      key,
      revision: first.revision,
      keyType: first.keyType,
      expiry: first.expiryHigh * 16 + second.expiryLow,
      tariffIndex: second.tariffIndex,
      rollover: first.rollover === 1,
    }
  }

  clear(): void {
    this.#sections.clear()
  }
}
