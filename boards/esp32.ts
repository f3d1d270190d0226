import { WiFiStation } from '../hal/esp32/wifi.ts'
import type { Meter } from '../src/meter/app.ts'
import { type Esp32Board, startMeter } from './esp32-meter.ts'

/** Starts a meter on a board with Wi-Fi. */
export function startEsp32(board: Esp32Board): Meter {
  return startMeter(board, 'Wi-Fi', ({ config: { wifi }, timer, onAddress }) => {
    if (wifi !== undefined) new WiFiStation({ ...wifi, timer, onAddress })
    return wifi !== undefined
  })
}
