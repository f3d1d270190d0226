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
export function consolePart(port: NonNullable<Device['console']>, target: ConsoleTarget): Part {
  let open: ConsolePort | undefined
  return {
    start: (guard) => {
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

/** Messages about the supply. The core calls in the middle of its work, so nothing that goes wrong here gets back to it. */
export class PushPart implements Part {
  readonly #options: Omit<PushOptions, 'onError'>
  #guard: Guard | undefined
  #sender: PushSender | undefined

  constructor(options: Omit<PushOptions, 'onError'>) {
    this.#options = options
  }

  start(guard: Guard): void {
    const network: Network = guardNetwork(this.#options.network, guard)
    this.#sender = new PushSender({ ...this.#options, network, onError: (reason) => guard.note(reason) })
    this.#guard = guard
  }

  stop(): void {
    this.#sender?.close()
    this.#sender = undefined
    this.#guard = undefined
  }

  supplyFails(utc_s: number): void {
    this.#guard?.run(() => this.#sender?.supplyFails(utc_s))
  }

  supplyReturned(utc_s: number): void {
    this.#guard?.run(() => this.#sender?.supplyReturned(utc_s))
  }
}
