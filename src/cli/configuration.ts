import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { VIRTUAL_CONFIG, type VirtualConfig } from '../../boards/virtual/config.ts'
import { BOARDS, type BoardName } from '../../boards/virtual/variants.ts'
import { FerrarisError } from '../lib/errors.ts'
import { jsonSchema } from '../lib/schema-json.ts'
import { validate } from '../lib/schema-validate.ts'
import { meterConfigErrors } from '../meter/config.ts'
import { measuredOn } from '../meter/front-end/front-end.ts'
import { pulseConfigErrors } from '../meter/front-end/pulse.ts'
import { waveformError } from '../world/loads/appliances.ts'
import { parseTrace } from '../world/loads/trace.ts'
import type { Recording } from '../world/loads/trace-bytes.ts'
import { parseFlowTrace } from '../world/pulse/flow-trace.ts'
import type { RunOptions } from './args.ts'

/** A recording of the package; the same place seen from the built module. */
const dataFile = (name: string) => fileURLToPath(new URL(`../../../../boards/virtual/data/${name}`, import.meta.url))
const HOUSEHOLD = dataFile('household_electricity_1min.csv')
const WATER = dataFile('household_water_1s.csv')

function readText(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    const reason = code === 'ENOENT' ? 'no such file' : code === 'EACCES' ? 'not readable' : code === 'EISDIR' ? 'is a folder' : code
    throw new FerrarisError('CONFIG', `${what} ${path}: ${reason}`, { cause })
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new FerrarisError('CONFIG', `${path}: not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** The configuration of a run: the file, or all defaults, with the ports of the command line over it. Throws FerrarisError `CONFIG`. */
export function loadConfiguration(options: RunOptions): VirtualConfig {
  const { configFile, board, dlmsPort, httpPort, http, consolePort } = options
  const input = configFile === undefined ? {} : withoutSchema(parseJson(readText(configFile, 'configuration'), configFile))
  const result = validate(VIRTUAL_CONFIG, input)
  const errors = result.ok ? configurationErrors(withBoard(result.value, board)) : result.errors.map(({ text }) => text)
  if (!result.ok || errors.length > 0) {
    throw new FerrarisError('CONFIG', errors.map((text) => (configFile === undefined ? text : `${configFile}: ${text}`)).join('\n'))
  }
  const { meter, world } = withBoard(result.value, board)
  return {
    world: { ...world, consolePort: consolePort ?? world.consolePort },
    meter: {
      ...meter,
      dlms: { ...meter.dlms, port: dlmsPort ?? meter.dlms.port },
      face: { ...meter.face, port: httpPort ?? meter.face.port, enabled: http && meter.face.enabled },
    },
  }
}

/** The board of the command line goes before that of the file. */
function withBoard({ meter, world }: VirtualConfig, board: BoardName | undefined): VirtualConfig {
  return { meter, world: { ...world, board: board ?? world.board } }
}

/** What depends on more than one field. */
export function configurationErrors({ meter, world }: VirtualConfig): string[] {
  const { phases, metering } = BOARDS[world.board]
  const errors = meterConfigErrors(meter, measuredOn(metering, meter)).map((text) => `meter.${text}`)
  if (metering.part === 'PULSE') errors.push(...pulseConfigErrors(metering, meter).map((text) => `meter.${text}`))
  for (const [index, { phase }] of (world.appliances ?? []).entries()) {
    if (phase !== 'all' && phase > phases)
      errors.push(`world.appliances[${index}].phase: found ${phase}, allowed with the board "${world.board}" is 1 or "all"`)
  }
  for (const [index, appliance] of (world.appliances ?? []).entries()) {
    const wrong = waveformError(appliance)
    if (wrong !== undefined) errors.push(`world.appliances[${index}].samples: ${wrong}`)
  }
  const ids = (world.appliances ?? []).map(({ id }) => id)
  for (const [index, id] of ids.entries()) {
    if (ids.indexOf(id) !== index) errors.push(`world.appliances[${index}].id: found "${id}" twice`)
  }
  return errors
}

/** `$schema` tells an editor where the schema is and means nothing to us. */
function withoutSchema(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input
  const { $schema: _, ...rest } = input as Record<string, unknown>
  return rest
}

/** The recorded load or flow that the configuration asks for; none where the package has none. Throws FerrarisError `TRACE` or `CONFIG`. */
export function loadTrace({ world, meter }: VirtualConfig, configFile: string | undefined): Recording | undefined {
  if (world.load === 'none') return undefined
  const own = world.trace === undefined ? undefined : resolve(configFile === undefined ? '.' : dirname(configFile), world.trace)
  const { metering } = BOARDS[world.board]
  const path = own ?? (metering.part !== 'PULSE' ? HOUSEHOLD : metering.medium === 'water' ? WATER : undefined)
  if (path === undefined) return undefined
  const text = readText(path, 'trace')
  return metering.part === 'PULSE' ? parseFlowTrace(text, path, meter.localTime.standardOffset_min) : parseTrace(text, path)
}

/** The published JSON Schema. */
export function configurationSchema(): string {
  const document = jsonSchema(VIRTUAL_CONFIG, { id: 'https://ferraris.invalid/config.schema.json', title: 'Configuration of ferraris run' })
  return `${JSON.stringify(document, null, 2)}\n`
}
