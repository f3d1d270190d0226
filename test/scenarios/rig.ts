import { readFileSync } from 'node:fs'
import { BOARD } from '../../boards/virtual/board.ts'
import { VIRTUAL_CONFIG, type VirtualConfig } from '../../boards/virtual/config.ts'
import { Machine, type MachineOptions } from '../../boards/virtual/machine.ts'
import type { Network } from '../../hal/api/sockets.ts'
import { hostCrypto } from '../../hal/host/crypto.ts'
import { MemoryFlash } from '../../hal/portable/flash.ts'
import { LogId } from '../../src/core/events/codes.ts'
import { eventText } from '../../src/core/events/log-codes-table.ts'
import { validate } from '../../src/lib/schema-validate.ts'
import { parseTrace, type Trace } from '../../src/world/loads/trace.ts'
import type { Recording } from '../../src/world/loads/trace-bytes.ts'

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

const HOUSEHOLD = 'boards/virtual/data/household_electricity_1min.csv'
let household: Trace | undefined

/** The recorded household of the package. */
export function householdTrace(): Trace {
  household ??= parseTrace(readFileSync(HOUSEHOLD, 'utf8'), HOUSEHOLD)
  return household
}

/** Start of the recording in UTC. */
export function traceStart_ms(): number {
  return householdTrace().start_ms - 60 * 60_000
}

function configuration(input: unknown = {}): VirtualConfig {
  const result = validate(VIRTUAL_CONFIG, input)
  if (!result.ok) throw new Error(result.errors.map(({ text }) => text).join('\n'))
  return result.value
}

export function blankFlash(shape: Pick<typeof BOARD.flash, 'size' | 'blockLength' | 'writeAlign'> = BOARD.flash): MemoryFlash {
  const { size, blockLength, writeAlign } = shape
  return new MemoryFlash({ blocks: size / blockLength, blockLength, writeAlign })
}

export interface RigOptions
  extends Partial<
    Pick<MachineOptions, 'storage' | 'firmware' | 'evaluate' | 'key' | 'start_ms' | 'seed' | 'serveGateway' | 'factoryProgram'>
  > {
  readonly config?: unknown
  readonly trace?: Recording | null
  readonly network?: Network
  /** The test makes the core throw; without it an exception there ends the test. */
  readonly mayThrow?: boolean
}

/** A virtual meter on the household (`trace: null`: on appliances only), with its events as text. */
export class Rig {
  readonly machine: Machine
  readonly storage: MachineOptions['storage']
  readonly events: string[] = []
  /** Those of power quality and communication. */
  readonly notes: string[] = []
  readonly #mayThrow: boolean
  #fault: string | undefined

  constructor(options: RigOptions = {}) {
    this.storage = options.storage ?? blankFlash()
    this.#mayThrow = options.mayThrow ?? false
    this.machine = new Machine({
      config: configuration(options.config),
      trace: options.trace === null ? undefined : (options.trace ?? householdTrace()),
      storage: this.storage,
      firmware: options.firmware,
      evaluate: options.evaluate,
      key: options.key,
      network: options.network,
      serveGateway: options.serveGateway,
      factoryProgram: options.factoryProgram,
      crypto: hostCrypto,
      start_ms: options.start_ms ?? traceStart_ms(),
      seed: options.seed ?? 1,
      speed: Number.POSITIVE_INFINITY,
      onFault: (part, reason) => {
        if (part === 'core') this.#fault = reason
      },
      onCrash: (error) => this.events.push(`crash: ${error instanceof Error ? error.message : String(error)}`),
      onEvent: (log, { code, parameter }) => {
        if (log === 'powerFailure') this.events.push(`failure of ${parameter} s`)
        else (log === 'quality' || log === 'communication' ? this.notes : this.events).push(eventText(LogId[log], code))
      },
    })
  }

  run(duration_ms: number): void {
    this.machine.run(this.machine.now_ms + duration_ms)
    if (this.#fault !== undefined && !this.#mayThrow) throw new Error(`the core threw: ${this.#fault}`)
  }

  get core() {
    const { meter } = this.machine
    if (meter === undefined) throw new Error('the meter has no supply')
    return meter.core
  }

  /** Register 1.8.0 in mWh, exact. */
  get imported_mWh(): number {
    return this.core.energy.thousandths(this.core.energy.count(0, 0))
  }

  get exported_mWh(): number {
    return this.core.energy.thousandths(this.core.energy.count(1, 0))
  }
}
