// How modules of build/js find each other: shared by the XS tests, which load them one by one, and by the manifests of the boards.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'oxc-parser'

const root = fileURLToPath(new URL('..', import.meta.url))
const require = createRequire(import.meta.url)

const known = new Map()

/** Specifiers of imports and re-exports, each once. */
export function specifiersOf(id, code) {
  const before = known.get(id)
  if (before?.code === code) return before.specifiers
  const specifiers = parsed(id, code)
  known.set(id, { code, specifiers })
  return specifiers
}

function parsed(id, code) {
  const { module } = parseSync(id, code)
  const exported = module.staticExports.flatMap(({ entries }) => entries.map(({ moduleRequest }) => moduleRequest?.value))
  const all = [...module.staticImports.map(({ moduleRequest }) => moduleRequest.value), ...exported]
  return [...new Set(all.filter((specifier) => specifier !== undefined))]
}

/** Path from the root of what a module of the project, or of a package, imports. */
export function resolveImport(specifier, from) {
  if (specifier.startsWith('.')) return join(dirname(from), specifier)
  return relative(root, require.resolve(specifier, { paths: [join(root, from)] }))
}

/** A module whose source was removed stays in build/js. */
export const hasSource = (id) => existsSync(join(root, id.replace(/^build\/js\/(.*)\.js$/, '$1.ts')))

/**
 * Everything that the entries reach.
 * @param {readonly string[]} entries modules by path from the root, in the order in which they are visited
 * @param {(id: string) => string | Promise<string>} read the code whose imports count
 * @param {(specifier: string, from: string) => string | undefined} follow the module that is meant; undefined for one that is not walked into
 * @returns {Promise<Map<string, {source: string, specifiers: string[]}>>} by path
 */
export async function walk(entries, read = (id) => readFileSync(join(root, id), 'utf8'), follow = resolveImport) {
  const found = new Map()
  const waiting = [...entries].reverse()
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (found.has(id)) continue
    const source = await read(id)
    const specifiers = specifiersOf(id, source)
    found.set(id, { source, specifiers })
    waiting.push(...specifiers.map((specifier) => follow(specifier, id)).filter((next) => next !== undefined))
  }
  return found
}
