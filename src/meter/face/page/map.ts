import type { VNode } from 'preact'
import type { FaceAir, FaceStation } from '../air-state.ts'
import { html } from './html.ts'

const WIDTH = 320
const HEIGHT = 240
/** Room for names. */
const BORDER_X = 80
const BORDER_Y = 26
/** The map shows at least so much. */
const NEAREST_M = 50
const RINGS = 3
/** Margins in dB above what a link needs: comfortable, and enough for a quiet day. */
const GOOD_DB = 10
const FAIR_DB = 3

type Place = Pick<FaceStation, 'x_m' | 'y_m'>

export function distance(a: Place, b: Place): number {
  return Math.hypot(a.x_m - b.x_m, a.y_m - b.y_m)
}

/** `450 m`, `1.2 km`. */
export function metres(value_m: number): string {
  return value_m < 1000 ? `${Math.round(value_m)} m` : `${Number((value_m / 1000).toFixed(value_m < 10_000 ? 1 : 0))} km`
}

export function linkClass({ heard }: FaceStation): string {
  if (heard === undefined) return 'none'
  return heard.margin_dB >= GOOD_DB ? 'good' : heard.margin_dB >= FAIR_DB ? 'fair' : 'poor'
}

/** 1, 2 or 5 of a power of ten, so that a few rings fit into `radius_m`. */
export function ringStep(radius_m: number): number {
  const rough = radius_m / RINGS
  const power = 10 ** Math.floor(Math.log10(rough))
  const [step = 10] = [1, 2, 5].filter((factor) => factor * power >= rough)
  return step * power
}

/** Metres to points of the picture, north up, everything in view. */
export function projection(places: readonly Place[]): { readonly scale: number; readonly at: (place: Place) => readonly [number, number] } {
  const xs = places.map(({ x_m }) => x_m)
  const ys = places.map(({ y_m }) => y_m)
  const [west, east, south, north] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
  const [wide_m, high_m] = [Math.max(NEAREST_M, east - west), Math.max(NEAREST_M, north - south)]
  const scale = Math.min((WIDTH - 2 * BORDER_X) / wide_m, (HEIGHT - 2 * BORDER_Y) / high_m)
  return { scale, at: ({ x_m, y_m }) => [WIDTH / 2 + (x_m - (west + east) / 2) * scale, HEIGHT / 2 - (y_m - (south + north) / 2) * scale] }
}

/** Beside its mark. */
function label(x: number, y: number, text: string, side: -1 | 1): VNode {
  return html`<text x=${x + 12 * side} y=${y + 4} text-anchor=${side < 0 ? 'end' : 'start'}>${text}</text>`
}

/** Meter, gateways and jammers, with the links between them; the table beside it says the same in words. */
export function airMap({ stations, jammers }: FaceAir, meter: FaceStation): VNode {
  const { scale, at } = projection([...stations, ...jammers])
  const [x, y] = at(meter)
  const far_m = Math.max(NEAREST_M, ...stations.map((station) => distance(meter, station)))
  const step_m = ringStep(far_m)
  const rings = Array.from({ length: Math.ceil(far_m / step_m) }, (_, i) => (i + 1) * step_m)
  const gateways = stations.filter(({ kind }) => kind === 'gateway')
  // On the side where fewer gateways are.
  const free = gateways.filter((station) => at(station)[0] >= x).length * 2 > gateways.length ? -1 : 1
  const names = gateways.map(({ name }) => name).join(', ')
  return html`<figure class="map">
    <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label=${`Map: the meter and ${names}, rings every ${metres(step_m)}`}>
      ${rings.map((ring_m) => html`<circle key=${ring_m} class="ring" cx=${x} cy=${y} r=${ring_m * scale} />`)}
      ${gateways.map((station) => {
        const [gx, gy] = at(station)
        return html`<line key=${station.name} class=${`link ${linkClass(station)}`} x1=${x} y1=${y} x2=${gx} y2=${gy} />`
      })}
      ${jammers.map((place, i) => {
        const [jx, jy] = at(place)
        return html`<g key=${`jammer ${i}`} class="jammer"><path d=${`M${jx - 6} ${jy - 6}l12 12m0-12l-12 12`} />${label(jx, jy, 'jammer', 1)}</g>`
      })}
      ${gateways.map((station) => {
        const [gx, gy] = at(station)
        return html`<g key=${station.name} class=${`gateway ${linkClass(station)}`}>
          <path d=${`M${gx} ${gy - 8}l8 15h-16z`} />${label(gx, gy, station.name, gx < x ? -1 : 1)}
        </g>`
      })}
      <g class="meter-mark"><circle cx=${x} cy=${y} r="6.5" />${label(x, y, 'meter', free)}</g>
    </svg>
    <figcaption>North is up · rings every ${metres(step_m)}</figcaption>
  </figure>`
}
