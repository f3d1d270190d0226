import type { VNode } from 'preact'
import type { FaceState, LcdFlags, LcdItem } from '../state.ts'
import { PHASES } from './format.ts'
import { html } from './html.ts'
import { digitShape, segmentRow } from './segments.ts'

export interface LcdProps {
  readonly state: FaceState | undefined
  readonly item: LcdItem | undefined
  /** All segments on. */
  readonly test: boolean
  /** The backlight that a press on the button turns on. */
  readonly lit: boolean
}

/** Digits of the large row and of the OBIS code. */
const VALUE_DIGITS = 9
const OBIS_DIGITS = 6
const LARGE = digitShape(18, 60, 4.6, 28.6)
const SMALL = digitShape(9.5, 20, 2.1, 16.6)

const lamp = (on: boolean): string => (on ? 'lit' : 'ghost')

/** A box with the name of a phase, dark when its voltage is missing. */
function phaseLamp(name: string, on: boolean, x: number): VNode {
  return html`<text class=${`mark ${lamp(on)}`} x=${x} y="148">${name}</text>`
}

/** Two arrows with their names: energy taken, energy given back. */
function directionLamps(flags: LcdFlags, all: boolean): VNode {
  // What flows through another meter has no letter.
  const electric = flags.phases.length > 0
  return html`<g transform="translate(104 137)">
    <path class=${lamp(all || flags.import)} d="M0 3.2h12v-3.2l8 6-8 6v-3.2h-12z" />
    <text class=${`mark ${lamp(all || flags.import)}`} x="24" y="11">${electric ? '+A' : ''}</text>
    ${
      flags.export === undefined
        ? null
        : html`<path class=${lamp(all || flags.export)} d="M76 3.2h-12v-3.2l-8 6 8 6v-3.2h12z" />
          <text class=${`mark ${lamp(all || flags.export)}`} x="80" y="11">${electric ? '−A' : ''}</text>`
    }
  </g>`
}

/** The cross of the four quadrants, as meters show the kind of load. */
function quadrantLamp(quadrant: number, all: boolean): VNode {
  const squares = [
    [1, 8, 0],
    [2, 0, 0],
    [3, 0, 8],
    [4, 8, 8],
  ] as const
  return html`<g transform="translate(214 135)">
    ${squares.map(([number, x, y]) => html`<rect class=${lamp(all || quadrant === number)} x=${x + 0.5} y=${y + 0.5} width="6.6" height="6.6" />`)}
    <path class=${lamp(all || quadrant > 0)} d="M7.4 -2h.8v20h-.8zM-2 7.4h20v.8h-20z" />
  </g>`
}

/** A switch contact: closed, open, or absent on a meter without a relay. */
function relayLamp(relay: LcdFlags['relay'], all: boolean): VNode {
  const has = all || relay !== 'none'
  const blade = relay === 'open' && !all ? 'M8 7l10-7.5 1.2 1.4-10 7.4z' : 'M8 5.6h13v1.8h-13z'
  return html`<g class=${lamp(has)} transform="translate(244 136)">
    <path d="M0 5.6h6v1.8h-6zM22 5.6h6v1.8h-6z" /><circle cx="7.4" cy="6.5" r="2" /><circle cx="21" cy="6.5" r="2" /><path d=${blade} />
  </g>`
}

/** Warning triangle and a clock crossed out. */
function troubleLamps(flags: LcdFlags, all: boolean): VNode {
  return html`<g>
    <path class=${lamp(all || flags.fault)} transform="translate(284 134)" fill-rule="evenodd"
      d="M8 0l8.5 15h-17zM7.1 5l.3 5h1.2l.3-5zM7.2 11.3h1.6v1.6h-1.6z" />
    <path class=${lamp(all || flags.clockInvalid)} transform="translate(306 134)" fill-rule="evenodd"
      d="M8 0a7.5 7.5 0 1 1-.1 0zM8 1.7a5.8 5.8 0 1 0 .1 0zM7.3 3.2h1.4v4l3 1.8-.7 1.2-3.7-2.3zM1.6 14.2l12-13.6 1.3 1-12 13.6z" />
  </g>`
}

const DARK: LcdFlags = {
  phases: [false, false, false],
  import: false,
  export: false,
  quadrant: 0,
  tariff: 0,
  relay: 'none',
  fault: false,
  clockInvalid: false,
}

/** No supply: nothing is lit, and what the meter does not have is not there either. */
function dark({ phases, quadrant, ...flags }: LcdFlags = DARK): LcdFlags {
  return { ...DARK, phases: phases.map(() => false), export: flags.export && false, quadrant: quadrant && 0 }
}

function spoken(item: LcdItem | undefined, powered: boolean): string {
  if (!powered) return 'Display dark: the meter has no supply'
  return item === undefined ? 'Display' : `Display: ${item.label}, ${item.obis}, ${item.value} ${item.unit}`
}

/** The liquid-crystal display. */
export function Lcd({ state, item, test, lit }: LcdProps): VNode {
  const powered = state?.powered ?? false
  const all = test && powered
  const flags = powered && state !== undefined ? state.flags : dark(state?.flags)
  const shown = powered ? item : undefined
  const classes = `lcd${lit && powered ? ' backlight' : ''}${powered ? '' : ' dark'}`
  return html`<svg class=${classes} viewBox="0 0 332 160" role="img" aria-label=${spoken(shown, powered)}
    data-obis=${shown?.obis ?? ''} data-value=${shown?.value ?? ''} data-unit=${shown?.unit ?? ''}>
    <g transform="translate(17 12) skewX(-4)">${segmentRow(SMALL, shown?.obis ?? '', OBIS_DIGITS, all, true)}</g>
    <text class=${`label ${shown === undefined ? 'none' : 'lit'}`} x="318" y="24" text-anchor="end">${shown?.label ?? ''}</text>
    <g transform="translate(20 54) skewX(-4)">${segmentRow(LARGE, shown?.value ?? '', VALUE_DIGITS, all)}</g>
    <text class=${`unit ${shown === undefined ? 'none' : 'lit'}`} x="318" y="115" text-anchor="end"
      textLength=${(shown?.unit.length ?? 0) > 3 ? 42 : undefined} lengthAdjust="spacingAndGlyphs">${shown?.unit ?? ''}</text>
    <text class=${`tariff ${lamp(all || flags.tariff > 0)}`} x="318" y="66" text-anchor="end">T${flags.tariff > 0 ? flags.tariff : 1}</text>
    ${PHASES.slice(0, flags.phases.length).map((name, index) => phaseLamp(name, all || flags.phases[index] === true, 14 + index * 28))}
    ${directionLamps(flags, all)}${flags.quadrant === undefined ? null : quadrantLamp(flags.quadrant, all)}${relayLamp(flags.relay, all)}${troubleLamps(flags, all)}
  </svg>`
}
