import type { VNode } from 'preact'
import { html } from './html.ts'

export interface ChoiceProps<Value extends string | number> {
  /** Unique in the page. */
  readonly name: string
  readonly label: string
  readonly value: Value
  readonly options: readonly (readonly [value: Value, text: string, spoken?: string])[]
  readonly onChange: (value: Value) => void
}

/** One of a few: real radio buttons, so that arrow keys and screen readers know what to do. */
export function choice<Value extends string | number>({ name, label, value, options, onChange }: ChoiceProps<Value>): VNode {
  return html`<fieldset class="choice">
    <legend class="hidden">${label}</legend>
    ${options.map(
      ([option, text, spoken]) => html`<label class=${`option-${option}`}>
        <input type="radio" name=${name} value=${option} checked=${option === value} aria-label=${spoken ?? text} onChange=${() => onChange(option)} />
        <span aria-hidden="true">${text}</span>
      </label>`,
    )}
  </fieldset>`
}

/** On or off. */
export function toggle(label: string, on: boolean, onChange: (on: boolean) => void): VNode {
  return html`<button type="button" class="switch" role="switch" aria-checked=${on ? 'true' : 'false'} aria-label=${label} onClick=${() => onChange(!on)}><i></i></button>`
}
