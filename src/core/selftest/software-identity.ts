import type { ImageDigest } from './image-digest.ts'

/** What an inspector asks for (WELMEC 7.2 P2/S1, from memory): which software runs, and its checksum. */
export interface SoftwareIdentity {
  /** Of the legally relevant part: 1.0.0.2.0 "active firmware identifier". */
  readonly identifier: string
  /** 1.0.0.2.8 "active firmware signature": SHA-256 of the running image; empty as long as it is not known. */
  readonly signature: Uint8Array
}

const NONE = new Uint8Array(0)

/** The identity of the software that runs, read from the memory it runs from and not from what somebody wrote about it. */
export function softwareIdentity(identifier: string, image: ImageDigest | undefined): SoftwareIdentity {
  return {
    identifier,
    get signature() {
      return image?.digest ?? NONE
    },
  }
}
