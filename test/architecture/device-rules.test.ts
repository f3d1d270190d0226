import { describe, expect, test } from 'vitest'
import { checkDeviceRules, RULES, type Rule } from './device-rules.ts'
import { filesBelow, textOf } from './repository.ts'

const ROOMS = [
  'hal/esp32',
  'hal/portable',
  'hal/esp32',
  'hal/lin',
  'src/lib',
  'src/core',
  'src/drivers',
  'src/links',
  'src/protocols',
  'src/meter',
  'src/gateway',
  'src/world',
  'boards',
]

/** What breaks each rule, one line each. */
const BROKEN: Readonly<Record<Rule, readonly string[]>> = {
  'error-name': [
    'class E extends RangeError { constructor() { super(); this.name = "E" } }',
    'export function f(e: Error) { e.message = "x" }',
    'try { f() } catch (error) { (error as Error).message += "!" } function f() {}',
  ],
  'object-method': [
    'export const f = (o: object) => { o.toString = () => "" }',
    'class A { constructor() { this.constructor = A } }',
    'export const f = (o: object) => { o["hasOwnProperty"] = 1 }',
  ],
  'monkey-patch': [
    'Array.prototype.last = 1',
    'Uint8Array.from = 1',
    'Object.defineProperty(String.prototype, "x", {})',
    'Object.assign(Math, {})',
    'class A { static count = 0; constructor() { A.count++ } }',
    'function f() {} f.cache = 1',
    'import { B } from "./b.ts"; B.prototype.run = 1',
  ],
  'module-buffer': [
    'const W = new Uint32Array(64); export const f = () => { W[0] = 1 }',
    'const W = Uint8Array.of(1, 2); export const f = () => W.fill(0)',
    'const V = new DataView(new ArrayBuffer(4)); export const f = () => V.setUint8(0, 1)',
    'export const CACHE = new Map<string, number>(); export const f = () => CACHE.set("a", 1)',
    'class A { static readonly #seen = new Set<number>(); f() { A.#seen.add(1) } }',
    'const WORD = /\\w+/g; export const f = (s: string) => WORD.exec(s)',
  ],
  'module-state': ['let count = 0; export const f = () => count++', 'export var last = 1'],
  'regexp-property': ['export const A = /\\p{L}/u', 'export const f = () => new RegExp("\\\\p{Lu}", "u")', 'export const A = /[a&&b]/v'],
  normalize: ['export const f = (s: string) => s.normalize("NFC")'],
  'missing-global': [
    'export const f = () => setTimeout(() => {}, 1)',
    'export const f = () => new TextEncoder().encode("a")',
    'console.log(1)',
    'export const f = () => new Intl.NumberFormat()',
    'export const f = () => (globalThis as { crypto?: unknown }).crypto',
    'export const f = () => structuredClone({})',
  ],
  library: [
    'export const f = (a: number[]) => a.toSorted()',
    'export const f = () => Promise.withResolvers()',
    'Object.groupBy([], String)',
  ],
}

describe('what fails on a device', () => {
  for (const [rule, sources] of Object.entries(BROKEN)) {
    test(`${rule}: ${RULES[rule as Rule]}`, () => {
      for (const source of sources) {
        expect(
          checkDeviceRules('a.ts', source).map((found) => found.rule),
          source,
        ).toContain(rule)
      }
    })
  }

  test('the line is told', () => {
    expect(checkDeviceRules('a.ts', 'const a = 1\n\nexport let b = a')).toEqual([{ line: 3, rule: 'module-state', text: 'let b = a' }])
  })
})

test('what works on a device is let through', () => {
  const fine = [
    'class E extends Error { override name = "E" }',
    'class A { readonly name: string; constructor(name: string) { this.name = name } toString() { return "" } }',
    'export const o = { toString() { return "" }, name: "x", message: "y" }',
    'const BITS = new Uint8Array(2); for (let i = 0; i < 2; i++) BITS[i] = i; export const f = (i: number) => BITS[i]',
    'function guarded() {} export function f() { const guarded = {}; Object.assign(guarded, { a: 1 }); return guarded }',
    'const TABLE = Uint16Array.of(1, 2); export const f = (i: number) => TABLE[i]',
    'const NAMES = new Map([[1, "a"]]); export const f = () => NAMES.get(1)',
    'class A { #buffer = new Uint8Array(4); f() { this.#buffer[0] = 1; this.#buffer.fill(0) } }',
    'export function f() { const bytes = new Uint8Array(4); bytes[0] = 1; return bytes }',
    'export const f = (s: string) => s.replace(/a/g, "b")',
    'type T = Intl.NumberFormat; export interface X { readonly setTimeout: number } export const f = (x: X) => x.setTimeout',
    'export const f = (o: { with(): void }) => o.with()',
    '(globalThis as { handleCommand?: unknown }).handleCommand = 1',
    'outer: for (const { a: b = 1, ...rest } of [{}] as any[]) { if (b) continue outer; rest.x = 1 }',
  ]
  for (const source of fine) expect(checkDeviceRules('a.ts', source), source).toEqual([])
})

test('no module of the device breaks a rule', () => {
  const paths = ROOMS.flatMap(filesBelow).filter((path) => path.endsWith('.ts') && !path.startsWith('src/meter/face/page/'))
  expect(paths.length).toBeGreaterThan(200)
  const found = paths.flatMap((path) =>
    checkDeviceRules(path, textOf(path)).map(({ line, rule, text }) => `${path}:${line}: ${rule}: ${text}`),
  )
  expect(found).toEqual([])
})
