import type { GuestTime } from '../../../hal/portable/guest.ts'
import type { Page } from '../../../hal/portable/guest-protocol.ts'

export type { Page } from '../../../hal/portable/guest-protocol.ts'

/** The guest's flash on the host: an image file. */
export interface PageStore {
  /** Writes the pages; when it returns they survive the end of this process. */
  write(pages: readonly Page[]): void
}

/** What a step brings. */
export interface StepResult extends GuestTime {
  /** What the guest emitted since the last step, in order. */
  readonly events: readonly unknown[]
  /** Byte codes run in this step: deterministic. */
  readonly compute: number
}

/** What a call gives back. */
export interface CallReply {
  readonly value: unknown
  readonly bytes: Uint8Array
}

/** Answers `GuestHost.ask(name, argument, bytes)` of the guest, which waits for it. */
export type AskHandler = (
  name: string,
  argument: unknown,
  bytes: Uint8Array,
) => { readonly value?: unknown; readonly bytes?: Uint8Array } | undefined
