// `npm run test:hil -- --port /dev/ttyUSB0 [--baud N] [--wiring FILE]`: the contract suites of hal/api at the pins and buses of a bridge board.
// Without a port it says `skipped: no board` and ends well.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const USAGE = 'Usage: npm run test:hil -- --port /dev/ttyUSB0 [--baud 115200] [--wiring wiring.json]   (docs/bridge.md)'
const NAMES = { '--port': 'FERRARIS_HIL_PORT', '--baud': 'FERRARIS_HIL_BAUD', '--wiring': 'FERRARIS_HIL_WIRING' }

function fail(reason) {
  process.stderr.write(`test:hil: ${reason}\n${USAGE}\n`)
  process.exit(2)
}

const env = { ...process.env }
const words = process.argv.slice(2)
for (let i = 0; i < words.length; i += 2) {
  const name = NAMES[words[i]]
  if (name === undefined) fail(`unknown option ${words[i]}`)
  if (words[i + 1] === undefined) fail(`${words[i]} needs a value`)
  env[name] = words[i + 1]
}
if (env.FERRARIS_HIL_BAUD !== undefined && !/^\d{3,8}$/.test(env.FERRARIS_HIL_BAUD)) fail(`--baud: found "${env.FERRARIS_HIL_BAUD}"`)
if (env.FERRARIS_HIL_WIRING !== undefined && !existsSync(env.FERRARIS_HIL_WIRING)) fail(`--wiring: no file ${env.FERRARIS_HIL_WIRING}`)
if (env.FERRARIS_HIL_PORT === undefined) {
  process.stdout.write('skipped: no board\n')
  process.exit(0)
}
const root = fileURLToPath(new URL('..', import.meta.url))
if (env.FERRARIS_HIL_WIRING !== undefined) env.FERRARIS_HIL_WIRING = resolve(env.FERRARIS_HIL_WIRING)
const vitest = resolve(root, 'node_modules/vitest/vitest.mjs')
const { status } = spawnSync(process.execPath, [vitest, 'run', 'test/hil/board.test.ts', '--reporter=verbose'], {
  cwd: root,
  env,
  stdio: 'inherit',
})
process.exit(status ?? 1)
