/** What went wrong with a relay; it stays until the next operation, or until the contact proves that it is over. */
export type RelayFault = 'did-not-open' | 'did-not-close' | 'current-while-open'

/** What the core needs of a relay driver (`src/drivers/relay` has this shape). No method blocks and none calls back: who wants to know, asks. */
export interface Relay {
  /** Where the contact is, as far as is known; undefined before the first operation of a relay without feedback. */
  readonly closed: boolean | undefined
  /** An operation has not come to its end yet, or waits for its turn. */
  readonly busy: boolean
  readonly fault: RelayFault | undefined
  /** Closes or opens the contact. The last call counts. */
  operate(closed: boolean): void
  /** To be called once a second, with the largest current of the phases; undefined when nobody knows it. */
  watch(current_A: number | undefined): void
}
