import { EthernetPort, type EthernetWiring } from '../hal/esp32/ethernet.ts'
import type { Meter } from '../src/meter/app.ts'
import { type Esp32Board, startMeter } from './esp32-meter.ts'

/** Starts a meter on a board with Ethernet; one whose PHY does not answer is in no network, and measures. */
export function startEsp32Ethernet(board: Esp32Board, wiring: EthernetWiring): Meter {
  return startMeter(board, 'Ethernet', ({ config: { ethernet }, onAddress }) => {
    try {
      new EthernetPort({ ...wiring, ...ethernet, onAddress })
      return true
    } catch (error) {
      board.say(`Ethernet: ${error instanceof Error ? error.message : 'failed'}`)
      return false
    }
  })
}
