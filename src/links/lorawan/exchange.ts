import type { ChannelPlan } from './channels.ts'
import type { DutyCycle } from './duty-cycle.ts'

/** Something that is on its way to the network: a join request or an uplink, with all its repetitions. */
export class Exchange {
  readonly kind: 'join' | 'data'
  /** Of a join request. */
  readonly devNonce: number
  /** Of an uplink, all 32 bits. */
  readonly fCnt: number
  readonly confirmed: boolean
  readonly phy: Uint8Array
  /** Transmissions that are left. */
  remaining: number
  transmissions = 0
  airtime_us = 0
  acknowledged = false
  dataRate: number
  /** Of the last transmission. */
  channel = 0
  ended_ms = 0

  constructor(start: Pick<Exchange, 'kind' | 'devNonce' | 'fCnt' | 'confirmed' | 'phy' | 'remaining' | 'dataRate'>) {
    this.kind = start.kind
    this.devNonce = start.devNonce
    this.fCnt = start.fCnt
    this.confirmed = start.confirmed
    this.phy = start.phy
    this.remaining = start.remaining
    this.dataRate = start.dataRate
  }
}

/** When the duty cycle lets a channel be used again, in ticks. */
export function channelFree_ms(plan: ChannelPlan, duty: DutyCycle, index: number): number {
  return duty.free_ms(plan.channel(index)?.frequency_Hz ?? 0)
}

/** When the first channel that carries `dataRate` is free, in ticks; Infinity when there is none. */
export function earliest_ms(plan: ChannelPlan, duty: DutyCycle, dataRate: number): number {
  return Math.min(...plan.usable(dataRate).map((index) => channelFree_ms(plan, duty, index)))
}
