import { ADE7953 } from '../../src/world/chips/ade7953.ts'
import { ATM90E32 } from '../../src/world/chips/atm90e32.ts'
import { BL0942 } from '../../src/world/chips/bl0942.ts'
import { CSE7766 } from '../../src/world/chips/cse7766.ts'
import { PCF8563 } from '../../src/world/chips/pcf8563.ts'
import { createElectrical, type Electrical } from '../../src/world/electrical.ts'
import { I2CBus } from '../../src/world/i2c-bus.ts'
import { SerialWire } from '../../src/world/serial-wire.ts'
import type { Machine } from '../support/moddable/machine.ts'

/** What the data of a board says about its metering IC, whichever it is. */
export interface BoardMetering {
  readonly metering: {
    readonly select?: number
    readonly sensor?: { readonly port?: number; readonly baud?: number; readonly transmit?: number; readonly address?: number }
    readonly circuit?: object
  }
  readonly rtc?: object
}

interface Chip {
  powerOn(): void
  setInputs(electrical: Electrical): void
}

/** A bus of the world behind the emulated port, which asks it in transfers that end with STOP. */
function attach(machine: Machine, bus: I2CBus, address: number): void {
  const io = new (bus.constructorFor())({ address, hz: 100_000 })
  machine.peripherals.push({
    address,
    write(bytes) {
      try {
        io.write(bytes)
        return true
      } catch {
        return false
      }
    },
    read: (count) => io.read(count),
  })
}

/** A line of the world at a UART of the machine; gives the end of the chip. */
export function line(machine: Machine, port: number, format: { baud: number; parity?: 'even' }): SerialWire {
  const wire = new SerialWire(machine.scheduler)
  const end = new (wire.end(0))({
    ...format,
    onReadable: () => {
      const bytes = end.read()
      if (bytes !== undefined) machine.receive.get(port)?.(bytes)
    },
  })
  machine.onSent.set(port, (bytes) => end.write(bytes))
  return wire
}

function chipOf(machine: Machine, { metering }: BoardMetering): Chip {
  const { scheduler } = machine
  const { select, sensor = {}, circuit = {} } = metering
  if (select !== undefined) {
    const chip = new ATM90E32({ now_us: () => scheduler.now_us })
    const bus = new (chip.bus())({ hz: 1_000_000, mode: 3, select })
    machine.spi.set(select, (bytes) => bus.transfer(bytes))
    return chip
  }
  if (sensor.address !== undefined) {
    const { fullScaleVoltage_V: voltage_V, fullScaleCurrent_A: current_A } = circuit as Record<string, number>
    const chip = new ADE7953({ now_us: () => scheduler.now_us, frontEnd: { voltage_V, current_A } })
    const bus = new I2CBus()
    bus.attach(chip.peripheral)
    attach(machine, bus, sensor.address)
    return chip
  }
  const { port = 1, baud, transmit } = sensor
  if (transmit === undefined) return new CSE7766({ scheduler, io: line(machine, port, { baud: 4800, parity: 'even' }).end(1), ...circuit })
  const io = line(machine, port, { baud: baud ?? 4800 }).end(1)
  return new BL0942({ scheduler, io, sclkBps: baud === 9600 ? 1 : 0, frontEnd: circuit as never })
}

/** Connects the chips that the data of a board names, with 2.3 kW on each phase. */
export function connectMetering(machine: Machine, board: BoardMetering): void {
  const chip = chipOf(machine, board)
  if (board.rtc !== undefined) {
    const bus = new I2CBus()
    const clock = new PCF8563({ now_us: () => machine.scheduler.now_us })
    bus.attach(clock)
    attach(machine, bus, 0x51)
  }
  const mains = createElectrical()
  mains.voltage_V.fill(230)
  mains.current_A.fill(10)
  mains.active_W.fill(2300)
  mains.frequency_Hz = 50
  chip.powerOn()
  chip.setInputs(mains)
}
