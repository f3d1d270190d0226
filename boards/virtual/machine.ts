import type { Crypto } from '../../hal/api/crypto.ts'
import type { Flash } from '../../hal/api/flash.ts'
import type { Bytes, SerialConstructor } from '../../hal/api/io.ts'
import type { Network } from '../../hal/api/sockets.ts'
import type { ResetReason } from '../../hal/api/watchdog.ts'
import { assert } from '../../src/lib/assert.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import type { Meter } from '../../src/meter/app.ts'
import type { EventListener } from '../../src/meter/journal.ts'
import { PROGRAM } from '../../src/meter/program.ts'
import { type Service, type ServiceName, serveFace } from '../../src/meter/services.ts'
import type { FaultListener } from '../../src/meter/supervisor.ts'
import { ATM90E32 } from '../../src/world/chips/atm90e32.ts'
import { type NorFlash, PowerLoss } from '../../src/world/chips/nor-flash.ts'
import type { Electrical } from '../../src/world/electrical.ts'
import { Appliance, COMMON_APPLIANCES, Photovoltaics } from '../../src/world/loads/appliances.ts'
import { isFlow, type Recording } from '../../src/world/loads/trace-bytes.ts'
import { TraceLoad } from '../../src/world/loads/trace-load.ts'
import { Mains } from '../../src/world/mains.ts'
import type { PinBank } from '../../src/world/pins.ts'
import { FlowReplay } from '../../src/world/pulse/flow-trace.ts'
import { LatchingRelay, SwitchedLoad } from '../../src/world/relay.ts'
import { Scheduler } from '../../src/world/scheduler.ts'
import { WorldTimer } from '../../src/world/time.ts'
import { BOARD } from './board.ts'
import type { BoardTime } from './board-time.ts'
import type { VirtualConfig } from './config.ts'
import { ConsoleBridge } from './console.ts'
import { WorldControls } from './controls.ts'
import { MachineFace } from './face.ts'
import { LoRaWorld, type ServeGateway } from './lorawan.ts'
import { heatHouse, PulseHouse } from './pulse.ts'
import { type DeviceNetwork, scopeNetwork } from './scoped-network.ts'
import { BOARDS } from './variants.ts'
import { VirtualBoard } from './virtual-board.ts'

/** Most real time that the observers live through at once. */
const OBSERVE_MAX_MS = 1000
const KEY_LENGTH = 32

/** Something of the world, beside the services of the meter. */
export type WorldService = ServiceName | 'console'

export interface MachineOptions {
  readonly config: VirtualConfig
  readonly trace?: Recording
  /** Where the bytes of the flash live; the machine puts the emulated chip in front of it. */
  readonly storage: Flash
  /** The partitions of the boot loader; without them the firmware cannot be replaced. */
  readonly firmware?: Flash
  /** Runs a script and gives its value: how a firmware image starts in this engine. */
  readonly evaluate?: (source: string) => unknown
  /** The firmware that is linked into this program, as it would lie in program memory. */
  readonly factoryProgram?: Bytes
  /** Without one, nothing is served. */
  readonly network?: Network
  readonly crypto: Crypto
  /** The key that only this device has; without it one that follows from the seed. */
  readonly key?: Bytes
  readonly resetReason?: ResetReason
  readonly start_ms: number
  readonly seed: number
  /** Simulated seconds per second that whoever drives the machine aims at; Infinity = as fast as possible. */
  readonly speed: number
  readonly onEvent?: EventListener
  /** The board dies: last look at the meter. */
  readonly onDark?: () => void
  readonly onReady?: (service: WorldService, port: number) => void
  readonly onError?: (service: WorldService, reason: string) => void
  readonly onCrash?: (error: unknown) => void
  readonly onFault?: FaultListener
  /** Serial ports of the PC, for a real module; the world then runs in real time. */
  readonly serial?: SerialConstructor
  /** Serves LoRaWAN gateways in the world's own time. */
  readonly serveGateway?: ServeGateway
  /** Something on the air, as a line of text. */
  readonly onRadio?: (text: string) => void
}

function keyFrom(seed: number): Uint8Array {
  const key = new Uint8Array(KEY_LENGTH)
  new SeededRandom(seed, 7).fill(key)
  return key
}

/** One virtual meter and the world around it: a house, its mains, and the board with the firmware that runs on it. */
export class Machine {
  readonly scheduler: Scheduler
  readonly board: VirtualBoard
  readonly mains: Mains
  /** The air, when the meter uses LoRaWAN. */
  readonly lorawan: LoRaWorld | undefined
  /** Between the meter and the house. */
  readonly relay: LatchingRelay
  readonly appliances: readonly Appliance[]
  readonly photovoltaics: Photovoltaics
  readonly options: MachineOptions
  /** Told of every change at the terminals of the meter. */
  onMains: ((electrical: Electrical) => void) | undefined
  /** Simulated seconds per second that the driver of the machine shall aim at; 0 = paused. */
  speed: number
  /** Simulated seconds per second that the driver of the machine has measured. */
  actualSpeed = 0
  /** The sockets of the world outlive the board. */
  readonly #network: DeviceNetwork | undefined
  readonly #wall = new Scheduler(0)
  #observed_ms = 0
  readonly #household: TraceLoad | undefined
  readonly #face: Service | undefined
  readonly #console: ConsoleBridge | undefined
  #stopped = false

  constructor(options: MachineOptions) {
    assert(Number.isSafeInteger(options.start_ms), 'the world starts at an integer millisecond')
    const { config, seed } = options
    this.options = options
    this.#network = options.network && scopeNetwork(options.network)
    this.speed = options.speed
    const scheduler = new Scheduler(options.start_ms * 1000)
    this.scheduler = scheduler
    this.lorawan = this.#createAir()
    this.board = new VirtualBoard({
      ...options,
      air: this.lorawan?.air,
      radio: config.world.lorawan.radio,
      module: this.#module(),
      board: config.world.board,
      scheduler,
      // The world serves the face: a page that dies with the meter could not switch the mains on again.
      config: { ...config.meter, face: { ...config.meter.face, enabled: false } },
      time: config.world,
      holdUp_ms: config.world.holdUp_ms,
      skewSeed: config.world.frontEnd.skewSeed,
      key: options.key ?? keyFrom(seed),
      peerTimer: () => new WorldTimer(this.#wall),
    })
    this.mains = new Mains({
      scheduler,
      seed,
      voltage_V: config.world.voltage_V ?? config.meter.mains.nominalVoltage_V,
      frequency_Hz: config.meter.mains.frequency_Hz,
      harmonics: config.world.voltageHarmonics,
      wander_ms: config.world.wander ? 10_000 : 0,
      onChange: (electrical) => {
        this.board.onMains(electrical)
        this.onMains?.(electrical)
      },
    })
    this.relay = new LatchingRelay({ scheduler, onChange: () => this.mains.update() })
    this.relay.connect(this.board.pins, BOARD.supplySwitch)
    this.appliances = this.#connectAppliances()
    this.photovoltaics = new Photovoltaics(config.world.photovoltaics_W, this.phases === 1 ? 1 : 'all')
    this.mains.add(new SwitchedLoad(this.relay, this.photovoltaics))
    const { standardOffset_min } = config.meter.localTime
    const { trace } = options
    this.#household =
      trace === undefined || isFlow(trace)
        ? undefined
        : new TraceLoad({ scheduler, mains: this.mains, trace, standardOffset_min, phases: this.phases })
    if (this.#household !== undefined) this.mains.add(new SwitchedLoad(this.relay, this.#household))
    this.#letFlow()
    this.mains.update()
    this.board.sealed = !config.world.sealOpen
    this.#face = this.#serveFace(this.board.start())
    this.#console = this.#serveConsole()
  }

  /** The running firmware; undefined while the board has no supply. */
  get meter(): Meter | undefined {
    return this.board.meter
  }
  /** Counts the starts of the firmware. */
  get generation(): number {
    return this.board.generation
  }
  /** The three-phase IC of the board `virtual`. */
  get chip(): ATM90E32 {
    const { chip } = this.board.metering
    assert(chip instanceof ATM90E32, 'the board has another metering IC')
    return chip
  }
  /** Phases that the meter and the house have. */
  get phases(): 1 | 3 {
    return BOARDS[this.options.config.world.board].phases
  }
  get flash(): NorFlash {
    return this.board.flash
  }
  /** What the board tells the time with. */
  get clock(): BoardTime {
    return this.board.time
  }
  get pins(): PinBank {
    return this.board.pins
  }

  get now_ms(): number {
    return Math.floor(this.scheduler.now_us / 1000)
  }

  /** The meter with pulse outputs, on a board that has one. */
  get pulses(): PulseHouse | undefined {
    const { chip } = this.board.metering
    return chip instanceof PulseHouse ? chip : undefined
  }

  /** What flows through a meter with pulse outputs: a recording, or an invention. */
  #letFlow(): void {
    const { pulses, scheduler } = this
    const { config, trace, seed } = this.options
    if (pulses === undefined || config.world.load === 'none') return
    const { standardOffset_min } = config.meter.localTime
    if (trace !== undefined && isFlow(trace)) new FlowReplay({ scheduler, flow: pulses.flow, trace, standardOffset_min })
    else heatHouse(pulses, { scheduler, random: new SeededRandom(seed, 12), standardOffset_min })
  }

  /** Lets the world's time pass up to `until_ms`. */
  run(until_ms: number): void {
    const until_us = until_ms * 1000
    for (let done = false; !done; ) {
      done = this.#survive(() => this.scheduler.run(until_us))
    }
  }

  /** Power of the recorded household in W, at nominal voltage. */
  get household_W(): number {
    const load = this.#household?.active_W
    return load === undefined ? 0 : load[0] + load[1] + load[2]
  }

  /** Lets the time of the observers pass: what the face sends, it sends in real time, however fast the world is. `wall_ms` only grows. */
  observe(wall_ms: number): void {
    // A process that stood still for hours does not send what nobody saw.
    const elapsed_ms = Math.min(Math.max(0, wall_ms - this.#observed_ms), OBSERVE_MAX_MS)
    this.#observed_ms = wall_ms
    this.#survive(() => this.#wall.run(this.#wall.now_us + Math.floor(elapsed_ms * 1000)))
  }

  /** Ends the firmware in good order, as when the supply fails with warning. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.board.stop()
    this.#console?.close()
    this.#face?.close()
    this.lorawan?.close()
    this.#network?.closeAll()
  }

  /** Runs tasks of the world; false when the processor died in one of them, and the rest is still to be run. */
  #survive(tasks: () => void): boolean {
    let survived = false
    this.board.run(() => {
      try {
        tasks()
        survived = true
      } catch (error) {
        // A fault of the firmware that is linked into this program is ours, and must be seen; one of a replaced firmware is part of the world.
        if (error instanceof PowerLoss || this.board.program === PROGRAM) throw error
        this.options.onCrash?.(error)
        this.board.reset('fault')
      }
    })
    return survived
  }

  #module(): { readonly io: SerialConstructor; readonly device: string } | undefined {
    const { config, serial } = this.options
    const { device } = config.world.lorawan
    if (!config.meter.lorawan.enabled || device === undefined) return undefined
    assert(serial !== undefined, 'there are no serial ports here')
    return { io: serial, device }
  }

  #createAir(): LoRaWorld | undefined {
    const { config, seed, crypto, serveGateway, onRadio } = this.options
    // A real module has the real air around it.
    if (!config.meter.lorawan.enabled || config.world.lorawan.device !== undefined) return undefined
    return new LoRaWorld({
      scheduler: this.scheduler,
      seed,
      config,
      network: this.#network,
      crypto,
      wall: new WorldTimer(this.#wall),
      serve: serveGateway,
      onNote: (text) => onRadio?.(text),
    })
  }

  #serveFace(meter: Meter): Service | undefined {
    const { config, crypto, onReady, onError } = this.options
    const network = this.#network
    if (!config.meter.face.enabled || network === undefined) return undefined
    return serveFace({
      source: new MachineFace(this, this.board.program.face(meter)),
      crypto,
      timer: new WorldTimer(this.#wall),
      network,
      config: config.meter.face,
      extension: new WorldControls(this),
      onReady: (port) => onReady?.('face', port),
      onError: (reason) => onError?.('face', reason),
    })
  }

  #serveConsole(): ConsoleBridge | undefined {
    const { config, onReady, onError } = this.options
    const network = this.#network
    const { consolePort } = config.world
    if (consolePort === undefined || network === undefined) return undefined
    return new ConsoleBridge({
      network,
      port: consolePort,
      io: this.board.cable.end(1),
      baud: BOARD.console.baud,
      timer: new WorldTimer(this.#wall),
      onReady: (port) => onReady?.('console', port),
      onError: (reason) => onError?.('console', reason),
    })
  }

  #connectAppliances(): Appliance[] {
    const configured = this.options.config.world.appliances
    if (this.pulses !== undefined) return []
    const single = this.phases === 1
    const appliances = (configured ?? COMMON_APPLIANCES).map((options) => new Appliance(single ? { ...options, phase: 1 } : options))
    for (const [index, appliance] of appliances.entries()) {
      if (configured?.[index].on) appliance.switch(true)
      this.mains.add(new SwitchedLoad(this.relay, appliance))
    }
    return appliances
  }
}
