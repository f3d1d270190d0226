import { nativeCrypto } from '../../../hal/esp32/crypto.ts'
import { cryptoContract } from '../../contract/crypto.ts'

// On an emulation of the SDK's `crypt`; on the SDK itself: node scripts/test-lin.mjs.
cryptoContract('ESP32', nativeCrypto)
