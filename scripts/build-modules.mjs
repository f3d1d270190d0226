// The modules that a device runs, one by one as its linker takes them: node scripts/build-modules.mjs <output.json> <module>...
// Each entry is a module of build/js (`build/js/boards/virtual/guest.js`) or a folder of it; what they import follows.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transform } from 'esbuild'
import { XS_TARGET } from './build-xs.mjs'
import { hasSource, resolveImport, walk } from './modules.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Modules below a folder, or the module itself. The page of the face runs in a browser. */
function modulesAt(path) {
  if (!statSync(join(root, path)).isDirectory()) return [path]
  return readdirSync(join(root, path), { recursive: true })
    .map((name) => join(path, name))
    .filter((id) => id.endsWith('.js') && hasSource(id) && !id.startsWith('build/js/src/meter/face/page/'))
    .sort()
}

/** Compiled for the engine of the tests. */
async function compiled(id) {
  const { code } = await transform(readFileSync(join(root, id), 'utf8'), { ...XS_TARGET, format: 'esm' })
  return code
}

/** @returns {Promise<{id: string, source: string, imports: Record<string, string>}[]>} each compiled on its own; specifiers with what they mean */
async function deviceModules(entries) {
  const found = await walk(entries.flatMap(modulesAt), compiled)
  return [...found].map(([id, { source, specifiers }]) => {
    const imports = Object.fromEntries(specifiers.map((specifier) => [specifier, resolveImport(specifier, id)]))
    return { id, source, imports }
  })
}

const [output, ...entries] = process.argv.slice(2)
const path = resolve(root, output)
mkdirSync(dirname(path), { recursive: true })
writeFileSync(path, JSON.stringify(await deviceModules(entries)))
