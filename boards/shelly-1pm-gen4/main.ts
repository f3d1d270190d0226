import config from 'mc/config'
import { startEsp32 } from '../esp32.ts'
import { at, serial } from '../esp32-parts.ts'
import { BOARD } from './board.ts'

const { metering, coil, button, console } = BOARD

startEsp32({
  config,
  say: (text) => trace(`${text}\n`),
  parts: {
    metering: { part: 'BL0942', ...metering, sensor: serial(metering.sensor) },
    supplySwitch: { coil: { type: 'monostable', energised: 'closed', ...at(coil) }, button: at(button) },
    console: serial(console),
  },
})
