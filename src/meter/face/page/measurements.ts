import type { VNode } from 'preact'
import type { FacePhase, FaceState } from '../state.ts'
import { fixed, PHASES } from './format.ts'
import { html } from './html.ts'
import { Phasor } from './phasor.ts'

interface Row {
  readonly name: string
  readonly unit: string
  readonly symbol: string
  /** Undefined where the meter does not measure it. */
  readonly of: (phase: FacePhase) => number | undefined
  readonly digits: number
  readonly total?: (state: FaceState) => number | undefined
}

/** Angle of I behind U as installers write it: −180 to 180. */
function signedAngle(angle_deg: number): number {
  return angle_deg > 180 ? angle_deg - 360 : angle_deg
}

const ROWS: readonly Row[] = [
  { name: 'Voltage', symbol: 'U', unit: 'V', digits: 1, of: (p) => p.voltage_V },
  { name: 'Current', symbol: 'I', unit: 'A', digits: 2, of: (p) => p.current_A },
  { name: 'Active power', symbol: 'P', unit: 'W', digits: 0, of: (p) => p.active_W, total: (s) => s.total.active_W },
  { name: 'Reactive power', symbol: 'Q', unit: 'var', digits: 0, of: (p) => p.reactive_var, total: (s) => s.total.reactive_var },
  { name: 'Power factor', symbol: 'PF', unit: '', digits: 3, of: (p) => p.powerFactor, total: (s) => s.total.powerFactor },
  {
    name: 'Angle of I behind U',
    symbol: 'φ',
    unit: '°',
    digits: 1,
    of: ({ currentAngle_deg }) => (currentAngle_deg === undefined ? undefined : signedAngle(currentAngle_deg)),
  },
]

const shown = (value: number | undefined, digits: number): string => (value === undefined ? '' : fixed(value, digits))

/** A meter with one phase has no sum beside it. */
function tableRow({ name, symbol, unit, digits, of, total }: Row, state: FaceState): VNode {
  return html`<tr>
    <th scope="row"><abbr title=${name}>${symbol}</abbr> <small>${unit}</small></th>
    ${state.phases.map((phase) => html`<td>${shown(of(phase), digits)}</td>`)}
    ${state.phases.length > 1 ? html`<td class="sum">${shown(total?.(state), digits)}</td>` : null}
  </tr>`
}

/** Of no phase: stands under the sum, or under the only phase. */
function neutralRow({ neutral_A, phases }: FaceState): VNode | null {
  if (neutral_A === undefined) return null
  return html`<tr>
    <th scope="row"><abbr title="Current of the neutral">I<sub>N</sub></abbr> <small>A</small></th>
    ${phases.length > 1 ? phases.map(() => html`<td></td>`) : null}<td class=${phases.length > 1 ? 'sum' : ''}>${fixed(neutral_A, 2)}</td>
  </tr>`
}

/** What the meter measures now, drawn and in numbers. */
export function Measurements({ state }: { readonly state: FaceState }): VNode {
  const { phases, frequency_Hz } = state
  const rows = ROWS.filter(({ of }) => phases.some((phase) => of(phase) !== undefined))
  const angles = phases.every(({ currentAngle_deg }) => currentAngle_deg !== undefined)
  return html`<section class="card measurements" aria-labelledby="measurements-title">
    <h2 id="measurements-title">Measured now <span class="aside">${frequency_Hz === undefined ? '' : `${fixed(frequency_Hz, 2)} Hz`}</span></h2>
    <div class=${`pair${angles ? '' : ' alone'}`}>
      ${angles ? html`<${Phasor} phases=${phases} />` : null}
      <table>
        <thead><tr>
          <td></td>${phases.map((_, i) => html`<th scope="col" class=${`phase${i + 1}`}><i></i>${PHASES[i]}</th>`)}
          ${phases.length > 1 ? html`<th scope="col">Σ</th>` : null}
        </tr></thead>
        <tbody>${rows.map((row) => tableRow(row, state))}${neutralRow(state)}</tbody>
      </table>
    </div>
  </section>`
}
