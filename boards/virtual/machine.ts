import type { Crypto } from '../../hal/api/crypto.ts'
import type { Device } from '../../hal/api/device.ts'
import type { Flash } from '../../hal/api/flash.ts'
import type { Network } from '../../hal/api/sockets.ts'
import { assert } from '../../src/lib/assert.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import { Meter, type Service, type ServiceName, serveFace } from '../../src/meter/app.ts'
import type { MeterConfig } from '../../src/meter/config.ts'
import type { EventListener } from '../../src/meter/core.ts'
import { FaceView } from '../../src/meter/views/face.ts'
import { ATM90E32 } from '../../src/world/chips/atm90e32.ts'
import { NorFlash } from '../../src/world/chips/nor-flash.ts'
import type { Electrical } from '../../src/world/electrical.ts'
import { Appliance, COMMON_APPLIANCES, Photovoltaics } from '../../src/world/loads/appliances.ts'
import type { Trace } from '../../src/world/loads/trace.ts'
import { TraceLoad } from '../../src/world/loads/trace-load.ts'
import { Mains } from '../../src/world/mains.ts'
import { PinBank } from '../../src/world/pins.ts'
import { Scheduler, type Task } from '../../src/world/scheduler.ts'
import { WorldClock, WorldTimer } from '../../src/world/time.ts'
import { BOARD } from './board.ts'
import type { VirtualConfig } from './config.ts'
import { WorldControls } from './controls.ts'
import { MachineFace } from './face.ts'
import { type DeviceNetwork, scopeNetwork } from './scoped-network.ts'

/** Most real time that the observers live through at once. */
const OBSERVE_MAX_MS = 1000
/** Voltages below this part of the nominal one may be a sag for the IC. */
const SAG_FACTOR = 0.9
/** Register SagPeakDetCfg; its low byte is the time in ms after which the IC decides. */
const SAG_PEAK_DETECTION = 0x05

export interface MachineOptions {
  readonly config: VirtualConfig
  readonly trace?: Trace
  /** Where the bytes of the flash live; the machine puts the emulated chip in front of it. */
  readonly storage: Flash
  /** Without one, nothing is served. */
  readonly network?: Network
  readonly crypto: Crypto
  readonly start_ms: number
  readonly seed: number
  /** Simulated seconds per second that whoever drives the machine aims at; Infinity = as fast as possible. */
  readonly speed: number
  readonly onEvent?: EventListener
  /** The board dies: last look at the meter. */
  readonly onDark?: () => void
  readonly onReady?: (service: ServiceName, port: number) => void
  readonly onError?: (service: ServiceName, reason: string) => void
}

/** One virtual meter and the world around it: a house, its mains, the chips of the board, and the firmware that runs on it. */
export class Machine {
  readonly scheduler: Scheduler
  readonly mains: Mains
  readonly appliances: readonly Appliance[]
  readonly photovoltaics: Photovoltaics
  readonly clock: WorldClock
  readonly chip: ATM90E32
  readonly flash: NorFlash
  readonly pins: PinBank
  readonly options: MachineOptions
  /** Simulated seconds per second that the driver of the machine shall aim at; 0 = paused. */
  speed: number
  /** Simulated seconds per second that the driver of the machine has measured. */
  actualSpeed = 0
  /** Counts the starts of the firmware. */
  generation = 0
  /** The sockets of the device go down with its supply; those of the world outlive it. */
  readonly #deviceNetwork: DeviceNetwork | undefined
  readonly #worldNetwork: DeviceNetwork | undefined
  #meterConfig: MeterConfig
  readonly #wall = new Scheduler(0)
  #observed_ms = 0
  readonly #household: TraceLoad | undefined
  readonly #face: Service | undefined
  #timer: WorldTimer
  #meter: Meter | undefined
  #holdUp: Task | undefined
  #booting: Task | undefined
  #stopped = false

  constructor(options: MachineOptions) {
    assert(Number.isSafeInteger(options.start_ms), 'the world starts at an integer millisecond')
    const { config, seed } = options
    this.options = options
    this.#deviceNetwork = options.network && scopeNetwork(options.network)
    this.#worldNetwork = options.network && scopeNetwork(options.network)
    this.speed = options.speed
    const scheduler = new Scheduler(options.start_ms * 1000)
    this.scheduler = scheduler
    this.clock = new WorldClock(scheduler)
    this.#timer = new WorldTimer(scheduler)
    this.pins = new PinBank(scheduler)
    this.flash = new NorFlash(options.storage, { random: new SeededRandom(seed, 3) })
    this.chip = new ATM90E32({
      now_us: () => scheduler.now_us,
      interrupt: (irq, level) => {
        if (irq === 1) this.pins.drive(BOARD.metering.interrupt, level)
      },
    })
    this.mains = new Mains({
      scheduler,
      seed,
      voltage_V: config.world.voltage_V ?? config.meter.mains.nominalVoltage_V,
      frequency_Hz: config.meter.mains.frequency_Hz,
      wander_ms: config.world.wander ? 10_000 : 0,
      onChange: (electrical) => this.#onMains(electrical),
    })
    this.appliances = this.#connectAppliances()
    this.photovoltaics = new Photovoltaics(config.world.photovoltaics_W)
    this.mains.add(this.photovoltaics)
    const { standardOffset_min } = config.meter.localTime
    const { trace } = options
    this.#household = trace === undefined ? undefined : new TraceLoad({ scheduler, mains: this.mains, trace, standardOffset_min })
    if (this.#household !== undefined) this.mains.add(this.#household)
    // The world serves the face: a page that dies with the meter could not switch the mains on again.
    this.#meterConfig = { ...config.meter, face: { ...config.meter.face, enabled: false } }
    this.mains.update()
    this.#meter = this.#boot()
    this.#face = this.#serveFace(this.#meter)
  }

  /** The running firmware; undefined while the board has no supply. */
  get meter(): Meter | undefined {
    return this.#meter
  }

  get now_ms(): number {
    return Math.floor(this.scheduler.now_us / 1000)
  }

  /** Lets the world's time pass up to `until_ms`. */
  run(until_ms: number): void {
    this.scheduler.run(until_ms * 1000)
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
    this.#wall.run(this.#wall.now_us + Math.floor(elapsed_ms * 1000))
  }

  /** Ends the firmware in good order, as when the supply fails with warning. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#meter?.stop()
    this.#meter = undefined
    this.#timer.stop()
    this.#face?.close()
    this.#deviceNetwork?.closeAll()
    this.#worldNetwork?.closeAll()
  }

  #serveFace(meter: Meter): Service | undefined {
    const { config, crypto, onReady, onError } = this.options
    const network = this.#worldNetwork
    if (!config.meter.face.enabled || network === undefined) return undefined
    return serveFace({
      source: new MachineFace(this, new FaceView(meter)),
      crypto,
      timer: new WorldTimer(this.#wall),
      network,
      config: config.meter.face,
      extension: new WorldControls(this),
      onReady: (port) => onReady?.('face', port),
      onError: (reason) => onError?.('face', reason),
    })
  }

  #connectAppliances(): Appliance[] {
    const configured = this.options.config.world.appliances
    const appliances = (configured ?? COMMON_APPLIANCES).map((options) => new Appliance(options))
    for (const [index, appliance] of appliances.entries()) {
      if (configured?.[index].on) appliance.switch(true)
      this.mains.add(appliance)
    }
    return appliances
  }

  /** Firmware starts on a board that has just got its supply. */
  #boot(): Meter {
    const { options, scheduler } = this
    this.#booting = undefined
    this.#timer = new WorldTimer(scheduler)
    const random = new SeededRandom(options.seed, 2)
    const device: Device = {
      clock: this.clock,
      timer: this.#timer,
      random: (buffer) => random.fill(buffer),
      crypto: options.crypto,
      flash: this.flash,
      metering: {
        sensor: { io: this.chip.bus(), hz: BOARD.metering.hz, mode: 3, select: BOARD.metering.select },
        interrupt: { io: this.pins.constructorFor(), pin: BOARD.metering.interrupt },
      },
      led: { io: this.pins.constructorFor(), pin: BOARD.led.pin },
      network: this.#deviceNetwork,
    }
    this.generation++
    return new Meter({
      device,
      config: this.#meterConfig,
      peerTimer: new WorldTimer(this.#wall),
      onEvent: options.onEvent,
      onError: options.onError,
      onReady: (service, port) => {
        // A port that the host chose stays the meter's port when it starts again.
        if (service === 'dlms') this.#meterConfig = { ...this.#meterConfig, dlms: { ...this.#meterConfig.dlms, port } }
        options.onReady?.(service, port)
      },
    })
  }

  #onMains(electrical: Electrical): void {
    this.chip.setInputs(electrical)
    // The IC decides on a sag a while after it began, without anybody looking; somebody has to look, for its interrupt to come in time.
    if (electrical.voltage_V.some((voltage_V) => voltage_V < this.#nominal_V * SAG_FACTOR)) {
      const period_ms = this.chip.peek(SAG_PEAK_DETECTION) & 0xff
      this.scheduler.after(period_ms * 1000, () => this.chip.advance())
    }
    const limit_V = BOARD.supplyFactor * this.#nominal_V
    const supplied = electrical.voltage_V.some((voltage_V) => voltage_V >= limit_V)
    if (supplied) this.#supplyReturns()
    else this.#supplyFails()
  }

  get #nominal_V(): number {
    return this.options.config.meter.mains.nominalVoltage_V
  }

  #supplyFails(): void {
    if (this.#booting !== undefined) this.scheduler.cancel(this.#booting)
    this.#booting = undefined
    if (this.#meter === undefined || this.#holdUp !== undefined) return
    this.#holdUp = this.scheduler.after(this.options.config.world.holdUp_ms * 1000, () => this.#die())
  }

  #supplyReturns(): void {
    if (this.#holdUp !== undefined) this.scheduler.cancel(this.#holdUp)
    this.#holdUp = undefined
    if (this.#meter !== undefined || this.#booting !== undefined || this.#stopped) return
    // The first start happens in the constructor.
    if (this.generation === 0) return
    this.chip.powerOn()
    this.#booting = this.scheduler.after(BOARD.boot_ms * 1000, () => {
      this.#meter = this.#boot()
    })
  }

  /** The capacitors are empty: the processor stops in the middle of whatever it does. */
  #die(): void {
    this.#holdUp = undefined
    this.options.onDark?.()
    this.#timer.stop()
    this.#deviceNetwork?.closeAll()
    this.#meter?.close()
    this.#meter = undefined
    this.pins.release()
    this.chip.powerOff()
  }
}
