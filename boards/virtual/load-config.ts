import { FerrarisError } from '../../src/lib/errors.ts'
import { validate } from '../../src/lib/schema-validate.ts'
import { meterConfigErrors } from '../../src/meter/config.ts'
import { measuredOn } from '../../src/meter/front-end/front-end.ts'
import { pulseConfigErrors } from '../../src/meter/front-end/pulse.ts'
import { waveformError } from '../../src/world/loads/appliances.ts'
import { parseTrace } from '../../src/world/loads/trace.ts'
import type { Recording } from '../../src/world/loads/trace-bytes.ts'
import { parseFlowTrace } from '../../src/world/pulse/flow-trace.ts'
import { VIRTUAL_CONFIG, type VirtualConfig } from './config.ts'
import { BOARDS, type BoardName } from './variants.ts'

/** What a command line says over its configuration file. */
export interface ConfigOptions {
  readonly configFile?: string
  readonly board?: BoardName
  readonly dlmsPort?: number
  readonly httpPort?: number
  readonly http: boolean
  readonly consolePort?: number
}

/** The files of whoever runs the meter. */
export interface ConfigFiles {
  /** The text of a file. Throws an error whose `code`, or else its message, is the name of the system's error. */
  read(path: string): string
  /** A path of the configuration file: relative to it. */
  beside(configFile: string | undefined, path: string): string
  /** Recordings of the package. */
  readonly household: string
  readonly water: string
}

function readText(files: ConfigFiles, path: string, what: string): string {
  try {
    return files.read(path)
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause)
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : text
    const reason = code === 'ENOENT' ? 'no such file' : code === 'EACCES' ? 'not readable' : code === 'EISDIR' ? 'is a folder' : code
    throw new FerrarisError('CONFIG', `${what} ${path}: ${reason}`, { cause })
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
  const { radio, device } = world.lorawan
  if (device !== undefined && (radio === 'SX1262' || radio === 'SX1276'))
    errors.push(`world.lorawan.radio: found "${radio}", allowed with a module at "${device}" is "RAK3172", "LoRa-E5" or "RN2483"`)
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

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new FerrarisError('CONFIG', `${path}: not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** The configuration of a run: the file, or all defaults, with the ports of the command line over it. Throws FerrarisError `CONFIG`. */
export function loadConfiguration(options: ConfigOptions, files: ConfigFiles): VirtualConfig {
  const { configFile, board, dlmsPort, httpPort, http, consolePort } = options
  const input = configFile === undefined ? {} : withoutSchema(parseJson(readText(files, configFile, 'configuration'), configFile))
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

/** The recorded load or flow that the configuration asks for; none where the package has none. Throws FerrarisError `TRACE` or `CONFIG`. */
export function loadTrace({ world, meter }: VirtualConfig, configFile: string | undefined, files: ConfigFiles): Recording | undefined {
  if (world.load === 'none') return undefined
  const own = world.trace === undefined ? undefined : files.beside(configFile, world.trace)
  const { metering } = BOARDS[world.board]
  const path = own ?? (metering.part !== 'PULSE' ? files.household : metering.medium === 'water' ? files.water : undefined)
  if (path === undefined) return undefined
  const text = readText(files, path, 'trace')
  return metering.part === 'PULSE' ? parseFlowTrace(text, path, meter.localTime.standardOffset_min) : parseTrace(text, path)
}
