// What building for an ESP32 needs beside Node, and where the instructions for what is missing are.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The SDK whose sources the HAL was written against, and the ESP-IDF that it asks for. */
const SDK_VERSION = '8.2'
const IDF_VERSION = 'v6.0'

const INSTRUCTIONS = {
  sdk: 'https://github.com/Moddable-OpenSource/moddable/blob/public/documentation/Moddable%20SDK%20-%20Getting%20Started.md',
  idf: 'https://github.com/Moddable-OpenSource/moddable/blob/public/documentation/devices/esp32.md',
}

const HOSTS = { linux: 'lin', darwin: 'mac', win32: 'win' }

/** Text of a file without its line end; empty where there is none. */
const textOf = (path) => (existsSync(path) ? readFileSync(path, 'utf8').trim() : '')

/** `v6.0` of an ESP-IDF: its tag, or the file that a release archive has instead. */
function idfVersion(folder) {
  const { status, stdout } = spawnSync('git', ['describe', '--always', '--abbrev=0'], { cwd: folder, encoding: 'utf8' })
  return (status === 0 ? stdout.trim() : '') || textOf(join(folder, 'version.txt'))
}

function missingSdk({ MODDABLE }) {
  if (!MODDABLE) return ['MODDABLE is not set: it names the folder of the Moddable SDK']
  if (!existsSync(join(MODDABLE, 'xs/sources/xs.h')) && !existsSync(join(MODDABLE, 'xs/includes/xs.h'))) {
    return [`MODDABLE is ${MODDABLE}, and no Moddable SDK is there`]
  }
  const found = textOf(join(MODDABLE, 'tools/VERSION'))
  const faults = []
  if (!found.startsWith(`${SDK_VERSION}.`)) faults.push(`the Moddable SDK is ${found || 'of an unknown version'}, ${SDK_VERSION} is needed`)
  if (mcconfig(MODDABLE) === undefined) faults.push(`the tools of the Moddable SDK are not built: ${MODDABLE}/build/bin has no mcconfig`)
  return faults
}

function missingIdf({ IDF_PATH }) {
  if (!IDF_PATH) return ['IDF_PATH is not set: it names the folder of ESP-IDF']
  if (!existsSync(join(IDF_PATH, 'export.sh')) && !existsSync(join(IDF_PATH, 'export.bat')))
    return [`IDF_PATH is ${IDF_PATH}, and no ESP-IDF is there`]
  const found = idfVersion(IDF_PATH)
  return found.startsWith(IDF_VERSION) ? [] : [`ESP-IDF is ${found || 'of an unknown version'}, ${IDF_VERSION} is needed`]
}

/** Path of `mcconfig`; undefined where it is not built. */
function mcconfig(MODDABLE) {
  const host = HOSTS[process.platform] ?? 'lin'
  const name = process.platform === 'win32' ? 'mcconfig.exe' : 'mcconfig'
  return ['release', 'debug'].map((kind) => join(MODDABLE, 'build/bin', host, kind, name)).find(existsSync)
}

/**
 * What is missing, each with where to read how to get it. Empty when all is there.
 * @param {NodeJS.ProcessEnv} environment
 * @param {{linkOnly?: boolean}} [options] linking needs no ESP-IDF
 */
export function missingTools(environment, { linkOnly = false } = {}) {
  const say = (faults, what) => faults.map((fault) => `${fault}\n    ${INSTRUCTIONS[what]}`)
  return [...say(missingSdk(environment), 'sdk'), ...(linkOnly ? [] : say(missingIdf(environment), 'idf'))]
}

/** The environment in which the SDK's tools find each other, and the TypeScript compiler of this project. */
export function toolEnvironment(environment, root) {
  const { MODDABLE, PATH = '' } = environment
  const folder = join(mcconfig(MODDABLE), '..')
  return { ...environment, PATH: [folder, join(root, 'node_modules/.bin'), PATH].join(delimiter) }
}
