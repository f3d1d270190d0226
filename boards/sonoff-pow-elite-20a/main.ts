import config from 'mc/config'
import { Esp32Digital } from '../../hal/esp32/digital.ts'
import { startEsp32 } from '../esp32.ts'
import { at, inverted, serial } from '../esp32-parts.ts'
import { BOARD } from './board.ts'

const { metering, coil, button, led, console } = BOARD

startEsp32({
  config,
  say: (text) => trace(`${text}\n`),
  parts: {
    metering: { part: 'CSE7766', ...metering, sensor: serial(metering.sensor) },
    supplySwitch: { coil: { type: 'bistable', io: Esp32Digital, ...coil }, button: at(button) },
    led: inverted(led),
    console: serial(console),
  },
})
