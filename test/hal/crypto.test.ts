import { hostCrypto, hostRandom } from '../../hal/host/crypto.ts'
import { portableCrypto } from '../../hal/portable/crypto.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import { cryptoContract } from '../contract/crypto.ts'
import { randomContract } from '../contract/random.ts'

cryptoContract('host', hostCrypto)
cryptoContract('portable', portableCrypto)
randomContract('host', hostRandom)
const seeded = new SeededRandom(1)
randomContract('seeded', (buffer) => seeded.fill(buffer))
