import type { VirtualConfig } from '../../boards/virtual/config.ts'
import type { Paced } from '../../boards/virtual/pace.ts'
import type { Session, SessionEvent, SessionHal, Summary } from '../../boards/virtual/session.ts'
import type { Recording } from '../world/loads/trace-bytes.ts'
import type { Stimulus } from '../world/stimulus.ts'
import type { DataDirectory } from './data-directory.ts'

/** What every engine starts a virtual meter from. */
export interface EngineOptions {
  readonly config: VirtualConfig
  readonly trace: Recording | undefined
  readonly start_ms: number
  readonly seed: number
  /** Simulated seconds per second; Infinity = as fast as possible. */
  readonly speed: number
  /** Where the flash lives; in memory without it. */
  readonly data: DataDirectory | undefined
  /** Serves LoRaWAN gateways in the world's own time; only where the world is in this process. */
  readonly serveGateway?: SessionHal['serveGateway']
}

/** A virtual meter on some JavaScript engine. Calls must not overlap. */
export interface Engine extends Paced {
  /** What a test plan does, or only asks; see `Session.stimulate`. */
  stimulate(stimulus: Stimulus | undefined): ReturnType<Session['stimulate']> | Promise<ReturnType<Session['stimulate']>>
  /** What happened since the last call. */
  takeEvents(): SessionEvent[]
  summary(): Summary | Promise<Summary>
  /** Ends the firmware in good order and frees everything. */
  stop(): void | Promise<void>
}
