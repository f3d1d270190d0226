import type { Device } from '../../hal/api/device.ts'
import type { Digital } from '../../hal/api/io.ts'
import { Tamper, type TamperInput } from '../core/tamper/tampers-table.ts'
import type { SealContact } from './seal.ts'
import type { Part } from './supervisor.ts'

type Wiring = NonNullable<Device['tamperContacts']>

/** Which tamper each contact of a board stands for. */
const INPUTS: readonly (readonly [name: keyof Wiring, id: TamperInput])[] = [
  ['terminalCover', Tamper.terminalCover],
  ['meterCover', Tamper.meterCover],
  ['moduleCover', Tamper.moduleCover],
  ['magneticField', Tamper.magneticField],
]

/**
 * The contacts of covers, seal and magnet, as a part that can be started again. Edges are told whatever the supply does; the state at the start is told
 * once. `onChange`: `MeterWatch.contact`.
 */
export function contactsPart(wiring: Wiring | undefined, seal: SealContact, onChange: (id: TamperInput, active: boolean) => void): Part {
  let open: Digital[] = []
  return {
    start: (guard) => {
      for (const [name, id] of INPUTS) {
        const contact = wiring?.[name]
        if (contact === undefined) continue
        const { io, pin, active, mode = 'InputPullUp' } = contact
        const tell = () => onChange(id, digital.read() === active)
        const digital = new io({ pin, mode, edge: 'both', onReadable: () => guard.run(tell) })
        open.push(digital)
        tell()
      }
      const tellSeal = () => onChange(Tamper.seal, seal.open)
      seal.hold(() => guard.run(tellSeal))
      if (seal.present) tellSeal()
    },
    stop: () => {
      seal.release()
      for (const digital of open) digital.close()
      open = []
    },
  }
}
