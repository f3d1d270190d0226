import type { VNode } from 'preact'
import { html } from './html.ts'

/** How the digits of a row are drawn, in units of the drawing. */
export interface DigitShape {
  readonly width: number
  readonly height: number
  /** From one digit to the next; the point stands between. */
  readonly pitch: number
  readonly dot: number
  /** Outlines of the segments a to g. */
  readonly paths: readonly string[]
}

type Point = readonly [number, number]

function outline(points: readonly Point[]): string {
  return `M${points.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join('L')}Z`
}

/** Digits of a size: segments of thickness `thick` with mitred ends and a hair between them. */
export function digitShape(width: number, height: number, thick: number, pitch: number): DigitShape {
  const gap = thick * 0.12
  const middle = height / 2
  const half = thick / 2
  const a: Point[] = [
    [gap, 0],
    [width - gap, 0],
    [width - thick - gap, thick],
    [thick + gap, thick],
  ]
  const b: Point[] = [
    [width, gap],
    [width, middle - gap / 2],
    [width - half * 0.6, middle - gap / 2],
    [width - thick, middle - half - gap / 2],
    [width - thick, thick + gap],
  ]
  const g: Point[] = [
    [half * 0.6 + gap, middle],
    [thick + gap, middle - half],
    [width - thick - gap, middle - half],
    [width - half * 0.6 - gap, middle],
    [width - thick - gap, middle + half],
    [thick + gap, middle + half],
  ]
  const across = (points: readonly Point[]): Point[] => points.map(([x, y]) => [width - x, y])
  const down = (points: readonly Point[]): Point[] => points.map(([x, y]) => [x, height - y])
  return { width, height, pitch, dot: thick, paths: [a, b, down(b), down(a), down(across(b)), across(b), g].map(outline) }
}

const ALL = 'abcdefg'

/** Segments that form a character; letters as far as seven segments can. */
const GLYPHS: { readonly [character: string]: string } = {
  '0': 'abcdef',
  '1': 'bc',
  '2': 'abdeg',
  '3': 'abcdg',
  '4': 'bcfg',
  '5': 'acdfg',
  '6': 'acdefg',
  '7': 'abc',
  '8': ALL,
  '9': 'abcdfg',
  '-': 'g',
  _: 'd',
  A: 'abcefg',
  B: 'cdefg',
  C: 'adef',
  D: 'bcdeg',
  E: 'adefg',
  F: 'aefg',
  G: 'acdef',
  H: 'bcefg',
  I: 'bc',
  J: 'bcde',
  L: 'def',
  N: 'ceg',
  O: 'cdeg',
  P: 'abefg',
  R: 'eg',
  S: 'acdfg',
  T: 'defg',
  U: 'bcdef',
  Y: 'bcdfg',
}

interface Cell {
  readonly character: string
  readonly dot: boolean
  readonly colon: boolean
}

/** Digits with the point or colon that follows each of them. */
function cellsOf(text: string): Cell[] {
  const cells: Cell[] = []
  for (const character of text) {
    const last = cells[cells.length - 1]
    if ((character === '.' || character === ':') && last !== undefined) {
      cells[cells.length - 1] = { ...last, dot: character === '.', colon: character === ':' }
    } else
      cells.push({ character: character === '.' || character === ':' ? ' ' : character, dot: character === '.', colon: character === ':' })
  }
  return cells
}

function join(shape: DigitShape, lit: string, wanted: boolean): string {
  let path = ''
  for (let i = 0; i < 7; i++) if (lit.includes(ALL[i] as string) === wanted) path += shape.paths[i]
  return path
}

function dots(shape: DigitShape, cell: Cell, everything: boolean): VNode {
  const { dot, height } = shape
  const x = (shape.width + shape.pitch - dot) / 2
  const square = (name: string, y: number): VNode =>
    html`<rect class=${name} x=${x.toFixed(2)} y=${y.toFixed(2)} width=${dot} height=${dot} rx=${dot * 0.15} />`
  const colon = everything || cell.colon ? 'lit' : 'none'
  return html`<g>${square(everything || cell.dot ? 'lit' : 'ghost', height - dot)}${square(colon, height * 0.27)}${square(colon, height * 0.65)}</g>`
}

/** A row of `count` digits with `text` at its right end (`left`: at its left). `everything` lights all segments, as a meter's display test does. */
export function segmentRow(shape: DigitShape, text: string, count: number, everything: boolean, left = false): VNode[] {
  const cells = cellsOf(text).slice(0, count)
  const blank: Cell = { character: ' ', dot: false, colon: false }
  const fill = Array.from({ length: count - cells.length }, () => blank)
  const row = left ? [...cells, ...fill] : [...fill, ...cells]
  return row.map((cell, index) => {
    const lit = everything ? ALL : (GLYPHS[cell.character.toUpperCase()] ?? '')
    return html`<g transform=${`translate(${(index * shape.pitch).toFixed(2)} 0)`}>
      <path class="ghost" d=${join(shape, lit, false)} /><path class="lit" d=${join(shape, lit, true)} />${dots(shape, cell, everything)}
    </g>`
  })
}
