import type { TransceiverWiring } from '../../../hal/api/lora.ts'
import type { Timer } from '../../../hal/api/time.ts'
import { SX126x } from '../../drivers/radio/sx126x/sx126x.ts'
import { SX127x } from '../../drivers/radio/sx127x/sx127x.ts'
import type { LoRaRadio, RadioEvents } from '../../lib/lora-radio.ts'
import type { Guard } from '../supervisor.ts'

/** The driver of whatever transceiver the board has; its events run under the guard. */
export function radioOf(wiring: TransceiverWiring, timer: Timer, guard: Guard, events: RadioEvents): LoRaRadio {
  const guarded: RadioEvents = {
    onTransmitted: () => guard.run(events.onTransmitted),
    onReceived: (frame) => guard.run(() => events.onReceived(frame)),
    onTimeout: () => guard.run(events.onTimeout),
    onError: (reason) => guard.run(() => events.onError(reason)),
  }
  return wiring.part === 'SX1276' ? new SX127x({ ...wiring, timer, events: guarded }) : new SX126x({ ...wiring, timer, events: guarded })
}
