import { fileURLToPath } from 'node:url'
import { benches as dlms } from './dlms.ts'
import { main } from './harness.ts'
import { benches as lib } from './lib.ts'
import { benches as lorawan } from './lorawan.ts'
import { benches as sample } from './sample.ts'
import { benches as storage } from './storage.ts'
import { benches as virtual } from './virtual.ts'

process.exitCode = await main(
  [...lib, ...sample, ...storage, ...virtual, ...dlms, ...lorawan],
  fileURLToPath(import.meta.url),
  process.argv.slice(2),
)
