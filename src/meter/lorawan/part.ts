import type { Device } from '../../../hal/api/device.ts'
import type { LoRaWiring } from '../../../hal/api/lora.ts'
import type { FirmwareUpdate } from '../../core/firmware/update.ts'
import { PROFILES } from '../../core/profile/definitions.ts'
import type { KeyStore } from '../../core/security/key-store.ts'
import { ascii } from '../../lib/ascii.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { fromHex } from '../../lib/hex.ts'
import type { LoRaWanEvents, LoRaWanLink } from '../../lib/lorawan-link.ts'
import { ChannelPlan } from '../../links/lorawan/channels.ts'
import type { Activation } from '../../links/lorawan/mac-options.ts'
import { multicastKeyKey } from '../../links/lorawan/multicast.ts'
import { REGIONS } from '../../links/lorawan/regions-table.ts'
import { decodeState } from '../../links/lorawan/session.ts'
import type { MeterConfig } from '../config.ts'
import type { MeterCore } from '../core.ts'
import { LORAWAN_APP_KEY, LORAWAN_GEN_KEY, LORAWAN_KEY, LORAWAN_NWK_KEY } from '../secrets.ts'
import type { Guard, Part } from '../supervisor.ts'
import type { PowerFailPush } from '../views/dlms-management.ts'
import { INTERVAL_PUSH_SETUP, intervalObjects, PROFILE_PUSH_SETUP, profileObjects } from '../views/dlms-push.ts'
import { linkOf } from './link.ts'
import { RadioMonitor } from './monitor.ts'
import { FrameOpener } from './open-frame.ts'
import { isPackagePort, Packages } from './packages.ts'
import { type PayloadFormat, TlvPayload } from './payload.ts'
import { CborPayload } from './payload-cbor.ts'
import { DlmsPayload } from './payload-dlms.ts'
import { registersOf } from './readings.ts'
import { type CommandTarget, Reporter } from './reporter.ts'
import { lorawanStore } from './store.ts'

/** Locally administered, as no organisation has it. */
const LOCAL_EUI = 0x02

/** A DevEUI for a meter that was given none: it follows from who the meter is. */
export function devEuiOf(config: MeterConfig, crypto: Device['crypto']): Uint8Array {
  const { devEui } = config.lorawan
  if (devEui !== undefined) return fromHex(devEui.toLowerCase())
  const { manufacturer, serial } = config.identity
  const eui = crypto.digest('SHA256', ascii(`LoRaWAN DevEUI of ${manufacturer}${serial}`)).slice(0, 8)
  eui[0] = (eui[0] & 0xfc) | LOCAL_EUI
  return eui
}

function formatOf(core: MeterCore, config: MeterConfig): PayloadFormat {
  const { payload } = config.lorawan
  if (payload === 'cbor') return new CborPayload(core)
  return payload === 'dlms' ? new DlmsPayload(core, config) : new TlvPayload(core)
}

export interface LoRaWanPartOptions {
  readonly wiring: LoRaWiring
  readonly device: Pick<Device, 'crypto' | 'timer' | 'random'>
  readonly core: MeterCore
  readonly config: MeterConfig
  readonly keys: KeyStore
  readonly target: CommandTarget
  /** Absent where firmware cannot be replaced. */
  readonly update?: FirmwareUpdate
}

/** LoRaWAN as a part of the meter: the way to the network, and what is told when. */
export class LoRaWanPart implements Part {
  readonly reporter: Reporter
  readonly monitor: RadioMonitor
  readonly #options: LoRaWanPartOptions
  #guard: Guard | undefined
  #link: LoRaWanLink | undefined
  /** Made with the first message for one of them. */
  #packages: Packages | undefined

  constructor(options: LoRaWanPartOptions) {
    this.#options = options
    const { core, config, device, target } = options
    this.reporter = new Reporter({ core, config: config.lorawan, random: device.random, target, format: formatOf(core, config) })
    const { clock } = core
    this.monitor = new RadioMonitor(
      REGIONS[config.lorawan.region],
      () => clock.now_ms(),
      () => clock.ticks_ms(),
    )
  }

  /** Undefined while the part does not run. */
  get link(): LoRaWanLink | undefined {
    return this.#link
  }

  /** What the board has. */
  get part(): LoRaWiring['part'] {
    return this.#options.wiring.part
  }

  get devEui(): Uint8Array {
    return devEuiOf(this.#options.config, this.#options.device.crypto)
  }

  /** Opens frames with the keys of now, which stay inside. A module keeps its session to itself, and a part that does not run opens nothing. */
  opener(): FrameOpener {
    const { device, core, keys } = this.#options
    const { region, uplinkNumber } = this.monitor
    if (this.#link === undefined) return new FrameOpener(device.crypto, { appKey: undefined, session: undefined })
    const appKey = keys.use(LORAWAN_KEY, (key) => key.slice())
    const bytes = lorawanStore(core.storage, keys).load()
    const session = bytes && decodeState(region, bytes, new ChannelPlan(region))?.session
    const fCntUp = uplinkNumber - (session?.fCntUpBase ?? 0)
    return new FrameOpener(device.crypto, { appKey, session: session && { ...session, fCntUp } })
  }

  /** Throws FerrarisError `LORAWAN_KEY` without the keys of its activation, RangeError for a module that does not know the region. */
  start(guard: Guard): void {
    const { wiring, device, core, config, keys } = this.#options
    const activation = this.#activation()
    this.#guard = guard
    this.#link = linkOf({
      wiring,
      device,
      guard,
      config: config.lorawan,
      activation,
      store: lorawanStore(core.storage, keys),
      ticks_ms: () => core.clock.ticks_ms(),
      events: this.#events(guard),
      monitor: this.monitor,
    })
    this.reporter.attach(this.#link)
    if (!Packages.hasKept(core)) return
    this.#packages = this.#newPackages()
    this.#packages.restore()
  }

  #activation(): Activation {
    const { config, keys } = this.#options
    const { activation, joinEui, devAddr } = config.lorawan
    const key = (name: string) => keys.use(name, (bytes) => bytes.slice())
    if (activation === 'otaa') {
      const appKey = key(LORAWAN_KEY)
      if (appKey === undefined) throw new FerrarisError('LORAWAN_KEY', 'lorawan.appKey: there is none, so the meter cannot join')
      return { type: 'otaa', joinEui: fromHex(joinEui.toLowerCase()), devEui: this.devEui, appKey }
    }
    const nwkSKey = key(LORAWAN_NWK_KEY)
    const appSKey = key(LORAWAN_APP_KEY)
    if (nwkSKey !== undefined && appSKey !== undefined && devAddr !== undefined)
      return { type: 'abp', devAddr: Number.parseInt(devAddr, 16), keys: { nwkSKey, appSKey } }
    throw new FerrarisError(
      'LORAWAN_KEY',
      'lorawan.devAddr, nwkSKey, appSKey: not all of them are there, which activation by personalisation needs',
    )
  }

  stop(): void {
    this.reporter.attach(undefined)
    this.#link?.close()
    this.#link = undefined
    this.monitor.mac = undefined
    this.#packages = undefined
    this.#guard = undefined
  }

  /** Push setups of a meter that sends DLMS messages at intervals. */
  get pushes(): PowerFailPush['scheduled'] {
    const { core, config } = this.#options
    if (config.lorawan.payload !== 'dlms') return undefined
    const profile = core.measured.medium?.profiles.load ?? PROFILES.load.logicalName
    return [
      [INTERVAL_PUSH_SETUP, () => intervalObjects(registersOf(core, this.reporter.names))],
      [PROFILE_PUSH_SETUP, () => profileObjects(profile)],
    ]
  }

  /** Once a second. */
  second(): void {
    this.#guard?.run(this.#tick)
  }

  /** The supply failed or is back; the meter may die at any moment. */
  supply(good: boolean): void {
    this.#guard?.run(() => this.reporter.onSupply(good))
  }

  readonly #tick = (): void => {
    const now_s = this.#options.core.clock.now_s()
    this.reporter.second(now_s)
    this.#packages?.second(now_s)
  }

  #newPackages(): Packages {
    const { core, config, device, keys, update } = this.#options
    const { firmware } = config.lorawan
    return new Packages({
      core,
      crypto: device.crypto,
      random: device.random,
      send: (fPort, payload) => this.reporter.send(fPort, payload),
      multicast: () => this.#link?.multicast,
      keyKey: () => {
        const root = keys.use(LORAWAN_GEN_KEY, (key) => key.slice()) ?? keys.use(LORAWAN_KEY, (key) => key.slice())
        return root && multicastKeyKey(device.crypto, root)
      },
      update: firmware === 'off' ? undefined : update,
      activates: firmware === 'activate',
    })
  }

  #events(guard: Guard): LoRaWanEvents {
    const { core } = this.#options
    return {
      onJoined: () => {},
      onJoinFailed: () => {},
      onSent: (result) => this.reporter.onSent(result),
      onDownlink: (downlink) => {
        this.monitor.downlink(downlink)
        if (isPackagePort(downlink.fPort)) {
          this.#packages ??= this.#newPackages()
          this.#packages.take(downlink)
        } else if (!downlink.multicast) this.reporter.onDownlink(downlink)
      },
      onTime: (utc_ms) => core.setClock(utc_ms),
      onLinkCheck: () => {},
      onError: (reason) => guard.note(reason),
    }
  }
}
