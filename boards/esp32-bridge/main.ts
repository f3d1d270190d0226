import { Esp32Digital } from '../../hal/esp32/digital.ts'
import { Esp32I2C } from '../../hal/esp32/i2c.ts'
import { esp32PulseCount } from '../../hal/esp32/pulse-count.ts'
import { Esp32Serial } from '../../hal/esp32/serial.ts'
import { Esp32SPI } from '../../hal/esp32/spi.ts'
import { createClock, createTimer } from '../../hal/esp32/time.ts'
import { Bridge } from '../../src/hil/bridge/bridge.ts'
import { BOARD } from './board.ts'

/** Timers of the system count milliseconds: a pulse and a pause of two each are the shortest that come out even. */
const PULSE_PERIOD_MIN_US = 4000

const clock = createClock()
const timer = createTimer()

new Bridge({
  board: {
    name: BOARD.name,
    pulsePeriodMin_us: PULSE_PERIOD_MIN_US,
    now_us: () => clock.ticks_ms() * 1000,
    after_us: (callback, delay_us) => {
      timer.set(callback, Math.ceil(delay_us / 1000))
    },
    digital: Esp32Digital,
    spi: Esp32SPI,
    i2c: Esp32I2C,
    serial: Esp32Serial,
    pulseCount: esp32PulseCount(timer),
  },
  line: { io: Esp32Serial, ...BOARD.line },
})
