import { readFileSync } from 'node:fs'
import type { VirtualConfig } from '../../boards/virtual/config.ts'
import { loadConfiguration, loadTrace } from '../../boards/virtual/load-config.ts'
import type { WorldService } from '../../boards/virtual/machine.ts'
import { Pace } from '../../boards/virtual/pace.ts'
import { totals } from '../../boards/virtual/report.ts'
import type { SessionEvent, Summary } from '../../boards/virtual/session.ts'
import { createHostNetwork, type HostNetwork } from '../../hal/host/sockets.ts'
import { createHostTimer } from '../../hal/host/time.ts'
import { FerrarisError } from '../lib/errors.ts'
import { formatDuration, formatInstant } from '../lib/iso8601.ts'
import { DEMO_SECRET } from '../meter/config.ts'
import { PUBLIC_CLIENT, READING_CLIENT } from '../meter/views/dlms.ts'
import { isFlow } from '../world/loads/trace-bytes.ts'
import type { RunOptions } from './args.ts'
import { CONFIG_FILES } from './configuration.ts'
import { DataDirectory } from './data-directory.ts'
import type { Engine, EngineOptions } from './engine.ts'
import { createV8Engine } from './engine-v8.ts'
import { createXsEngine } from './engine-xs.ts'
import { BuiltInNetwork, brokerAt, describeDevice, withLoRaWan } from './lorawan.ts'
import { PACE_HOST } from './pace-host.ts'
import { liveThrough, resolveStart, type Start } from './start.ts'
import { Terminal } from './terminal.ts'

const SCHEMES: Readonly<Record<WorldService, string>> = { dlms: 'dlms', face: 'http', console: 'telnet' }

/** How often the world's time is noted in the data folder. */
const NOTE_MS = 1000

/** Waits until everything that the configuration wants is served. Throws FerrarisError `PORT` when a port cannot be had. */
async function awaitServices(engine: Engine, services: readonly string[], terminal: Terminal): Promise<string[]> {
  const missing = new Set(services)
  const addresses: string[] = []
  const describe = (event: SessionEvent): void => {
    if (event.kind === 'error') throw new FerrarisError('PORT', `${event.service}: ${event.reason}`)
    if (event.kind === 'ready') {
      missing.delete(event.service)
      addresses.push(`${SCHEMES[event.service]}://127.0.0.1:${event.port}`)
    } else terminal.event(event)
  }
  for (let tries = 0; tries < 500; tries++) {
    await engine.observe(performance.now(), 0)
    for (const event of engine.takeEvents()) describe(event)
    if (missing.size === 0) return addresses.sort()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new FerrarisError('PORT', `not ready after 5 s: ${[...missing].join(', ')}`)
}

function head(engine: EngineOptions, options: RunOptions, summary: Summary, terminal: Terminal): void {
  const speed = options.speed === Number.POSITIVE_INFINITY ? 'max' : `${options.speed}`
  terminal.line(
    `${summary.model} ${summary.firmware} serial ${summary.serial}, engine ${options.engine}, seed ${options.seed}, speed ${speed}, from ${terminal.time(engine.start_ms)}`,
  )
  if (engine.trace !== undefined && !isFlow(engine.trace) && engine.trace.bridged > 0)
    terminal.line(`recorded load: ${engine.trace.bridged} missing rows bridged with the row before`)
  if (engine.config.meter.lorawan.enabled) terminal.line(describeDevice(engine.config))
  if (!summary.services.includes('dlms')) return
  const secret = summary.demoSecret ? `${DEMO_SECRET} (demo)` : 'stored in the meter'
  terminal.line(`DLMS clients: public SAP ${PUBLIC_CLIENT}, reading SAP ${READING_CLIENT} with LLS secret ${secret}`)
}

function report(summary: Summary, options: RunOptions, start_ms: number, wall_ms: number): string {
  const simulated_s = (summary.time_ms - start_ms) / 1000
  const { time_ms, services: _, ...rest } = summary
  return JSON.stringify({
    engine: options.engine,
    seed: options.seed,
    from: formatInstant(start_ms),
    to: formatInstant(time_ms),
    simulated_s,
    wall_s: Math.round(wall_ms) / 1000,
    ratio: Math.round((simulated_s * 1000) / wall_ms),
    ...rest,
  })
}

/** Ends at the first signal in good order, at the second one at once. */
function abortOnSignals(): AbortController {
  const controller = new AbortController()
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return controller
}

interface Drive {
  readonly engine: Engine
  readonly start: Start
  readonly options: RunOptions
  readonly engineOptions: EngineOptions
  readonly terminal: Terminal
  /** The history is over. */
  readonly onLive: () => void
}

async function drive({ engine, start, options, engineOptions, terminal, onLive }: Drive): Promise<void> {
  const { data, config } = engineOptions
  const { signal } = abortOnSignals()
  const first = await engine.summary()
  const { consolePort } = config.world
  const services = [...first.services, ...(config.meter.face.enabled ? ['face'] : []), ...(consolePort === undefined ? [] : ['console'])]
  head(engineOptions, options, first, terminal)
  if (start.notice !== undefined) terminal.line(start.notice)
  const addresses = await awaitServices(engine, services, terminal)
  // Noted before the history: a run that ends inside it is not behind for ever.
  const serve_ms = start.serve_ms ?? Date.now()
  data?.note(serve_ms, Date.now())
  const start_ms = await liveThrough(engine, start, signal, () => {
    for (const event of engine.takeEvents()) terminal.event(event)
  })
  const end_ms = start_ms + (options.duration_ms ?? Number.POSITIVE_INFINITY)
  if (start_ms > start.time_ms) terminal.line(`${formatDuration(start_ms - start.time_ms)} of history, now ${terminal.time(start_ms)}`)
  // Only now: who reads an address shall find the whole history.
  for (const address of addresses) terminal.line(address)
  onLive()
  terminal.range(start_ms, end_ms)
  let noted_ms = 0
  const onSlice = (now_ms: number, actualSpeed: number) => {
    for (const event of engine.takeEvents()) terminal.event(event)
    terminal.progress(now_ms, actualSpeed)
    if (data === undefined || performance.now() - noted_ms < NOTE_MS) return
    noted_ms = performance.now()
    data.note(now_ms, Date.now())
  }
  const began_ms = performance.now()
  const pace = new Pace({ engine, host: PACE_HOST, start_ms, speed: options.speed, end_ms, onSlice, signal })
  await pace.run()
  const wall_ms = performance.now() - began_ms
  const summary = await engine.summary()
  for (const event of engine.takeEvents()) terminal.event(event)
  terminal.end()
  if (options.json) process.stdout.write(`${report(summary, options, start_ms, wall_ms)}\n`)
  await engine.stop()
  for (const event of engine.takeEvents()) terminal.event(event)
  if (!options.json && options.duration_ms !== undefined) terminal.line(closing(summary, start_ms, wall_ms))
  data?.note(Math.max(pace.now_ms, serve_ms), Date.now())
}

function closing(summary: Summary, start_ms: number, wall_ms: number): string {
  const simulated_ms = summary.time_ms - start_ms
  const ratio = Math.round(simulated_ms / wall_ms).toLocaleString('en')
  return `${formatDuration(simulated_ms)} in ${(wall_ms / 1000).toFixed(1)} s (${ratio} times real time): ${totals(summary)}, ${summary.profileEntries} profile entries, ${summary.events} events`
}

interface ServedLoRaWan {
  readonly config: VirtualConfig
  readonly network: BuiltInNetwork
  readonly sockets: HostNetwork
}

/** A network server of our own where the configuration names none: in the world, or beside an engine that has the world inside. */
async function serveLoRaWan(
  config: VirtualConfig,
  { engine, lorawanMqtt, lorawanCapture }: RunOptions,
  terminal: Terminal,
): Promise<ServedLoRaWan> {
  const network = new BuiltInNetwork(config, await brokerAt(lorawanMqtt), lorawanCapture)
  const sockets = createHostNetwork()
  const { enabled } = config.meter.lorawan
  if (engine !== 'xs' || !enabled || config.world.lorawan.server !== undefined) return { config, network, sockets }
  return { config: withLoRaWan(config, await network.listen(sockets, createHostTimer(), (text) => terminal.line(text))), network, sockets }
}

function readImageFile(file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file))
  } catch (error) {
    throw new FerrarisError('FILE', `--lorawan-update: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** A real module lives in real time, and its serial port is this process's. Throws FerrarisError `OPTIONS`. */
function checkModule({ engine, speed, history_ms, lorawanServer, lorawanMqtt, lorawanCapture, lorawanUpdate }: RunOptions): void {
  const refused = [
    ...(engine === 'xs' ? ['--engine xs'] : []),
    ...(speed === 1 ? [] : ['--speed']),
    ...(history_ms === undefined || history_ms === 0 ? [] : ['--history']),
    ...([lorawanServer, lorawanMqtt, lorawanCapture, lorawanUpdate].every((option) => option === undefined)
      ? []
      : ['a network server here']),
  ]
  if (refused.length > 0) throw new FerrarisError('OPTIONS', `world.lorawan.device: a real module goes without ${refused.join(', ')}`)
}

/** `ferraris run`: a virtual meter until its time is over or somebody stops it. Throws FerrarisError with one clear line. */
export async function run(options: RunOptions): Promise<void> {
  const loaded = loadConfiguration(options, CONFIG_FILES)
  const lorawan = options.lorawan ? withLoRaWan(loaded, options.lorawanServer) : loaded
  if (options.lorawanMqtt !== undefined && lorawan.world.lorawan.server !== undefined)
    throw new FerrarisError('OPTIONS', '--lorawan-mqtt is of the built-in network server; with a server of your own, ask that one')
  if (options.lorawanCapture !== undefined && (options.engine === 'xs' || lorawan.world.lorawan.server !== undefined))
    throw new FerrarisError('OPTIONS', '--lorawan-capture needs the V8 engine and the built-in network server')
  if (options.lorawanUpdate !== undefined && (options.engine === 'xs' || lorawan.world.lorawan.server !== undefined))
    throw new FerrarisError('OPTIONS', '--lorawan-update needs the V8 engine and the built-in network server')
  const image = options.lorawanUpdate === undefined ? undefined : readImageFile(options.lorawanUpdate)
  if (lorawan.meter.lorawan.enabled && lorawan.world.lorawan.device !== undefined) checkModule(options)
  const terminal = new Terminal(lorawan.meter, options.json)
  const served = await serveLoRaWan(lorawan, options, terminal)
  const { config } = served
  const trace = loadTrace(config, options.configFile, CONFIG_FILES)
  const data = options.dataDirectory === undefined ? undefined : new DataDirectory(options.dataDirectory)
  try {
    const base = { config, trace, data, seed: options.seed, speed: options.speed, serveGateway: served.network.serve }
    const start = resolveStart(options, base)
    const engineOptions: EngineOptions = { ...base, start_ms: start.time_ms }
    const engine = options.engine === 'xs' ? await createXsEngine(engineOptions) : createV8Engine(engineOptions)
    try {
      const onLive = (): void => {
        if (image !== undefined) served.network.update(image)
      }
      await drive({ engine, start, options, engineOptions, terminal, onLive })
    } finally {
      await engine.stop()
    }
  } finally {
    data?.close()
    await served.network.close()
    served.sockets.closeAll()
  }
}
