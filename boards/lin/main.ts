import { nativeCrypto } from '../../hal/esp32/crypto.ts'
import { createNetwork } from '../../hal/esp32/sockets.ts'
import { createTimer } from '../../hal/esp32/time.ts'
import { createTerminal, LinSerial } from '../../hal/lin/line.ts'
import { commandLine, exit, onSignal, print, programFolder, readText, ticks_ms } from '../../hal/lin/system.ts'
import { FerrarisError } from '../../src/lib/errors.ts'
import { formatDuration } from '../../src/lib/iso8601.ts'
import type { Recording } from '../../src/world/loads/trace-bytes.ts'
import { BOARD } from '../virtual/board.ts'
import type { VirtualConfig } from '../virtual/config.ts'
import { type ConfigFiles, loadConfiguration, loadTrace } from '../virtual/load-config.ts'
import { Pace, type PaceHost } from '../virtual/pace.ts'
import { eventText, localTime, totals } from '../virtual/report.ts'
import { Session } from '../virtual/session.ts'
import { type Options, parseArguments, USAGE } from './args.ts'
import { joinLines } from './join.ts'
import { type Keeping, openKeeping } from './keeping.ts'

/** How often the world's time is noted in the data folder. */
const NOTE_MS = 1000

const timer = createTimer()

const HOST: PaceHost = {
  now_ms: () => Date.now(),
  ticks_ms,
  // The reactions of a promise are a turn of the main loop.
  breathe: (delay_ms) => (delay_ms > 0 ? new Promise((resolve) => timer.set(resolve as () => void, delay_ms)) : Promise.resolve()),
}

function configFiles(): ConfigFiles {
  // The program stands in build/lin of the package.
  const data = `${programFolder()}/../../boards/virtual/data`
  return {
    read: readText,
    beside: (configFile, path) =>
      path.startsWith('/') || configFile === undefined || !configFile.includes('/')
        ? path
        : `${configFile.slice(0, configFile.lastIndexOf('/'))}/${path}`,
    household: `${data}/household_electricity_1min.csv`,
    water: `${data}/household_water_1s.csv`,
  }
}

function startTime({ from_ms, duration_ms }: Options, config: VirtualConfig, trace: Recording | undefined, keeping: Keeping): number {
  const resume_ms = keeping.resume_ms(Date.now())
  if (resume_ms !== undefined) return Math.floor(Math.max(resume_ms, from_ms ?? 0))
  if (from_ms !== undefined) return from_ms
  if (duration_ms !== undefined && trace !== undefined) return trace.start_ms - config.meter.localTime.standardOffset_min * 60_000
  return Date.now()
}

/** One virtual meter of this program. */
class Run {
  readonly #options: Options
  readonly #config: VirtualConfig
  readonly #keeping: Keeping
  readonly #session: Session
  readonly #network = createNetwork({ address: '127.0.0.1' })
  readonly #start_ms: number
  readonly #signal = { aborted: false }
  #separate: (() => void) | undefined
  #noted_ms = 0

  constructor(options: Options) {
    const files = configFiles()
    this.#options = options
    this.#config = loadConfiguration(options, files)
    const trace = loadTrace(this.#config, options.configFile, files)
    this.#keeping = openKeeping(options)
    const { storage, firmware, key } = this.#keeping
    this.#start_ms = startTime(options, this.#config, trace, this.#keeping)
    const speed = options.speed === Number.POSITIVE_INFINITY ? 0 : options.speed
    this.#session = new Session({ config: this.#config, start_ms: this.#start_ms, seed: options.seed, speed }, trace, {
      storage,
      firmware,
      key,
      network: this.#network,
      crypto: nativeCrypto,
      evaluate: (source) => new Function(`return ${source}`)() as unknown,
    })
    onSignal(() => (this.#signal.aborted = true))
    this.#separate = this.#plugIn()
  }

  /** Who wants the service port has the other end of its cable. */
  #plugIn(): (() => void) | undefined {
    const { terminal } = this.#options
    if (terminal === undefined) return undefined
    const { baud } = BOARD.console
    const near = { io: this.#session.machine.board.cable.end(1), options: { baud } }
    const pty = terminal === 'pty' ? createTerminal() : undefined
    print(`console: ${pty?.path ?? terminal}`, this.#options.json)
    const far = pty === undefined ? { io: LinSerial, options: { baud, device: terminal } } : { io: pty.io, options: { baud } }
    return joinLines(near, far, (reason) => print(`console: ${reason}`, true))
  }

  async run(): Promise<void> {
    const { options, config } = { options: this.#options, config: this.#config }
    const { model, firmware, serial } = this.#session.summary()
    const speed = options.speed === Number.POSITIVE_INFINITY ? 'max' : options.speed
    this.#line(
      `${model} ${firmware} serial ${serial}, engine XS of the SDK, seed ${options.seed}, speed ${speed}, from ${localTime(config.meter, this.#start_ms)}`,
    )
    const began_ms = ticks_ms()
    const pace = new Pace({
      engine: this.#engine(),
      host: HOST,
      start_ms: this.#start_ms,
      speed: options.speed,
      end_ms: this.#start_ms + (options.duration_ms ?? Number.POSITIVE_INFINITY),
      onSlice: (now_ms) => this.#slice(now_ms),
      signal: this.#signal,
    })
    await pace.run()
    this.#end(ticks_ms() - began_ms)
    this.#keeping.note(pace.now_ms, Date.now())
    this.#keeping.close()
  }

  #engine() {
    const session = this.#session
    const network = this.#network
    return {
      run: (until_ms: number) => session.run(until_ms),
      observe: (wall_ms: number, actualSpeed: number) => {
        const wanted = session.observe(wall_ms, actualSpeed)
        return wanted < 0 ? Number.POSITIVE_INFINITY : wanted
      },
      get received() {
        return network.received
      },
    }
  }

  #line(text: string): void {
    print(text, this.#options.json)
  }

  #tellEvents(): void {
    for (const event of this.#session.takeEvents()) {
      if (event.kind === 'ready') this.#line(`${event.service === 'face' ? 'http' : event.service}://127.0.0.1:${event.port}`)
      const text = eventText(event, this.#config.meter)
      if (text !== undefined) this.#line(text)
    }
  }

  #slice(now_ms: number): void {
    this.#tellEvents()
    if (ticks_ms() - this.#noted_ms < NOTE_MS) return
    this.#noted_ms = ticks_ms()
    this.#keeping.note(now_ms, Date.now())
  }

  #end(wall_ms: number): void {
    const summary = this.#session.summary()
    const simulated_ms = summary.time_ms - this.#start_ms
    this.#session.stop()
    this.#separate?.()
    this.#tellEvents()
    const ratio = Math.round(simulated_ms / wall_ms)
    if (this.#options.json)
      print(JSON.stringify({ engine: 'sdk', simulated_s: simulated_ms / 1000, wall_s: Math.round(wall_ms) / 1000, ratio, ...summary }))
    else if (this.#options.duration_ms !== undefined)
      print(`${formatDuration(simulated_ms)} in ${(wall_ms / 1000).toFixed(1)} s (${ratio} times real time): ${totals(summary)}`)
  }
}

async function main(words: readonly string[]): Promise<number> {
  const options = parseArguments(words)
  if (options === undefined) print(USAGE)
  else await new Run(options).run()
  return 0
}

function failed(error: unknown): number {
  if (!(error instanceof FerrarisError)) throw error
  print(`ferraris-lin: ${error.message}`, true)
  return error.code === 'USAGE' ? 2 : 1
}

void main(commandLine()).catch(failed).then(exit)
