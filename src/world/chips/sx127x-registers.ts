import type { LoRaModulation, Modulation } from '../../lib/lora-radio.ts'

/** What the emulated SX1276 has in its registers: DS_SX1276-7-8-9_W_APP revision 7, chapter 6. Numbers below are addresses. */

const COUNT = 0x80
const CRYSTAL_HZ = 32_000_000
/** LoRaWAN's frequencies are multiples of it, and the synthesizer is off by 30 Hz at most: what is nearest is meant. */
const RASTER_HZ = 100
/** Registers of which each modem has its own. */
const FIRST_OWN = 0x0d
const LAST_OWN = 0x3f

type Values = readonly (readonly [number, number])[]

/** Values after a reset (table 41) of what software or this emulation looks at. */
const COMMON: Values = [
  [0x02, 0x1a],
  [0x03, 0x0b],
  [0x05, 0x52],
  [0x06, 0x6c],
  [0x07, 0x80],
  [0x09, 0x4f],
  [0x0a, 0x09],
  [0x0b, 0x2b],
  [0x0c, 0x20],
  [0x4b, 0x09],
  [0x4d, 0x84],
]
const LORA: Values = [
  [0x0e, 0x80],
  [0x1d, 0x72],
  [0x1e, 0x70],
  [0x1f, 0x64],
  [0x21, 0x08],
  [0x22, 0x01],
  [0x23, 0xff],
  [0x31, 0xc3],
  [0x33, 0x27],
  [0x37, 0x0a],
  [0x39, 0x12],
  [0x3b, 0x1d],
]
const FSK: Values = [
  [0x0d, 0x0e],
  [0x12, 0x15],
  [0x13, 0x0b],
  [0x1f, 0x40],
  [0x26, 0x03],
  [0x27, 0x93],
  [0x28, 0x01],
  [0x29, 0x01],
  [0x2a, 0x01],
  [0x30, 0x90],
  [0x31, 0x40],
  [0x32, 0x40],
  [0x35, 0x0f],
  [0x3b, 0x82],
]

export class SX127xRegisters {
  readonly #common = new Uint8Array(COUNT)
  readonly #lora = new Uint8Array(COUNT)
  readonly #fsk = new Uint8Array(COUNT)

  reset(): void {
    const tables: readonly (readonly [Uint8Array, Values])[] = [
      [this.#common, COMMON],
      [this.#lora, LORA],
      [this.#fsk, FSK],
    ]
    for (const [page, values] of tables) {
      page.fill(0)
      for (const [address, value] of values) page[address] = value
    }
  }

  get(address: number, lora: boolean): number {
    return this.#page(address, lora)[address]
  }

  set(address: number, value: number, lora: boolean): void {
    this.#page(address, lora)[address] = value
  }

  #page(address: number, lora: boolean): Uint8Array {
    if (address < FIRST_OWN || address > LAST_OWN) return this.#common
    return lora ? this.#lora : this.#fsk
  }

  get frequency_Hz(): number {
    const steps = (this.#common[0x06] << 16) | (this.#common[0x07] << 8) | this.#common[0x08]
    return Math.round((steps * CRYSTAL_HZ) / 2 ** 19 / RASTER_HZ) * RASTER_HZ
  }

  /** Section 5.4.2. */
  get power_dBm(): number {
    const config = this.#common[0x09]
    const output = config & 0x0f
    if ((config & 0x80) !== 0) return output + ((this.#common[0x4d] & 0x07) === 0x07 ? 5 : 2)
    return 10.8 + 0.6 * ((config >> 4) & 0x07) - (15 - output)
  }

  /** Bits 3:2 of the mapping choose among what a line can tell. */
  mapping(dio: 0 | 1): number {
    return (this.#common[0x40] >> (6 - 2 * dio)) & 3
  }

  /** Undefined for what this emulation has no air for: bandwidths below 125 kHz, implicit headers, reserved codes. */
  modulation(lora: boolean): Modulation | undefined {
    if (!lora) {
      const rate = (this.#common[0x02] << 8) | this.#common[0x03]
      const deviation = (this.#common[0x04] << 8) | this.#common[0x05]
      return {
        type: 'fsk',
        bitRate_bps: Math.round(CRYSTAL_HZ / Math.max(1, rate)),
        deviation_Hz: Math.round((deviation * CRYSTAL_HZ) / 2 ** 19),
      }
    }
    const one = this.#lora[0x1d]
    const spreadingFactor = this.#lora[0x1e] >> 4
    const bandwidth_Hz = ({ 7: 125_000, 8: 250_000, 9: 500_000 } as const)[one >> 4]
    const codingRate = (one >> 1) & 7
    const detects = (this.#lora[0x31] & 7) === (spreadingFactor === 6 ? 5 : 3) && this.#lora[0x37] === (spreadingFactor === 6 ? 0x0c : 0x0a)
    const known = bandwidth_Hz !== undefined && spreadingFactor >= 6 && spreadingFactor <= 12 && codingRate >= 1 && codingRate <= 4
    if (!known || !detects || (one & 1) !== 0) return undefined
    return { type: 'lora', spreadingFactor, bandwidth_Hz, codingRate: codingRate as LoRaModulation['codingRate'] }
  }

  get publicNetwork(): boolean {
    return this.#lora[0x39] === 0x34
  }

  /** Symbols of LoRa, bytes of FSK. */
  preamble(lora: boolean): number {
    return lora ? (this.#lora[0x20] << 8) | this.#lora[0x21] : (this.#fsk[0x25] << 8) | this.#fsk[0x26]
  }

  get symbolTimeout(): number {
    return ((this.#lora[0x1e] & 3) << 8) | this.#lora[0x1f]
  }

  /** Sync word C194C1, whitening, length byte: as LoRaWAN's FSK has it; anything else is another language. */
  get lorawanFsk(): boolean {
    const fsk = this.#fsk
    const sync = (fsk[0x27] & 0x17) === 0x12 && fsk[0x28] === 0xc1 && fsk[0x29] === 0x94 && fsk[0x2a] === 0xc1
    return sync && (fsk[0x30] & 0xe0) === 0xc0 && (fsk[0x31] & 0x40) !== 0
  }
}
