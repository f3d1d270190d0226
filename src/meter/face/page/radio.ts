import type { VNode } from 'preact'
import { useMemo } from 'preact/hooks'
import type { FaceBand, FaceFrame, FaceMac, FaceRadio } from '../radio-state.ts'
import { fixed, frequency_MHz, localTime, modulationText } from './format.ts'
import { Frame } from './frame.ts'
import { html } from './html.ts'
import { address } from './layers.ts'

export interface RadioProps {
  readonly radio: FaceRadio
  /** Newest first. */
  readonly frames: readonly FaceFrame[]
  readonly offset_min: number
}

const STATES = { off: 'Off', idle: 'Not joined', joining: 'Joining…', joined: 'Joined' } as const

type Fact = readonly [name: string, value: string, note?: string] | undefined

function macFacts({
  dataRate,
  modulation,
  txPower,
  eirp_dBm,
  nbTrans,
  fCntUp,
  fCntDown,
  channels,
  rx2_Hz,
  rx2DataRate,
  rxDelay_s,
}: FaceMac): Fact[] {
  const count = (value: number): string => (value < 0 ? '–' : String(value))
  return [
    ['Data rate', `DR${dataRate}`, `${modulationText(modulation)}, ${channels} channels`],
    ['Power', `${fixed(eirp_dBm, 0)} dBm EIRP`, `TXPower ${txPower}${nbTrans > 1 ? `, each frame ${nbTrans} times` : ''}`],
    ['Counters', `↑ ${count(fCntUp)}  ↓ ${count(fCntDown)}`, 'FCnt'],
    ['Windows', `RX1 after ${rxDelay_s} s`, `RX2 ${frequency_MHz(rx2_Hz)} DR${rx2DataRate}`],
  ]
}

function facts(
  { mac, heard, next_ms, backlog, urgent, devEui, joinEui, confirmed, adr, payload_max }: FaceRadio,
  offset_min: number,
): Fact[] {
  const at = (time_ms: number): string => localTime(time_ms, offset_min).time
  const waiting = backlog + urgent
  return [
    ['DevEUI', devEui, `JoinEUI ${joinEui}`],
    ...(mac === undefined ? [] : macFacts(mac)),
    heard && ['Network heard', `${fixed(heard.rssi_dBm, 0)} dBm`, `SNR ${fixed(heard.snr_dB, 1)} dB at ${at(heard.utc_ms)}`],
    next_ms === undefined ? undefined : ['Next report', at(next_ms), `${confirmed ? 'confirmed' : 'unconfirmed'}${adr ? ', ADR' : ''}`],
    [
      'Waiting',
      waiting === 0 ? 'nothing' : `${waiting} ${waiting === 1 ? 'message' : 'messages'}`,
      payload_max === undefined ? '' : `${payload_max} bytes fit`,
    ],
  ]
}

function factList(list: readonly Fact[]): VNode {
  return html`<dl class="facts">
    ${list.map(
      (fact) =>
        fact &&
        html`<div key=${fact[0]}><dt>${fact[0]}</dt><dd class=${fact[0] === 'DevEUI' ? 'eui' : ''}>${fact[1]}${fact[2] ? html`<small>${fact[2]}</small>` : null}</dd></div>`,
    )}
  </dl>`
}

/** What is used of the airtime that an hour may have. */
function band({ from_Hz, to_Hz, limit_ms, used_ms, freeAt_ms }: FaceBand, offset_min: number): VNode {
  const name = `${(from_Hz / 1e6).toFixed(1)} to ${(to_Hz / 1e6).toFixed(1)} MHz`
  const used = `${fixed(used_ms / 1000, 2)} s`
  if (limit_ms === undefined) {
    return html`<li key=${from_Hz}><span class="name">${name}<small>no duty cycle here</small></span><span class="figure">${used}</span></li>`
  }
  const left_ms = Math.max(0, limit_ms - used_ms)
  const silent = freeAt_ms === undefined ? 'free' : `silent until ${localTime(freeAt_ms, offset_min).time}`
  const words = `${used} of ${limit_ms / 1000} s, ${fixed(left_ms / 1000, 1)} s left`
  return html`<li key=${from_Hz}>
    <span class="name">${name}<small>${Number(((100 * limit_ms) / 3_600_000).toFixed(1))} %, ${silent}</small></span>
    <span class=${`bar${used_ms > limit_ms ? ' over' : ''}`} role="meter" aria-label=${`Airtime in ${name}`} aria-valuemin="0" aria-valuemax=${limit_ms} aria-valuenow=${Math.min(used_ms, limit_ms)} aria-valuetext=${words}>
      <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect width="100" height="8" /><rect class="used" width=${Math.max(used_ms > 0 ? 0.6 : 0, Math.min(100, (100 * used_ms) / limit_ms))} height="8" /></svg>
    </span>
    <span class="figure">${words}</span>
  </li>`
}

/** LoRaWAN as the meter sees it: the link, what it may still send, and its last frames layer by layer. */
export function Radio({ radio, frames, offset_min }: RadioProps): VNode {
  return useMemo(() => {
    const { state, part, region, deviceClass, mac } = radio
    const bands = mac?.bands ?? []
    return html`<section class="card radio" aria-labelledby="radio-title">
      <h2 id="radio-title">LoRaWAN <span class="aside">${part} · ${region} · class ${deviceClass}</span>
        <span class=${`pill ${state}`}>${STATES[state]}${mac?.devAddr === undefined ? '' : ` as ${address(mac.devAddr)}`}</span></h2>
      ${factList(facts(radio, offset_min))}
      ${bands.length === 0 ? null : html`<h3>Airtime of the last hour</h3><ul class="bands">${bands.map((one) => band(one, offset_min))}</ul>`}
      <h3>Last frames</h3>
      ${
        frames.length === 0
          ? html`<p class="empty">Nothing has been sent or heard since the meter started.</p>`
          : html`<ol class="frames" tabindex="0" aria-label="Frames, newest first">${frames.map((frame) => html`<${Frame} key=${frame.seq} frame=${frame} offset_min=${offset_min} />`)}</ol>`
      }
    </section>`
  }, [radio, frames, offset_min])
}
