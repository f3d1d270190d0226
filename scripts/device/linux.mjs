// Programs of the Moddable SDK for the command line of Linux: the virtual meter, and the contract suites on the engine of a device.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { missingTools, toolEnvironment } from './tools.mjs'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** What of Debian the programs need beside the SDK. */
const PACKAGES = [
  ['build-essential', 'make and gcc', ['sh', '-c', 'command -v make && command -v gcc']],
  ['libglib2.0-dev, pkg-config', 'the headers of GLib, and pkg-config', ['pkg-config', '--exists', 'gio-2.0']],
]

/** The environment of the SDK's tools. Ends the program with what is missing and where its instructions are. */
function sdk() {
  const missing = missingTools(process.env, { linkOnly: true })
  for (const [name, what, [program, ...parameters]] of PACKAGES) {
    if (spawnSync(program, parameters).status !== 0) missing.push(`${what}\n    Debian: ${name}`)
  }
  if (missing.length === 0) return toolEnvironment(process.env, root)
  console.error(`missing:\n${missing.map((text) => `  ${text}`).join('\n')}`)
  process.exit(1)
}

/** Modules of the SDK, which the linker adds. */
const OF_SDK = ['timer', 'time', 'crypt', 'ec', 'ecp', 'mont']

/** `hal/lin` has sockets of its own under the names of the SDK's. */
const sockets = {
  name: 'sockets',
  setup(build) {
    build.onResolve({ filter: /^embedded:io\/socket\// }, ({ path }) => ({
      path: join(root, 'hal/lin/socket', `${path.split('/').pop()}.ts`),
    }))
  },
}

/**
 * Makes one module of an entry and all that it imports. The linker has room for 8192 names; a meter with the world around it has more, until those that only
 * their own module sees are short and the same everywhere.
 */
async function bundle(entry, output, options = {}) {
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: output,
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    mainFields: ['module', 'main'],
    minifyIdentifiers: true,
    keepNames: false,
    legalComments: 'none',
    logLevel: 'warning',
    external: OF_SDK,
    ...options,
    plugins: [sockets, ...(options.plugins ?? [])],
  })
}

/** A program with parts of the SDK that `hal/esp32` uses on Linux. Its memory grows as far as the computer goes; a device has fixed sizes. */
function manifestOf(main, stack) {
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
      main,
    },
    creation: {
      static: 0,
      chunk: { initial: 1 << 22, incremental: 1 << 20 },
      heap: { initial: 1 << 17, incremental: 1 << 15 },
      stack,
      keys: { initial: 1024, incremental: 256 },
      main: 'main',
    },
  }
}

/** Builds `entry` as a program for the command line of Linux with `mcconfig`, in release. `stack` in slots; `options` are those of esbuild. Gives the path of the program. */
export async function buildProgram(name, entry, { stack = 1 << 15, ...options } = {}) {
  const env = sdk()
  const folder = join(root, 'build/moddable', name)
  const output = join(folder, 'out')
  mkdirSync(output, { recursive: true })
  await bundle(entry, join(folder, 'main.js'), options)
  const manifest = join(folder, 'manifest.json')
  writeFileSync(manifest, `${JSON.stringify(manifestOf(join(folder, 'main'), stack), null, 2)}\n`)
  // Always with a target: without one mcconfig starts and ends other programs.
  const result = spawnSync('mcconfig', ['-m', '-p', 'x-cli-lin', '-t', 'build', '-o', output, manifest], {
    cwd: folder,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  const program = join(output, 'bin/lin/release', name)
  if (result.status === 0 && existsSync(program)) return program
  console.error([result.stdout, result.stderr, result.error?.message].filter(Boolean).join('\n').trimEnd())
  console.error(`mcconfig could not build ${name}`)
  process.exit(1)
}
