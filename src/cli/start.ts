import { offset_min } from '../lib/calendar.ts'
import { FerrarisError } from '../lib/errors.ts'
import { formatInstant } from '../lib/iso8601.ts'
import type { RunOptions } from './args.ts'
import type { Engine, EngineOptions } from './engine.ts'

/** What a new meter at the present time has lived through: an empty one shows nothing. */
const HISTORY_MS = 2 * 86_400_000
/** Longest stretch of history in one go, so that signals and sockets are served in between. */
const HISTORY_STEP_MS = 3_600_000

/** The meter keeps seconds of UTC in 32 bits. */
const TIME_MAX_MS = 0xffffffff * 1000

/** Where the world's time begins. */
export interface Start {
  /** First moment of the world in milliseconds of UTC. */
  readonly time_ms: number
  /** When the run proper begins: what lies before is lived through at full speed. Undefined: at the present, whenever that is reached. */
  readonly serve_ms: number | undefined
  /** Why it is not the moment that was asked for. */
  readonly notice?: string
}

/** `--from` in milliseconds of UTC; a time without offset is local. */
function askedFor(options: RunOptions, config: EngineOptions['config']): number | undefined {
  const { from } = options
  if (from === undefined || !from.local) return from?.time_ms
  const { standardOffset_min, daylightSaving } = config.meter.localTime
  const zone = { standard_min: standardOffset_min, dst: daylightSaving }
  return from.time_ms - offset_min(from.time_ms - standardOffset_min * 60_000, zone) * 60_000
}

/**
 * Decides from options, data folder and recording where the world's time begins. Throws FerrarisError `TIME` for times that a meter cannot keep.
 */
export function resolveStart(options: RunOptions, engine: Omit<EngineOptions, 'start_ms'>): Start {
  const start = choose(options, engine)
  const end_ms = (start.serve_ms ?? Date.now()) + (options.duration_ms ?? 0)
  if (start.time_ms < 0 || end_ms > TIME_MAX_MS) {
    throw new FerrarisError('TIME', 'the run would begin before 1970 or end after 2106-02-07, where the time of a meter ends')
  }
  return start
}

function choose(options: RunOptions, engine: Omit<EngineOptions, 'start_ms'>): Start {
  const { config, trace, data } = engine
  const history_ms = options.history_ms ?? 0
  const from_ms = askedFor(options, config)
  const resume_ms = data?.resume_ms(Date.now())
  if (resume_ms !== undefined) {
    const time_ms = Math.floor(Math.max(resume_ms, from_ms ?? 0))
    const back = from_ms !== undefined && from_ms < resume_ms
    const notice = back ? `--from is before what the meter has lived through; it goes on at ${formatInstant(time_ms)}` : undefined
    return { time_ms, serve_ms: time_ms + history_ms, notice }
  }
  if (from_ms !== undefined) return { time_ms: from_ms - history_ms, serve_ms: from_ms }
  if (options.duration_ms !== undefined && trace !== undefined) {
    const time_ms = trace.start_ms - config.meter.localTime.standardOffset_min * 60_000
    return { time_ms: time_ms - history_ms, serve_ms: time_ms }
  }
  // Who is outside of the world does not live through a history.
  const outside = options.lorawanServer !== undefined || (config.meter.lorawan.enabled && config.world.lorawan.device !== undefined)
  const lived_ms = options.history_ms ?? (options.engine === 'v8' && !outside ? HISTORY_MS : 0)
  return { time_ms: Date.now() - lived_ms, serve_ms: undefined }
}

/** Lets the meter live through its history, or a part of it when `signal` aborts. Returns the world's time then. */
export async function liveThrough(engine: Engine, start: Start, signal: AbortSignal, onStep: () => void): Promise<number> {
  let now_ms = start.time_ms
  for (;;) {
    // An engine in this process runs without giving way; signals and sockets need a turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve))
    const until_ms = start.serve_ms ?? Date.now()
    if (now_ms >= until_ms || signal.aborted) return now_ms
    now_ms = Math.min(until_ms, now_ms + HISTORY_STEP_MS)
    await engine.run(now_ms)
    onStep()
  }
}
