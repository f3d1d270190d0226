import type { VNode } from 'preact'
import { useMemo } from 'preact/hooks'
import type { Field } from '../../../links/lorawan/command-fields.ts'
import type { FaceFrame } from '../radio-state.ts'
import { fixed, localTime, modulationText } from './format.ts'
import { html } from './html.ts'
import { dissect, type Layer } from './layers.ts'

function fieldList(fields: readonly Field[]): VNode {
  return html`<dl>${fields.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

const spaced = (hex: string): string => hex.replace(/..(?=.)/g, '$& ')

function layer({ name, bytes, clear, fields, parts = [] }: Layer): VNode {
  return html`<section key=${name} class="layer">
    <h4>${name}</h4>
    <div>
      ${bytes === undefined ? null : html`<code>${spaced(bytes)}</code>`}
      ${clear === undefined || clear === '' ? null : html`<code class="clear"><span>in clear</span> ${spaced(clear)}</code>`}
      ${fields.length === 0 ? null : fieldList(fields)}
      ${parts.map((part, i) => html`<div key=${i} class="part"><b>${part.name}</b>${fieldList(part.fields)}</div>`)}
    </div>
  </section>`
}

/** How it was on the air, in short. */
export function airText({ modulation, airtime_ms }: Pick<FaceFrame, 'modulation' | 'airtime_ms'>): string {
  const airtime = airtime_ms === undefined ? '' : `${fixed(airtime_ms, 0)} ms`
  return modulation === undefined ? airtime : `${modulationText(modulation)} · ${airtime}`
}

/** One frame: a line, and its layers when it is opened. */
export function Frame({ frame, offset_min }: { readonly frame: FaceFrame; readonly offset_min: number }): VNode {
  return useMemo(() => {
    const { up, time_ms, rssi_dBm, mic } = frame
    const { title, layers } = dissect(frame, offset_min)
    const { date, time } = localTime(time_ms, offset_min)
    const heard = rssi_dBm === undefined ? '' : ` · ${fixed(rssi_dBm, 0)} dBm`
    return html`<li>
      <details>
        <summary>
          <span class=${`way ${up ? 'up' : 'down'}`} role="img" aria-label=${up ? 'sent' : 'received'}>${up ? '↑' : '↓'}</span>
          <time datetime=${new Date(time_ms).toISOString()} title=${date}>${time}</time>
          <span class="text">${title}${mic === 'wrong' ? html` <b class="bad">wrong MIC</b>` : null}</span>
          <span class="origin">${airText(frame)}${heard}</span>
        </summary>
        ${layers.map(layer)}
      </details>
    </li>`
  }, [frame, offset_min])
}
