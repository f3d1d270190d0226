// Firmware for a board with an ESP32:
//   npm run build -- <board> [--config <file>] [--debug] [--link]
//   npm run flash -- <board> [--port <port>] [--config <file>] [--debug]
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { boardData, boardNames } from './boards.mjs'
import { link, linkEnvironment } from './link.mjs'
import { writeManifest } from './manifest.mjs'
import { missingTools, toolEnvironment } from './tools.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A line for a person, and the end. */
class Refused extends Error {}

function optionsOf(parameters, flash) {
  const options = { config: { type: 'string' }, debug: { type: 'boolean' }, link: { type: 'boolean' }, port: { type: 'string' } }
  if (flash) delete options.link
  else delete options.port
  const { values, positionals } = parseArgs({ args: parameters, options, allowPositionals: true })
  const [board, ...more] = positionals
  const known = boardNames()
  if (board === undefined || !known.includes(board) || more.length > 0) {
    const found = board === undefined ? 'a board is missing' : more.length > 0 ? 'one board at a time' : `there is no board "${board}"`
    throw new Refused(`${found}; boards:\n${known.map((name) => `  ${name}`).join('\n')}`)
  }
  return { board, flash, ...values }
}

/** The configuration that the firmware carries, checked by the same table as on the device. */
async function configOf(path) {
  if (path === undefined) return undefined
  let config
  try {
    config = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new Refused(`${path}: ${error.message}`)
  }
  const moduleOf = (name) => import(pathToFileURL(join(root, 'build/js', name)).href)
  const { ESP32_CONFIG } = await moduleOf('boards/esp32-config.js')
  const { validate } = await moduleOf('src/lib/schema-validate.js')
  const checked = validate(ESP32_CONFIG, config)
  if (!checked.ok) throw new Refused(checked.errors.map(({ text }) => `${path}: ${text}`).join('\n'))
  return config
}

/** Runs a program and shows what it says; false when it fails. */
function shown(command, options) {
  const [program, ...parameters] = command
  const { status, error } = spawnSync(program, parameters, { stdio: 'inherit', ...options })
  if (error !== undefined) throw new Refused(`${program}: ${error.message}`)
  return status === 0
}

/** `mcconfig` lower-cases the name of a platform, and with it the folder of the board: that is given relative to the manifest. */
function mcconfig({ board, debug }, folder, options, environment) {
  const platform = `esp32:${relative(folder, join(root, 'boards', board))
    .split('\\')
    .join('/')}`
  const command = ['mcconfig', ...(debug ? ['-d'] : []), ...options, '-p', platform, '-o', join(folder, 'out'), 'manifest.json']
  if (!shown(command, { cwd: folder, env: environment })) throw new Refused('mcconfig failed')
}

function showFigures({ archive_bytes, slots_bytes, names, aliases }) {
  const size = archive_bytes === undefined ? 'unknown without gcc -m32' : `${archive_bytes} bytes`
  console.log(`linked archive: ${size}, ${slots_bytes} of them slots; ${names} names, ${aliases} aliases`)
}

async function build(options) {
  const { board, flash, port, link: linkOnly = false } = options
  const { chip, flash_MiB } = await boardData(board)
  const { path, reached } = await writeManifest({ board, flash_MiB, config: await configOf(options.config) })
  const folder = join(path, '..')
  // The linker keeps the numbers of names from build to build: a firmware that can be made again begins without them.
  if (!options.debug) rmSync(join(folder, 'out'), { recursive: true, force: true })
  mkdirSync(join(folder, 'out'), { recursive: true })
  console.log(`${board}: ${reached.own.length} modules, ${reached.packages.length} packages`)
  const environment = toolEnvironment(process.env, root)
  if (!linkOnly) {
    const upload = port === undefined ? {} : { UPLOAD_PORT: port }
    mcconfig(options, folder, ['-m', '-t', 'build'], environment)
    if (flash) mcconfig(options, folder, ['-m', '-t', 'deploy'], { ...environment, ...upload })
    return
  }
  const linking = linkEnvironment(environment, join(root, 'build/firmware/idf'))
  mcconfig(options, folder, [], linking)
  const makefile = join(folder, `out/tmp/esp32/${board}/${options.debug ? 'debug' : 'release'}/${board}`)
  const linked = link({ folder: makefile, chip, environment: linking })
  if (!linked.ok) throw new Refused(`the linker refuses ${board}:\n${linked.output}`)
  showFigures(linked.figures)
}

function checkTools({ board, link: linkOnly }) {
  const missing = missingTools(process.env, { linkOnly })
  if (missing.length > 0) throw new Refused(`missing for ${board}:\n${missing.map((text) => `  ${text}`).join('\n')}`)
}

/** The project itself, so that the firmware is what its sources say. */
function buildProject() {
  if (!existsSync(join(root, 'node_modules'))) throw new Refused('run npm ci first')
  if (!shown([process.execPath, join(root, 'scripts/build.mjs')], { cwd: root })) throw new Refused('the project does not build')
}

/** @param {readonly string[]} parameters after the name of the script */
export async function buildFirmware(parameters, { flash = false } = {}) {
  try {
    const options = optionsOf(parameters, flash)
    checkTools(options)
    buildProject()
    await build(options)
  } catch (error) {
    if (!(error instanceof Refused) && error.code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') throw error
    console.error(error.message)
    process.exitCode = 1
  }
}
