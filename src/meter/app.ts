import type { Device } from '../../hal/api/device.ts'
import type { Rating } from '../../hal/api/metering.ts'
import type { Timer, TimerHandle } from '../../hal/api/time.ts'
import { StandardEvent } from '../core/events/codes.ts'
import { formatVersion } from '../core/firmware/image.ts'
import type { KeyStore } from '../core/security/key-store.ts'
import { Counter } from '../core/storage/counters.ts'
import { Calibrator } from './calibrator.ts'
import { CommunicationWatch } from './communication-watch.ts'
import { checkMeterConfig, FACTORY_VERSION, type MeterConfig, RATING } from './config.ts'
import { MeterConsoleTarget } from './console/meter-target.ts'
import { contactsPart } from './contacts.ts'
import { MeterCore } from './core.ts'
import { checkEnergyUnit } from './energy-unit.ts'
import { openAfterReset } from './factory-reset.ts'
import { type MeterFirmware, meterFirmware } from './firmware.ts'
import { FlowWatch } from './flow-watch.ts'
import type { FrontEndCalibration } from './front-end/calibration.ts'
import { createFrontEnd, measuredOn } from './front-end/front-end.ts'
import type { EventListener } from './journal.ts'
import { ledPart, MetrologicalLed } from './led.ts'
import { LoRaWanPart } from './lorawan/part.ts'
import type { CommandTarget } from './lorawan/reporter.ts'
import { METERING_PAUSE_MAX_MS, PatientMetering } from './metering.ts'
import { MetrologyParameters } from './metrology-parameters.ts'
import { consolePart, interruptPart, PushPart } from './parts.ts'
import { MeterPrepayment, restAccount } from './prepayment/prepayment.ts'
import { Provisioning, type ProvisioningChange } from './provisioning.ts'
import { SealContact } from './seal.ts'
import { checkReading, MANAGEMENT, openKeys, provisionFirst, unreadableSecrets, usesDemoSecret } from './secrets.ts'
import { dlmsPart, facePart, type ServiceName } from './services.ts'
import { applyStored } from './stored-config.ts'
import { type FaultListener, type FaultRecord, isEndOfSupply, type PartHealth, reasonOf, Supervisor } from './supervisor.ts'
import { MeterSwitch } from './switch.ts'
import { DlmsView, MANAGEMENT_CLIENT, READING_CLIENT } from './views/dlms.ts'
import { FaceView } from './views/face.ts'

/** Parts whose faults are events. */
const RESTARTED: ReadonlySet<string> = new Set(['interrupt', 'contacts', 'led', 'switch', 'console', 'push', 'lorawan', 'dlms', 'face'])
/** Parameter of the event "factory reset". */
const RESETS = ['none', 'settings', 'all', 'failed'] as const
/** Events in which an older one of the same kind is looked for. */
const EVENTS_LOOKED_THROUGH = 32
/** Stands for the service port where an event names a client. */
const SERVICE_PORT = 0
/** How far the ticks may be from the seconds of the clock. */
const OFF_STEP_MS = 50
/** A ticker that is faster than the clock begins so long after the second, and drifts back to it. */
const EARLY_MS = 20

export interface MeterOptions {
  readonly device: Device
  readonly config: MeterConfig
  /** Timer of the peers on the network, where the meter's own time is not theirs: in a world that runs faster than they do. */
  readonly peerTimer?: Timer
  readonly onEvent?: EventListener
  /** A service is reachable at `port`. */
  readonly onReady?: (service: ServiceName, port: number) => void
  /** A service has a fault; once per episode. */
  readonly onError?: (service: ServiceName, reason: string) => void
  /** Any part has a fault, once per episode: the services, `led`, `interrupt`, `metering` (the driver, which the core logs by itself) and `core`. */
  readonly onFault?: FaultListener
}

/** The meter application: starts a meter on a device that it is given. */
export class Meter {
  readonly core: MeterCore
  /** Defaults and file, and over them what is stored in the meter. */
  readonly config: MeterConfig
  /** Of the firmware that runs. */
  readonly version: string
  /** Of the current paths: reference and maximum. */
  readonly rating: Rating
  readonly led: MetrologicalLed
  /** Absent where firmware cannot be replaced. */
  readonly firmware: MeterFirmware | undefined
  /** Of a water, gas or heat meter. */
  readonly flow: FlowWatch | undefined
  /** Absent on a meter without a relay. */
  readonly supplySwitch: MeterSwitch | undefined
  /** Absent where energy is paid for afterwards. */
  readonly prepayment: MeterPrepayment | undefined
  readonly seal: SealContact
  readonly parameters: MetrologyParameters
  /** Absent where there is nothing to calibrate. */
  readonly calibrator: Calibrator | undefined
  readonly #device: Device
  readonly #options: MeterOptions
  readonly #supervisor: Supervisor
  /** Exceptions of the core itself. */
  readonly #faults: FaultRecord
  readonly #keys: KeyStore
  readonly #communication: CommunicationWatch
  #console: ReturnType<typeof consolePart> | undefined
  #push: PushPart | undefined
  #lorawan: LoRaWanPart | undefined
  #ticker: TimerHandle | undefined

  constructor(options: MeterOptions) {
    const { device } = options
    this.#device = device
    this.#options = options
    checkMeterConfig(options.config, measuredOn(device.metering, options.config))
    const { storage, reset } = openAfterReset(device.flash, undefined, () => device.watchdog?.feed())
    const { config, ignored } = applyStored(options.config, storage.settings)
    this.config = config
    this.version = formatVersion(device.firmware?.running ?? FACTORY_VERSION)
    this.#keys = openKeys(storage, device)
    provisionFirst(storage, this.#keys, config)
    const ticks_ms = () => device.clock.ticks_ms()
    this.#supervisor = new Supervisor({ ticks_ms, onFault: (part, reason) => this.onFault(part, reason) })
    this.#faults = this.#supervisor.record('core')
    this.seal = new SealContact(device)
    this.parameters = new MetrologyParameters({
      storage,
      sealOpen: () => this.seal.open,
      onChange: (number) => this.core.watch.sealedChanged(number),
    })
    const frontEnd = createFrontEnd({
      device,
      storage,
      config,
      sealed: this.parameters.sealed,
      onDamaged: (reason) => this.onFault('calibration', reason),
      onAlert: () => this.attempt(this.core.interrupt, this.core),
    })
    checkEnergyUnit(storage, frontEnd.energyUnit)
    const metering = new PatientMetering({
      create: (onFault) => frontEnd.start(onFault),
      energyUnit: frontEnd.energyUnit,
      settle_ms: frontEnd.settle_ms,
      ticks_ms,
      record: this.#supervisor.record('metering', METERING_PAUSE_MAX_MS),
    })
    this.core = new MeterCore({
      device,
      storage,
      metering,
      measured: frontEnd.measured,
      config,
      onEvent: options.onEvent,
      onSupplyFailure: (utc_s) => {
        this.#push?.supplyFails(utc_s)
        this.#lorawan?.supply(false)
      },
      onSupplyReturn: (utc_s) => {
        this.#push?.supplyReturned(utc_s)
        this.#lorawan?.supply(true)
      },
    })
    if (reset !== 'none') this.core.record(StandardEvent.factoryReset, RESETS.indexOf(reset))
    for (const text of ignored) this.onFault('configuration', text)
    this.reportUnreadable()
    const restart = () => this.restart()
    this.firmware = meterFirmware({ device, core: this.core, keys: this.#keys, confirm_s: config.firmware.confirm_s, restart })
    this.supplySwitch = device.supplySwitch && new MeterSwitch(this.core, config)
    const { medium } = this.core.measured
    this.flow = medium && new FlowWatch(this.core, config, medium)
    this.rating = device.metering.rating ?? RATING
    const { supplySwitch } = this
    if (supplySwitch !== undefined) this.core.watch.relayOpen = () => supplySwitch.open
    const paid = { core: this.core, config, keys: this.#keys, supply: supplySwitch?.supply }
    this.prepayment = config.prepayment.enabled ? new MeterPrepayment(paid) : restAccount(paid)
    this.#communication = new CommunicationWatch({
      clock: this.core.clock,
      log: (code, utc_s, parameter) => this.core.recordCommunication(code, utc_s, parameter),
      managementClient: MANAGEMENT_CLIENT,
      silence_s: device.network !== undefined && config.dlms.enabled ? 3600 * config.tamper.silence_h : 0,
    })
    const damaged = frontEnd.calibration?.stored.state === 'damaged'
    if (damaged || !this.parameters.sealed.intact) this.core.watch.sealedDamaged(this.parameters.sealed.number)
    this.parameters.resume()
    const { calibration } = frontEnd
    this.calibrator = calibration && this.calibrates(calibration)
    this.led = new MetrologicalLed(this.parameters.constant_imp_kWh)
    this.led.update(this.core.pulseEnergy_mWh)
    this.addParts()
    this.keepStep()
  }

  /** True while the reading client's secret is the one of the demo configuration. */
  get demoSecret(): boolean {
    return usesDemoSecret(this.core.storage, this.#keys)
  }

  /** How the parts of the meter are. */
  get health(): readonly PartHealth[] {
    return this.#supervisor.health
  }

  /** Stops in good order: saves, logs the end of the supply, and lets go of every resource. */
  stop(): void {
    try {
      this.core.stop()
    } finally {
      this.close()
    }
  }

  /** Saves and starts the firmware again, where the board can. */
  restart(): void {
    this.attempt(() => this.core.stop(true))
    this.#device.restart?.()
  }

  /** Lets go of every resource without saving anything. */
  close(): void {
    if (this.#ticker !== undefined) this.#device.timer.clear(this.#ticker)
    this.#ticker = undefined
    this.#supervisor.close()
    this.core.metering.close()
    this.core.time.close()
  }

  /**
   * One second of the meter. The watchdog is fed only here and only when the core has done its work, saving included: a ticker that died, or a core that
   * throws every time, ends in a reset. Flash that takes no more is no reason for one: the registers in memory are all that is left then.
   */
  private second(): void {
    const { core, firmware, prepayment, supplySwitch, flow } = this
    if (this.attempt(core.second, core)) this.#device.watchdog?.feed()
    if (firmware !== undefined) this.attempt(firmware.second, firmware)
    if (prepayment !== undefined) this.attempt(prepayment.second, prepayment)
    if (supplySwitch !== undefined) this.attempt(supplySwitch.second, supplySwitch)
    if (flow !== undefined) this.attempt(flow.second, flow)
    this.attempt(this.partsSecond, this)
  }

  private partsSecond(): void {
    this.led.update(this.core.pulseEnergy_mWh)
    this.#supervisor.second()
    this.calibrator?.second()
    this.#console?.second()
    this.#communication.second()
    if (!this.core.supplyFailed) this.#push?.second()
    this.#lorawan?.second()
    // A clock that was set or drifts is no longer in step with the timer.
    const off_ms = this.core.clock.now_ms() % 1000
    // A tick that comes just before its second would find the end of an interval almost a second late.
    if (off_ms > OFF_STEP_MS) this.keepStep(off_ms >= 1000 - OFF_STEP_MS ? EARLY_MS : 0)
  }

  /** Runs a piece of the core; what it throws does not stop the services. A method is given with its `owner`: nothing has to be made for the call. */
  private attempt<Owner = undefined>(work: (this: Owner) => void, owner?: Owner): boolean {
    try {
      work.call(owner as Owner)
      return true
    } catch (error) {
      if (isEndOfSupply(error)) throw error
      this.#faults.add(reasonOf(error))
      return false
    }
  }

  private onFault(part: string, reason: string): void {
    const { onFault, onError } = this.#options
    // The core logs what its metering does; the others are restarted without it.
    if (RESTARTED.has(part)) this.attempt(() => this.core.record(StandardEvent.partRestarted))
    onFault?.(part, reason)
    if (part === 'dlms' || part === 'face') onError?.(part, reason)
  }

  /** Ticks at the seconds of the clock, so that an interval ends at its second. */
  private keepStep(late_ms = 0): void {
    if (this.#ticker !== undefined) this.#device.timer.clear(this.#ticker)
    const first_ms = 1000 - (this.core.clock.now_ms() % 1000) + late_ms
    this.#ticker = this.#device.timer.set(() => this.second(), first_ms, 1000)
  }

  private authenticate(clientSap: number, secret: Uint8Array): boolean {
    const known =
      clientSap === READING_CLIENT
        ? checkReading(this.core.storage, this.#keys, secret)
        : clientSap === MANAGEMENT_CLIENT && this.#keys.check(MANAGEMENT, secret)
    if (known) this.#communication.associated(clientSap)
    return known
  }

  /** Logged once, not at each start: nothing repairs it but a new secret. */
  private reportUnreadable(): void {
    const count = unreadableSecrets(this.#keys).length
    if (count === 0) return
    const known = this.core.standardLog.newest(EVENTS_LOOKED_THROUGH).some(({ code }) => code === StandardEvent.secretUnreadable)
    if (!known) this.core.record(StandardEvent.secretUnreadable, count)
  }

  private onProvisioning({ kind }: ProvisioningChange): void {
    this.core.watch.changed(kind === 'configuration' ? kind : 'secret')
  }

  private lockedOut(clientSap: number): void {
    this.core.watch.failedLogin(clientSap)
    this.#communication.lockedOut(clientSap)
  }

  private calibrates(calibration: FrontEndCalibration): Calibrator {
    const { nominalVoltage_V, frequency_Hz } = this.config.mains
    const { reference_A: basic_A, maximum_A } = this.rating
    const basis = { nominalVoltage_V, basic_A, maximum_A }
    return new Calibrator({ calibration, core: this.core, sealOpen: () => this.seal.open, basis, frequency_Hz })
  }

  private consoleTarget(): MeterConsoleTarget {
    const { core } = this
    const provisioning = new Provisioning({
      storage: core.storage,
      keys: this.#keys,
      base: this.#options.config,
      onChange: (change) => this.onProvisioning(change),
    })
    return new MeterConsoleTarget({
      core,
      device: this.#device,
      keys: this.#keys,
      provisioning,
      serial: this.config.identity.serial,
      version: this.version,
      restart: this.#device.restart && (() => this.restart()),
      seal: this.seal,
      calibrator: this.calibrator,
      onLockOut: () => this.lockedOut(SERVICE_PORT),
      status: () => this.statusLines(),
      prepayment: this.prepayment,
    })
  }

  /** What the console shows beside the core's own lines: the tariff, the switch, and the parts that have had faults. */
  private *statusLines(): Iterable<readonly [string, string]> {
    yield ['clock', this.core.time.summary]
    if (this.calibrator !== undefined) yield ['calibration', this.calibrator.summary]
    yield ['rate', `${this.core.tariff.activeRate} of ${this.config.tariff.rates}`]
    const supply = this.supplySwitch?.supply
    if (supply !== undefined) yield ['switch', supply.disconnector.outputState ? 'closed' : 'open']
    if (this.prepayment !== undefined) yield* this.prepayment.lines()
    for (const { name, state, faults, lastReason } of this.health) {
      if (faults > 0) yield [name, `${state}, ${faults} faults, the last: ${lastReason}`]
    }
  }

  private addParts(): void {
    const { led, metering, network, timer, crypto, console: servicePort } = this.#device
    const { onReady, peerTimer } = this.#options
    const { dlms, face } = this.config
    const supervisor = this.#supervisor
    if (metering.interrupt !== undefined) {
      const onInterrupt = () => {
        this.attempt(this.core.interrupt, this.core)
      }
      supervisor.add(
        'interrupt',
        interruptPart(metering.interrupt, () => this.core.metering.acknowledge(), onInterrupt),
      )
    }
    const { tamperContacts } = this.#device
    if (tamperContacts !== undefined || this.seal.present) {
      supervisor.add(
        'contacts',
        contactsPart(tamperContacts, this.seal, (id, active) => this.core.watch.contact(id, active)),
      )
    }
    if (led !== undefined) supervisor.add('led', ledPart(this.led, led, timer))
    const { supplySwitch } = this.#device
    if (supplySwitch !== undefined && this.supplySwitch !== undefined) {
      supervisor.add('switch', this.supplySwitch.part(supplySwitch, timer))
    }
    if (servicePort !== undefined) {
      this.#console = consolePart(servicePort, this.consoleTarget())
      supervisor.add('console', this.#console)
    }
    this.addLoRaWan()
    if (network === undefined) return
    if (this.config.push.address !== undefined) {
      this.#push = new PushPart({
        onFailed: () => this.#communication.pushFailed(),
        core: this.core,
        config: this.config,
        network,
        holdUp: this.#device.holdUp,
      })
      supervisor.add('push', this.#push)
    }
    if (dlms.enabled) {
      const options = { source: () => this.dlmsView(), network, timer: peerTimer ?? timer, config: dlms }
      supervisor.add('dlms', dlmsPart({ ...options, onReady: (port) => onReady?.('dlms', port) }))
    }
    if (face.enabled) {
      const options = { source: new FaceView(this), crypto, timer, network, config: face }
      supervisor.add('face', facePart({ ...options, onReady: (port) => onReady?.('face', port) }))
    }
  }

  private addLoRaWan(): void {
    const { config, core } = this
    const { lora } = this.#device
    if (lora === undefined || !config.lorawan.enabled) return
    const target: CommandTarget = {
      relay: (closed) => this.supplySwitch?.supply.disconnector.trigger(closed ? 'remoteReconnect' : 'remoteDisconnect') === 'success',
      restart: () => {
        if (this.#device.restart === undefined) return false
        this.restart()
        return true
      },
      relayClosed: () => this.supplySwitch?.supply.disconnector.outputState,
      limit_W: (thresholdNormal) => this.supplySwitch?.supply.limiter.change({ thresholdNormal }) === 'success',
    }
    this.#lorawan = new LoRaWanPart({
      wiring: lora,
      device: this.#device,
      core,
      config,
      keys: this.#keys,
      target,
      update: this.firmware?.update,
    })
    this.#supervisor.add('lorawan', this.#lorawan)
  }

  /** The LoRaWAN part, on a meter that has one. */
  get lorawan(): LoRaWanPart | undefined {
    return this.#lorawan
  }

  private dlmsView(): DlmsView {
    const { core, config } = this
    const { address, port } = config.push
    return new DlmsView({
      core,
      config,
      version: this.version,
      authenticate: (clientSap, secret) => this.authenticate(clientSap, secret),
      onLockOut: (clientSap) => this.lockedOut(clientSap),
      image: this.firmware?.update,
      supply: this.supplySwitch?.supply,
      prepayment: this.prepayment,
      parameters: this.parameters,
      push: {
        destination: address === undefined ? '' : `${address}:${port}`,
        get messageNumber() {
          return core.storage.counters.last(Counter.message)
        },
        scheduled: this.#lorawan?.pushes,
      },
    })
  }
}
