import { connect, type Socket } from 'node:net'
import { BOARD } from '../../../boards/virtual/board.ts'
import { Pace } from '../../../boards/virtual/pace.ts'
import type { Serial } from '../../../hal/api/io.ts'
import { SerialPort } from '../../../hal/host/serial-port.ts'
import type { Bench } from '../../hil/bench.ts'
import { openPtyPair, type PtyPair } from '../../hil/pty.ts'
import { ByteQueue } from '../../lib/byte-queue.ts'
import { FerrarisError } from '../../lib/errors.ts'
import type { AppliedEnergy, Stimulus } from '../../world/stimulus.ts'
import type { Engine } from '../engine.ts'
import { createXsEngine } from '../engine-xs.ts'
import { PACE_HOST } from '../pace-host.ts'
import type { Plan } from './plan-file.ts'

const START_TRIES = 500

/** Calls of an engine must not overlap. */
class Turns {
  #last: Promise<unknown> = Promise.resolve()

  take<T>(call: () => T | Promise<T>): Promise<T> {
    const mine = this.#last.then(call)
    this.#last = mine.catch(() => {})
    return mine
  }
}

/** Waits for the TCP port at which the world serves the other end of the cable at the service port. */
async function consolePort(engine: Engine): Promise<number> {
  for (let tries = 0; tries < START_TRIES; tries++) {
    await engine.observe(performance.now(), 0)
    for (const event of engine.takeEvents()) {
      if (event.kind === 'ready' && event.service === 'console') return event.port
      if (event.kind === 'error') throw new FerrarisError('PORT', `${event.service}: ${event.reason}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new FerrarisError('PORT', 'the service port is not ready after 5 s')
}

/** The far end of a pseudo-terminal, joined to that port. */
class Joint {
  readonly #serial: Serial
  readonly #socket: Socket
  readonly #waiting = new ByteQueue()
  #room = 0

  constructor(device: string, port: number) {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    this.#socket = socket
    this.#serial = new SerialPort({
      device,
      baud: BOARD.console.baud,
      onReadable: () => socket.write(this.#serial.read() ?? new Uint8Array(0)),
      onWritable: (count) => {
        this.#room = count
        this.#pump()
      },
    })
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      this.#waiting.push(Uint8Array.from(bytes))
      this.#pump()
    })
  }

  close(): void {
    this.#socket.destroy()
    this.#serial.close()
  }

  #pump(): void {
    const bytes = this.#waiting.take(this.#room)
    if (bytes === undefined) return
    this.#room -= bytes.length
    this.#serial.write(bytes)
  }
}

/** The firmware inside the XS engine, its service port at a pseudo-terminal: everything but the silicon is as on a desk. */
export class XsBench implements Bench {
  readonly title: string
  readonly console: Bench['console']
  readonly samples_ms: readonly number[] = []
  readonly #engine: Engine
  readonly #turns: Turns
  readonly #pace: Pace
  readonly #joint: Joint
  readonly #cable: PtyPair
  readonly #abort: AbortController
  readonly #running: Promise<void>
  readonly #start_ms: number
  readonly #speed: number
  #failed: unknown

  private constructor(engine: Engine, title: string, cable: PtyPair, port: number, start_ms: number, speed: number) {
    this.#engine = engine
    this.title = title
    this.#cable = cable
    this.#joint = new Joint(cable.far, port)
    this.console = { io: SerialPort, device: cable.near, baud: BOARD.console.baud }
    this.#start_ms = start_ms
    this.#speed = speed
    const turns = new Turns()
    this.#turns = turns
    this.#abort = new AbortController()
    this.#pace = new Pace({
      engine: {
        ...engine,
        run: (until_ms) => turns.take(() => engine.run(until_ms)),
        observe: (wall_ms, actualSpeed) => turns.take(() => engine.observe(wall_ms, actualSpeed)),
        get received() {
          return engine.received
        },
      },
      host: PACE_HOST,
      start_ms,
      speed,
      end_ms: Number.POSITIVE_INFINITY,
      onSlice: () => engine.takeEvents(),
      signal: this.#abort.signal,
    })
    this.#running = this.#pace.run().catch((error: unknown) => {
      this.#failed = error
    })
  }

  /** Throws FerrarisError `XS_MISSING`, `NO_PTY`, `NO_SERIALPORT`, `PORT`. */
  static async open({ setup }: Plan, seed: number, speed: number): Promise<XsBench> {
    const start_ms = Date.now()
    const meter = { ...setup.meter, dlms: { ...setup.meter.dlms, enabled: false }, face: { ...setup.meter.face, enabled: false } }
    const config = { meter, world: { ...setup.world, consolePort: 0 } }
    const cable = await openPtyPair()
    try {
      const engine = await createXsEngine({ config, trace: undefined, data: undefined, start_ms, seed, speed })
      try {
        const port = await consolePort(engine)
        await engine.stimulate(undefined)
        const title = `virtual meter (${setup.world.board}), XS engine at ${cable.near}, ${speed} times real time, seed ${seed}`
        return new XsBench(engine, title, cable, port, start_ms, speed)
      } catch (error) {
        await engine.stop()
        throw error
      }
    } catch (error) {
      cable.close()
      throw error
    }
  }

  now_ms(): number {
    return this.#pace.now_ms - this.#start_ms
  }

  async wait(duration_ms: number): Promise<void> {
    const end_ms = this.now_ms() + duration_ms
    do {
      if (this.#failed !== undefined) throw this.#failed
      await new Promise((resolve) => setTimeout(resolve, Math.max(1, (end_ms - this.now_ms()) / this.#speed)))
    } while (this.now_ms() < end_ms)
  }

  async apply(stimulus: Stimulus): Promise<void> {
    const { refused } = await this.#turns.take(() => this.#engine.stimulate(stimulus))
    if (refused !== undefined) throw new FerrarisError('BENCH', refused)
  }

  cut(duration_ms: number): Promise<void> {
    return this.apply({ kind: 'mains', phase: 'all', factor: 0, duration_ms })
  }

  applied(): Promise<AppliedEnergy> {
    return this.#turns.take(() => this.#engine.stimulate(undefined))
  }

  async close(): Promise<void> {
    this.#abort.abort()
    await this.#running
    this.#joint.close()
    await this.#engine.stop()
    this.#cable.close()
  }
}
