// The Moddable manifest of a board: exactly the modules that its main program reaches.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, transform } from 'esbuild'
import { resolveImport, walk } from '../modules.mjs'
import { SDK_MODULES } from './sdk-modules.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const COMPILED = 'build/js/'

/** The linker resolves a relative import against the name of the module that has it, so a module's name is its path; it ignores `.js` at the end. */
const nameOf = (specifier) => specifier.replace(/\.js$/, '')

const nameOfOwn = (id) => nameOf(id.slice(COMPILED.length))

const isRelative = (specifier) => specifier.startsWith('.')

/**
 * What a main program reaches.
 * @param {string} main path of the compiled module from the root
 * @returns {Promise<{own: string[], packages: string[], sdk: string[]}>} own modules by path; specifiers of npm packages and of the SDK
 */
export async function reachedBy(main) {
  const found = await walk([main], undefined, (specifier, from) => (isRelative(specifier) ? resolveImport(specifier, from) : undefined))
  const foreign = [...new Set([...found.values()].flatMap(({ specifiers }) => specifiers.filter((specifier) => !isRelative(specifier))))]
  const isSdk = (specifier) => specifier in SDK_MODULES
  return {
    own: [...found.keys()].sort(),
    packages: foreign.filter((specifier) => !isSdk(specifier)).sort(),
    sdk: foreign.filter(isSdk).sort(),
  }
}

/** Each module with short names inside: the linker keeps the names of all variables that functions share, thousands of them, in flash. */
export async function writeModules(own, folder) {
  rmSync(join(root, folder), { recursive: true, force: true })
  for (const id of own) {
    const path = join(root, folder, `${nameOfOwn(id)}.js`)
    const options = { format: 'esm', target: 'es2022', minifyIdentifiers: true, minifySyntax: true, legalComments: 'none' }
    const { code } = await transform(readFileSync(join(root, id), 'utf8'), options)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, code)
  }
}

/** Where the bundle of a package's module goes. */
const vendorOf = (specifier) => `build/vendor/${nameOf(specifier)}.js`

/** Bundles each package on its own: without its imports, in the language that the SDK's compiler takes. */
async function bundlePackages(packages) {
  for (const specifier of packages) {
    await build({
      absWorkingDir: root,
      entryPoints: [specifier],
      outfile: join(root, vendorOf(specifier)),
      bundle: true,
      format: 'esm',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      target: 'es2022',
      legalComments: 'none',
      logLevel: 'warning',
    })
  }
}

/** What the SDK's modules ask for, each thing once. */
function sdkParts(specifiers) {
  const parts = specifiers.map((specifier) => SDK_MODULES[specifier])
  const once = (name) => [...new Set(parts.flatMap((part) => part[name] ?? []))]
  const modules = {}
  for (const [name, source] of parts.flatMap((part) => Object.entries(part.modules ?? {}))) {
    modules[name] = [...new Set([...(modules[name] ?? []), source])]
  }
  return { include: once('include'), preload: once('preload'), modules }
}

/**
 * The manifest, as an object.
 * @param {{main: string, reached: Awaited<ReturnType<typeof reachedBy>>, config?: object, partitions?: string}} options `partitions`: table by path from the root
 */
export function manifestOf({ main, reached, from, config, partitions }) {
  const pathTo = (path) => `./${relative(join(root, from), join(root, path)).split(/[\\/]/).join('/')}`
  const sdk = sdkParts(reached.sdk)
  const modules = Object.fromEntries([
    ...reached.own.map((id) => [nameOfOwn(id), `./modules/${nameOfOwn(id)}.js`]),
    ...reached.packages.map((specifier) => [nameOf(specifier), pathTo(vendorOf(specifier))]),
  ])
  return {
    include: ['manifest.json', ...sdk.include].map((path) => (path.startsWith('$') ? path : pathTo(path))),
    ...(partitions === undefined ? {} : { build: { SDKCONFIGPATH: './sdkconfig', PARTITIONS_FILE: pathTo(partitions) } }),
    modules: { ...modules, ...sdk.modules },
    // The body of the main program starts the meter; every other one runs when the image is linked, and what it makes lies in flash.
    preload: [...Object.keys(modules).filter((name) => name !== nameOfOwn(main)), ...sdk.preload],
    creation: { main: nameOfOwn(main) },
    ...(config === undefined ? {} : { config }),
  }
}

/** Settings of ESP-IDF: ours, then those of the size of the flash, then those of the board. */
function sdkconfigOf(board, flash_MiB) {
  const size = flash_MiB === 4 ? [] : ['CONFIG_ESPTOOLPY_FLASHSIZE_4MB=n', `CONFIG_ESPTOOLPY_FLASHSIZE_${flash_MiB}MB=y`]
  const textOf = (path) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '')
  return [textOf('hal/esp32/sdkconfig.defaults'), ...size, textOf(`boards/${board}/sdkconfig.defaults`), ''].join('\n')
}

/**
 * Writes the manifest of a board, with all that it names.
 * @param {{board: string, flash_MiB: number, config?: object}} options
 * @returns {Promise<{path: string, reached: Awaited<ReturnType<typeof reachedBy>>}>}
 */
export async function writeManifest({ board, flash_MiB, config }) {
  const main = `${COMPILED}boards/${board}/main.js`
  const from = `build/firmware/${board}`
  const reached = await reachedBy(main)
  await writeModules(reached.own, `${from}/modules`)
  await bundlePackages(reached.packages)
  mkdirSync(join(root, from, 'sdkconfig'), { recursive: true })
  writeFileSync(join(root, from, 'sdkconfig/sdkconfig.defaults'), sdkconfigOf(board, flash_MiB))
  const manifest = manifestOf({ main, reached, from, config, partitions: `hal/esp32/partitions/${flash_MiB}MiB.csv` })
  const path = join(root, from, 'manifest.json')
  writeFileSync(path, `${JSON.stringify(manifest, undefined, 2)}\n`)
  return { path, reached }
}
