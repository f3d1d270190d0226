import type { VNode } from 'preact'
import type { FaceEvent } from '../state.ts'
import { localTime } from './format.ts'
import { html } from './html.ts'

function row(event: FaceEvent, offset_min: number): VNode {
  const { date, time } = localTime(event.time_ms, offset_min)
  return html`<li key=${`${event.log} ${event.seq}`}>
    <time datetime=${new Date(event.time_ms).toISOString()}><span>${date}</span> <b>${time}</b></time>
    <span class="text">${event.text}</span>
    <span class="origin">${event.log} · ${event.code}</span>
  </li>`
}

/** The event logs, newest first. */
export function Events({ events, offset_min }: { readonly events: readonly FaceEvent[]; readonly offset_min: number }): VNode {
  return html`<section class="card events" aria-labelledby="events-title">
    <h2 id="events-title">Event log <span class="aside">${events.length === 0 ? '' : `No. ${events[0]?.seq}`}</span></h2>
    ${
      events.length === 0
        ? html`<p class="empty">Nothing has happened yet.</p>`
        : html`<ol tabindex="0" aria-label="Events, newest first">${events.map((event) => row(event, offset_min))}</ol>`
    }
  </section>`
}
