import type { Flash } from '../../hal/api/flash.ts'
import { eraseFlash, settleSettings, wipeOldSettings } from '../core/security/wipe.ts'
import { openStorage, type Storage, type StorageOptions } from '../core/storage/storage.ts'
import { FerrarisError } from '../lib/errors.ts'
import { DEMO_MARK, ifFlashTakesIt } from './secrets.ts'
import { CONFIG_PREFIX } from './stored-config.ts'

/** What is to be done before anything else at the next start. */
const REQUEST_KEY = 'reset.requested'
const Request = Object.freeze({ settings: 1, all: 2 })

/** Keys of the settings that a reset deletes. What the storage and the logs remember of themselves stays, as registers and logs do. */
const RESET_PREFIXES: readonly string[] = [CONFIG_PREFIX, 'secret.', 'dlms.lls.', 'tariff']

export interface FactoryResetOptions {
  /** Registers, profiles and logs too: needs an open seal. */
  readonly all?: boolean
  readonly sealOpen?: boolean
}

/**
 * Notes that the meter is to be reset: the next `openAfterReset` does it. Without `all`, configuration and secrets go; registers, profiles and logs
 * stay. Errors: FerrarisError `SEAL` for `all` while the seal is closed; those of `Settings.set`.
 */
export function requestReset(storage: Storage, { all = false, sealOpen = false }: FactoryResetOptions): void {
  if (all && !sealOpen) throw new FerrarisError('SEAL', 'the seal is closed: registers and logs cannot be erased')
  storage.settings.set(REQUEST_KEY, Uint8Array.of(all ? Request.all : Request.settings))
  settleSettings(storage.settings)
}

/** `failed`: the flash takes no more; secrets and configuration are still there, and the next start tries again. */
export type ResetDone = 'none' | 'settings' | 'all' | 'failed'

function resetSettings(storage: Storage): void {
  const { settings } = storage
  for (const key of settings.keys()) if (RESET_PREFIXES.some((prefix) => key.startsWith(prefix))) settings.delete(key)
  // As from the factory: without a secret of its own the meter takes that of the demo configuration again.
  settings.set(DEMO_MARK, Uint8Array.of(1))
  wipeOldSettings(settings)
  settings.delete(REQUEST_KEY)
}

/**
 * Opens the storage at the start of the firmware, after a reset that was asked for. A reset that power loss cuts off goes on here; until it is
 * done, nobody sees what it left. Erasing everything takes long: `onBlock` is called before each erase, for whoever feeds the watchdog.
 * Errors: those of `openStorage`.
 */
export function openAfterReset(
  flash: Flash,
  options?: StorageOptions,
  onBlock?: () => void,
): { readonly storage: Storage; readonly reset: ResetDone } {
  const storage = openStorage(flash, options)
  const request = storage.settings.get(REQUEST_KEY)?.[0]
  if (request === Request.all) {
    eraseFlash(flash, storage.settings, onBlock)
    return { storage: openStorage(flash, options), reset: 'all' }
  }
  if (request === undefined) return { storage, reset: 'none' }
  const done = ifFlashTakesIt(() => resetSettings(storage))
  return { storage, reset: done ? 'settings' : 'failed' }
}
