import { SX127x } from '../../../src/drivers/radio/sx127x/sx127x.ts'
import type { LoRaRadio, RadioEvents } from '../../../src/lib/lora-radio.ts'
import { EmulatedSX127x } from '../../../src/world/chips/sx127x.ts'
import type { LoRaAir, Position } from '../../../src/world/lora/air.ts'
import { PinBank } from '../../../src/world/pins.ts'
import type { Scheduler } from '../../../src/world/scheduler.ts'
import { WorldTimer } from '../../../src/world/time.ts'

/** As the Heltec WiFi LoRa 32 V2 has them. */
const PINS = { interrupt: 26, dio1: 35, reset: 14, select: 18 } as const

/** A board with the emulated chip; `driver` makes what runs on it. */
export function sx127xBoard(
  scheduler: Scheduler,
  air: LoRaAir,
  position: Position = { x_m: 0, y_m: 0 },
  wiring: { readonly paBoost?: boolean; readonly tcxo?: boolean } = {},
) {
  const pins = new PinBank(scheduler)
  const chip = new EmulatedSX127x({
    scheduler,
    air,
    name: 'SX1276',
    position,
    onDio0: (level) => pins.drive(PINS.interrupt, level),
    onDio1: (level) => pins.drive(PINS.dio1, level),
  })
  pins.listen(PINS.reset, (level) => chip.reset(level))
  const io = pins.constructorFor()
  const driver = (events: RadioEvents): LoRaRadio =>
    new SX127x({
      radio: { io: chip.bus(), hz: 8_000_000, select: PINS.select },
      interrupt: { io, pin: PINS.interrupt },
      dio1: { io, pin: PINS.dio1 },
      reset: { io, pin: PINS.reset },
      paBoost: true,
      ...wiring,
      timer: new WorldTimer(scheduler),
      events,
    })
  return { chip, driver }
}
