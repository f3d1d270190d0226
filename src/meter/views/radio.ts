import { toHex } from '../../lib/hex.ts'
import type { ChannelPlan } from '../../links/lorawan/channels.ts'
import type { LoRaWanMac } from '../../links/lorawan/mac.ts'
import type { FaceBand, FaceFrame, FaceMac, FaceRadio, FaceRadioSource } from '../face/radio-state.ts'
import type { LoRaWanConfig } from '../lorawan/config.ts'
import type { LoggedFrame } from '../lorawan/monitor.ts'
import type { FrameOpener } from '../lorawan/open-frame.ts'
import type { LoRaWanPart } from '../lorawan/part.ts'

const HOUR_MS = 3_600_000
/** Each step of TXPower is 2 dB. */
const STEP_DB = 2
/** A window of airtime moves by itself, and so do the times that are left. */
const REFRESH_MS = 10_000

export interface RadioViewOptions {
  readonly part: LoRaWanPart
  readonly config: LoRaWanConfig
  readonly clock: { now_ms(): number; ticks_ms(): number }
}

/** Maps LoRaWAN onto what the radio panel of the page shows. Keeps nothing: what is asked for is made from the last frames as they were on the air. */
export class RadioView implements FaceRadioSource {
  readonly #options: RadioViewOptions
  /** What the revision counts the changes of. */
  readonly #seen = [0, 0, 0, 0, 0, 0]
  #revision = 0

  constructor(options: RadioViewOptions) {
    this.#options = options
  }

  get newest(): number {
    return this.#options.part.monitor.count
  }

  get revision(): number {
    const { part, clock } = this.#options
    const { link, reporter, monitor } = part
    const flags = (link === undefined ? 4 : 0) | (link?.joined === true ? 1 : 0) | (link?.busy === true ? 2 : 0)
    this.look(0, monitor.count)
    this.look(1, flags)
    this.look(2, reporter.backlog)
    this.look(3, reporter.urgent)
    this.look(4, reporter.next_s)
    this.look(5, Math.floor(clock.ticks_ms() / REFRESH_MS))
    return this.#revision
  }

  /** `live`: the meter has supply; else its flash is not asked. */
  state(live = true): Omit<FaceRadio, 'type'> {
    const { part, config, clock } = this.#options
    const { reporter, monitor } = part
    const link = live ? part.link : undefined
    const { mac, heard } = monitor
    return {
      time_ms: clock.now_ms(),
      state: link === undefined ? 'off' : link.joined ? 'joined' : link.busy ? 'joining' : 'idle',
      busy: link?.busy === true,
      part: part.part,
      region: config.region,
      deviceClass: config.class,
      devEui: toHex(part.devEui),
      joinEui: config.joinEui,
      adr: config.adr,
      confirmed: config.confirmed,
      payload_max: link?.payload_max,
      heard,
      ...(link !== undefined && { next_ms: reporter.next_s * 1000 }),
      backlog: reporter.backlog,
      urgent: reporter.urgent,
      ...(link !== undefined && mac !== undefined && { mac: this.mac(mac) }),
    }
  }

  frames(seq: number): readonly FaceFrame[] {
    const { part } = this.#options
    const { frames } = part.monitor
    const fresh = frames.filter(({ sequence }) => sequence > seq)
    if (fresh.length === 0) return []
    const opener = part.opener()
    return fresh.map((frame) => this.frame(frame, opener))
  }

  private look(index: number, value: number): void {
    if (this.#seen[index] === value) return
    this.#seen[index] = value
    this.#revision++
  }

  private mac(mac: LoRaWanMac): FaceMac {
    const { part } = this.#options
    const { region } = part.monitor
    const { parameters, plan, devAddr } = mac
    const { dataRate, txPower, nbTrans, rx2_Hz, rx2DataRate, rxDelay_s, maxEirp_dBm } = parameters
    const { fCntUp, fCntDown } = part.opener()
    return {
      dataRate,
      modulation: region.dataRates[dataRate],
      txPower,
      eirp_dBm: Math.min(region.maxEirp_dBm, maxEirp_dBm) - STEP_DB * txPower,
      nbTrans,
      fCntUp,
      fCntDown,
      channels: plan.enabled.filter((on) => on).length,
      rx2_Hz,
      rx2DataRate,
      rxDelay_s,
      devAddr,
      bands: this.bands(mac),
    }
  }

  /** Those that a channel lies in, or that were used within the hour. */
  private bands({ plan, duty }: LoRaWanMac): FaceBand[] {
    const { part, clock } = this.#options
    const { monitor } = part
    const ahead_ms = clock.now_ms() - clock.ticks_ms()
    const { bands } = monitor.region
    const shown: FaceBand[] = []
    for (let band = 0; band < bands.length; band++) {
      const { from_Hz, to_Hz, dutyDivisor } = bands[band]
      const used_ms = Math.round(monitor.used_us(band) / 1000)
      if (used_ms === 0 && !hasChannel(plan, from_Hz, to_Hz)) continue
      const free_ms = duty.free_ms(from_Hz)
      const limit = dutyDivisor > 1 && { limit_ms: Math.round(HOUR_MS / dutyDivisor) }
      shown.push({ from_Hz, to_Hz, used_ms, ...limit, ...(free_ms > clock.ticks_ms() && { freeAt_ms: Math.ceil(free_ms + ahead_ms) }) })
    }
    return shown
  }

  private frame({ sequence, utc_ms, up, rssi_dBm, snr_dB, air, message }: LoggedFrame, opener: FrameOpener): FaceFrame {
    const common = { seq: sequence, time_ms: utc_ms, up, rssi_dBm, snr_dB }
    if (air === undefined) {
      return { ...common, fPort: message?.fPort, window: message?.window, clear: message && toHex(message.payload) }
    }
    const { frequency_Hz, modulation, airtime_us, phy, power_dBm } = air
    const { mic, fCnt, clear } = opener.open(phy)
    return {
      ...common,
      frequency_Hz,
      modulation,
      airtime_ms: airtime_us / 1000,
      power_dBm,
      phy: toHex(phy),
      mic,
      fCnt,
      clear: clear && toHex(clear),
    }
  }
}

function hasChannel(plan: ChannelPlan, from_Hz: number, to_Hz: number): boolean {
  return plan.enabled.some((on, i) => {
    const frequency_Hz = plan.channel(i)?.frequency_Hz ?? 0
    return on && frequency_Hz >= from_Hz && frequency_Hz < to_Hz
  })
}
