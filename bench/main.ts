import { fileURLToPath } from 'node:url'
import { main } from './harness.ts'
import { benches as lib } from './lib.ts'

process.exitCode = await main([...lib], fileURLToPath(import.meta.url), process.argv.slice(2))
