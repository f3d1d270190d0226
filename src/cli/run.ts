import type { SessionEvent, Summary } from '../../boards/virtual/session.ts'
import { offset_min } from '../lib/calendar.ts'
import { FerrarisError } from '../lib/errors.ts'
import { formatDuration, formatInstant } from '../lib/iso8601.ts'
import { DEMO_SECRET, FIRMWARE_VERSION, MODEL } from '../meter/config.ts'
import { PUBLIC_CLIENT, READING_CLIENT } from '../meter/views/dlms.ts'
import type { Trace } from '../world/loads/trace.ts'
import type { RunOptions } from './args.ts'
import { loadConfiguration, loadTrace } from './configuration.ts'
import { DataDirectory } from './data-directory.ts'
import type { Engine, EngineOptions } from './engine.ts'
import { createV8Engine } from './engine-v8.ts'
import { createXsEngine } from './engine-xs.ts'
import { Pace } from './pace.ts'
import { Terminal } from './terminal.ts'

/** How often the world's time is noted in the data folder. */
const NOTE_MS = 1000

/** First moment of the world in milliseconds of UTC, and why it is not the one that was asked for. */
interface Start {
  readonly time_ms: number
  readonly notice?: string
}

function resolveStart(options: RunOptions, engine: Omit<EngineOptions, 'start_ms'>): Start {
  const { config, trace, data } = engine
  const { standardOffset_min, daylightSaving } = config.meter.localTime
  const zone = { standard_min: standardOffset_min, dst: daylightSaving }
  const asked = options.from
  const from_ms =
    asked === undefined
      ? undefined
      : asked.time_ms - (asked.local ? offset_min(asked.time_ms - standardOffset_min * 60_000, zone) * 60_000 : 0)
  const resume_ms = data?.resume_ms(Date.now())
  if (resume_ms !== undefined) {
    const time_ms = Math.floor(Math.max(resume_ms, from_ms ?? 0))
    const back = from_ms !== undefined && from_ms < resume_ms
    return back
      ? { time_ms, notice: `--from is before what the meter has lived through; it goes on at ${formatInstant(time_ms)}` }
      : { time_ms }
  }
  if (from_ms !== undefined) return { time_ms: from_ms }
  if (options.duration_ms !== undefined && trace !== undefined) return { time_ms: trace.start_ms - standardOffset_min * 60_000 }
  return { time_ms: Date.now() }
}

/** Waits until everything that the configuration wants is served. Throws FerrarisError `PORT` when a port cannot be had. */
async function awaitServices(engine: Engine, services: readonly string[], terminal: Terminal): Promise<void> {
  const missing = new Set(services)
  const describe = (event: SessionEvent): void => {
    if (event.kind === 'error') throw new FerrarisError('PORT', `${event.service}: ${event.reason}`)
    if (event.kind === 'ready') {
      missing.delete(event.service)
      terminal.line(event.service === 'dlms' ? `dlms://127.0.0.1:${event.port}` : `http://127.0.0.1:${event.port}`)
    } else terminal.event(event)
  }
  for (let tries = 0; tries < 500; tries++) {
    await engine.observe(performance.now(), 0)
    for (const event of engine.takeEvents()) describe(event)
    if (missing.size === 0) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new FerrarisError('PORT', `not ready after 5 s: ${[...missing].join(', ')}`)
}

function head(engine: EngineOptions, options: RunOptions, summary: Summary, terminal: Terminal): void {
  const { identity, dlms } = engine.config.meter
  const speed = options.speed === Number.POSITIVE_INFINITY ? 'max' : `${options.speed}`
  terminal.line(
    `${MODEL} ${FIRMWARE_VERSION} serial ${identity.serial}, engine ${options.engine}, seed ${options.seed}, speed ${speed}, from ${terminal.time(engine.start_ms)}`,
  )
  if (engine.trace !== undefined && engine.trace.bridged > 0)
    terminal.line(`recorded load: ${engine.trace.bridged} missing rows bridged with the row before`)
  if (!dlms.enabled) return
  const secret = summary.demoSecret ? `${DEMO_SECRET} (demo)` : 'stored in the meter'
  terminal.line(`DLMS clients: public SAP ${PUBLIC_CLIENT}, reading SAP ${READING_CLIENT} with LLS secret ${secret}`)
}

function report(summary: Summary, options: RunOptions, engine: EngineOptions, wall_ms: number): string {
  const simulated_s = (summary.time_ms - engine.start_ms) / 1000
  const { time_ms, ...rest } = summary
  return JSON.stringify({
    engine: options.engine,
    seed: options.seed,
    from: formatInstant(engine.start_ms),
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

async function drive(engine: Engine, options: RunOptions, engineOptions: EngineOptions, terminal: Terminal): Promise<void> {
  const { data, start_ms, config } = engineOptions
  const end_ms = start_ms + (options.duration_ms ?? Number.POSITIVE_INFINITY)
  const services = [...(config.meter.dlms.enabled ? ['dlms'] : []), ...(config.meter.face.enabled ? ['face'] : [])]
  head(engineOptions, options, await engine.summary(), terminal)
  await awaitServices(engine, services, terminal)
  const { signal } = abortOnSignals()
  let noted_ms = 0
  const onSlice = (now_ms: number, actualSpeed: number) => {
    for (const event of engine.takeEvents()) terminal.event(event)
    terminal.progress(now_ms, actualSpeed)
    if (data === undefined || performance.now() - noted_ms < NOTE_MS) return
    noted_ms = performance.now()
    data.note(now_ms, Date.now())
  }
  const began_ms = performance.now()
  const pace = new Pace({ engine, start_ms, speed: options.speed, end_ms, onSlice, signal })
  await pace.run()
  const wall_ms = performance.now() - began_ms
  const summary = await engine.summary()
  for (const event of engine.takeEvents()) terminal.event(event)
  terminal.end()
  if (options.json) process.stdout.write(`${report(summary, options, engineOptions, wall_ms)}\n`)
  else if (options.duration_ms !== undefined) terminal.line(closing(summary, start_ms, wall_ms))
  await engine.stop()
  data?.note(pace.now_ms, Date.now())
}

function closing(summary: Summary, start_ms: number, wall_ms: number): string {
  const simulated_ms = summary.time_ms - start_ms
  const imported = summary.registers['1.0.1.8.0.255']
  const exported = summary.registers['1.0.2.8.0.255']
  const ratio = Math.round(simulated_ms / wall_ms).toLocaleString('en')
  return `${formatDuration(simulated_ms)} in ${(wall_ms / 1000).toFixed(1)} s (${ratio} times real time): 1.8.0 ${imported?.value} Wh, 2.8.0 ${exported?.value} Wh, ${summary.profileEntries} profile entries, ${summary.events} events`
}

function openTrace(options: RunOptions, config: EngineOptions['config']): Trace | undefined {
  return loadTrace(config, options.configFile)
}

/** `ferraris run`: a virtual meter until its time is over or somebody stops it. Throws FerrarisError with one clear line. */
export async function run(options: RunOptions): Promise<void> {
  const config = loadConfiguration(options)
  const trace = openTrace(options, config)
  const data = options.dataDirectory === undefined ? undefined : new DataDirectory(options.dataDirectory)
  try {
    const base = { config, trace, data, seed: options.seed, speed: options.speed }
    const start = resolveStart(options, base)
    const engineOptions: EngineOptions = { ...base, start_ms: start.time_ms }
    const end_ms = start.time_ms + (options.duration_ms ?? Number.POSITIVE_INFINITY)
    const terminal = new Terminal({ config: config.meter, json: options.json, start_ms: start.time_ms, end_ms })
    if (start.notice !== undefined) terminal.line(start.notice)
    const engine = options.engine === 'xs' ? await createXsEngine(engineOptions) : createV8Engine(engineOptions)
    try {
      await drive(engine, options, engineOptions, terminal)
    } finally {
      await engine.stop()
    }
  } finally {
    data?.close()
  }
}
