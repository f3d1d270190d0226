import { BOARDS } from '../../../boards/virtual/variants.ts'
import type { Digital, SerialConstructor, SerialOptions } from '../../../hal/api/io.ts'
import { SerialPort } from '../../../hal/host/serial-port.ts'
import type { Bench } from '../../hil/bench.ts'
import { type BenchFile, loadBench } from '../../hil/bench-file.ts'
import { pacedLine } from '../../hil/paced-line.ts'
import { PlayedATM90E32 } from '../../hil/played-atm90e32.ts'
import { type PlayedIc, watchRequests } from '../../hil/played-ic.ts'
import { RealTimeWorld } from '../../hil/real-time.ts'
import { remoteDigital, remoteSerial } from '../../hil/remote.ts'
import { SyncBridge } from '../../hil/sync-bridge.ts'
import { tcpSerial } from '../../hil/tcp-serial.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { BL0942 } from '../../world/chips/bl0942.ts'
import { CSE7766 } from '../../world/chips/cse7766.ts'
import { Mains } from '../../world/mains.ts'
import { type AppliedEnergy, disturb, EnergyIntegral, type Stimulus, TestSource } from '../../world/stimulus.ts'
import type { Plan } from './plan-file.ts'

type Playing = NonNullable<BenchFile['metering']>

interface Desk {
  readonly world: RealTimeWorld
  readonly bridge: SyncBridge | undefined
  readonly onSample: () => void
}

/** The line at which the PC plays an IC: a serial adapter, or a UART of the bridge. */
function lineOf({ port, uart }: Playing, { world, bridge, onSample }: Desk): SerialConstructor {
  const fixed: Partial<SerialOptions> = port === undefined ? (uart ?? {}) : { device: port }
  const io = port === undefined && bridge !== undefined ? remoteSerial(bridge) : SerialPort
  return watchRequests(pacedLine(world, io, fixed), onSample)
}

/** The IC of the board that the plan names, with its circuit. Throws FerrarisError `BENCH_FILE` for one that cannot be played so. */
function playIc(playing: Playing, plan: Plan, desk: Desk): PlayedIc {
  const { metering } = BOARDS[plan.setup.world.board]
  const { scheduler } = desk.world
  const wrong = (way: string): never => {
    throw new FerrarisError('BENCH_FILE', `metering: the ${metering.part} of the board "${plan.setup.world.board}" is at ${way}`)
  }
  if (metering.part === 'ATM90E32') {
    if (playing.spi === undefined || desk.bridge === undefined) return wrong('SPI: give metering.spi and a bridge')
    return new PlayedATM90E32({ scheduler, bridge: desk.bridge, bus: playing.spi, onSample: desk.onSample })
  }
  if (playing.spi !== undefined || (metering.part !== 'BL0942' && metering.part !== 'CSE7766'))
    return wrong(
      metering.part === 'ADE7953'
        ? 'I2C, which is not played'
        : metering.part === 'PULSE'
          ? 'pulse inputs, which are not played'
          : 'a UART: give metering.port or metering.uart',
    )
  const io = lineOf(playing, desk)
  const chip =
    metering.part === 'BL0942'
      ? new BL0942({ scheduler, io, sclkBps: metering.baud === 9600 ? 1 : 0, frontEnd: metering.circuit })
      : new CSE7766({ scheduler, io, shunt_uOhm: metering.circuit.shunt_uOhm, divider_Ohm: metering.circuit.divider_Ohm })
  return {
    setInputs: (electrical) => chip.setInputs(electrical),
    powerOff: () => chip.powerOff(),
    powerOn: () => chip.powerOn(),
    close: () => chip.powerOff(),
  }
}

/** A board on the desk: its service port at a serial port, and, as far as the bench file says, its supply, its contacts and its metering IC in the hands of the PC. */
export class DeskBench implements Bench {
  readonly title: string
  readonly console: Bench['console']
  readonly samples_ms: number[] = []
  readonly #world = new RealTimeWorld()
  readonly #file: BenchFile
  readonly #plan: Plan
  readonly #bridge: SyncBridge | undefined
  readonly #mains: Mains | undefined
  readonly #ic: PlayedIc | undefined
  readonly #source = new TestSource()
  readonly #applied: EnergyIntegral
  readonly #outputs = new Map<number, Digital>()

  private constructor(path: string, file: BenchFile, plan: Plan) {
    this.#file = file
    this.#plan = plan
    const { console: line, bridge, metering } = file
    const world = this.#world
    this.#bridge = bridge && new SyncBridge({ device: bridge.port, baud: bridge.baud })
    const { baud, port, tcp } = line
    this.console = tcp === undefined ? { io: SerialPort, device: port, baud } : { io: tcpSerial(tcp), baud }
    const played = metering === undefined ? 'its own metering IC' : `${BOARDS[plan.setup.world.board].metering.part} played by this PC`
    this.title = `board at ${port ?? tcp} (${path}), ${played}${this.#bridge === undefined ? '' : `, bridge ${this.#bridge.identity.name}`}`
    const { scheduler } = world
    this.#applied = new EnergyIntegral(() => {
      world.advance()
      return scheduler.now_us
    })
    try {
      const desk: Desk = { world, bridge: this.#bridge, onSample: () => this.samples_ms.push(this.now_ms()) }
      this.#ic = metering && playIc(metering, plan, desk)
      this.#mains = this.#ic && this.#connect(this.#ic)
      if (bridge?.relay !== undefined) this.#output(bridge.relay.pin, bridge.relay.active)
    } catch (error) {
      this.#bridge?.close()
      world.stop()
      throw error
    }
  }

  /** Throws FerrarisError `BENCH_FILE`, `NO_SERIALPORT`, `BRIDGE_LINE`, `BRIDGE_VERSION`. */
  static open(path: string, plan: Plan): Promise<DeskBench> {
    return Promise.resolve(new DeskBench(path, loadBench(path), plan))
  }

  now_ms(): number {
    return this.#world.elapsed_ms
  }

  wait(duration_ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, duration_ms))
  }

  apply(stimulus: Stimulus): Promise<void> {
    this.#world.advance()
    if (stimulus.kind === 'tamper') this.#tamper(stimulus.what, stimulus.on)
    else if (stimulus.kind === 'appliance') throw new FerrarisError('BENCH', 'there is no virtual house on a desk; use load')
    else if (this.#mains === undefined) throw new FerrarisError('BENCH', `${stimulus.kind}: the PC plays no metering IC on this bench`)
    else if (stimulus.phase !== 'all' && stimulus.phase > this.#phases)
      throw new FerrarisError('BENCH', `this meter has ${this.#phases} phase`)
    else if (stimulus.kind === 'load') {
      this.#source.set(stimulus.phase, this.#phases, stimulus.active_W, stimulus.reactive_var)
      this.#mains.update()
    } else disturb(this.#mains, stimulus.phase, stimulus.factor, stimulus.duration_ms)
    this.#world.advance()
    return Promise.resolve()
  }

  cut(duration_ms: number): Promise<void> {
    const relay = this.#file.bridge?.relay
    if (relay === undefined) return Promise.reject(new FerrarisError('BENCH', 'cut: there is no relay at a bridge on this bench'))
    const { pin, active } = relay
    this.#world.advance()
    this.#output(pin, active === 1 ? 0 : 1)
    this.#mains?.disturbAll(0, duration_ms)
    this.#ic?.powerOff()
    this.#world.scheduler.after(duration_ms * 1000, () => {
      this.#ic?.powerOn()
      this.#output(pin, active)
    })
    this.#world.advance()
    return Promise.resolve()
  }

  applied(): Promise<AppliedEnergy | undefined> {
    return Promise.resolve(this.#mains === undefined ? undefined : this.#applied.read())
  }

  close(): Promise<void> {
    this.#ic?.close()
    this.#bridge?.close()
    this.#world.stop()
    return Promise.resolve()
  }

  get #phases(): 1 | 3 {
    return BOARDS[this.#plan.setup.world.board].phases
  }

  #connect(ic: PlayedIc): Mains {
    const { meter, world } = this.#plan.setup
    const mains = new Mains({
      scheduler: this.#world.scheduler,
      seed: 1,
      voltage_V: world.voltage_V ?? meter.mains.nominalVoltage_V,
      frequency_Hz: meter.mains.frequency_Hz,
      harmonics: world.voltageHarmonics,
      wander_ms: 0,
      onChange: (electrical) => {
        ic.setInputs(electrical)
        this.#applied.change(electrical)
      },
    })
    mains.add(this.#source)
    mains.update()
    return mains
  }

  #tamper(what: keyof NonNullable<NonNullable<BenchFile['bridge']>['tamper']>, on: boolean): void {
    const output = this.#file.bridge?.tamper?.[what]
    if (output === undefined) throw new FerrarisError('BENCH', `tamper: no pin of a bridge is at the contact "${what}" on this bench`)
    const { pin, active } = output
    this.#output(pin, on === (active === 1) ? 1 : 0)
  }

  #output(pin: number, level: 0 | 1): void {
    const known = this.#outputs.get(pin)
    if (known !== undefined) known.write(level)
    else if (this.#bridge !== undefined) {
      this.#outputs.set(pin, new (remoteDigital(this.#bridge))({ pin, mode: 'Output', initialValue: level }))
    }
  }
}
