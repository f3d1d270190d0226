// What the scripts for the Moddable SDK share: whether it is there, which modules a program has, and its manifest.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'oxc-parser'

export const root = fileURLToPath(new URL('..', import.meta.url))

const INSTRUCTIONS = 'https://github.com/Moddable-OpenSource/moddable/blob/public/documentation/Moddable%20SDK%20-%20Getting%20Started.md'

/** The folder of the SDK, and the environment its tools run in. Ends the program with what is missing and where its instructions are. */
export function sdk() {
  const folder = process.env.MODDABLE
  const missing = []
  if (!folder) missing.push('MODDABLE is not set: the folder of the Moddable SDK (8.2)')
  else if (!existsSync(join(folder, 'xs/sources/xsAll.h'))) missing.push(`MODDABLE=${folder} is no Moddable SDK`)
  for (const tool of ['mcconfig', 'xsc', 'xsl', 'make', 'gcc']) {
    if (spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0) missing.push(`${tool} is not on the PATH`)
  }
  if (spawnSync('pkg-config', ['--exists', 'gio-2.0']).status !== 0)
    missing.push('the headers of GLib (Debian: libglib2.0-dev) or pkg-config')
  if (missing.length > 0) {
    console.error(`missing:\n${missing.map((line) => `  ${line}`).join('\n')}\nInstructions, section Linux: ${INSTRUCTIONS}`)
    process.exit(1)
  }
  return folder
}

/** Specifiers of imports and re-exports. */
export function specifiersOf(path, code) {
  const { module } = parseSync(path, code)
  const exported = module.staticExports.flatMap(({ entries }) => entries.map(({ moduleRequest }) => moduleRequest?.value))
  const all = [...module.staticImports.map(({ moduleRequest }) => moduleRequest.value), ...exported]
  return [...new Set(all.filter((specifier) => specifier !== undefined))]
}

/** The modules below `build/js` that entries need, by their names there without extension; what else is imported has to come from the SDK. */
export function modulesFrom(...entries) {
  const found = new Map()
  const outside = new Set()
  const waiting = entries.map((entry) => join('build/js', entry))
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const name = relative('build/js', path).replace(/\.js$/, '')
    if (found.has(name)) continue
    found.set(name, join(root, path).replace(/\.js$/, ''))
    for (const specifier of specifiersOf(path, readFileSync(join(root, path), 'utf8'))) {
      if (specifier.startsWith('.')) waiting.push(join(dirname(path), specifier))
      else outside.add(specifier)
    }
  }
  return { modules: Object.fromEntries([...found].sort()), outside: [...outside].sort() }
}

const SOCKETS = ['tcp', 'listener', 'udp']

/** Parts of the SDK that `hal/esp32` uses on Linux, and what `hal/lin` has instead of them. */
function linux(folder) {
  for (const name of SOCKETS) writeFileSync(join(folder, `${name}.js`), `export { default } from 'hal/lin/socket/${name}'\n`)
  return {
    build: { MODULES: '$(MODDABLE)/modules', HAL: join(root, 'hal/lin/native') },
    modules: {
      '*': [
        '$(HAL)/*',
        '$(MODULES)/base/timer/timer',
        '$(MODULES)/base/timer/lin/*',
        '$(MODULES)/base/timer/modTimer',
        '$(MODULES)/base/time/time',
        '$(MODULES)/base/time/lin/*',
        '$(MODULES)/base/instrumentation/*',
        '$(MODULES)/crypt/digest/*',
        '$(MODULES)/crypt/digest/kcl/*',
        '$(MODULES)/crypt/arith/*',
      ],
      ...Object.fromEntries(SOCKETS.map((name) => [`embedded:io/socket/${name}`, join(folder, name)])),
    },
    // Grows as far as the computer goes; a device has fixed sizes.
    creation: {
      static: 0,
      chunk: { initial: 1 << 22, incremental: 1 << 20 },
      heap: { initial: 1 << 17, incremental: 1 << 15 },
      keys: { initial: 1024, incremental: 256 },
    },
  }
}

/** Builds a program for the command line of Linux with `mcconfig`, in release. `main` is the name of its first module, `stack` in slots. Gives the path of the program. */
export function buildProgram(name, main, modules, stack = 4096) {
  const MODDABLE = sdk()
  const folder = join(root, 'build/moddable', name)
  const output = join(folder, 'out')
  mkdirSync(output, { recursive: true })
  const base = linux(folder)
  const own = modulesFrom(...SOCKETS.map((socket) => `hal/lin/socket/${socket}.js`)).modules
  const manifest = { ...base, modules: { ...base.modules, ...own, ...modules }, creation: { ...base.creation, stack, main } }
  writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  // Always with a target: without one mcconfig starts and ends other programs.
  const result = spawnSync('mcconfig', ['-m', '-p', 'x-cli-lin', '-t', 'build', '-o', output, join(folder, 'manifest.json')], {
    cwd: folder,
    env: { ...process.env, MODDABLE },
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  const program = join(output, 'bin/lin/release', name)
  if (result.status === 0 && existsSync(program)) return program
  console.error([result.stdout, result.stderr, result.error?.message].filter(Boolean).join('\n').trimEnd())
  console.error(`mcconfig could not build ${name}`)
  process.exit(1)
}
