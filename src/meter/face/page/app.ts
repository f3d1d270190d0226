import type { VNode } from 'preact'
import { useCallback, useEffect, useReducer, useRef, useState } from 'preact/hooks'
import type { FaceState, WorldCommand } from '../state.ts'
import { Air } from './air.ts'
import { Connection, type LinkStatus } from './connection.ts'
import { Curve } from './curve.ts'
import { Events } from './events.ts'
import { localTime, zone } from './format.ts'
import { html } from './html.ts'
import { Measurements } from './measurements.ts'
import { Meter } from './meter.ts'
import { Radio } from './radio.ts'
import { EMPTY, reduce } from './store.ts'
import { World } from './world.ts'

const TOAST_MS = 6000

/** What the visitor is told about the connection; nothing moves while it is lost. */
function Banner({ status, retry }: { readonly status: LinkStatus; readonly retry: () => void }): VNode | null {
  if (status.state === 'connected') return null
  return html`<div class="banner" role="alert">
    <span><strong>Disconnected.</strong> ${status.state === 'connecting' ? 'Connecting to the meter…' : 'The values shown are old. Trying again…'}</span>
    <button type="button" onClick=${retry}>Try now</button>
  </div>`
}

function clock(state: FaceState | undefined): VNode | null {
  if (state === undefined) return null
  const { date, time } = localTime(state.time_ms, state.offset_min)
  const note = state.timeValid ? zone(state.offset_min) : 'clock not set'
  return html`<div class=${`clockline${state.timeValid ? '' : ' invalid'}`}><b>${time}</b> <span>${date} ${note}</span></div>`
}

export function App(): VNode {
  const [model, dispatch] = useReducer(reduce, EMPTY)
  const [status, setStatus] = useState<LinkStatus>({ state: 'connecting' })
  const [problem, setProblem] = useState('')
  const link = useRef<Connection | undefined>(undefined)
  useEffect(() => {
    link.current = new Connection(dispatch, setStatus)
    link.current.connect()
  }, [])
  useEffect(() => {
    if (problem === '') return
    const timer = setTimeout(() => setProblem(''), TOAST_MS)
    return () => clearTimeout(timer)
  }, [problem])
  const send = useCallback((command: WorldCommand) => {
    link.current?.command(command).then((error) => error !== undefined && setProblem(error))
  }, [])
  const connected = status.state === 'connected'
  const { hello, state, world } = model
  const offset_min = state?.offset_min ?? 0
  return html`<div class=${`page${connected ? '' : ' offline'}`}>
    <header class="top">
      <h1>${hello === undefined ? 'Meter' : `${hello.manufacturer} ${hello.model}`}<small>${hello?.serial ?? ''}</small></h1>
      ${clock(state)}
      <div class=${`status ${status.state}`} role="status"><i></i>${connected ? 'Live' : 'Offline'}</div>
    </header>
    ${hello !== undefined || status.state === 'waiting' ? html`<${Banner} status=${status} retry=${() => link.current?.connect()} />` : null}
    ${problem === '' ? null : html`<div class="toast" role="alert">${problem}<button type="button" aria-label="Dismiss" onClick=${() => setProblem('')}>✕</button></div>`}
    <main class=${world === undefined ? '' : 'with-world'}>
      ${hello === undefined ? html`<p class="empty">Waiting for the meter…</p>` : html`<${Meter} hello=${hello} state=${state} speed=${world?.actualSpeed ?? 1} connected=${connected} />`}
      ${world === undefined ? null : html`<${World} world=${world} offset_min=${offset_min} send=${send} />`}
      ${
        state === undefined
          ? null
          : html`<div class="data">
              ${state.phases.length === 0 ? null : html`<${Measurements} state=${state} />`}
              <${Curve} curve=${model.curve} live=${model.live} offset_min=${offset_min} now_W=${state.total.active_W} directed=${state.flags.export !== undefined} unit=${hello?.flow} />
              ${model.radio === undefined ? null : html`<${Radio} radio=${model.radio} frames=${model.frames} offset_min=${offset_min} />`}
              ${model.air === undefined ? null : html`<${Air} air=${model.air} signals=${model.signals} offset_min=${offset_min} />`}
            </div>`
      }
      ${state === undefined ? null : html`<${Events} events=${model.events} offset_min=${offset_min} />`}
    </main>
  </div>`
}
