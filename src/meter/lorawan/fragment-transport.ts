import { TransferStatus } from '../../core/firmware/state.ts'
import type { FirmwareUpdate } from '../../core/firmware/update.ts'
import type { Downlink } from '../../lib/lorawan-link.ts'
import { FragmentDecoder } from '../../protocols/lorawan-app/fragment-decoder.ts'
import {
  decodeFragmentDownlink,
  encodeFragmentDownlink,
  encodeFragmentUplink,
  type FragmentDownlink,
  type FragmentSession,
  type FragmentUplink,
  SESSIONS_MAX,
} from '../../protocols/lorawan-app/fragmentation.ts'
import { FRAGMENTATION } from '../../protocols/lorawan-app/package.ts'
import { ifFlashTakesIt } from '../secrets.ts'
import { ImageBlocks } from './image-blocks.ts'
import type { PackageContext } from './packages.ts'
import { below } from './spread.ts'

/** Fragments that may be missing for redundancy to help: each costs its size and a row of bits in memory. */
const MISSING_MAX = 64
/** Each of them leaves up to three blocks incomplete. */
const PARTIALS_MAX = 3 * MISSING_MAX
/**
 * A complete image is activated so long after the last word of its session, and at random up to twice as long: the server sends redundancy for others and asks for the
 * state before, and meters do not restart together.
 */
const ACTIVATION_S = 300
/** Setting: the setup request of the session. */
export const FRAGMENTS_KEY = 'lorawan.fragments'
/** Answers that wait for their moment. */
const ANSWERS_MAX = 4

/** What the transfer is called in the firmware update. */
function identifierOf(descriptor: number): Uint8Array {
  return Uint8Array.of(descriptor >>> 24, descriptor >>> 16, descriptor >>> 8, descriptor)
}

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

  /** Goes on with a session that a restart interrupted: what is whole in the slot is there, what was only in memory must come again. */
  restore(kept: Uint8Array): void {
    const { update } = this.#context
    for (const downlink of decodeFragmentDownlink(kept)) {
      if (downlink.type !== 'setup-request' || update === undefined) continue
      const { descriptor, count, size, padding } = downlink
      const same = update.size === count * size - padding && update.identifier.every((byte, i) => byte === identifierOf(descriptor)[i])
      const { initiated, verificationInitiated, verificationSuccessful } = TransferStatus
      if (!same || ![initiated, verificationInitiated, verificationSuccessful].some((status) => status === update.status))
        this.#keep(undefined)
      else this.#open(downlink, update, true)
    }
  }

  #keep(session: FragmentSession | undefined): void {
    const { settings } = this.#context.core.storage
    ifFlashTakesIt(() => {
      if (session === undefined) settings.delete(FRAGMENTS_KEY)
      else settings.set(FRAGMENTS_KEY, encodeFragmentDownlink({ type: 'setup-request', ...session }))
    })
  }

  #open(parameters: FragmentSession, update: FirmwareUpdate, resumes: boolean): void {
    const { count, size, padding } = parameters
    const blocks = new ImageBlocks({ update, size, length: count * size - padding, partials_max: PARTIALS_MAX })
    const has = resumes ? (index: number) => blocks.has(index) : undefined
    const decoder = new FragmentDecoder({ count, size, store: blocks, missing_max: MISSING_MAX, has })
    this.#session = { parameters, decoder, blocks, complete: decoder.done }
    this.#activation_s = Number.POSITIVE_INFINITY
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
      this.#keep(undefined)
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
    if (!noSession) {
      this.#session = undefined
      this.#keep(undefined)
    }
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
    if (size === 0 || padding >= size || update.initiate(identifierOf(descriptor), length) !== 'success')
      return { ...answer, noMemory: true }
    this.#open(parameters, update, false)
    this.#keep(parameters)
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
    if (session === undefined || session.parameters.index !== index || session.blocks.failed) return
    if (group !== undefined && (session.parameters.groupMask & (1 << group)) === 0) return
    this.#activation_s = Number.POSITIVE_INFINITY
    if (session.complete) return
    session.decoder.take(n, data)
    session.complete = session.decoder.done && !session.blocks.failed
  }

  #tellStatus({ index, all }: Extract<FragmentDownlink, { type: 'status-request' }>, multicast: boolean): void {
    const session = this.#session
    if (session === undefined || session.parameters.index !== index) return
    this.#activation_s = Number.POSITIVE_INFINITY
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
