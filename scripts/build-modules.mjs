// The modules that a device runs, one by one as its linker takes them: node scripts/build-modules.mjs <output.json> <module>...
// Each entry is a module of build/js (`build/js/boards/virtual/guest.js`) or a folder of it; what they import follows.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transform } from 'esbuild'
import { parseSync } from 'oxc-parser'
import { XS_TARGET } from './build-xs.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const require = createRequire(import.meta.url)

/** Specifiers of imports and re-exports. */
function specifiersOf(id, code) {
  const { module } = parseSync(id, code)
  const exported = module.staticExports.flatMap(({ entries }) => entries.map(({ moduleRequest }) => moduleRequest?.value))
  const all = [...module.staticImports.map(({ moduleRequest }) => moduleRequest.value), ...exported]
  return [...new Set(all.filter((specifier) => specifier !== undefined))]
}

function resolveImport(specifier, from) {
  if (specifier.startsWith('.')) return join(dirname(from), specifier)
  return relative(root, require.resolve(specifier, { paths: [join(root, from)] }))
}

/** A module whose source was removed stays in build/js. */
const hasSource = (id) => existsSync(join(root, id.replace(/^build\/js\/(.*)\.js$/, '$1.ts')))

/** Modules below a folder, or the module itself. The page of the face runs in a browser. */
function modulesAt(path) {
  if (!statSync(join(root, path)).isDirectory()) return [path]
  return readdirSync(join(root, path), { recursive: true })
    .map((name) => join(path, name))
    .filter((id) => id.endsWith('.js') && hasSource(id) && !id.startsWith('build/js/src/meter/face/page/'))
    .sort()
}

/** @returns {Promise<{id: string, source: string, imports: Record<string, string>}[]>} each compiled on its own; specifiers with what they mean */
async function deviceModules(entries) {
  const found = new Map()
  const waiting = entries.flatMap(modulesAt).reverse()
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (found.has(id)) continue
    const { code } = await transform(readFileSync(join(root, id), 'utf8'), { ...XS_TARGET, format: 'esm' })
    const imports = Object.fromEntries(specifiersOf(id, code).map((specifier) => [specifier, resolveImport(specifier, id)]))
    found.set(id, { id, source: code, imports })
    waiting.push(...Object.values(imports))
  }
  return [...found.values()]
}

const [output, ...entries] = process.argv.slice(2)
const path = resolve(root, output)
mkdirSync(dirname(path), { recursive: true })
writeFileSync(path, JSON.stringify(await deviceModules(entries)))
