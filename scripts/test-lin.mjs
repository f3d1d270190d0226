// Runs the contract suites inside a program of the Moddable SDK on Linux, on the engine and with the adapters of an ESP32: node scripts/test-lin.mjs [pattern]
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { buildProgram, root } from './device/linux.mjs'

/** The stand-ins of `test/lin` for Vitest and Node. */
const standIns = {
  name: 'stand-ins',
  setup(build) {
    build.onResolve({ filter: /^vitest$/ }, () => ({ path: join(root, 'test/lin/vitest.ts') }))
    build.onResolve({ filter: /^node:fs$/ }, () => ({ path: join(root, 'test/lin/globals.ts') }))
  },
}

const program = await buildProgram('contract', 'test/lin/main.ts', {
  // The suites spread whole windows of bytes onto the stack.
  stack: 1 << 17,
  inject: [join(root, 'test/lin/globals.ts')],
  define: { 'import.meta.url': JSON.stringify(join(root, 'test/contract/suite.ts')) },
  plugins: [standIns],
  // Their errors are read by people.
  minifyIdentifiers: false,
})
const { status } = spawnSync(program, process.argv.slice(2), { stdio: 'inherit' })
process.exitCode = status ?? 1
