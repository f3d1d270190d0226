import { freshKey, fuseKey } from 'ferraris/system'
import type { Bytes } from '../api/io.ts'
import { readNvs, writeNvs } from './nvs.ts'

const KEY = 'device.key'

/**
 * What secrets in flash are encrypted with. Where a key is burned into a fuse with the purpose HMAC_UP (ESP32-C3, -C6, -H2, -S3), it is derived from that by the HMAC
 * peripheral, and nothing outside can read it. Elsewhere 32 random bytes that the first start puts into NVS: they keep secrets from whoever has the `meter` partition
 * only. Whoever can read the whole flash has the key too, unless flash encryption is on.
 *
 * To be called before Wi-Fi starts: a new key needs the entropy source of the boot loader.
 */
export function esp32Key(): Bytes {
  const fuse = fuseKey()
  if (fuse !== undefined) return new Uint8Array(fuse)
  const stored = readNvs(KEY)
  if (stored !== undefined) return stored
  const fresh = new Uint8Array(freshKey())
  writeNvs(KEY, fresh)
  return fresh
}
