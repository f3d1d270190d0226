import type { VNode } from 'preact'
import { useMemo } from 'preact/hooks'
import { DecodeError } from '../../../lib/bytes.ts'
import { fromHex } from '../../../lib/hex.ts'
import { frameType } from '../../../links/lorawan/frame.ts'
import type { FaceAir, FaceHearing, FaceSignal, FaceStation } from '../air-state.ts'
import { fixed, frequency_MHz, localTime } from './format.ts'
import { airText } from './frame.ts'
import { html } from './html.ts'
import { titleOf } from './layers.ts'
import { airMap, distance, linkClass, metres } from './map.ts'

export interface AirProps {
  readonly air: FaceAir
  /** Newest first. */
  readonly signals: readonly FaceSignal[]
  readonly offset_min: number
}

function title(phy: string): string {
  try {
    const bytes = fromHex(phy)
    return titleOf(frameType(bytes), bytes)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return 'Not a LoRaWAN frame'
  }
}

function hearingText({ outcome, rssi_dBm, snr_dB }: FaceHearing): string {
  if (outcome === 'damaged') return 'collided'
  if (outcome === 'missed') return 'not listening'
  return outcome === 'weak' ? `too weak, SNR ${fixed(snr_dB, 0)} dB` : `${fixed(rssi_dBm, 0)} dBm, ${fixed(snr_dB, 1)} dB`
}

function signalRow(
  { seq, time_ms, up, sender, frequency_Hz, modulation, airtime_ms, phy, hearings }: FaceSignal,
  offset_min: number,
): VNode {
  const { date, time } = localTime(time_ms, offset_min)
  const lost = up && hearings.every(({ outcome }) => outcome !== 'heard')
  return html`<li key=${seq} class=${lost ? 'lost' : ''}>
    <span class=${`way ${up ? 'up' : 'down'}`} role="img" aria-label=${up ? 'uplink' : 'downlink'}>${up ? '↑' : '↓'}</span>
    <time datetime=${new Date(time_ms).toISOString()} title=${date}>${time}</time>
    <span class="text">${title(phy)}${lost ? html` <b class="bad">lost</b>` : null}</span>
    <span class="origin">${frequency_MHz(frequency_Hz)} · ${airText({ modulation, airtime_ms })}</span>
    <span class="hearings">${up ? '' : html`<span>from ${sender}</span>`}
      ${hearings.map((hearing) => html`<span key=${hearing.station} class=${hearing.outcome}><b>${hearing.station}</b> ${hearingText(hearing)}</span>`)}
    </span>
  </li>`
}

function stationRow(meter: FaceStation, station: FaceStation): VNode {
  const { name, heard } = station
  const values = heard && [heard.rssi_dBm, heard.snr_dB, heard.margin_dB].map((value) => fixed(value, 0))
  return html`<tr key=${name}>
    <th scope="row" class=${linkClass(station)}><i></i>${name}</th>
    <td>${metres(distance(meter, station))}</td>
    ${values === undefined ? html`<td colspan="3" class="never">heard nothing</td>` : values.map((value) => html`<td>${value}</td>`)}
  </tr>`
}

/** The air around a virtual meter: where the antennas are, who heard whom, and every frame with what became of it. */
export function Air({ air, signals, offset_min }: AirProps): VNode {
  return useMemo(() => {
    const { stations, server, uplinks, lost } = air
    const [meter] = stations.filter(({ kind }) => kind === 'meter')
    const gateways = stations.filter(({ kind }) => kind === 'gateway')
    return html`<section class="card air" aria-labelledby="air-title">
      <h2 id="air-title">On the air <span class="aside">network server ${server ?? 'built in'} · ${uplinks} uplinks, ${lost} lost</span></h2>
      <div class="pair">
        ${airMap(air, meter)}
        <table>
          <thead><tr><td></td><th scope="col">Distance</th><th scope="col">RSSI</th><th scope="col">SNR</th><th scope="col">Margin</th></tr></thead>
          <tbody>${gateways.map((station) => stationRow(meter, station))}</tbody>
        </table>
      </div>
      <h3>Frames</h3>
      ${
        signals.length === 0
          ? html`<p class="empty">Nobody has sent anything yet.</p>`
          : html`<ol class="signals" tabindex="0" aria-label="Frames on the air, newest first">${signals.map((signal) => signalRow(signal, offset_min))}</ol>`
      }
    </section>`
  }, [air, signals, offset_min])
}
