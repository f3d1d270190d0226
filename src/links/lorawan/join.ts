import type { ChannelPlan } from './channels.ts'
import type { Region } from './region.ts'
import type { JoinAccept } from './security.ts'
import type { MacParameters } from './session.ts'

/** Join requests of a device until one is answered. */
export class JoinSeries {
  /** The device wants to join. */
  wanted = false
  attempts = 0
  /** Ticks of the first request. */
  first_ms = 0

  begin(now_ms: number): void {
    this.wanted = true
    if (this.attempts === 0) this.first_ms = now_ms
  }

  /** The device has joined. */
  end(): void {
    this.wanted = false
    this.attempts = 0
  }

  /** Of the attempt that was counted last. Fast data rates first, as the next gateway may be near; slower ones with each attempt. */
  dataRate({ plan, joinDataRates }: Region): number {
    const [slow, fast] = joinDataRates
    if (plan === 'fixed') return this.attempts % 2 === 1 ? slow : fast
    return fast - ((this.attempts - 1) % (fast - slow + 1))
  }
}

/** Takes what a join accept sets; what the region does not have is ignored. */
export function applyAccept(region: Region, accept: JoinAccept, parameters: MacParameters, plan: ChannelPlan): void {
  if (accept.rx1DrOffset <= region.rx1Offset_max) parameters.rx1DrOffset = accept.rx1DrOffset
  if (region.dataRates[accept.rx2DataRate] !== undefined) parameters.rx2DataRate = accept.rx2DataRate
  parameters.rxDelay_s = accept.rxDelay_s
  if (accept.cfList !== undefined) plan.applyCfList(accept.cfList)
}
