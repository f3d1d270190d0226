import type { Flash } from '../../hal/api/flash.ts'
import { hostCrypto } from '../../hal/host/crypto.ts'
import type { KeyStore } from '../../src/core/security/key-store.ts'
import type { Storage } from '../../src/core/storage/storage.ts'
import { validate } from '../../src/lib/schema-validate.ts'
import { METER_CONFIG, type MeterConfig } from '../../src/meter/config.ts'
import { openAfterReset, type ResetDone } from '../../src/meter/factory-reset.ts'
import { Provisioning, type ProvisioningChange } from '../../src/meter/provisioning.ts'
import { openKeys, provisionFirst } from '../../src/meter/secrets.ts'
import { applyStored } from '../../src/meter/stored-config.ts'
import { KEY } from '../core/security/rig.ts'

export function configOf(input: object = {}): MeterConfig {
  const result = validate(METER_CONFIG, input)
  if (!result.ok) throw new Error(result.errors.map(({ text }) => text).join('\n'))
  return result.value
}

export interface Started {
  readonly storage: Storage
  readonly keys: KeyStore
  readonly provisioning: Provisioning
  readonly config: MeterConfig
  readonly ignored: readonly string[]
  readonly reset: ResetDone
  readonly changes: ProvisioningChange[]
}

/** What a meter does with its flash at the start, up to the metering. `key: null`: the device has none. */
export function startOn(flash: Flash, { key = KEY, file = {} }: { key?: Uint8Array | null; file?: object } = {}): Started {
  const base = configOf(file)
  const { storage, reset } = openAfterReset(flash)
  const keys = openKeys(storage, { crypto: hostCrypto, key: key ?? undefined })
  provisionFirst(storage, keys, base)
  const changes: ProvisioningChange[] = []
  const provisioning = new Provisioning({ storage, keys, base, onChange: (change) => changes.push(change) })
  return { storage, keys, provisioning, reset, changes, ...applyStored(base, storage.settings) }
}

/** A public key: RFC 6979, A.2.5. */
export const PUBLIC_KEY =
  '0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299'
