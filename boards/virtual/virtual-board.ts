import type { Crypto } from '../../hal/api/crypto.ts'
import type { Device } from '../../hal/api/device.ts'
import type { Flash } from '../../hal/api/flash.ts'
import type { Bytes, DigitalConstructor, SerialConstructor } from '../../hal/api/io.ts'
import type { Network } from '../../hal/api/sockets.ts'
import type { Timer } from '../../hal/api/time.ts'
import type { ResetReason, Watchdog } from '../../hal/api/watchdog.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import type { Meter } from '../../src/meter/app.ts'
import { FACTORY_VERSION, type MeterConfig } from '../../src/meter/config.ts'
import type { EventListener } from '../../src/meter/journal.ts'
import { PROGRAM, type Program } from '../../src/meter/program.ts'
import type { ServiceName } from '../../src/meter/services.ts'
import type { FaultListener } from '../../src/meter/supervisor.ts'
import { type BootImage, BootLoader } from '../../src/world/bootloader.ts'
import { NorFlash, type OperationHook, PowerLoss } from '../../src/world/chips/nor-flash.ts'
import { seededSkew } from '../../src/world/chips/skew.ts'
import type { Electrical } from '../../src/world/electrical.ts'
import type { LoRaAir } from '../../src/world/lora/air.ts'
import { PinBank } from '../../src/world/pins.ts'
import type { Scheduler, Task } from '../../src/world/scheduler.ts'
import { SerialWire } from '../../src/world/serial-wire.ts'
import type { WorldTimer } from '../../src/world/time.ts'
import { WorldWatchdog } from '../../src/world/watchdog.ts'
import { BOARD } from './board.ts'
import { BoardTime, type BoardTimeConfig } from './board-time.ts'
import { loadProgram } from './image.ts'
import { type BoardLoRa, type BoardRadio, createLoRa, realModule } from './lora.ts'
import { createMetering, type MeteringPart } from './metering.ts'
import { type DeviceNetwork, scopeNetwork } from './scoped-network.ts'
import { BoardSupply } from './supply.ts'
import { BOARDS, type BoardName } from './variants.ts'

/** Basic current of the current paths, all of them 5(60) or 5(30) A. */
const BASIC_A = 5

export interface VirtualBoardOptions {
  readonly board: BoardName
  readonly scheduler: Scheduler
  readonly seed: number
  readonly config: MeterConfig
  /** Clock chip and oscillators. */
  readonly time: BoardTimeConfig
  readonly holdUp_ms: number
  /** Tolerances of the parts in front of the metering IC; without it they are nominal. */
  readonly skewSeed?: number | undefined
  /** Where the bytes of the partition `meter` live; the board puts the emulated chip in front of it. */
  readonly storage: Flash
  /** The partitions of the boot loader; without them the firmware cannot be replaced. */
  readonly firmware?: Flash
  /** Runs a script and gives its value: how a firmware image starts in this engine. */
  readonly evaluate?: (source: string) => unknown
  /** The firmware that is linked into this program, as it would lie in program memory. */
  readonly factoryProgram?: Bytes
  readonly network?: Network
  readonly crypto: Crypto
  /** The air around a board whose meter uses LoRaWAN. */
  readonly air?: LoRaAir
  /** Its transceiver. */
  readonly radio?: BoardRadio
  /** A real module in place of an emulated radio: serial ports of the PC, and which one. */
  readonly module?: { readonly io: SerialConstructor; readonly device: string } | undefined
  /** The key that only this device has. */
  readonly key: Bytes
  /** Why the firmware starts for the first time: an engine that died takes the board with it. */
  readonly resetReason?: ResetReason
  /** Timer of the peers on the network, who live in real time. */
  readonly peerTimer: () => Timer
  readonly onEvent?: EventListener
  /** The board dies: last look at the meter. */
  readonly onDark?: () => void
  readonly onReady?: (service: ServiceName, port: number) => void
  readonly onError?: (service: ServiceName, reason: string) => void
  /** Any part of the firmware has a fault; once per episode. */
  readonly onFault?: FaultListener
  /** The firmware could not start, or threw where nothing caught it; the board resets. */
  readonly onCrash?: (error: unknown) => void
}

/** Covers that can be taken off, a magnet that can be held to the meter, a seal that can be broken. */
export type TamperSwitch = keyof typeof BOARD.tamper | 'seal'

/** The board: chips, power supply, boot loader, and the life of the firmware between starts, resets and the end of the supply. */
export class VirtualBoard {
  readonly time: BoardTime
  readonly metering: MeteringPart
  readonly flash: NorFlash
  readonly pins: PinBank
  readonly lora: BoardLoRa | undefined
  /** The cable at the service port: end 0 is the meter's. */
  readonly cable: SerialWire
  /** Counts the starts of the firmware. */
  generation = 0
  /** What runs, or ran last. */
  program: Program = PROGRAM
  readonly #options: VirtualBoardOptions
  readonly #supply: BoardSupply
  /** Of the boot loader. */
  readonly #partitions: NorFlash | undefined
  readonly #bootloader: BootLoader | undefined
  #watchdog: WorldWatchdog | undefined
  /** The sockets of the device go down with its supply. */
  readonly #network: DeviceNetwork | undefined
  #memory: Device['program']
  #config: MeterConfig
  #timer: WorldTimer
  #meter: Meter | undefined
  #booting: Task | undefined
  #supplied = true
  /** The capacitors hold the board although the mains are gone. */
  #alive = true
  #stopped = false

  constructor(options: VirtualBoardOptions) {
    const { scheduler, seed } = options
    this.#options = options
    this.#config = options.config
    this.pins = new PinBank(scheduler)
    this.pins.drive(BOARD.seal.pin, 1)
    this.pins.drive(BOARD.supplySwitch.button, 1)
    for (const pin of Object.values(BOARD.tamper)) this.pins.drive(pin, 0)
    this.cable = new SerialWire(scheduler, { transmit_bytes: 1024, receive_bytes: 1024 })
    this.time = new BoardTime({ scheduler, pins: this.pins, config: options.time })
    this.#timer = this.time.timer()
    const { skewSeed } = options
    const skew =
      skewSeed === undefined ? undefined : seededSkew(skewSeed, { voltage_V: options.config.mains.nominalVoltage_V, basic_A: BASIC_A })
    this.metering = createMetering(options.board, { scheduler, pins: this.pins, seed, timer: () => this.#timer, skew })
    const { air, module, radio = 'SX1262', crypto } = options
    const { region } = options.config.lorawan
    this.lora = module
      ? realModule(module, scheduler, radio, region)
      : air && createLoRa({ scheduler, pins: this.pins, air, radio, region, crypto, seed })
    this.#supply = new BoardSupply({
      scheduler,
      random: new SeededRandom(seed, 6),
      holdUp_ms: options.holdUp_ms,
      onEmpty: () => this.#die(),
    })
    const onOperation: OperationHook = (kind, bytes, offset) => this.#supply.flashOperation(kind, bytes, offset)
    this.flash = new NorFlash(options.storage, { random: new SeededRandom(seed, 3), onOperation })
    this.#partitions = options.firmware && new NorFlash(options.firmware, { random: new SeededRandom(seed, 8), onOperation })
    this.#bootloader = this.#partitions && new BootLoader(this.#partitions, FACTORY_VERSION)
    const run = (callback: () => void) => this.run(callback)
    this.#network = options.network && scopeNetwork(options.network, { run, sends: () => this.#supply.message() })
  }

  /** The running firmware; undefined while there is none. */
  get meter(): Meter | undefined {
    return this.#meter
  }

  get sealed(): boolean {
    return this.pins.level(BOARD.seal.pin) === 1
  }

  /** Somebody breaks or renews the metrological seal. */
  set sealed(whole: boolean) {
    this.pins.drive(BOARD.seal.pin, whole ? 1 : 0)
  }

  /** What somebody does to the meter. */
  tampered(what: TamperSwitch): boolean {
    return what === 'seal' ? !this.sealed : this.pins.level(BOARD.tamper[what]) === 1
  }

  tamper(what: TamperSwitch, on: boolean): void {
    if (what === 'seal') this.sealed = !on
    else this.pins.drive(BOARD.tamper[what], on ? 1 : 0)
  }

  /** The first start. Throws what the firmware throws: a configuration that no meter can have is a fault of whoever wrote it. */
  start(): Meter {
    const meter = this.#boot(this.#options.resetReason ?? 'power')
    this.#meter = meter
    return meter
  }

  /** Runs something that the processor does: it may die in the middle of it. */
  run(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      if (!(error instanceof PowerLoss)) throw error
      this.#die()
    }
  }

  onMains(electrical: Electrical): void {
    const nominal_V = this.#config.mains.nominalVoltage_V
    this.metering.setInputs(electrical, nominal_V)
    const limit_V = BOARD.supply.factor * nominal_V
    const { phases } = BOARDS[this.#options.board]
    this.#supplied = electrical.voltage_V.some((voltage_V, phase) => phase < phases && voltage_V >= limit_V)
    this.#supply.mains = this.#supplied
    if (this.#supplied && !this.#alive) {
      this.#alive = true
      this.metering.chip.powerOn()
      this.time.powerOn()
      this.lora?.powerOn()
      this.#bootSoon('power')
    }
  }

  /** The processor starts again; chips and mains keep their state. */
  reset(reason: ResetReason): void {
    if (!this.#alive || this.#stopped) return
    this.#halt()
    this.#bootSoon(reason)
  }

  /** Ends the firmware in good order, as when the supply fails with warning. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#meter?.stop()
    this.#halt()
  }

  #bootSoon(reason: ResetReason): void {
    if (this.#stopped) return
    this.#booting = this.#options.scheduler.after(BOARD.boot_ms * 1000, () => {
      this.#booting = undefined
      try {
        this.#meter = this.#boot(reason)
      } catch (error) {
        if (error instanceof PowerLoss) throw error
        // A firmware that does not even start feeds no watchdog.
        this.#options.onCrash?.(error)
        this.#halt()
        this.#options.scheduler.after(BOARD.watchdog_ms * 1000, () => {
          if (this.#meter === undefined && this.#booting === undefined) this.reset('fault')
        })
      }
    })
  }

  #boot(resetReason: ResetReason): Meter {
    const { scheduler, onEvent, onReady, onError, onFault, peerTimer, evaluate } = this.#options
    this.flash.powerOn()
    this.#partitions?.powerOn()
    this.#timer = this.time.timer()
    this.generation++
    const image = evaluate === undefined ? undefined : this.#bootloader?.boot()
    this.program = image === undefined || evaluate === undefined ? PROGRAM : loadProgram(image.payload, evaluate)
    this.#memory = this.#programMemory(image)
    const watchdog = new WorldWatchdog({ scheduler, timeout_ms: BOARD.watchdog_ms, onReset: (reason) => this.reset(reason) })
    this.#watchdog = watchdog
    return this.program.start({
      device: this.#device(resetReason, watchdog),
      config: this.#config,
      peerTimer: peerTimer(),
      onEvent,
      onError,
      onFault,
      onReady: (service, port) => {
        // A port that the host chose stays the meter's port when it starts again.
        if (service === 'dlms') this.#config = { ...this.#config, dlms: { ...this.#config.dlms, port } }
        onReady?.(service, port)
      },
    })
  }

  /** Where the running firmware can be read: its slot, or the bytes of the one that is linked in. */
  #programMemory(image: BootImage | undefined): Device['program'] {
    const { factoryProgram, crypto } = this.#options
    const bootloader = this.#bootloader
    if (image !== undefined && bootloader !== undefined) {
      const { slot, payload } = image
      const read = (buffer: Bytes, offset: number): void => bootloader.read(slot, buffer, offset)
      return { length: payload.length, read, expected: crypto.digest('SHA256', payload) }
    }
    if (factoryProgram === undefined) return undefined
    const { length } = factoryProgram
    return { length, read: (buffer, offset) => buffer.set(factoryProgram.subarray(offset, offset + buffer.length)) }
  }

  #device(resetReason: ResetReason, watchdog: Watchdog): Device {
    const { seed, crypto, key, scheduler } = this.#options
    const random = new SeededRandom(seed, 2)
    const pin = this.pins.constructorFor()
    return {
      ...this.time.device(),
      timer: this.#timer,
      random: (buffer) => random.fill(buffer),
      crypto,
      key,
      flash: this.flash,
      metering: this.metering.wiring,
      ...this.#electricity(pin),
      seal: { io: pin, pin: BOARD.seal.pin },
      tamperContacts: {
        terminalCover: { io: pin, pin: BOARD.tamper.terminalCover, active: 1 },
        meterCover: { io: pin, pin: BOARD.tamper.meterCover, active: 1 },
        magneticField: { io: pin, pin: BOARD.tamper.magneticField, active: 1, mode: 'InputPullDown' },
      },
      console: { io: this.cable.end(0), baud: BOARD.console.baud },
      network: this.#network,
      lora: this.lora?.wiring(),
      holdUp: this.#supply.holdUp,
      watchdog,
      program: this.#memory,
      firmware: this.#options.evaluate === undefined ? undefined : this.#bootloader?.slots(),
      resetReason,
      restart: () => {
        const { generation } = this
        scheduler.after(0, () => {
          if (generation === this.generation) this.reset('restart')
        })
      },
    }
  }

  /** What only an electricity meter has. */
  #electricity(io: DigitalConstructor): Pick<Device, 'led' | 'supplySwitch'> {
    if (this.metering.wiring.part === 'PULSE') return {}
    const { led, supplySwitch } = BOARD
    return {
      led: { io, pin: led.pin },
      supplySwitch: {
        coil: { type: 'bistable', io, closePin: supplySwitch.close, openPin: supplySwitch.open },
        feedback: { io, pin: supplySwitch.feedback, closed: 0 },
        button: { io, pin: supplySwitch.button },
      },
    }
  }

  /** The processor stops in the middle of whatever it does; nothing in its memory is left. */
  #halt(): void {
    if (this.#booting !== undefined) this.#options.scheduler.cancel(this.#booting)
    this.#booting = undefined
    this.#timer.stop()
    this.#watchdog?.stop()
    this.#network?.closeAll()
    try {
      this.#meter?.close()
    } finally {
      this.#meter = undefined
      this.cable.release(0)
      this.lora?.release()
      this.metering.release()
      this.pins.release()
    }
  }

  /** The capacitors are empty. */
  #die(): void {
    if (!this.#alive) return
    this.#alive = false
    this.#options.onDark?.()
    // Whoever looks at the dead meter may still read its flash.
    this.flash.powerOn()
    this.#halt()
    this.metering.chip.powerOff()
    this.time.powerOff()
    this.lora?.powerOff()
    // A reserve that was used up while the mains were back in time: the board starts as after any failure.
    if (!this.#supplied || this.#stopped) return
    this.#alive = true
    this.metering.chip.powerOn()
    this.time.powerOn()
    this.lora?.powerOn()
    this.#bootSoon('power')
  }
}
