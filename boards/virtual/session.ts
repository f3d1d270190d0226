import type { Crypto } from '../../hal/api/crypto.ts'
import type { Flash } from '../../hal/api/flash.ts'
import type { Network } from '../../hal/api/sockets.ts'
import type { ResetReason } from '../../hal/api/watchdog.ts'
import { LogId } from '../../src/core/events/codes.ts'
import { eventText } from '../../src/core/events/log-codes-table.ts'
import { modelOf } from '../../src/meter/config.ts'
import type { EventLogName } from '../../src/meter/journal.ts'
import type { Recording } from '../../src/world/loads/trace-bytes.ts'
import type { AppliedEnergy, Stimulus } from '../../src/world/stimulus.ts'
import type { VirtualConfig } from './config.ts'
import { Machine, type MachineOptions, type WorldService } from './machine.ts'
import { Stimuli } from './stimuli.ts'

/** What a session starts with, as JSON carries it; the trace goes beside it. */
export interface SessionInit {
  readonly config: VirtualConfig
  readonly start_ms: number
  readonly seed: number
  /** 0 stands for "as fast as possible", which JSON has no number for. */
  readonly speed: number
  /** Default: `power`. */
  readonly resetReason?: ResetReason
}

/** What the engine underneath provides. */
export interface SessionHal {
  readonly storage: Flash
  /** The partitions of the boot loader. */
  readonly firmware?: Flash
  readonly evaluate?: (source: string) => unknown
  readonly factoryProgram?: Uint8Array
  readonly network?: Network
  readonly crypto: Crypto
  /** Serial ports of the PC, for a real module. */
  readonly serial?: MachineOptions['serial']
  /** Serves LoRaWAN gateways in the world's own time. */
  readonly serveGateway?: MachineOptions['serveGateway']
  /** Key of the device. */
  readonly key?: Uint8Array
}

/** Something worth a line on a terminal. */
export type SessionEvent =
  | {
      readonly kind: 'event'
      readonly log: string
      readonly time_ms: number
      readonly code: number
      readonly text: string
      readonly parameter: number
    }
  | { readonly kind: 'ready'; readonly service: WorldService; readonly port: number }
  | { readonly kind: 'crash'; readonly reason: string }
  /** On the air. */
  | { readonly kind: 'radio'; readonly time_ms: number; readonly text: string }
  | { readonly kind: 'error'; readonly service: WorldService; readonly reason: string }

/** The meter's final state, as `--json` prints it. */
export interface Summary {
  readonly time_ms: number
  /** By OBIS code; energies also with their exact thousandths. */
  readonly registers: Readonly<
    Record<string, { readonly value: number; readonly scaler: number; readonly unit: string; readonly milli?: number }>
  >
  readonly profileEntries: number
  readonly events: number
  readonly powerFailures: number
  readonly ledPulses: number
  readonly demoSecret: boolean
  readonly model: string
  /** As it counts: the configuration of the meter, and what was provisioned over it. */
  readonly serial: string
  /** Version of the firmware that runs. */
  readonly firmware: string
  /** Of the meter: what its configuration wants served. */
  readonly services: readonly string[]
}

function textOf(log: EventLogName, code: number): string {
  return log === 'powerFailure' ? 'Power failure ended' : eventText(LogId[log], code)
}

/** Lines that wait to be fetched; older ones are dropped when nobody fetches. */
const EVENTS_MAX = 1000

/** A machine with its events collected: the same on V8 and inside XS, driven from outside step by step. */
export class Session {
  readonly machine: Machine
  readonly #events: SessionEvent[] = []
  readonly #networked: boolean
  #lastSummary: Summary | undefined
  #stimuli: Stimuli | undefined

  constructor(init: SessionInit, trace: Recording | undefined, hal: SessionHal) {
    this.#networked = hal.network !== undefined
    this.machine = new Machine({
      ...hal,
      config: init.config,
      trace,
      start_ms: init.start_ms,
      seed: init.seed,
      resetReason: init.resetReason,
      speed: init.speed === 0 ? Number.POSITIVE_INFINITY : init.speed,
      onEvent: (log, record) => {
        const text = textOf(log, record.code)
        this.#note({ kind: 'event', log, time_ms: record.utc_s * 1000, code: record.code, text, parameter: record.parameter })
      },
      onRadio: (text) => this.#note({ kind: 'radio', time_ms: this.machine.now_ms, text }),
      onDark: () => this.summary(),
      onReady: (service, port) => this.#note({ kind: 'ready', service, port }),
      onError: (service, reason) => this.#note({ kind: 'error', service, reason }),
      onCrash: (error) => this.#note({ kind: 'crash', reason: error instanceof Error ? error.message : String(error) }),
    })
  }

  run(until_ms: number): void {
    this.machine.run(until_ms)
  }

  /** Real time passes for whoever watches. Returns the speed that the world's panel asks for: 0 = paused, -1 = as fast as possible. */
  observe(wall_ms: number, actualSpeed: number): number {
    this.machine.actualSpeed = actualSpeed
    this.machine.observe(wall_ms)
    return this.machine.speed === Number.POSITIVE_INFINITY ? -1 : this.machine.speed
  }

  /** What a test plan does; undefined only asks. Gives the energy that went through the terminals since the first call, and what was wrong. */
  stimulate(stimulus: Stimulus | undefined): AppliedEnergy & { readonly refused?: string | undefined } {
    this.#stimuli ??= new Stimuli(this.machine)
    const refused = stimulus && this.#stimuli.apply(stimulus)
    return { ...this.#stimuli.applied, refused }
  }

  takeEvents(): SessionEvent[] {
    return this.#events.splice(0)
  }

  /** The state of the running meter; of the last one while the board has no supply. */
  summary(): Summary {
    const { meter } = this.machine
    if (meter === undefined) return this.#lastSummary ?? this.#empty()
    const { core } = meter
    const registers: Record<string, Summary['registers'][string]> = {}
    for (const entry of core.registers) {
      const value = entry.read(core.readings)
      const exact = entry.exact?.(core.readings)
      registers[entry.logicalName] = { value, scaler: entry.scaler, unit: entry.unitText, ...(exact === undefined ? {} : { milli: exact }) }
    }
    this.#lastSummary = {
      time_ms: this.machine.now_ms,
      registers,
      profileEntries: core.profile.count,
      events: core.standardLog.count,
      powerFailures: core.powerFailures,
      ledPulses: meter.led.pulses,
      demoSecret: meter.demoSecret,
      model: modelOf(core.measured),
      serial: meter.config.identity.serial,
      firmware: meter.version,
      services: meter.config.dlms.enabled && this.#networked ? ['dlms'] : [],
    }
    return this.#lastSummary
  }

  stop(): void {
    this.summary()
    this.machine.stop()
  }

  #empty(): Summary {
    const time_ms = this.machine.now_ms
    return {
      time_ms,
      registers: {},
      profileEntries: 0,
      events: 0,
      powerFailures: 0,
      ledPulses: 0,
      demoSecret: true,
      model: '',
      serial: '',
      firmware: '',
      services: [],
    }
  }

  #note(event: SessionEvent): void {
    if (this.#events.length >= EVENTS_MAX) this.#events.shift()
    this.#events.push(event)
  }
}
