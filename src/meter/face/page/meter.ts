import type { VNode } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { FaceHello, FaceState, LcdItem } from '../state.ts'
import { Barcode } from './barcode.ts'
import { html } from './html.ts'
import { Lcd } from './lcd.ts'
import { PulsePacer } from './pulses.ts'

/** The display moves on by itself after so long; after a press the chosen value stays longer. */
const CYCLE_MS = 5000
const HOLD_MS = 20_000
const TEST_MS = 1500

/** A conductor of the terminal block and its colour (IEC 60446 / HD 308): in and out for each phase, and neutral. */
const CABLES = ['l1', 'l1', 'l2', 'l2', 'l3', 'l3'] as const
const NEUTRAL = ['n', 'n'] as const

export interface MeterProps {
  readonly hello: FaceHello
  readonly state: FaceState | undefined
  /** Seconds of the meter per second of the viewer; 1 without a world. */
  readonly speed: number
  readonly connected: boolean
}

/** Which item the display shows, and the button that moves it on. */
function useRotation(items: readonly LcdItem[]): { index: number; pressed: boolean; press: () => void } {
  const [step, setStep] = useState(0)
  const [pressed, setPressed] = useState(false)
  useEffect(() => {
    const timer = setTimeout(
      () => {
        setPressed(false)
        setStep(step + 1)
      },
      pressed ? HOLD_MS : CYCLE_MS,
    )
    return () => clearTimeout(timer)
  }, [step, pressed])
  const press = () => {
    setPressed(true)
    setStep(step + 1)
  }
  return { index: items.length === 0 ? 0 : step % items.length, pressed, press }
}

/** The metrological LED. Its light changes outside of rendering: a frame costs one class name. */
function Led({ state, constant, speed, live }: { state: FaceState | undefined; constant: number; speed: number; live: boolean }): VNode {
  const lamp = useRef<HTMLSpanElement>(null)
  const pacer = useRef(new PulsePacer())
  const perSecond = ((Math.abs(state?.total.active_W ?? 0) * constant) / 3.6e6) * speed
  useEffect(() => {
    if (state !== undefined) pacer.current.update(state.pulses, perSecond, performance.now())
  }, [state])
  useEffect(() => {
    if (!live) return
    // Flicker is exactly what some readers cannot bear: they see the lamp lit while energy flows, and the count.
    const calm = matchMedia('(prefers-reduced-motion: reduce)')
    let frame = 0
    const draw = (now_ms: number) => {
      const light = pacer.current.brightness(now_ms)
      lamp.current?.style.setProperty('--light', String(calm.matches ? 0.5 : light))
      frame = requestAnimationFrame(draw)
    }
    frame = requestAnimationFrame(draw)
    return () => {
      cancelAnimationFrame(frame)
      lamp.current?.style.setProperty('--light', '0')
    }
  }, [live])
  const text = `${constant} imp/kWh`
  return html`<div class="led" role="img" aria-label=${`Metrological LED, ${text}, ${state?.pulses ?? 0} pulses`}>
    <span class="lamp" ref=${lamp}></span><span class="print">${text}</span><span class="print pulses">${state?.pulses ?? 0}</span>
  </div>`
}

/** A small turning disc: what the meters before this one had. */
function Emblem(): VNode {
  return html`<svg class="emblem" viewBox="0 0 44 28" aria-hidden="true">
    <ellipse cx="22" cy="15.5" rx="20" ry="7.5" fill="#8b949c" /><ellipse cx="22" cy="13.5" rx="20" ry="7.5" fill="#d5dade" stroke="#8b949c" stroke-width=".6" />
    <path d="M36.5 17.6a20 7.5 0 0 1-7 2.9l-2-2a16 5 0 0 0 5.500-2z" fill="#d9302a" />
    <rect x="20.700" y="1" width="2.600" height="13" rx="1" fill="#59636c" />
  </svg>`
}

/** Faceplate: print, optical port, button. */
function Faceplate({ hello, press, shown }: { hello: FaceHello; press: () => void; shown: string }): VNode {
  return html`<div class="faceplate">
    <div class="print nameplate">
      <strong>${hello.model}</strong>
      ${hello.nameplate.map((line) => html`<span>${line}</span>`)}
      <span>FW ${hello.firmware}</span>
    </div>
    <div class="port" aria-hidden="true"><i></i><i></i></div>
    <div class="push">
      <button type="button" class="knob" onClick=${press} aria-label="Display button: next value"></button>
      <span class="print">Display</span>
      <span class="hidden" aria-live="polite">${shown}</span>
    </div>
    <div class="serial">
      <${Barcode} text=${hello.serial} /><span class="print">No. ${hello.serial}</span>
    </div>
  </div>`
}

/** The meter as it hangs on the wall. */
export function Meter({ hello, state, speed, connected }: MeterProps): VNode {
  const items = state?.lcd ?? []
  const led = hello.meterConstant_imp_kWh
  const phases = state?.phases.length ?? 3
  const powered = state?.powered ?? false
  const { index, pressed, press } = useRotation(items)
  const [test, setTest] = useState(true)
  // A meter that gets its supply lights every segment first, so that a dead one cannot hide.
  useEffect(() => {
    setTest(true)
    const timer = setTimeout(() => setTest(false), TEST_MS)
    return () => clearTimeout(timer)
  }, [powered, hello.serial])
  const item = items[index]
  const shown = pressed && item !== undefined ? `${item.label}: ${item.value} ${item.unit}` : ''
  return html`<section class=${`meter${connected ? '' : ' stale'}`} aria-label=${phases === 0 ? 'Meter' : 'Electricity meter'}>
    <div class="housing">
      <div class="window">
        <header class="brand">
          <${Emblem} /><span class="wordmark">${hello.manufacturer}</span>
          ${led === undefined ? null : html`<${Led} state=${state} constant=${led} speed=${speed} live=${connected && powered} />`}
        </header>
        <div class="bezel"><${Lcd} state=${state} item=${item} test=${test && connected} lit=${pressed} /></div>
        <${Faceplate} hello=${hello} press=${press} shown=${shown} />
      </div>
      <div class="terminals" aria-hidden="true"><i class="screw"></i><span class="ribs"></span><i class="screw"></i></div>
    </div>
    <div class="cables" aria-hidden="true">${[...CABLES.slice(0, 2 * phases), ...(phases === 0 ? [] : NEUTRAL)].map((name) => html`<i class=${name}></i>`)}</div>
    <ul class="conditions" aria-label="Conditions" aria-live="polite">
      ${(state?.conditions ?? []).map((text) => html`<li key=${text}>${text}</li>`)}
    </ul>
  </section>`
}
