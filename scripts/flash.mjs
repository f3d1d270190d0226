// npm run flash -- <board> [--port <port>]: builds the firmware of a board and writes it.
import { buildFirmware } from './device/main.mjs'

await buildFirmware(process.argv.slice(2), { flash: true })
