import type { Timer, TimerHandle } from '../../../hal/api/time.ts'
import { fromHex } from '../../lib/hex.ts'
import type { Downlink } from '../../lib/lorawan-link.ts'

/** Parts of a downlink come in one go; when a part is late the rest is handed over without it. */
const PARTS_MS = 300
/** The same line twice within so short a time was said twice: no frame is so short. */
const TWICE_MS = 30

interface Signal {
  readonly rssi_dBm: number
  readonly snr_dB: number
  readonly window: Downlink['window']
}

/** Puts a downlink together from lines that say its payload and how it was heard, in any order; the payload alone is enough. */
export class DownlinkParts {
  readonly #timer: Timer
  readonly #ticks_ms: () => number
  readonly #onDownlink: (downlink: Downlink) => void
  #payload: { readonly fPort: number; readonly hex: string } | undefined
  #signal: Signal | undefined
  #multicast = false
  #handle: TimerHandle | undefined
  #last = ''
  #last_ms = Number.NEGATIVE_INFINITY

  constructor(timer: Timer, ticks_ms: () => number, onDownlink: (downlink: Downlink) => void) {
    this.#timer = timer
    this.#ticks_ms = ticks_ms
    this.#onDownlink = onDownlink
  }

  /** What is not hexadecimal was damaged on the line, and is dropped. */
  payload(fPort: number, hex: string): void {
    const now_ms = this.#ticks_ms()
    const text = `${fPort} ${hex}`
    const twice = text === this.#last && now_ms - this.#last_ms < TWICE_MS
    this.#last = text
    this.#last_ms = now_ms
    if (twice || !/^([0-9a-fA-F]{2})*$/.test(hex) || fPort < 1 || fPort > 255) return
    if (this.#payload !== undefined) this.#deliver()
    this.#payload = { fPort, hex }
    this.#expect()
  }

  signal(rssi_dBm: number, snr_dB: number, window: Downlink['window']): void {
    this.#signal = { rssi_dBm, snr_dB, window }
    this.#expect()
  }

  multicast(): void {
    this.#multicast = true
    this.#expect()
  }

  /** Nothing more follows. */
  end(): void {
    if (this.#payload !== undefined) this.#deliver()
  }

  clear(): void {
    if (this.#handle !== undefined) this.#timer.clear(this.#handle)
    this.#handle = undefined
    this.#payload = undefined
    this.#signal = undefined
    this.#multicast = false
  }

  #expect(): void {
    if (this.#handle !== undefined) return
    this.#handle = this.#timer.set(() => {
      this.#handle = undefined
      if (this.#payload === undefined) this.clear()
      else this.#deliver()
    }, PARTS_MS)
  }

  #deliver(): void {
    const payload = this.#payload
    const signal = this.#signal
    const multicast = this.#multicast
    this.clear()
    if (payload === undefined) return
    this.#onDownlink({
      fPort: payload.fPort,
      payload: fromHex(payload.hex),
      rssi_dBm: signal?.rssi_dBm,
      snr_dB: signal?.snr_dB,
      window: signal?.window,
      multicast,
    })
  }
}
