// Memory of the firmware as a device has it: linked and preloaded by the Moddable SDK, on XS in 32 bits. Called by `npm run budget -- --sdk [--write | --fit]`; needs `npm run build` before.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { reachedBy, writeModules } from './device/manifest.mjs'
import { missingTools, toolEnvironment } from './device/tools.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const NAME = 'budget'
const MAIN = 'bench/sdk-guest'
const from = `build/moddable/${NAME}`
const folder = join(root, from)
const PAGE = join(root, 'docs/budget.md')
const BEGIN = '<!-- sdk -->\n'
const END = '\n<!-- end of sdk -->'
const SLOT_B = 16

/** So large that the collector runs only when it is asked to. */
const CREATION = {
  static: 0,
  chunk: { initial: 1 << 27, incremental: 1 << 24 },
  heap: { initial: 1 << 21, incremental: 1 << 18 },
  stack: 1 << 14,
  keys: { initial: 256, incremental: 64 },
  main: MAIN,
}

/** The memory of a board, no more: what does not fit ends the program. */
const boardCreation = () => ({ ...JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8')).creation, main: MAIN })

function fail(text) {
  console.error(text)
  process.exit(1)
}

function run(command, options) {
  const [program, ...parameters] = command
  const result = spawnSync(program, parameters, { encoding: 'utf8', maxBuffer: 1 << 28, ...options })
  if (result.status === 0) return result.stdout
  return fail([result.stdout, result.stderr, result.error?.message, `${program} failed`].filter(Boolean).join('\n'))
}

/** Nothing fails where there is no SDK: the table stays as it is. */
function environment() {
  const missing = missingTools(process.env, { linkOnly: true })
  const probe = ['-m32', '-x', 'c', '-', '-o', '/dev/null']
  const compiles = spawnSync('gcc', probe, { input: '#include <stdio.h>\nint main(void) { return 0; }\n' }).status === 0
  if (!compiles) missing.push('gcc -m32\n    Debian: gcc-multilib')
  if (missing.length === 0) return toolEnvironment(process.env, root)
  console.log(`skipped, missing:\n${missing.map((text) => `  ${text}`).join('\n')}`)
  process.exit(0)
}

/** Bytecode, preloaded objects, C tables: what the SDK does before any C is compiled. Gives the folder of `mc.xs.c`. */
async function linked(env, creation) {
  const { own } = await reachedBy(`build/js/${MAIN}.js`)
  await writeModules(own, `${from}/modules`)
  const names = own.map((id) => id.slice('build/js/'.length).replace(/\.js$/, ''))
  const crypt = '$(MODDABLE)/modules/crypt'
  const manifest = {
    modules: {
      '*': [join(root, 'bench/sdk/host'), `${crypt}/digest/*`, `${crypt}/digest/kcl/*`, `${crypt}/arith/*`],
      ...Object.fromEntries(names.map((name) => [name, join(folder, 'modules', name)])),
    },
    preload: [...names.filter((name) => name !== MAIN), 'crypt', 'ec', 'ecp', 'modular', 'mont'],
    strip: '*',
    creation,
  }
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest, undefined, 2))
  // The linker keeps the numbers of names from build to build.
  rmSync(join(folder, 'out'), { recursive: true, force: true })
  mkdirSync(join(folder, 'out'), { recursive: true })
  // Without -m it only writes the makefile.
  run(['mcconfig', '-p', 'x-cli-lin', '-o', join(folder, 'out'), join(folder, 'manifest.json')], { cwd: folder, env })
  const target = join(folder, 'out/tmp/lin/release', NAME)
  run(['make', '-f', join(target, 'makefile'), join(target, 'mc.xs.c')], { cwd: folder, env })
  return target
}

/** The engine and the program in 32 bits. Gives the program, and the bytes of the linked archive. */
function compiled(target, { MODDABLE }) {
  const objects = join(folder, 'objects')
  rmSync(objects, { recursive: true, force: true })
  mkdirSync(objects, { recursive: true })
  const xs = (name) => join(MODDABLE, 'xs', name)
  const crypt = join(MODDABLE, 'modules/crypt')
  const sourcesIn = (path) =>
    readdirSync(path)
      .filter((name) => name.endsWith('.c'))
      .map((name) => join(path, name))
  const includes = [
    target,
    ...['includes', 'platforms', 'sources'].map(xs),
    join(root, 'bench/sdk'),
    join(crypt, 'digest/kcl'),
    join(crypt, 'arith'),
  ]
  const defines = ['INCLUDE_XSPLATFORM=1', 'XSPLATFORM="platform.h"', 'XS_ARCHIVE=1', 'mxStringInfoCacheLength=4', '_RELEASE=1']
  const options = ['-m32', '-O1', '-w', '-c', ...defines.map((name) => `-D${name}`), ...includes.map((path) => `-I${path}`)]
  // The sources that the SDK itself makes a program of, without what is for Linux.
  const fragment = readFileSync(join(MODDABLE, 'tools/mcconfig/make.x-cli-lin.mk'), 'utf8')
  const engine = [...fragment.matchAll(/\$\(LIB_DIR\)\/(\w+\.c)\.o/g)].map((match) => match[1]).filter((name) => name !== 'lin_xs.c')
  const sources = [
    ...engine.map((name) => join(xs('sources'), name)),
    ...['digest', 'digest/kcl', 'arith'].flatMap((name) => sourcesIn(join(crypt, name))),
    join(root, 'bench/sdk/host.c'),
    join(target, 'mc.xs.c'),
  ]
  for (const source of sources) run(['gcc', ...options, source, '-o', join(objects, `${basename(source)}.o`)])
  const program = join(folder, NAME)
  run(['gcc', '-m32', ...readdirSync(objects).map((name) => join(objects, name)), '-lm', '-lpthread', '-latomic', '-o', program])
  const [text, data] = run(['size', join(objects, 'mc.xs.c.o')])
    .split('\n')[1]
    .trim()
    .split(/\s+/)
  return { program, archive_B: Number(text) + Number(data) }
}

function commitOf({ MODDABLE }) {
  const { stdout, status } = spawnSync('git', ['rev-parse', '--short=7', 'HEAD'], { cwd: MODDABLE, encoding: 'utf8' })
  const version = readFileSync(join(MODDABLE, 'tools/VERSION'), 'utf8').trim()
  return status === 0 ? `${version}, commit ${stdout.trim()}` : version
}

const grouped = (value) => value.toLocaleString('en-US')

function cellsOf({ slots, chunks_B }) {
  return [grouped(slots), grouped(chunks_B), `${((SLOT_B * slots + chunks_B) / 1000).toFixed(1)} KB`]
}

function table({ engine, sets }, archive_B, sdk) {
  const head = ['memory', 'slots', 'bytes of chunks', 'together']
  const rows = [['the engine before the meter is made', ...cellsOf(engine)]]
  for (const { name, rest, peak } of sets) {
    const plus = name === 'metering' ? 'meter with metering' : `+ ${name}`
    rows.push([`${plus}, at rest`, ...cellsOf(rest)], [`${plus}, at peak`, ...cellsOf(peak)])
  }
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((cells) => cells[i].length)))
  const line = (cells) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`
  const ruled = [head, widths.map((width) => '-'.repeat(width)), ...rows].map(line)
  return `${ruled.join('\n')}\n\nModdable SDK ${sdk}; linked archive of all that with its measuring parts: ${grouped(archive_B)} bytes, in flash.`
}

function write(text) {
  const page = readFileSync(PAGE, 'utf8')
  const [before] = page.split(BEGIN)
  writeFileSync(PAGE, `${before}${BEGIN}\n${text}\n${page.slice(page.indexOf(END))}`)
}

const [option, ...more] = process.argv.slice(2)
if (more.length > 0 || (option !== undefined && option !== '--write' && option !== '--fit')) {
  fail('Usage: npm run budget -- --sdk [--write | --fit]')
}
const env = environment()
const { program, archive_B } = compiled(await linked(env, option === '--fit' ? boardCreation() : CREATION), env)
const text = table(JSON.parse(run([program])), archive_B, commitOf(env))
console.log(text)
if (option === '--write') write(text)
