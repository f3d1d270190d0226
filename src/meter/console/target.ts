import type { Bytes } from '../../../hal/api/io.ts'
import type { Calibrator } from '../calibrator.ts'
import type { ConfigChange } from '../stored-config.ts'

export interface ConsoleRegister {
  /** `1.8.0` */
  readonly code: string
  readonly value: string
  readonly unit: string
  readonly name: string
}

export interface ConsoleEvent {
  readonly utc_s: number
  readonly sequence: number
  readonly code: number
  readonly text: string
  readonly parameter: number
}

/** Logs that the console shows. */
export const CONSOLE_LOGS = Object.freeze(['standard', 'fraud', 'disconnector', 'quality', 'communication'] as const)
export type ConsoleLog = (typeof CONSOLE_LOGS)[number]

/**
 * Who may change things at the service port. `open`: no management secret is set, as in manufacturing; `locked`: whoever knows it;
 * `unreadable`: nobody, because what is stored cannot be opened.
 */
export type ConsoleAccess = 'open' | 'locked' | 'unreadable'

/**
 * What the console controls. Methods that return texts: one line per mistake, nothing was done; empty when all is well. A FerrarisError that is thrown
 * becomes a line, any other error is a fault of the meter.
 */
export interface ConsoleTarget {
  /** First line after the start. */
  readonly banner: string
  readonly access: ConsoleAccess
  readonly sealOpen: boolean
  /** Absent where there is nothing to calibrate. */
  readonly calibrator: Calibrator | undefined
  /** Monotonic milliseconds. */
  ticks_ms(): number
  /** Is this the management secret? */
  checkManagement(candidate: Bytes): boolean
  /** A login was refused so often that all are refused for `duration_ms`. */
  lockedOut(duration_ms: number): void
  /** Names and values. */
  status(): Iterable<readonly [string, string]>
  registers(): Iterable<ConsoleRegister>
  /** Newest first. */
  events(count: number, log: ConsoleLog): Iterable<ConsoleEvent>
  /** What the next start runs with: fields by section, without secrets. */
  configuration(): Readonly<Record<string, Readonly<Record<string, unknown>>>>
  setConfig(changes: readonly ConfigChange[]): readonly string[]
  setSecret(name: string, text: string): readonly string[]
  setFirmwareKey(text: string): readonly string[]
  /** What a token from the keypad does; the answer for the person who entered it. */
  enterToken(text: string): readonly string[]
  /** Takes the emergency credit. */
  takeEmergency(): readonly string[]
  now_ms(): number
  setClock(utc_ms: number): readonly string[]
  /** Done at the next start. */
  requestReset(all: boolean): readonly string[]
  /** Starts the firmware again soon, so that the last lines still leave; false where the board cannot. */
  restart(): boolean
}
