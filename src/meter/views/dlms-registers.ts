import type { ObjectGroup } from '../../protocols/dlms/made-objects.ts'
import { RegisterObject } from '../../protocols/dlms/objects/register.ts'
import { READERS } from './dlms-clients.ts'
import type { DlmsMeter } from './dlms-meter.ts'
import { writeRegisterValue } from './dlms-value.ts'

/** The registers of the core. Clients with a secret read. */
export const REGISTER_OBJECTS: ObjectGroup<DlmsMeter> = Object.freeze({
  count: ({ core }: DlmsMeter) => core.registers.length,
  make: ({ core }: DlmsMeter, index: number) => {
    const entry = core.registers[index]
    const { logicalName, scaler, unit } = entry
    return new RegisterObject({
      logicalName,
      scaler,
      unit,
      access: READERS,
      value: (writer) => writeRegisterValue(writer, entry, entry.read(core.readings)),
    })
  },
})
