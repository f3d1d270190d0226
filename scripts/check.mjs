// `npm run check`: everything that must be clean and is not a test. One line per step; a failing step also shows what it found.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const ROOMS = ['hal', 'src', 'boards', 'test', 'bench']
const MAX_LINES = 800

/** What a person leaves behind by mistake. A waiver of the type checker or the linter is one too: the code is to change, not the check. */
const LEFTOVERS = [
  [/\b(describe|test|it|suite|bench)(\.\w+)*\.only\b/, 'focused test'],
  [/\b(describe|test|it|suite)\.todo\b/, 'test that is not written'],
  [/@ts-(ignore|expect-error|nocheck)|biome-ignore/, 'waiver'],
  [/\b(TODO|FIXME|HACK)\b/, 'unfinished work'],
  [/^\s*debugger\b/, 'debugger'],
]

/** @returns {{ok: boolean, output: string}} */
function run(command, ...options) {
  const result = spawnSync(process.execPath, [command, ...options], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 })
  return { ok: result.status === 0, output: [result.stdout, result.stderr, result.error?.message].filter(Boolean).join('\n') }
}

function sources() {
  const below = (folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !/[\\/](node_modules|build)([\\/]|$)/.test(entry.parentPath))
      .map((entry) => join(entry.parentPath, entry.name))
  return ROOMS.filter((folder) => existsSync(join(root, folder))).flatMap(below)
}

function scan(find) {
  const faults = sources().flatMap((path) => find(path.slice(root.length), readFileSync(path, 'utf8').split('\n')))
  return { ok: faults.length === 0, output: faults.join('\n') }
}

function leftovers() {
  return scan((path, lines) =>
    lines.flatMap((line, i) =>
      LEFTOVERS.filter(([pattern]) => pattern.test(line)).map(([, what]) => `${path}:${i + 1}: ${what}: ${line.trim()}`),
    ),
  )
}

function sizes() {
  return scan((path, lines) =>
    lines.length > MAX_LINES && !path.endsWith('-table.ts')
      ? [`${path}: ${lines.length} lines, at most ${MAX_LINES} (tables: name it *-table.ts)`]
      : [],
  )
}

function configSchema() {
  const made = run('build/js/src/cli/main.js', 'config-schema')
  if (!made.ok) return made
  const path = join(root, 'docs/config.schema.json')
  const same = existsSync(path) && readFileSync(path, 'utf8').trim() === made.output.trim()
  return {
    ok: same,
    output:
      'docs/config.schema.json is not what the configuration says; make it again with\n  npx ferraris config-schema > docs/config.schema.json',
  }
}

/** What the firmware costs on XS, against docs/budget.json. */
async function budget() {
  const { xsnapWorkerIfBuilt } = await import('../build/js/src/cli/xs/binary.js')
  return xsnapWorkerIfBuilt() === undefined ? { ok: true, output: 'skipped: xsnap is not built' } : run('build/js/bench/budget.js')
}

const page = 'src/meter/face/page/tsconfig.json'
const steps = [
  ['types', () => run('node_modules/typescript/bin/tsc', '-b')],
  existsSync(join(root, page)) && ['types of the page', () => run('node_modules/typescript/bin/tsc', '-p', page, '--noEmit')],
  ['style', () => run('node_modules/@biomejs/biome/bin/biome', 'ci', '--colors=off', '--max-diagnostics=50', '.')],
  ['unused code', () => run('node_modules/knip/bin/knip.js', '--no-progress')],
  ['leftovers', leftovers],
  ['sizes of files', sizes],
  existsSync(join(root, 'src/cli/main.ts')) && ['configuration schema', configSchema],
  ['budget', budget],
].filter(Boolean)

let failed = 0
for (const [name, step] of steps) {
  const start = performance.now()
  const { ok, output } = await step()
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`)
  if (ok && !output.startsWith('skipped')) continue
  if (!ok) failed++
  console.log(output.trimEnd())
}
process.exitCode = failed === 0 ? 0 : 1
