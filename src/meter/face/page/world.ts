import type { VNode } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { FaceAppliance, FaceTamper, FaceWorld, MainsState, WorldCommand } from '../state.ts'
import { choice, toggle } from './choice.ts'
import { grouped, localTime, PHASES, power } from './format.ts'
import { html } from './html.ts'

export interface WorldProps {
  readonly world: FaceWorld
  readonly offset_min: number
  readonly send: (command: WorldCommand) => void
}

/** While a slider is dragged the world's own value must not pull it back. */
const DRAG_MS = 800

const SPEEDS = [
  ['0', 'Pause', 'Pause'],
  ['1', '×1', '1 times real time'],
  ['10', '×10', '10 times real time'],
  ['60', '×60', '60 times real time'],
  ['1000', '×1000', '1000 times real time'],
  ['max', 'Max', 'As fast as possible'],
] as const

const MAINS = [
  ['on', 'On'],
  ['sag', 'Sag'],
  ['off', 'Off'],
] as const

function Time({ world, offset_min, send }: WorldProps): VNode {
  const { date, time } = localTime(world.time_ms, offset_min)
  const actual = world.actualSpeed < 10 ? world.actualSpeed.toFixed(1) : grouped(world.actualSpeed)
  const control = choice<string>({
    name: 'speed',
    label: 'Speed of time',
    value: String(world.speed),
    options: SPEEDS,
    onChange: (value) => send({ command: 'speed', speed: value === 'max' ? 'max' : Number(value) }),
  })
  return html`<div class="group">
    <h3>Time <span class="aside">runs at ×${actual}</span></h3>
    <p class="clock"><b>${time}</b> <span>${date}</span></p>
    ${control}
  </div>`
}

function mainsChoice(name: string, label: string, value: MainsState | '', phase: 0 | 1 | 2 | 3, send: WorldProps['send']): VNode {
  return choice<MainsState | ''>({
    name,
    label,
    value,
    options: MAINS.map(([state, text]) => [state, text, `${label}: ${text}`] as const),
    onChange: (state) => state !== '' && send({ command: 'mains', phase, state }),
  })
}

function Mains({ world, send }: WorldProps): VNode {
  const [first] = world.mains
  const common = world.mains.every((state) => state === first) ? first : ''
  return html`<div class="group mains">
    <h3>Mains</h3>
    <div class="line"><span class="name">${world.mains.length > 1 ? 'All' : 'Supply'}</span>${mainsChoice('mains-0', 'All phases', common, 0, send)}</div>
    ${(world.mains.length > 1 ? PHASES : []).map(
      (name, i) => html`<div class="line"><span class=${`name phase${i + 1}`}><i></i>${name}</span>
        ${mainsChoice(`mains-${i + 1}`, `Phase ${name}`, world.mains[i] ?? 'on', (i + 1) as 1 | 2 | 3, send)}</div>`,
    )}
  </div>`
}

function applianceLine(appliance: FaceAppliance, { world, send }: WorldProps): VNode {
  const { id, name, power_W, phase, on } = appliance
  const { flow } = world
  const at = phase === 0 ? 'three-phase' : PHASES[phase - 1]
  return html`<li key=${id} class="line">
    <span class="name">${name}<small>${flow === undefined ? `${power(power_W)} · ${at}` : power(power_W, flow)}</small></span>
    ${toggle(name, on, (wanted) => send({ command: 'appliance', appliance: id, on: wanted }))}
  </li>`
}

function Photovoltaics({ pv, send }: { readonly pv: NonNullable<FaceWorld['pv']>; readonly send: WorldProps['send'] }): VNode {
  const { on, power_W, max_W } = pv
  const [dragged, setDragged] = useState<number | undefined>(undefined)
  const timer = useRef(0)
  useEffect(() => () => clearTimeout(timer.current), [])
  const value = dragged ?? power_W
  const drag = (event: Event) => {
    const wanted = Number((event.currentTarget as HTMLInputElement).value)
    setDragged(wanted)
    clearTimeout(timer.current)
    timer.current = window.setTimeout(() => setDragged(undefined), DRAG_MS)
    send({ command: 'pv', on, power_W: wanted })
  }
  return html`<div class="group pv">
    <h3>Photovoltaics</h3>
    <div class="line">
      <span class="name">Roof<small>${on ? `gives ${power(value)}` : `off · set to ${power(value)}`}</small></span>
      ${toggle('Photovoltaics', on, (wanted) => send({ command: 'pv', on: wanted, power_W: value }))}
    </div>
    <input type="range" min="0" max=${max_W} step="100" value=${value} onInput=${drag} aria-label="Power of the photovoltaics" aria-valuetext=${power(value)} />
  </div>`
}

const TAMPERS: readonly (readonly [what: FaceTamper, text: string])[] = [
  ['terminalCover', 'Terminal cover off'],
  ['meterCover', 'Meter cover off'],
  ['magneticField', 'Magnet at the meter'],
  ['seal', 'Seal broken'],
]

function Tamper({ world, send }: WorldProps): VNode {
  return html`<div class="group tamper">
    <h3>Tampering</h3>
    <ul>
      ${TAMPERS.map(
        ([what, text]) => html`<li class="line"><span class="name">${text}</span>
          ${toggle(text, world.tamper[what], (on) => send({ command: 'tamper', what, on }))}</li>`,
      )}
    </ul>
  </div>`
}

/** The world around a virtual meter, to play with. */
export function World(props: WorldProps): VNode {
  const { world, send } = props
  return html`<section class="card world" aria-labelledby="world-title">
    <h2 id="world-title">World <span class="aside">seed ${world.seed}</span></h2>
    <${Time} ...${props} />
    <div class="group">
      <h3>House</h3>
      <ul>
        <li class="line"><span class="name">${world.household.name}<small>${world.flow === undefined ? 'recorded' : 'flows by itself'}</small></span><b class="figure">${power(world.household.power_W, world.flow)}</b></li>
        ${world.appliances.map((appliance) => applianceLine(appliance, props))}
      </ul>
    </div>
    ${world.pv === undefined ? null : html`<${Photovoltaics} pv=${world.pv} send=${send} />`}<${Mains} ...${props} /><${Tamper} ...${props} />
  </section>`
}
