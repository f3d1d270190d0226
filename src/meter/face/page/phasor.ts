import type { VNode } from 'preact'
import type { FacePhase } from '../state.ts'
import { fixed, PHASES } from './format.ts'
import { html } from './html.ts'

/** Radius of the drawing; the outer circle is the nominal voltage. */
const RADIUS = 100
const NOMINAL_V = 230
/** Full scales of the current arrows in A. */
const SCALES = [1, 2, 5, 10, 20, 50, 100, 200] as const

/** Point at an angle that lags behind U1 (which points up) by `lag_deg`: arrows turn counter-clockwise, so lag is clockwise. */
function point(lag_deg: number, length: number): readonly [number, number] {
  const angle = (lag_deg * Math.PI) / 180
  return [Math.sin(angle) * length, -Math.cos(angle) * length]
}

function arrow(kind: 'u' | 'i', phase: number, lag_deg: number, length: number): VNode | null {
  // Shorter than its own head: nothing to point with.
  if (length < 3) return null
  const head = Math.min(kind === 'u' ? 9 : 8, length)
  const [x, y] = point(lag_deg, length - head * 0.8)
  const name = kind === 'u' ? 'U' : 'I'
  const [labelX, labelY] = point(lag_deg + (kind === 'u' ? 0 : -7), length + (kind === 'u' ? 11 : 9))
  return html`<g class=${`phase${phase + 1} ${kind}`}>
    <line x1="0" y1="0" x2=${x.toFixed(1)} y2=${y.toFixed(1)} />
    <path transform=${`rotate(${lag_deg.toFixed(1)}) translate(0 ${(-length).toFixed(1)})`} d=${`M0 0l${head * 0.42} ${head}h${-head * 0.84}z`} />
    <text x=${labelX.toFixed(1)} y=${(labelY + 3).toFixed(1)}>${name}${phase + 1}</text>
  </g>`
}

function describe(phases: readonly FacePhase[]): string {
  const words = phases.map((phase, index) => {
    const name = PHASES[index]
    return `${name} ${fixed(phase.voltage_V, 0)} V at ${fixed(phase.voltageAngle_deg, 0)}°, ${fixed(phase.current_A, 2)} A lagging ${fixed(phase.currentAngle_deg ?? 0, 0)}°`
  })
  return `Phasor diagram. ${words.join('; ')}.`
}

/** Voltages and currents of the phases as arrows: what an installer looks at first to see a wrong wiring. */
export function Phasor({ phases }: { readonly phases: readonly FacePhase[] }): VNode {
  const largest = Math.max(...phases.map((phase) => phase.current_A))
  const scale = SCALES.find((candidate) => largest <= candidate) ?? 500
  const voltages = phases.map((phase, i) => arrow('u', i, phase.voltageAngle_deg, Math.min(1.15, phase.voltage_V / NOMINAL_V) * RADIUS))
  const currents = phases.map((phase, i) =>
    arrow('i', i, phase.voltageAngle_deg + (phase.currentAngle_deg ?? 0), Math.min(1, phase.current_A / scale) * RADIUS * 0.8),
  )
  return html`<figure class="phasor">
    <svg viewBox="-128 -128 256 256" role="img" aria-label=${describe(phases)}>
      <g class="grid"><circle r=${RADIUS} /><circle r=${RADIUS * 0.8} class="inner" /><circle r=${RADIUS * 0.4} class="inner" />
        ${[0, 30, 60, 90, 120, 150].map((angle) => html`<line transform=${`rotate(${angle})`} y1=${-RADIUS} y2=${RADIUS} />`)}
      </g>
      ${voltages}${currents}<circle class="hub" r="2.5" />
    </svg>
    <figcaption>Rim ${NOMINAL_V} V · inner ring ${scale} A</figcaption>
  </figure>`
}
