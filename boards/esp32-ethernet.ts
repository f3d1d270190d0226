import { EthernetPort } from '../hal/esp32/ethernet.ts'
import type { Meter } from '../src/meter/app.ts'
import { type Esp32Board, startMeter } from './esp32-meter.ts'

/** Starts a meter on a board with Ethernet; its controller and PHY stand in the manifest. */
export function startEsp32Ethernet(board: Esp32Board): Meter {
  return startMeter(board, 'Ethernet', ({ config: { ethernet }, onAddress }) => {
    new EthernetPort({ ...ethernet, onAddress })
    return true
  })
}
