import type { VNode } from 'preact'
import type { FacePhase, FaceState } from '../state.ts'
import { fixed, PHASES } from './format.ts'
import { html } from './html.ts'
import { Phasor } from './phasor.ts'

interface Row {
  readonly name: string
  readonly unit: string
  readonly symbol: string
  readonly of: (phase: FacePhase) => string
  readonly total: (state: FaceState) => string
}

/** Angle of I behind U as installers write it: −180 to 180. */
function signedAngle(angle_deg: number): number {
  return angle_deg > 180 ? angle_deg - 360 : angle_deg
}

const ROWS: readonly Row[] = [
  { name: 'Voltage', symbol: 'U', unit: 'V', of: (p) => fixed(p.voltage_V, 1), total: () => '' },
  { name: 'Current', symbol: 'I', unit: 'A', of: (p) => fixed(p.current_A, 2), total: () => '' },
  { name: 'Active power', symbol: 'P', unit: 'W', of: (p) => fixed(p.active_W, 0), total: (s) => fixed(s.total.active_W, 0) },
  { name: 'Reactive power', symbol: 'Q', unit: 'var', of: (p) => fixed(p.reactive_var, 0), total: (s) => fixed(s.total.reactive_var, 0) },
  { name: 'Power factor', symbol: 'PF', unit: '', of: (p) => fixed(p.powerFactor, 3), total: (s) => fixed(s.total.powerFactor, 3) },
  { name: 'Angle of I behind U', symbol: 'φ', unit: '°', of: (p) => fixed(signedAngle(p.currentAngle_deg), 1), total: () => '' },
]

function tableRow(row: Row, state: FaceState): VNode {
  return html`<tr>
    <th scope="row"><abbr title=${row.name}>${row.symbol}</abbr> <small>${row.unit}</small></th>
    ${state.phases.map((phase) => html`<td>${row.of(phase)}</td>`)}
    <td class="sum">${row.total(state)}</td>
  </tr>`
}

/** What the meter measures now, drawn and in numbers. */
export function Measurements({ state }: { readonly state: FaceState }): VNode {
  return html`<section class="card measurements" aria-labelledby="measurements-title">
    <h2 id="measurements-title">Measured now <span class="aside">${fixed(state.frequency_Hz, 2)} Hz</span></h2>
    <div class="pair">
      <${Phasor} phases=${state.phases} />
      <table>
        <thead><tr>
          <td></td>${PHASES.map((name, i) => html`<th scope="col" class=${`phase${i + 1}`}><i></i>${name}</th>`)}<th scope="col">Σ</th>
        </tr></thead>
        <tbody>${ROWS.map((row) => tableRow(row, state))}</tbody>
      </table>
    </div>
  </section>`
}
