import config from 'mc/config'
import { startEsp32Ethernet } from '../esp32-ethernet.ts'
import { at, serial } from '../esp32-parts.ts'
import { atm90e32 } from '../esp32-spi-parts.ts'
import { BOARD } from './board.ts'

const { ethernet, metering, interrupt, led, seal, console } = BOARD

startEsp32Ethernet(
  {
    config,
    say: (text) => trace(`${text}\n`),
    parts: {
      metering: atm90e32(metering, interrupt),
      led: at(led),
      seal: at(seal),
      console: serial(console),
    },
  },
  ethernet,
)
