import type { Device } from '../hal/api/device.ts'
import { nativeCrypto } from '../hal/esp32/crypto.ts'
import { Esp32Flash } from '../hal/esp32/flash.ts'
import { hardwareRandom } from '../hal/esp32/random.ts'
import { createNetwork } from '../hal/esp32/sockets.ts'
import { esp32ResetReason, esp32Restart, startEsp32Watchdog } from '../hal/esp32/system.ts'
import { createClock, createTimer, wait_ms } from '../hal/esp32/time.ts'
import { WiFiStation } from '../hal/esp32/wifi.ts'
import { validate } from '../src/lib/schema-validate.ts'
import { Meter } from '../src/meter/app.ts'
import { ESP32_CONFIG, type Esp32Config } from './esp32-config.ts'

/** A meter that hangs for so long starts again. */
const WATCHDOG_MS = 8000

/** What every board with an ESP32 has. */
type Processor = Pick<Device, 'clock' | 'timer' | 'wait_ms' | 'random' | 'crypto' | 'flash' | 'watchdog' | 'resetReason' | 'restart'>

export interface Esp32Board {
  /** Of the manifest. */
  readonly config: { readonly [name: string]: unknown }
  /** What the board adds to its processor: metering, and what is soldered to it. */
  readonly parts: Omit<Device, keyof Processor>
  /** A line for whoever listens. */
  readonly say: (text: string) => void
}

function processor(): Processor {
  return {
    clock: createClock(),
    timer: createTimer(),
    wait_ms,
    random: hardwareRandom,
    crypto: nativeCrypto,
    flash: new Esp32Flash('meter'),
    watchdog: startEsp32Watchdog(WATCHDOG_MS),
    resetReason: esp32ResetReason(),
    restart: esp32Restart,
  }
}

/** Throws Error with one line for each fault. */
function configOf({ config }: Esp32Board): Esp32Config {
  const { meter = {}, wifi } = config
  const checked = validate(ESP32_CONFIG, { meter, wifi })
  if (!checked.ok) throw new Error(checked.errors.map(({ text }) => text).join('\n'))
  return checked.value
}

/** Starts a meter on a board with an ESP32. The network comes up beside it: a meter measures without. */
export function startEsp32(board: Esp32Board): Meter {
  const { parts, say } = board
  const config = configOf(board)
  const { wifi } = config
  const common = processor()
  const { timer } = common
  // Sockets need the network stack, which Wi-Fi starts.
  if (wifi !== undefined) new WiFiStation({ ...wifi, timer, onAddress: (address) => say(`Wi-Fi: ${address ?? 'lost'}`) })
  const network = wifi === undefined ? undefined : createNetwork()
  return new Meter({
    device: { network, ...common, ...parts },
    config: config.meter,
    onReady: (service, port) => say(`${service}: port ${port}`),
    onFault: (part, reason) => say(`${part}: ${reason}`),
  })
}
