import type { Crypto } from '../../hal/api/crypto.ts'
import type { Device } from '../../hal/api/device.ts'
import type { Digital } from '../../hal/api/io.ts'
import type { Network } from '../../hal/api/sockets.ts'
import type { Timer, TimerHandle } from '../../hal/api/time.ts'
import type { MeteringSource } from '../core/metrology/source.ts'
import { ATM90E32 } from '../drivers/metering/atm90e32/atm90e32.ts'
import { ascii } from '../lib/ascii.ts'
import { TcpServer } from '../links/ip/tcp-server.ts'
import { DlmsServer } from '../protocols/dlms/server.ts'
import { sameSecret } from '../protocols/dlms/source.ts'
import { checkMeterConfig, DEMO_SECRET, METER_CONSTANT, type MeterConfig } from './config.ts'
import { type EventListener, MeterCore } from './core.ts'
import { FaceServer } from './face/server.ts'
import type { FaceExtension, FaceSource } from './face/state.ts'
import { MetrologicalLed } from './led.ts'
import { PatientMetering } from './metering.ts'
import { DlmsView } from './views/dlms.ts'
import { FaceView } from './views/face.ts'

/** Key of the reading client's LLS secret in the settings. */
const READING_SECRET = 'dlms.lls.secret'
/** Key of the mark of a meter that has never had a secret of its own. */
const DEMO_MARK = 'dlms.lls.demo'
/** Energy of one count of the ATM90E32 at 3200 imp/kWh. */
const ENERGY_UNIT = Object.freeze({ numerator: 25, denominator: 8 })
/** How far the ticks may be from the seconds of the clock. */
const OFF_STEP_MS = 50

/** Something that is served until it is closed. */
export interface Service {
  close(): void
}

/** What a meter serves on its network. */
export type ServiceName = 'dlms' | 'face'

export interface MeterOptions {
  readonly device: Device
  readonly config: MeterConfig
  /** Timer of the peers on the network, where the meter's own time is not theirs: in a world that runs faster than they do. */
  readonly peerTimer?: Timer
  readonly onEvent?: EventListener
  /** A service is reachable at `port`. */
  readonly onReady?: (service: ServiceName, port: number) => void
  readonly onError?: (service: ServiceName, reason: string) => void
}

/** The meter application: starts a meter on a device that it is given. */
export class Meter {
  readonly core: MeterCore
  readonly config: MeterConfig
  /** True while the reading client's secret is the one of the demo configuration. */
  readonly demoSecret: boolean
  readonly led: MetrologicalLed
  readonly #device: Device
  readonly #servers: Service[] = []
  #ticker: TimerHandle | undefined
  #ledPin: Digital | undefined
  #interrupt: Digital | undefined

  constructor(options: MeterOptions) {
    const { device, config } = options
    this.#device = device
    this.config = config
    checkMeterConfig(config)
    const metering = new PatientMetering(() => this.#startMetering(), ENERGY_UNIT)
    this.core = new MeterCore({ device, metering, config, onEvent: options.onEvent })
    this.demoSecret = this.#provisionSecret()
    this.#ledPin = device.led === undefined ? undefined : new device.led.io({ pin: device.led.pin, mode: 'Output' })
    this.led = new MetrologicalLed(METER_CONSTANT, this.#ledPin, device.timer)
    this.led.update(this.core.pulseEnergy_mWh)
    this.#watchSupply()
    this.#serve(options)
    this.#keepStep()
  }

  /** Stops in good order: saves, logs the end of the supply, and lets go of every resource. */
  stop(): void {
    this.core.supplyFails()
    this.close()
  }

  /** Lets go of every resource without saving anything. */
  close(): void {
    if (this.#ticker !== undefined) this.#device.timer.clear(this.#ticker)
    this.#ticker = undefined
    for (const server of this.#servers.splice(0)) server.close()
    this.led.close()
    this.#ledPin?.close()
    this.#interrupt?.close()
    this.core.metering.close()
  }

  #second(): void {
    this.core.second()
    this.led.update(this.core.pulseEnergy_mWh)
    // A clock that was set or drifts is no longer in step with the timer.
    const off_ms = this.#device.clock.now_ms() % 1000
    if (off_ms > OFF_STEP_MS && off_ms < 1000 - OFF_STEP_MS) this.#keepStep()
  }

  /** Ticks at the seconds of the clock, so that an interval ends at its second. */
  #keepStep(): void {
    if (this.#ticker !== undefined) this.#device.timer.clear(this.#ticker)
    const first_ms = 1000 - (((this.#device.clock.now_ms() % 1000) + 1000) % 1000)
    this.#ticker = this.#device.timer.set(() => this.#second(), first_ms, 1000)
  }

  #startMetering(): MeteringSource {
    const { metering, wait_ms } = this.#device
    const { frequency_Hz, nominalVoltage_V } = this.config.mains
    const driver = new ATM90E32({ sensor: metering.sensor, wait_ms })
    try {
      driver.configure({ mainsFrequency_Hz: frequency_Hz, nominalVoltage_V })
      return driver
    } catch (error) {
      driver.close()
      throw error
    }
  }

  /**
   * The secret of the configuration goes into flash once; from then on the flash decides. The demo secret is good for a meter that never had one of
   * its own: a new one is marked so, and one whose settings were damaged refuses everybody rather than open up.
   */
  #provisionSecret(): boolean {
    const { settings, report } = this.core.storage
    const { readingSecret } = this.config.dlms
    if (settings.get(READING_SECRET) !== undefined) return false
    if (readingSecret !== undefined) {
      settings.set(READING_SECRET, ascii(readingSecret))
      settings.delete(DEMO_MARK)
      return false
    }
    if (report.fresh || report.layout === 'rebuilt') settings.set(DEMO_MARK, Uint8Array.of(1))
    return settings.get(DEMO_MARK) !== undefined
  }

  #authenticate(secret: Uint8Array): boolean {
    const own = this.core.storage.settings.get(READING_SECRET)
    if (own !== undefined) return sameSecret(secret, own)
    return this.demoSecret && sameSecret(secret, ascii(DEMO_SECRET))
  }

  #watchSupply(): void {
    const wiring = this.#device.metering.interrupt
    if (wiring === undefined) return
    const onReadable = () => this.core.interrupt()
    this.#interrupt = new wiring.io({ pin: wiring.pin, mode: 'Input', edge: 'rising', onReadable })
    // What happened before the pin was there had no edge.
    this.core.metering.acknowledge()
    if (this.#interrupt.read() === 1) this.core.interrupt()
  }

  #serveDlms(network: Network, { onReady, onError, peerTimer }: MeterOptions): TcpServer {
    const { port, connections_max, inactivity_s, pdu_max } = this.config.dlms
    const timer = peerTimer ?? this.#device.timer
    const view = new DlmsView(this.core, this.config, (secret) => this.#authenticate(secret))
    // A value that cannot be read is the client's "hardware fault" and a line for whoever runs the meter; the connection goes on.
    const onFault = (error: unknown) => onError?.('dlms', error instanceof Error ? error.message : String(error))
    const server = new DlmsServer(view, { largestSend: pdu_max, onFault })
    return new TcpServer({
      network,
      port,
      connections_max,
      inactivity: inactivity_s === 0 ? undefined : { timer, timeout_ms: inactivity_s * 1000 },
      accept: (stream) => {
        const send = (bytes: Uint8Array) => stream.send(bytes)
        return server.connect(send, () => stream.close())
      },
      onReady: (bound) => onReady?.('dlms', bound),
      onError: (reason) => onError?.('dlms', reason),
    })
  }

  #serve(options: MeterOptions): void {
    const { network } = this.#device
    if (network === undefined) return
    const { onReady, onError } = options
    const { dlms, face } = this.config
    if (dlms.enabled) this.#servers.push(this.#serveDlms(network, options))
    if (face.enabled) {
      const source = new FaceView(this)
      const { crypto, timer } = this.#device
      this.#servers.push(
        serveFace({
          source,
          crypto,
          timer,
          network,
          config: face,
          onReady: (port) => onReady?.('face', port),
          onError: (reason) => onError?.('face', reason),
        }),
      )
    }
  }
}

export interface ServeFaceOptions {
  readonly source: FaceSource
  readonly crypto: Crypto
  readonly timer: Timer
  readonly network: Network
  readonly config: MeterConfig['face']
  /** Controls that the page shows beside the meter; only where there is a world. */
  readonly extension?: FaceExtension
  readonly onReady?: (port: number) => void
  readonly onError?: (reason: string) => void
}

/** Serves the web face on a network. */
export function serveFace(options: ServeFaceOptions): Service {
  const { source, crypto, timer, network, config, extension, onReady, onError } = options
  const face = new FaceServer({ source, crypto, timer, extension, maxConnections: config.connections_max })
  const server = new TcpServer({
    network,
    port: config.port,
    connections_max: config.connections_max + 1,
    accept: (stream) => {
      const connection = face.connect({ send: (bytes) => stream.send(bytes), room: () => stream.writable, close: () => stream.close() })
      return {
        receive: (bytes) => {
          connection.receive(bytes)
          return bytes.length
        },
        writable: () => connection.writable(),
        closed: () => connection.closed(),
      }
    },
    onReady,
    onError,
  })
  return {
    close: () => {
      face.close()
      server.close()
    },
  }
}
