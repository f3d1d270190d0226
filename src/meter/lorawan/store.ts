import type { KeyStore } from '../../core/security/key-store.ts'
import { Counter } from '../../core/storage/counters.ts'
import type { Storage } from '../../core/storage/storage.ts'
import type { LoRaWanStore } from '../../links/lorawan/mac-options.ts'
import { ifFlashTakesIt, LORAWAN_SESSION } from '../secrets.ts'

/** Counters and session of LoRaWAN in flash. Errors of the counters are those of `Counters.next`: without a number nothing is sent. */
export function lorawanStore({ counters }: Storage, keys: KeyStore): LoRaWanStore {
  return {
    nextDevNonce: () => counters.next(Counter.lorawanDevNonce),
    nextFCntUp: () => counters.next(Counter.lorawanFCntUp),
    load: () => keys.use(LORAWAN_SESSION, (state) => state.slice()),
    save: (state) => void ifFlashTakesIt(() => keys.set(LORAWAN_SESSION, state)),
  }
}
