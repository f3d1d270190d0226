import config from 'mc/config'
import { Esp32Digital } from '../../hal/esp32/digital.ts'
import { Esp32SPI } from '../../hal/esp32/spi.ts'
import { startEsp32 } from '../esp32.ts'
import { BOARD } from './board.ts'

const { metering, interrupt, led, seal } = BOARD

startEsp32({
  config,
  say: (text) => trace(`${text}\n`),
  parts: {
    metering: {
      part: 'ATM90E32',
      sensor: { io: Esp32SPI, ...metering },
      interrupt: { io: Esp32Digital, pin: interrupt.pin },
    },
    led: { io: Esp32Digital, pin: led.pin },
    seal: { io: Esp32Digital, pin: seal.pin },
  },
})
