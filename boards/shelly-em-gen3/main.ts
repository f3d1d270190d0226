import config from 'mc/config'
import { Esp32I2C } from '../../hal/esp32/i2c.ts'
import { startEsp32 } from '../esp32.ts'
import { at, hold, inverted, serial } from '../esp32-parts.ts'
import { BOARD } from './board.ts'

const { metering, interrupt, held, rtc, led, coil, button, console } = BOARD

hold(held)

startEsp32({
  config,
  say: (text) => trace(`${text}\n`),
  parts: {
    metering: {
      part: 'ADE7953',
      bus: 'I2C',
      ...metering,
      sensor: { io: Esp32I2C, ...metering.sensor },
      interrupt: at(interrupt),
    },
    rtc: { part: 'PCF8563', clock: { io: Esp32I2C, ...rtc } },
    led: inverted(led),
    supplySwitch: { coil: { type: 'monostable', energised: 'closed', ...at(coil) }, button: at(button) },
    console: serial(console),
  },
})
