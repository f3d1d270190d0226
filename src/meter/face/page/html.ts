import htm from 'htm'
import { type ComponentChild, h, type VNode } from 'preact'

/** JSX without a compiler. A template here always has one root. */
export const html = htm.bind(h as (type: unknown, props: object, ...children: ComponentChild[]) => VNode) as (
  strings: TemplateStringsArray,
  ...values: unknown[]
) => VNode
