// Builds the project: the page, then every TypeScript project, then the bundles for the XS engine and the firmware slots. Prints only when a step fails.
// With the name of a board: its firmware (scripts/device/main.mjs), or the program for Linux (scripts/build-lin.mjs).
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The order matters: the page becomes a module that TypeScript compiles, and the bundle is made of what it compiled. */
const steps = [
  ['page', 'scripts/build-face.mjs'],
  ['types and modules', 'node_modules/typescript/bin/tsc', '-b'],
  ['XS bundle', 'scripts/build-xs.mjs'],
  ['firmware image', 'scripts/build-firmware.mjs'],
]

const board = process.argv.slice(2)
if (board.length === 1 && board[0] === 'lin') {
  await import('./build-lin.mjs')
  process.exit()
}
if (board.length > 0) {
  const { buildFirmware } = await import('./device/main.mjs')
  await buildFirmware(board)
  process.exit()
}

for (const [name, script, ...options] of steps) {
  const own = script.startsWith('scripts/')
  if (!existsSync(new URL(`../${script}`, import.meta.url))) {
    if (own) continue
    console.error(`build: ${script} is missing; install with npm ci, with the development dependencies`)
    process.exit(1)
  }
  const result = spawnSync(process.execPath, [script, ...options], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 })
  if (result.status === 0) continue
  console.error(`build: ${name} failed (${script})`)
  console.error([result.stdout, result.stderr, result.error?.message].filter(Boolean).join('\n').trimEnd())
  process.exit(1)
}
