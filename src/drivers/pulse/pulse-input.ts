/**
 * Pulse outputs of a water, gas or heat meter: reed contact, open collector or optical (pulse devices of EN 1434-2 and EN 62053-31), counted by `PulseCount`.
 * Has the shape of a metering driver: what is "active energy" there is what the main output counts, "reactive" what a second one does.
 */
import type { Digital, DigitalConstructor, DigitalMode } from '../../../hal/api/io.ts'
import type { Fraction } from '../../lib/fraction.ts'
import { createMeteringSample, type MeteringSample, MeteringStatus } from '../../lib/metering-sample.ts'
import { PulseChannel, type PulseChannelOptions } from './pulse-channel.ts'

export interface PulseInputOptions {
  readonly sensor: {
    readonly forward: PulseChannelOptions
    /** The output for what flows back, on a meter that has one. */
    readonly reverse?: PulseChannelOptions
    /** A second quantity: the volume of a heat meter. */
    readonly second?: PulseChannelOptions
    /** A line that tells whether the board has its supply; without one it never fails without surprise. */
    readonly supply?: { readonly io: DigitalConstructor; readonly pin: number; readonly mode?: DigitalMode; readonly good?: 0 | 1 }
  }
  /** Monotonic time. */
  readonly ticks_ms: () => number
  /** So long without a pulse, and the flow shows as 0. Default 15 minutes. */
  readonly idle_ms?: number
}

export interface PulseInputConfiguration {
  /** What one count of the samples is worth, in thousandths of the meter's unit: Wh, J, l. */
  readonly unit: Fraction
  /** Counts that one pulse stands for: a positive integer, so that no part of a pulse is ever rounded. */
  readonly perPulse: number
  readonly secondPerPulse?: number
  /**
   * Readings (24 bits) up to which the registers count already: forward, reverse, second. For counters that live on a battery; what came since, also while the
   * board was dark, comes with the first sample. Absent: what the counters show now is the beginning.
   */
  readonly positions?: readonly (number | undefined)[]
  /** Pulses may have come while nobody counted: the first sample says so. */
  readonly incomplete?: boolean
}

const ALL_LOST = MeteringStatus.phaseLossL1 | MeteringStatus.phaseLossL2 | MeteringStatus.phaseLossL3
const IDLE_MS = 900_000

function checkWeight(name: string, counts: number | undefined): void {
  if (counts !== undefined && !(Number.isSafeInteger(counts) && counts > 0)) throw new RangeError(`${name}: found ${counts}`)
}

export class PulseInput {
  readonly identification = Object.freeze({ model: 'pulse input' })
  readonly #channels: readonly (PulseChannel | undefined)[]
  readonly #supply: Digital | undefined
  readonly #good: 0 | 1
  readonly #sample = createMeteringSample()
  #unit: Fraction = { numerator: 1, denominator: 1 }
  #perPulse = 1
  #secondPerPulse = 1
  #firstStatus = 0
  #open = true

  constructor({ sensor, ticks_ms, idle_ms = IDLE_MS }: PulseInputOptions) {
    const { forward, reverse, second, supply } = sensor
    const opened: PulseChannel[] = []
    const channel = (options: PulseChannelOptions | undefined) => {
      if (options === undefined) return undefined
      opened.push(new PulseChannel(options, ticks_ms, idle_ms))
      return opened[opened.length - 1]
    }
    try {
      this.#channels = [channel(forward), channel(reverse), channel(second)]
      this.#supply = supply && new supply.io({ pin: supply.pin, mode: supply.mode ?? 'Input' })
    } catch (error) {
      for (const one of opened) one.close()
      throw error
    }
    this.#good = supply?.good ?? 1
  }

  get energyUnit(): Fraction {
    return this.#unit
  }

  /** Reading (24 bits) up to which samples carried the pulses of a channel: 0 forward, 1 reverse, 2 second. Undefined where there is none. */
  position(channel: number): number | undefined {
    return this.#channels[channel]?.position
  }

  /** Throws RangeError for a weight that is no positive integer. */
  configure(configuration: PulseInputConfiguration): void {
    const { unit, perPulse, secondPerPulse = 1, positions = [], incomplete = false } = configuration
    checkWeight('perPulse', perPulse)
    checkWeight('secondPerPulse', secondPerPulse)
    this.#unit = unit
    this.#perPulse = perPulse
    this.#secondPerPulse = secondPerPulse
    this.#firstStatus = incomplete ? MeteringStatus.incomplete : 0
    for (const [index, channel] of this.#channels.entries()) {
      const position = positions[index]
      if (channel === undefined || position === undefined) continue
      if (channel.resume(position) > 0) this.#firstStatus |= MeteringStatus.recovered
    }
  }

  /** One object, filled again by each call. */
  sample(): MeteringSample {
    if (!this.#open) throw new Error('closed')
    const sample = this.#sample
    const [forward, reverse, second] = this.#channels
    sample.activeImport[0] = (forward?.take() ?? 0) * this.#perPulse
    sample.activeExport[0] = (reverse?.take() ?? 0) * this.#perPulse
    sample.reactiveImport[0] = (second?.take() ?? 0) * this.#secondPerPulse
    sample.active_mW[0] = this.#rate((forward?.perHour ?? 0) - (reverse?.perHour ?? 0), this.#perPulse)
    sample.reactive_mvar[0] = this.#rate(second?.perHour ?? 0, this.#secondPerPulse)
    sample.status = this.#status()
    return sample
  }

  /** Nothing to take back: the line tells its level. */
  acknowledge(): void {}

  close(): void {
    if (!this.#open) return
    this.#open = false
    for (const channel of this.#channels) channel?.close()
    this.#supply?.close()
  }

  /** Thousandths of the unit per hour. */
  #rate(pulses_h: number, perPulse: number): number {
    return Math.round((pulses_h * perPulse * this.#unit.numerator) / this.#unit.denominator)
  }

  #status(): number {
    let status = this.#firstStatus
    this.#firstStatus = 0
    for (const channel of this.#channels) {
      if (channel?.restarted !== true) continue
      channel.restarted = false
      status |= MeteringStatus.incomplete
    }
    return this.#supply !== undefined && this.#supply.read() !== this.#good ? status | ALL_LOST : status
  }
}
