import { type Channel, inRange, type Region } from './region.ts'

/** Channels of a dynamic plan. */
const DYNAMIC_MAX = 16
const NARROW = 64
const WIDE = 8
const CFLIST_FREQUENCIES = 0
const CFLIST_MASKS = 1
/** Frequencies in MAC commands and in the CFList are in units of 100 Hz. */
const STEP_HZ = 100

/** Channels of a device, and which of them are switched on. */
export class ChannelPlan {
  readonly #region: Region
  #channels: (Channel | undefined)[] = []
  #enabled: boolean[] = []

  constructor(region: Region) {
    this.#region = region
    this.reset()
  }

  /** As before the first join; all channels on. */
  reset(): void {
    this.#channels = [...this.#region.defaultChannels]
    if (this.#region.plan === 'dynamic') while (this.#channels.length < DYNAMIC_MAX) this.#channels.push(undefined)
    this.#enabled = this.#channels.map((channel) => channel !== undefined)
  }

  get size(): number {
    return this.#channels.length
  }

  channel(index: number): Channel | undefined {
    return this.#channels[index]
  }

  isEnabled(index: number): boolean {
    return this.#enabled[index] ?? false
  }

  /** Only these of a fixed plan: eight of 125 kHz and one of 500 kHz. `subBand`: 1 to 8. */
  useSubBand(subBand: number): void {
    for (let i = 0; i < this.size; i++) {
      this.#enabled[i] = i < NARROW ? Math.floor(i / 8) === subBand - 1 : i - NARROW === subBand - 1
    }
  }

  /** Indices of channels that are on and can carry `dataRate`. */
  usable(dataRate: number): number[] {
    const found: number[] = []
    for (let i = 0; i < this.size; i++) {
      const channel = this.#channels[i]
      if (channel !== undefined && this.#enabled[i] && dataRate >= channel.minDataRate && dataRate <= channel.maxDataRate) found.push(i)
    }
    return found
  }

  /** Some enabled channel carries it. */
  supports(dataRate: number): boolean {
    return this.usable(dataRate).length > 0
  }

  /** Turns all channels on that the region begins with, besides those that are on (ADR back-off). */
  enableDefaults(): void {
    for (let i = 0; i < this.#region.defaultChannels.length; i++) {
      this.#channels[i] ??= this.#region.defaultChannels[i]
      this.#enabled[i] = true
    }
  }

  /** CFList of a join accept. What it does not know it ignores. */
  applyCfList(list: Uint8Array): void {
    const type = list[15]
    if (this.#region.plan === 'dynamic' && type === CFLIST_FREQUENCIES) this.takeFrequencies(list)
    else if (this.#region.plan === 'fixed' && type === CFLIST_MASKS) {
      for (let i = 0; i < this.size; i++) this.#enabled[i] = ((list[i >> 3] >> (i & 7)) & 1) === 1
    }
  }

  private takeFrequencies(list: Uint8Array): void {
    const first = this.#region.defaultChannels.length
    for (let i = 0; i < 5; i++) {
      const frequency_Hz = (list[3 * i] + list[3 * i + 1] * 0x100 + list[3 * i + 2] * 0x10000) * STEP_HZ
      if (inRange(this.#region, frequency_Hz)) this.set(first + i, { frequency_Hz, minDataRate: 0, maxDataRate: 5 })
      else this.set(first + i, undefined)
    }
  }

  /** A channel of a dynamic plan, switched on with it. */
  set(index: number, channel: Channel | undefined): void {
    this.#channels[index] = channel
    this.#enabled[index] = channel !== undefined
  }

  /** Moves the downlink of a channel. */
  setDownlink(index: number, downlink_Hz: number): boolean {
    const channel = this.#channels[index]
    if (channel === undefined) return false
    this.#channels[index] = { ...channel, downlink_Hz }
    return true
  }

  /** A mask as it would become; undefined when `control` or a channel in it does not exist. To be given to `adopt`. */
  masked(enabled: readonly boolean[], control: number, mask: number): boolean[] | undefined {
    const result = [...enabled]
    const put = (from: number, count: number, bits: number): void => {
      for (let i = 0; i < count; i++) result[from + i] = ((bits >> i) & 1) === 1
    }
    const dynamic = this.#region.plan === 'dynamic'
    if (dynamic && control === 0) put(0, DYNAMIC_MAX, mask)
    else if (dynamic && control === 6) return this.#channels.map((channel) => channel !== undefined)
    else if (!dynamic && control <= 3) put(16 * control, 16, mask)
    else if (!dynamic && control === 4) put(NARROW, WIDE, mask)
    else if (!dynamic && control === 5) {
      // A bit for eight channels of 125 kHz and the one of 500 kHz among them.
      for (let bank = 0; bank < WIDE; bank++) {
        put(8 * bank, 8, ((mask >> bank) & 1) * 0xff)
        put(NARROW + bank, 1, (mask >> bank) & 1)
      }
    } else if (!dynamic && (control === 6 || control === 7)) {
      result.fill(control === 6, 0, NARROW)
      put(NARROW, WIDE, mask)
    } else return undefined
    return result.some((on, i) => on && this.#channels[i] === undefined) ? undefined : result
  }

  get enabled(): readonly boolean[] {
    return this.#enabled
  }

  adopt(enabled: readonly boolean[]): void {
    this.#enabled = [...enabled]
  }
}
