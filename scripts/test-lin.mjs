// Runs the contract suites inside a program of the Moddable SDK on Linux, on the engine and with the adapters of an ESP32: node scripts/test-lin.mjs [pattern]
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { buildProgram, root } from './moddable.mjs'

const NAME = 'contract'
const folder = join(root, 'build/moddable', NAME)

/** The stand-ins of `test/lin` for Vitest and Node. */
const standIns = {
  name: 'stand-ins',
  setup(build) {
    build.onResolve({ filter: /^vitest$/ }, () => ({ path: join(root, 'test/lin/vitest.ts') }))
    build.onResolve({ filter: /^node:fs$/ }, () => ({ path: join(root, 'test/lin/globals.ts') }))
  },
}

mkdirSync(folder, { recursive: true })
await build({
  absWorkingDir: root,
  entryPoints: ['test/lin/main.ts'],
  outfile: join(folder, 'main.js'),
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  mainFields: ['module', 'main'],
  // Parts of the SDK.
  external: ['timer', 'time', 'crypt', 'ec', 'ecp', 'mont', 'embedded:*'],
  inject: [join(root, 'test/lin/globals.ts')],
  define: { 'import.meta.url': JSON.stringify(join(root, 'test/contract/suite.ts')) },
  plugins: [standIns],
  logLevel: 'warning',
})
// The suites spread whole windows of bytes onto the stack.
const program = buildProgram(NAME, 'main', { main: join(folder, 'main') }, 1 << 17)
const { status } = spawnSync(program, process.argv.slice(2), { stdio: 'inherit' })
process.exitCode = status ?? 1
