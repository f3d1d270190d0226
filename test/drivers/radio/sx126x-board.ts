import { SX126x } from '../../../src/drivers/radio/sx126x/sx126x.ts'
import type { LoRaRadio, RadioEvents } from '../../../src/lib/lora-radio.ts'
import { EmulatedSX126x } from '../../../src/world/chips/sx126x.ts'
import type { LoRaAir, Position } from '../../../src/world/lora/air.ts'
import { PinBank } from '../../../src/world/pins.ts'
import type { Scheduler } from '../../../src/world/scheduler.ts'
import { WorldTimer } from '../../../src/world/time.ts'

const PINS = { busy: 13, interrupt: 14, reset: 12, select: 8 } as const

/** A board with the emulated chip; `driver` makes what runs on it. */
export function sx126xBoard(scheduler: Scheduler, air: LoRaAir, position: Position = { x_m: 0, y_m: 0 }) {
  const pins = new PinBank(scheduler)
  const chip = new EmulatedSX126x({
    scheduler,
    air,
    name: 'SX1262',
    position,
    onBusy: (level) => pins.drive(PINS.busy, level),
    onDio1: (level) => pins.drive(PINS.interrupt, level),
  })
  pins.listen(PINS.reset, (level) => chip.reset(level))
  const io = pins.constructorFor()
  const driver = (events: RadioEvents): LoRaRadio =>
    new SX126x({
      radio: { io: chip.bus(), hz: 8_000_000, select: PINS.select },
      busy: { io, pin: PINS.busy },
      interrupt: { io, pin: PINS.interrupt },
      reset: { io, pin: PINS.reset },
      part: 'SX1262',
      tcxo_mV: 1800,
      dio2Switch: true,
      timer: new WorldTimer(scheduler),
      events,
    })
  return { chip, driver }
}
