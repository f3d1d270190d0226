import type { Crypto, Random } from '../../../hal/api/crypto.ts'
import type { FirmwareUpdate } from '../../core/firmware/update.ts'
import { DecodeError } from '../../lib/bytes.ts'
import type { Downlink, MulticastReceiver } from '../../lib/lorawan-link.ts'
import { CLOCK_SYNC, FRAGMENTATION, MULTICAST_SETUP } from '../../protocols/lorawan-app/package.ts'
import type { MeterCore } from '../core.ts'
import { ClockSync } from './clock-sync.ts'
import { FRAGMENTS_KEY, FragmentTransport } from './fragment-transport.ts'
import { GROUPS_KEY, MulticastSetup } from './multicast-setup.ts'

/** What the packages of a meter need. */
export interface PackageContext {
  readonly core: MeterCore
  readonly random: Random
  readonly crypto: Crypto
  /** An uplink as soon as it is its turn. */
  readonly send: (fPort: number, payload: Uint8Array) => void
  /** Undefined where the link hears no groups. */
  readonly multicast: () => MulticastReceiver | undefined
  /** McKEKey; undefined without a root key. */
  readonly keyKey: () => Uint8Array | undefined
  /** Undefined where no firmware is taken by radio. */
  readonly update: FirmwareUpdate | undefined
  /** What was received and is good is activated by itself. */
  readonly activates: boolean
}

/** The port belongs to one of the packages. */
export function isPackagePort(fPort: number): boolean {
  return fPort === CLOCK_SYNC.port || fPort === FRAGMENTATION.port || fPort === MULTICAST_SETUP.port
}

function attempt(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
  }
}

/** Application packages of the LoRa Alliance: clock synchronisation, multicast setup, fragments. Each is made when its first message comes. */
export class Packages {
  readonly #context: PackageContext
  #clock: ClockSync | undefined
  #multicast: MulticastSetup | undefined
  #fragments: FragmentTransport | undefined

  constructor(context: PackageContext) {
    this.#context = context
  }

  /** Something of before a restart is to be taken up. */
  static hasKept({ storage: { settings } }: MeterCore): boolean {
    return settings.get(GROUPS_KEY) !== undefined || settings.get(FRAGMENTS_KEY) !== undefined
  }

  /** Takes it up; what cannot be read is forgotten. */
  restore(): void {
    const { settings } = this.#context.core.storage
    const groups = settings.get(GROUPS_KEY)
    const fragments = settings.get(FRAGMENTS_KEY)
    attempt(() => {
      if (fragments === undefined) return
      this.#fragments = new FragmentTransport(this.#context)
      this.#fragments.restore(fragments)
    })
    attempt(() => {
      if (groups === undefined) return
      this.#multicast = new MulticastSetup(this.#context)
      this.#multicast.restore(groups)
    })
  }

  /** A downlink on one of their ports; what is none of their messages is passed over. */
  take(downlink: Downlink): void {
    attempt(() => this.#route(downlink))
  }

  second(now_s: number): void {
    this.#clock?.second(now_s)
    this.#multicast?.second(now_s)
    this.#fragments?.second(now_s)
  }

  #route(downlink: Downlink): void {
    const { fPort, payload, multicast } = downlink
    if (fPort === FRAGMENTATION.port) {
      this.#fragments ??= new FragmentTransport(this.#context)
      this.#fragments.take(downlink)
    } else if (multicast) return
    else if (fPort === CLOCK_SYNC.port) {
      this.#clock ??= new ClockSync(this.#context)
      this.#clock.take(payload)
    } else {
      this.#multicast ??= new MulticastSetup(this.#context)
      this.#multicast.take(payload)
    }
  }
}
