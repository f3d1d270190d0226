import type { ChannelPlan } from './channels.ts'
import type { Region } from './region.ts'
import type { MacParameters } from './session.ts'

/** LoRaWAN 1.0.4 §4.3.1.1 and RP002-1.0.4 §2.2: uplinks without an answer until one is asked for, and until each further step. */
const ADR_ACK_LIMIT = 64
const ADR_ACK_DELAY = 32
/** Further limits without an answer after the last step, until the link counts as lost. */
const LOST_LIMITS = 2

/** Counts uplinks without an answer, and makes them stronger and slower step by step. */
export class AdrBackoff {
  #count = 0
  /** Nothing is left to change. */
  #exhausted = false

  /** The network was heard. */
  heard(): void {
    this.#count = 0
    this.#exhausted = false
  }

  /** The uplink shall ask for an answer (ADRACKReq). */
  get asks(): boolean {
    return this.#count >= ADR_ACK_LIMIT
  }

  /** Nobody answers, whatever was tried. */
  get lost(): boolean {
    return this.#exhausted && this.#count >= ADR_ACK_LIMIT * LOST_LIMITS
  }

  /** A new uplink. Full power first, then slower data rates, at last all default channels and one transmission each. */
  uplink(region: Region, parameters: MacParameters, plan: ChannelPlan): void {
    this.#count++
    const over = this.#count - ADR_ACK_LIMIT
    if (over < ADR_ACK_DELAY || over % ADR_ACK_DELAY !== 0 || this.#exhausted) return
    if (parameters.txPower > 0) parameters.txPower = 0
    else if (!this.slower(region, parameters, plan)) {
      plan.enableDefaults()
      parameters.nbTrans = 1
      this.#exhausted = true
      this.#count = ADR_ACK_LIMIT
    }
  }

  private slower({ macPayload_max, macPayloadDwell_max }: Region, parameters: MacParameters, plan: ChannelPlan): boolean {
    const payloads = (parameters.uplinkDwell && macPayloadDwell_max) || macPayload_max
    for (let dataRate = parameters.dataRate - 1; dataRate >= 0; dataRate--) {
      if (payloads[dataRate] === 0 || !plan.supports(dataRate)) continue
      parameters.dataRate = dataRate
      return true
    }
    return false
  }
}
