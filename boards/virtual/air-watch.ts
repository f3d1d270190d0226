import { toHex } from '../../src/lib/hex.ts'
import type { FaceAir, FaceAirSource, FaceHearing, FaceSignal, FaceStation } from '../../src/meter/face/air-state.ts'
import type { AirReceiver, AirReception, AirSignal, LoRaAir } from '../../src/world/lora/air.ts'
import type { WorldConcentrator } from '../../src/world/lora/concentrator.ts'
import type { Scheduler } from '../../src/world/scheduler.ts'

/** Frames that are kept. */
const SIGNALS = 24

interface Watched {
  readonly signal: AirSignal
  readonly hearings: { readonly receiver: AirReceiver; readonly reception: AirReception }[]
}

/** Looks at the air around the meter: who sends, and what becomes of it at each antenna. */
export class AirWatch implements FaceAirSource {
  readonly #scheduler: Scheduler
  readonly #air: () => LoRaAir
  readonly #server: string | undefined
  readonly #gateways: WorldConcentrator[] = []
  readonly #heard = new Map<string, FaceStation['heard']>()
  readonly #onAir = new Map<AirSignal, Watched>()
  readonly #signals: FaceSignal[] = []
  #count = 0
  #uplinks = 0
  #lost = 0

  constructor(scheduler: Scheduler, air: () => LoRaAir, server: string | undefined) {
    this.#scheduler = scheduler
    this.#air = air
    this.#server = server
  }

  add(gateway: WorldConcentrator): void {
    this.#gateways.push(gateway)
  }

  get newest(): number {
    return this.#count
  }

  get revision(): number {
    return this.#count
  }

  state(): Omit<FaceAir, 'type'> {
    const gateways = this.#gateways.map(({ name, position }) => ({
      name,
      kind: 'gateway' as const,
      ...position,
      heard: this.#heard.get(name),
    }))
    return {
      stations: [{ name: 'meter', kind: 'meter', x_m: 0, y_m: 0 }, ...gateways],
      jammers: [...this.#air().jammers].map(({ position }) => position),
      server: this.#server,
      uplinks: this.#uplinks,
      lost: this.#lost,
    }
  }

  signals(seq: number): readonly FaceSignal[] {
    return this.#signals.filter((signal) => signal.seq > seq)
  }

  /** A frame begins. */
  onSignal(signal: AirSignal): void {
    const watched: Watched = { signal, hearings: [] }
    this.#onAir.set(signal, watched)
    // After all receivers have judged it.
    this.#scheduler.at(signal.end_us + 1, () => this.#end(watched))
  }

  /** A receiver followed a frame to its end. */
  onReception(reception: AirReception, receiver: AirReceiver): void {
    this.#onAir.get(reception.signal)?.hearings.push({ receiver, reception })
  }

  #isGateway(receiver: AirReceiver): boolean {
    return this.#gateways.some((gateway) => gateway === receiver)
  }

  #end(watched: Watched): void {
    const { signal } = watched
    const { transmission, sender, begin_us, end_us } = signal
    const { frequency_Hz, modulation, payload, invertedIq } = transmission
    this.#onAir.delete(signal)
    const up = !invertedIq
    const hearings: FaceHearing[] = []
    for (const receiver of this.#air().receivers) if (this.#isGateway(receiver) === up) hearings.push(this.#hearing(watched, receiver))
    if (up) this.#count_up(watched, hearings)
    this.#signals.push({
      seq: ++this.#count,
      time_ms: begin_us / 1000,
      sender: sender.name,
      up,
      frequency_Hz,
      modulation,
      airtime_ms: (end_us - begin_us) / 1000,
      phy: toHex(payload),
      hearings,
    })
    if (this.#signals.length > SIGNALS) this.#signals.shift()
  }

  #hearing({ signal, hearings }: Watched, receiver: AirReceiver): FaceHearing {
    const found = hearings.find((hearing) => hearing.receiver === receiver)
    const { rssi_dBm, snr_dB, margin_dB } = this.#air().reach(signal, receiver)
    const alone = margin_dB < 0 ? 'weak' : 'missed'
    const outcome = found === undefined ? alone : found.reception.damaged ? 'damaged' : 'heard'
    return { station: receiver.name, outcome, rssi_dBm, snr_dB }
  }

  #count_up({ signal }: Watched, hearings: readonly FaceHearing[]): void {
    this.#uplinks++
    if (hearings.every(({ outcome }) => outcome !== 'heard')) this.#lost++
    for (const gateway of this.#gateways) {
      if (hearings.some(({ station, outcome }) => station === gateway.name && outcome === 'heard')) {
        this.#heard.set(gateway.name, { time_ms: signal.end_us / 1000, ...this.#air().reach(signal, gateway) })
      }
    }
  }
}
