import type { Device } from '../hal/api/device.ts'
import type { Timer } from '../hal/api/time.ts'
import { nativeCrypto } from '../hal/esp32/crypto.ts'
import { esp32FirmwareSlots, esp32Program } from '../hal/esp32/firmware.ts'
import { Esp32Flash } from '../hal/esp32/flash.ts'
import { esp32Key } from '../hal/esp32/key.ts'
import { hardwareRandom } from '../hal/esp32/random.ts'
import { createNetwork } from '../hal/esp32/sockets.ts'
import { esp32ResetReason, esp32Restart, startEsp32Watchdog } from '../hal/esp32/system.ts'
import { createClock, createTimer, wait_ms } from '../hal/esp32/time.ts'
import { validate } from '../src/lib/schema-validate.ts'
import { Meter } from '../src/meter/app.ts'
import { FACTORY_VERSION } from '../src/meter/config.ts'
import { ESP32_CONFIG, type Esp32Config } from './esp32-config.ts'

/** A meter that hangs for so long starts again. */
const WATCHDOG_MS = 8000

/** What every board with an ESP32 has. */
type Processor = Pick<
  Device,
  'clock' | 'timer' | 'wait_ms' | 'random' | 'crypto' | 'flash' | 'key' | 'program' | 'firmware' | 'watchdog' | 'resetReason' | 'restart'
>

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
    key: esp32Key(),
    program: esp32Program(),
    firmware: esp32FirmwareSlots(FACTORY_VERSION),
    watchdog: startEsp32Watchdog(WATCHDOG_MS),
    resetReason: esp32ResetReason(),
    restart: esp32Restart,
  }
}

/** Throws Error with one line for each fault. */
function configOf({ config }: Esp32Board): Esp32Config {
  const { meter = {}, wifi, ethernet } = config
  const checked = validate(ESP32_CONFIG, { meter, wifi, ethernet })
  if (!checked.ok) throw new Error(checked.errors.map(({ text }) => text).join('\n'))
  return checked.value
}

/** What brings a board into its network. */
export interface NetworkStart {
  readonly config: Esp32Config
  readonly timer: Timer
  readonly onAddress: (address: string | undefined) => void
}

/**
 * Starts a meter on a board with an ESP32. The network comes up beside it: a meter measures without. `connect` starts the interface, which sockets need; false where
 * the configuration has none.
 */
export function startMeter(board: Esp32Board, name: string, connect: (start: NetworkStart) => boolean): Meter {
  const { parts, say } = board
  const config = configOf(board)
  // First, because a new key is made before Wi-Fi starts.
  const common = processor()
  const { timer } = common
  const connected = connect({ config, timer, onAddress: (address) => say(`${name}: ${address ?? 'lost'}`) })
  return new Meter({
    device: { network: connected ? createNetwork() : undefined, ...common, ...parts },
    config: config.meter,
    onReady: (service, port) => say(`${service}: port ${port}`),
    onFault: (part, reason) => say(`${part}: ${reason}`),
  })
}
