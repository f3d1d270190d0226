import type { Device } from '../../../hal/api/device.ts'
import { LogId } from '../../core/events/codes.ts'
import { eventText } from '../../core/events/log-codes-table.ts'
import type { KeyStore } from '../../core/security/key-store.ts'
import { formatInstant } from '../../lib/iso8601.ts'
import type { Calibrator } from '../calibrator.ts'
import { modelOf } from '../config.ts'
import type { MeterCore } from '../core.ts'
import { requestReset } from '../factory-reset.ts'
import type { MeterPrepayment } from '../prepayment/prepayment.ts'
import { tokenText } from '../prepayment/texts.ts'
import type { Provisioning } from '../provisioning.ts'
import type { SealContact } from '../seal.ts'
import { MANAGEMENT, READING, usesDemoSecret } from '../secrets.ts'
import { displayValue } from '../views/display.ts'
import type { ConsoleAccess, ConsoleEvent, ConsoleLog, ConsoleRegister, ConsoleTarget } from './target.ts'

/** A token that a person enters at the meter (IEC 62056-6-2, class Token gateway). */
const MANUAL = 2
/** Time for the last lines to leave before the firmware starts again. */
const RESTART_DELAY_MS = 200

export interface MeterTargetOptions {
  readonly core: MeterCore
  readonly device: Device
  readonly keys: KeyStore
  readonly provisioning: Provisioning
  readonly seal: SealContact
  /** Absent where there is nothing to calibrate. */
  readonly calibrator?: Calibrator | undefined
  readonly serial: string
  /** Of the firmware that runs. */
  readonly version: string
  /** Saves and starts the firmware again; absent where the board cannot. */
  readonly restart?: (() => void) | undefined
  readonly onLockOut?: ((duration_ms: number) => void) | undefined
  /** Absent where energy is paid for afterwards. */
  readonly prepayment?: MeterPrepayment | undefined
  /** More lines of `status`. */
  readonly status?: (() => Iterable<readonly [string, string]>) | undefined
}

/** The console of a running meter. */
export class MeterConsoleTarget implements ConsoleTarget {
  readonly banner: string
  readonly #options: MeterTargetOptions

  constructor(options: MeterTargetOptions) {
    this.banner = `${modelOf(options.core.measured)} ${options.version}`
    this.#options = options
  }

  get access(): ConsoleAccess {
    const state = this.#options.keys.state(MANAGEMENT)
    return state === 'absent' ? 'open' : state === 'good' ? 'locked' : 'unreadable'
  }

  get calibrator(): Calibrator | undefined {
    return this.#options.calibrator
  }

  get sealOpen(): boolean {
    return this.#options.seal.open
  }

  ticks_ms(): number {
    return this.#options.core.clock.ticks_ms()
  }

  checkManagement(candidate: Uint8Array): boolean {
    return this.#options.keys.check(MANAGEMENT, candidate)
  }

  lockedOut(duration_ms: number): void {
    this.#options.onLockOut?.(duration_ms)
  }

  *status(): Iterable<readonly [string, string]> {
    const { core, seal, keys, serial, status } = this.#options
    const { storage, clock } = core
    yield ['meter', `${modelOf(core.measured)}, serial ${serial}`]
    yield ['firmware', this.#options.version]
    yield ['time', `${formatInstant(clock.now_ms())}${clock.valid ? '' : ' (not set)'}`]
    yield ['seal', !seal.present ? 'no contact' : this.sealOpen ? 'open' : 'closed']
    yield ['storage', storage.report.damaged === 0 ? 'good' : `${storage.report.damaged} damaged at the start`]
    yield ['failures', `${core.powerFailures} of the supply`]
    yield ['reading', usesDemoSecret(storage, keys) ? 'demo secret' : describe(keys, READING)]
    yield ['management', this.access === 'open' ? 'no secret: manufacturing state, all commands are open' : describe(keys, MANAGEMENT)]
    yield ['secrets', keys.sealing ? 'encrypted' : 'not encrypted: the device has no key']
    if (status !== undefined) yield* status()
  }

  *registers(): Iterable<ConsoleRegister> {
    const { readings, registers } = this.#options.core
    for (const entry of registers) {
      const { value, unit } = displayValue(entry, entry.read(readings))
      // The port speaks ASCII.
      yield { code: entry.code, value, unit: unit === '°' ? 'deg' : unit, name: entry.name }
    }
  }

  *events(count: number, name: ConsoleLog): Iterable<ConsoleEvent> {
    // Where the flash has no room for a log, its events stand in the standard log.
    const log = this.#options.core.logs.get(LogId[name])
    if (log === undefined) return
    for (const event of log.newest(count)) yield { ...event, text: eventText(event.log, event.code) }
  }

  configuration(): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
    return this.#options.provisioning.configuration()
  }

  setConfig(changes: Parameters<Provisioning['setConfig']>[0]): readonly string[] {
    return this.#options.provisioning.setConfig(changes)
  }

  setSecret(name: string, text: string): readonly string[] {
    return this.#options.provisioning.setSecret(name, text)
  }

  setFirmwareKey(text: string): readonly string[] {
    return this.#options.provisioning.setFirmwareKey(text)
  }

  enterToken(text: string): readonly string[] {
    const { prepayment } = this.#options
    if (prepayment === undefined) return ['this meter is not a prepayment meter']
    const report = prepayment.enter(text, MANUAL)
    const tested = report.result === 'accepted' && report.token?.type.startsWith('test')
    return [tokenText(report), ...(tested ? this.#display() : [])]
  }

  takeEmergency(): readonly string[] {
    const { prepayment } = this.#options
    if (prepayment === undefined) return ['this meter is not a prepayment meter']
    return [prepayment.takeEmergency() ? 'emergency credit taken' : 'no emergency credit can be taken now']
  }

  /** What a test token shows. Which of it each bit of its control field asks for is not known here: all of it is shown. */
  *#display(): Iterable<string> {
    const { core, version, prepayment } = this.#options
    const [total] = core.registers
    const { value, unit } = displayValue(total, total.read(core.readings))
    yield `1.8.0 ${value} ${unit}`
    for (const [name, text] of prepayment?.lines() ?? []) yield `${name} ${text}`
    yield `firmware ${version}`
  }

  now_ms(): number {
    return this.#options.core.clock.now_ms()
  }

  setClock(utc_ms: number): readonly string[] {
    try {
      this.#options.core.setClock(utc_ms)
      return []
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      return ['clock: allowed is a time from 1970-01-01 to 2106-02-07']
    }
  }

  requestReset(all: boolean): readonly string[] {
    requestReset(this.#options.core.storage, { all, sealOpen: this.sealOpen })
    return []
  }

  restart(): boolean {
    const { restart, device } = this.#options
    if (restart === undefined) return false
    device.timer.set(restart, RESTART_DELAY_MS)
    return true
  }
}

function describe(keys: KeyStore, name: string): string {
  const state = keys.state(name)
  return state === 'good' ? 'secret set' : state === 'absent' ? 'no secret: refused' : 'secret cannot be read: refused'
}
