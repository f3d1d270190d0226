import config from 'mc/config'
import { startEsp32 } from '../esp32.ts'
import { at, serial } from '../esp32-parts.ts'
import { atm90e32 } from '../esp32-spi-parts.ts'
import { BOARD } from './board.ts'

const { metering, interrupt, lora, led, seal, console } = BOARD

startEsp32({
  config,
  say: (text) => trace(`${text}\n`),
  parts: {
    metering: atm90e32(metering, interrupt),
    lora: { part: 'RAK3172', serial: serial(lora) },
    led: at(led),
    seal: at(seal),
    console: serial(console),
  },
})
