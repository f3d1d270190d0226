/** What the main thread and the thread with the line share: a state, an outcome, a length, then the bytes of one answer. */
export const SHARED_STATE = 0
export const SHARED_OUTCOME = 1
export const SHARED_LENGTH = 2
/** Where the bytes begin. */
export const SHARED_DATA = 16
export const SHARED_BYTES = SHARED_DATA + 4096

export const Outcome = Object.freeze({
  done: 0,
  /** The bridge refused: its status, then its words. */
  refused: 1,
  /** Code of an error, a space, its words. */
  failed: 2,
} as const)

export interface WorkerInit {
  readonly shared: SharedArrayBuffer
  readonly device: string
  readonly baud: number
}

export type Call = 'close' | { readonly command: 'hello' } | { readonly command: number; readonly body: Uint8Array }
