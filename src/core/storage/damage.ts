import type { Settings } from './settings.ts'

/**
 * Says once what is damaged. A damaged block stays in its ring until it is overwritten, which can take months; without a memory of it every start
 * would log it anew.
 */
export class DamageReport {
  readonly #settings: Settings
  readonly #onDamage: (utc_s: number, count: number) => void

  constructor(settings: Settings, onDamage: (utc_s: number, count: number) => void) {
    this.#settings = settings
    this.#onDamage = onDamage
  }

  /** `count` things are damaged, found in the way that `key` names, perhaps more to come; tells when that is more than was known. */
  report(key: string, count: number, utc_s: number): void {
    if (count <= this.known(key)) return
    // Told first: if the memory of it is lost, it is told twice, never not at all.
    this.#onDamage(utc_s, count)
    this.remember(key, count)
  }

  /** `count` is all there is: what was known beyond it has been overwritten since. */
  settle(key: string, count: number): void {
    if (count < this.known(key)) this.remember(key, count)
  }

  private remember(key: string, count: number): void {
    this.#settings.set(key, Uint8Array.of(count >>> 24, count >>> 16, count >>> 8, count))
  }

  private known(key: string): number {
    const bytes = this.#settings.get(key)
    if (bytes === undefined || bytes.length !== 4) return 0
    return bytes[0] * 0x1000000 + (bytes[1] << 16) + (bytes[2] << 8) + bytes[3]
  }
}
