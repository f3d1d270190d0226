// Links the modules of a board on the PC, as the SDK does before any C is compiled: bytecode, preloaded objects, stripped built-ins.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The linked archive as C asks for the headers of the network stack, and places what it has with these; for its size neither counts. */
const EMPTY_HEADERS = ['lwip/netdb.h', 'lwip/inet.h']
const PLACES = ['FLASH', 'FLASH1', 'RODATA', 'XS6RO', 'XS6RO2', 'XS6STRING', 'STORAGE', 'RAM'].map(
  (place) => `#define ICACHE_${place}_ATTR\n`,
)
const SLOT_BYTES = 16

function run(command, options) {
  const [program, ...parameters] = command
  const result = spawnSync(program, parameters, { encoding: 'utf8', maxBuffer: 1 << 28, ...options })
  const output = [result.stdout, result.stderr, result.error?.message].filter(Boolean).join('\n')
  return { ok: result.status === 0, output }
}

/** A git repository with the tag of ESP-IDF: all that the SDK looks at before it needs a C compiler. */
function standInForIdf(folder, version) {
  mkdirSync(folder, { recursive: true })
  const git = (...parameters) => run(['git', '-c', 'user.name=build', '-c', 'user.email=build@localhost', ...parameters], { cwd: folder })
  git('init', '-q')
  git('commit', '-q', '--allow-empty', '-m', 'Tag for mcconfig')
  git('tag', '-f', version)
  return folder
}

/** Bytes of the archive in a 32-bit object; undefined without a compiler for it. */
function archiveBytes(folder, MODDABLE) {
  const stand = join(folder, 'headers')
  mkdirSync(join(stand, 'lwip'), { recursive: true })
  for (const name of EMPTY_HEADERS) writeFileSync(join(stand, name), '')
  writeFileSync(join(stand, 'places.h'), PLACES.join(''))
  const includes = [stand, folder, ...['includes', 'platforms/esp', 'sources'].map((name) => join(MODDABLE, 'xs', name))]
  const object = join(folder, 'archive.o')
  const options = ['-m32', '-Os', '-w', '-c', '-include', join(stand, 'places.h'), '-DmxUseDefaultSharedChunks=1']
  const compiled = run(['gcc', ...options, ...includes.map((name) => `-I${name}`), join(folder, 'mc.xs.c'), '-o', object], {})
  if (!compiled.ok) return undefined
  const [text, data] = run(['size', object], {}).output.split('\n')[1].trim().split(/\s+/)
  return Number(text) + Number(data)
}

/**
 * Links a board that `mcconfig` has made a makefile for.
 * @param {{folder: string, chip: string, environment: NodeJS.ProcessEnv}} options `folder`: of the makefile
 * @returns {{ok: boolean, output: string, figures?: object}} figures: what the linked archive has; bytes are absent without a 32-bit compiler
 */
export function link({ folder, chip, environment }) {
  // The rule of the archive waits for the configuration of ESP-IDF, which does not change it.
  const config = join(folder, `xsProj-${chip}/build/config`)
  mkdirSync(config, { recursive: true })
  writeFileSync(join(config, 'sdkconfig.h'), '')
  const linked = run(['make', '-f', join(folder, 'makefile'), join(folder, 'mc.xs.c')], { env: environment })
  if (!linked.ok) return linked
  const code = readFileSync(join(folder, 'mc.xs.c'), 'utf8')
  const count = (name) => Number(new RegExp(`#define mx${name}Count (\\d+)`).exec(code)?.[1])
  const figures = {
    archive_bytes: archiveBytes(folder, environment.MODDABLE),
    slots_bytes: SLOT_BYTES * count('Heap'),
    names: count('Keys'),
    aliases: count('Alias'),
  }
  return { ...linked, figures }
}

/** Environment for linking without ESP-IDF. */
export function linkEnvironment(environment, folder, version = 'v6.0') {
  return { ...environment, IDF_PATH: standInForIdf(folder, version) }
}
