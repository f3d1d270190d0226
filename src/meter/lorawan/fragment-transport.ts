import { TransferStatus } from '../../core/firmware/state.ts'
import type { Downlink } from '../../lib/lorawan-link.ts'
import { FragmentDecoder } from '../../protocols/lorawan-app/fragment-decoder.ts'
import {
  decodeFragmentDownlink,
  encodeFragmentUplink,
  type FragmentDownlink,
  type FragmentSession,
  type FragmentUplink,
  SESSIONS_MAX,
} from '../../protocols/lorawan-app/fragmentation.ts'
import { FRAGMENTATION } from '../../protocols/lorawan-app/package.ts'
import { ImageBlocks } from './image-blocks.ts'
import type { PackageContext } from './packages.ts'
import { below } from './spread.ts'

/** Fragments that may be missing for redundancy to help: each costs its size and a row of bits in memory. */
const MISSING_MAX = 64
/** Each of them leaves up to three blocks incomplete. */
const PARTIALS_MAX = 3 * MISSING_MAX
/** An image that is complete is activated so long after it, and at random up to twice as long: the server may ask for the state before, and meters do not restart together. */
const ACTIVATION_S = 300
/** Answers that wait for their moment. */
const ANSWERS_MAX = 4

interface Session {
  readonly parameters: FragmentSession
  readonly decoder: FragmentDecoder
  readonly blocks: ImageBlocks
  complete: boolean
}

/** Receives firmware in fragments, TS004-1.0.0, and hands it to the firmware update. One session at a time. */
export class FragmentTransport {
  readonly #context: PackageContext
  #session: Session | undefined
  #activation_s = Number.POSITIVE_INFINITY
  #answers: { readonly due_s: number; readonly payload: Uint8Array }[] = []

  constructor(context: PackageContext) {
    this.#context = context
  }

  /** DecodeError for what is no message of the package. */
  take({ payload, multicast, group }: Downlink): void {
    for (const downlink of decodeFragmentDownlink(payload)) {
      if (downlink.type === 'fragment') this.#fragment(downlink, multicast ? group : undefined)
      else if (downlink.type === 'status-request') this.#tellStatus(downlink, multicast)
      // A group cannot be told anything else: nobody could tell the answers apart.
      else if (!multicast) this.#send(this.#obey(downlink))
    }
  }

  second(now_s: number): void {
    const due = this.#answers.filter(({ due_s }) => due_s <= now_s)
    if (due.length > 0) this.#answers = this.#answers.filter(({ due_s }) => due_s > now_s)
    for (const { payload } of due) this.#context.send(FRAGMENTATION.port, payload)
    this.#finish(now_s)
  }

  /** Verifies what is complete, piece by piece, and activates what is good. */
  #finish(now_s: number): void {
    const { update, activates, random } = this.#context
    if (update === undefined || this.#session?.complete !== true) return
    const { status } = update
    if (status === TransferStatus.initiated) update.verify()
    else if (status === TransferStatus.verificationSuccessful && activates) {
      if (this.#activation_s === Number.POSITIVE_INFINITY) this.#activation_s = now_s + ACTIVATION_S + below(random, ACTIVATION_S)
      if (now_s < this.#activation_s) return
      this.#session = undefined
      update.activate()
    }
  }

  #send(uplink: FragmentUplink): void {
    this.#context.send(FRAGMENTATION.port, encodeFragmentUplink(uplink))
  }

  #obey(downlink: Exclude<FragmentDownlink, { readonly type: 'fragment' | 'status-request' }>): FragmentUplink {
    if (downlink.type === 'version-request') return { type: 'version-answer', ...FRAGMENTATION }
    if (downlink.type === 'setup-request') return this.#setUp(downlink)
    const { index } = downlink
    const noSession = this.#session?.parameters.index !== index
    if (!noSession) this.#session = undefined
    return { type: 'delete-answer', index, noSession }
  }

  #setUp(parameters: FragmentSession): FragmentUplink {
    const { index, algorithm, count, size, padding, descriptor } = parameters
    const wrongAlgorithm = algorithm !== 0
    const wrongIndex = index >= SESSIONS_MAX
    const answer = { type: 'setup-answer' as const, index, wrongAlgorithm, wrongIndex, wrongDescriptor: false, noMemory: false }
    if (wrongAlgorithm || wrongIndex || this.#isRunning(parameters)) return answer
    const { update } = this.#context
    const length = count * size - padding
    // One image at a time; another one only when this one has been deleted.
    if (update === undefined || (this.#session !== undefined && this.#session.parameters.index !== index))
      return { ...answer, noMemory: true }
    const identifier = Uint8Array.of(descriptor >>> 24, descriptor >>> 16, descriptor >>> 8, descriptor)
    if (size === 0 || padding >= size || update.initiate(identifier, length) !== 'success') return { ...answer, noMemory: true }
    const blocks = new ImageBlocks({ update, size, length, partials_max: PARTIALS_MAX })
    const decoder = new FragmentDecoder({ count, size, store: blocks, missing_max: MISSING_MAX })
    this.#session = { parameters, decoder, blocks, complete: false }
    this.#activation_s = Number.POSITIVE_INFINITY
    return answer
  }

  /** The server did not hear the answer and asks again: what has come stays. */
  #isRunning(parameters: FragmentSession): boolean {
    const running = this.#session?.parameters
    if (running === undefined || this.#session?.blocks.failed === true) return false
    return Object.entries(parameters).every(([name, value]) => running[name as keyof FragmentSession] === value)
  }

  #fragment({ index, n, data }: Extract<FragmentDownlink, { type: 'fragment' }>, group: number | undefined): void {
    const session = this.#session
    if (session === undefined || session.parameters.index !== index || session.complete || session.blocks.failed) return
    if (group !== undefined && (session.parameters.groupMask & (1 << group)) === 0) return
    session.decoder.take(n, data)
    session.complete = session.decoder.done && !session.blocks.failed
  }

  #tellStatus({ index, all }: Extract<FragmentDownlink, { type: 'status-request' }>, multicast: boolean): void {
    const session = this.#session
    if (session === undefined || session.parameters.index !== index) return
    const { decoder, blocks, parameters } = session
    const { missing, received } = decoder
    if (!all && missing === 0) return
    const payload = encodeFragmentUplink({ type: 'status-answer', index, received, missing, noMemory: decoder.overflow || blocks.failed })
    if (!multicast) this.#context.send(FRAGMENTATION.port, payload)
    else if (this.#answers.length < ANSWERS_MAX) {
      const { core, random } = this.#context
      this.#answers.push({ due_s: core.clock.now_s() + below(random, 2 ** (parameters.ackDelay + 4)), payload })
    }
  }
}
