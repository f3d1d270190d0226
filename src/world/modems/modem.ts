import type { SerialConstructor } from '../../../hal/api/io.ts'
import type { Downlink, UplinkResult } from '../../lib/lorawan-link.ts'
import type { Scheduler, Task } from '../scheduler.ts'
import { ModemCore, type ModemCoreOptions, type ModemSettings } from './modem-core.ts'
import { ModemLine } from './modem-line.ts'

export interface ModemOptions extends ModemCoreOptions {
  /** The module's end of the line. */
  readonly io: SerialConstructor
  /** Speed that the module is set to; default is the factory's. */
  readonly baud?: number
}

interface Kind {
  readonly baud: number
  readonly boot_ms: number
  readonly think_ms: number
  readonly factory: ModemSettings
}

/** What emulated modules have in common: supply, line, and the MAC inside. A kind of module adds its language. */
export abstract class Modem {
  readonly line: ModemLine
  readonly core: ModemCore
  readonly #scheduler: Scheduler
  readonly #boot_ms: number
  #booting: Task | undefined
  #powered = false
  /** A command to join is under way. */
  protected joining = false
  /** A command to send is under way; `MAC` uplinks of its own are nobody's business. */
  protected sending: { readonly confirmed: boolean; readonly name: string } | undefined

  constructor(options: ModemOptions, kind: Kind) {
    this.#scheduler = options.scheduler
    this.#boot_ms = kind.boot_ms
    this.line = new ModemLine({
      scheduler: options.scheduler,
      io: options.io,
      baud: options.baud ?? kind.baud,
      think_ms: kind.think_ms,
      onCommand: (line) => this.command(line),
    })
    this.core = new ModemCore(options, kind.factory, {
      onJoined: (devAddr) => {
        this.joining = false
        this.joined(devAddr)
      },
      onJoinFailed: () => {
        this.core.mac.cancelJoin()
        if (!this.joining) return
        this.joining = false
        this.joinFailed()
      },
      onSent: (result) => {
        const { sending } = this
        if (sending === undefined) return
        this.sending = undefined
        this.sent(result, sending.name)
      },
      onDownlink: (downlink) => this.downlink(downlink),
      onTime: () => this.timeKnown(),
      onLinkCheck: (margin_dB, gateways) => this.linkCheck(margin_dB, gateways),
      onError: () => {},
    })
    this.powerOn()
  }

  powerOn(): void {
    if (this.#powered) return
    this.#powered = true
    this.#boot()
  }

  /** Only flash keeps what it holds. */
  powerOff(): void {
    if (!this.#powered) return
    this.#powered = false
    this.#stop()
  }

  /** The processor of the module starts again, by command or fault. */
  restart(): void {
    if (!this.#powered) return
    this.#stop()
    this.#boot()
  }

  #stop(): void {
    if (this.#booting !== undefined) this.#scheduler.cancel(this.#booting)
    this.#booting = undefined
    this.line.close()
    this.joining = false
    this.sending = undefined
    this.core.reset()
    this.forget()
  }

  #boot(): void {
    this.#booting = this.#scheduler.after(1000 * this.#boot_ms, () => {
      this.#booting = undefined
      this.line.open()
      this.banner()
    })
  }

  /** After what happens now. */
  protected soon(callback: () => void): void {
    this.#scheduler.after(0, callback)
  }

  protected abstract command(line: string): void
  protected abstract banner(): void
  /** What is not in flash is gone. */
  protected abstract forget(): void
  protected abstract joined(devAddr: number | undefined): void
  protected abstract joinFailed(): void
  protected abstract sent(result: UplinkResult, name: string): void
  protected abstract downlink(downlink: Downlink): void
  protected abstract timeKnown(): void
  protected abstract linkCheck(margin_dB: number, gateways: number): void
}

/** Bytes of exactly so many digits; undefined for anything else. */
export function hexOf(text: string, bytes: number): Uint8Array | undefined {
  if (text.length !== 2 * bytes || /[^0-9a-fA-F]/.test(text)) return undefined
  return Uint8Array.from({ length: bytes }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16))
}

/** A data rate that uplinks of the region can have. */
export function isUplinkRate(
  rate: number,
  region: { readonly uplinkDataRate_max: number; readonly dataRates: readonly unknown[] },
): boolean {
  return Number.isInteger(rate) && rate >= 0 && rate <= region.uplinkDataRate_max && region.dataRates[rate] !== undefined
}
