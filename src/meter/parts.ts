import type { Device } from '../../hal/api/device.ts'
import type { Digital } from '../../hal/api/io.ts'
import type { Network } from '../../hal/api/sockets.ts'
import { ConsolePort } from './console/port.ts'
import { ConsoleSession } from './console/session.ts'
import type { ConsoleTarget } from './console/target.ts'
import { guardNetwork, guardSerial } from './guarded.ts'
import { type PushOptions, PushSender } from './push.ts'
import type { Guard, Part } from './supervisor.ts'

/** The pin by which the metering IC reports a voltage failure. Without it a failure shows at the next second. */
export function interruptPart(
  wiring: NonNullable<Device['metering']['interrupt']>,
  acknowledge: () => void,
  onInterrupt: () => void,
): Part {
  let pin: Digital | undefined
  return {
    start: () => {
      const { active = 1 } = wiring
      pin = new wiring.io({ pin: wiring.pin, mode: 'Input', edge: active === 1 ? 'rising' : 'falling', onReadable: onInterrupt })
      // What happened before the pin was there had no edge.
      acknowledge()
      if (pin.read() === active) onInterrupt()
    },
    stop: () => {
      pin?.close()
      pin = undefined
    },
  }
}

/** The service console. A new session after a fault: nobody stays logged in. */
export function consolePart(port: NonNullable<Device['console']>, target: ConsoleTarget): Part & { second(): void } {
  let open: ConsolePort | undefined
  let running: Guard | undefined
  const proceed = () => open?.second()
  return {
    second: () => running?.run(proceed),
    start: (guard) => {
      running = guard
      open = new ConsolePort({
        port: { ...port, io: guardSerial(port.io, guard) },
        session: new ConsoleSession(target),
        onError: (reason) => guard.note(reason),
      })
    },
    stop: () => {
      open?.close()
      open = undefined
    },
  }
}

/** One message about alarms in so long, whatever happens; what comes in between waits. Ours. */
const ALARM_SPACING_MS = 60_000

export interface PushPartOptions extends Omit<PushOptions, 'onError'> {
  /** A message did not leave. */
  readonly onFailed?: () => void
}

/** Messages about the supply and about alarms. The core calls in the middle of its work, so nothing that goes wrong here gets back to it. */
export class PushPart implements Part {
  readonly #options: PushPartOptions
  #guard: Guard | undefined
  #sender: PushSender | undefined
  #alarmed_ms = Number.NEGATIVE_INFINITY

  constructor(options: PushPartOptions) {
    this.#options = options
  }

  start(guard: Guard): void {
    const network: Network = guardNetwork(this.#options.network, guard)
    const onError = (reason: string) => {
      this.#options.onFailed?.()
      guard.note(reason)
    }
    this.#sender = new PushSender({ ...this.#options, network, onError })
    this.#guard = guard
  }

  stop(): void {
    this.#sender?.close()
    this.#sender = undefined
    this.#guard = undefined
  }

  /** Once a second while the supply is good: sends alarms. */
  second(): void {
    const { watch, clock } = this.#options.core
    const ticks_ms = clock.ticks_ms()
    if (ticks_ms - this.#alarmed_ms < ALARM_SPACING_MS || !watch.takeAlarm()) return
    this.#alarmed_ms = ticks_ms
    this.#guard?.run(() => this.#sender?.alarm(clock.now_s()))
  }

  supplyFails(utc_s: number): void {
    this.#guard?.run(() => this.#sender?.supplyFails(utc_s))
  }

  supplyReturned(utc_s: number): void {
    this.#guard?.run(() => this.#sender?.supplyReturned(utc_s))
  }
}
