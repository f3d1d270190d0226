import type { Demand } from '../../core/demand/demand.ts'
import type { Measured } from '../../core/metrology/measured.ts'
import { RegisterKind, type RegisterName, registerName } from '../../core/registers/names.ts'
import type { ByteWriter } from '../../lib/bytes.ts'
import { writeDoubleLongUnsigned, writeUnsigned } from '../../protocols/dlms/axdr.ts'
import type { ObjectGroup } from '../../protocols/dlms/made-objects.ts'
import { DemandRegisterObject } from '../../protocols/dlms/objects/demand-register.ts'
import { ExtendedRegisterObject } from '../../protocols/dlms/objects/extended-register.ts'
import { RegisterObject } from '../../protocols/dlms/objects/register.ts'
import type { CosemObject } from '../../protocols/dlms/source.ts'
import { READERS } from './dlms-clients.ts'
import { type LocalTimes, writeStamp, writeStampIfAny } from './dlms-times.ts'

const UINT32 = 0x100000000

/** The part of the demand registers that this view needs. */
export type DemandReadings = Pick<
  Demand,
  | 'quantities'
  | 'registers'
  | 'period_s'
  | 'periods'
  | 'current_W'
  | 'last_W'
  | 'lastStatus'
  | 'lastEnd_s'
  | 'start_s'
  | 'status'
  | 'maximum_W'
  | 'maximumTime_s'
  | 'maximumStatus'
  | 'cumulative_W'
>

/** W or var. A demand that the type cannot carry stays at its end; sums roll over like a display. */
function writeDemand(writer: ByteWriter, value: number): void {
  writeDoubleLongUnsigned(writer, Math.min(value, UINT32 - 1))
}

/** What demand registers are made from. */
export interface DemandView {
  readonly demand: DemandReadings
  readonly times: LocalTimes
  readonly measured: Measured
}

const AVERAGES = 2
/** Of a quantity: the two averages, then maxima and cumulative maxima, each the total and the rates. */
const placesOf = ({ registers }: DemandReadings) => AVERAGES + 2 * registers

function demandRegister(demand: DemandReadings, quantity: number, _rate: number, name: RegisterName, times: LocalTimes): CosemObject {
  return new DemandRegisterObject({
    ...name,
    access: READERS,
    current: (writer) => writeDemand(writer, demand.current_W(quantity)),
    last: (writer) => writeDemand(writer, demand.last_W(quantity)),
    status: (writer) => writeUnsigned(writer, demand.lastStatus),
    captureTime: (writer) => writeStampIfAny(writer, times, demand.lastEnd_s, demand.lastStatus),
    start: (writer) => writeStamp(writer, times, demand.start_s, demand.status),
    period_s: demand.period_s,
    periods: demand.periods,
  })
}

function lastAverage(demand: DemandReadings, quantity: number, _rate: number, name: RegisterName, times: LocalTimes): CosemObject {
  return new ExtendedRegisterObject({
    ...name,
    access: READERS,
    value: (writer) => writeDemand(writer, demand.last_W(quantity)),
    status: (writer) => writeUnsigned(writer, demand.lastStatus),
    captureTime: (writer) => writeStampIfAny(writer, times, demand.lastEnd_s, demand.lastStatus),
  })
}

function maximum(demand: DemandReadings, quantity: number, rate: number, name: RegisterName, times: LocalTimes): CosemObject {
  const status = () => demand.maximumStatus(quantity, rate)
  return new ExtendedRegisterObject({
    ...name,
    access: READERS,
    value: (writer) => writeDemand(writer, demand.maximum_W(quantity, rate)),
    status: (writer) => writeUnsigned(writer, status()),
    captureTime: (writer) => writeStampIfAny(writer, times, demand.maximumTime_s(quantity, rate), status()),
  })
}

function cumulative(demand: DemandReadings, quantity: number, rate: number, name: RegisterName): CosemObject {
  return new RegisterObject({
    ...name,
    access: READERS,
    value: (writer) => writeDoubleLongUnsigned(writer, demand.cumulative_W(quantity, rate) % UINT32),
  })
}

/** By kind. */
const MAKERS = Object.freeze({
  [RegisterKind.currentAverage]: demandRegister,
  [RegisterKind.lastAverage]: lastAverage,
  [RegisterKind.maximum]: maximum,
  [RegisterKind.cumulativeMaximum]: cumulative,
})

function kindOf(place: number, registers: number): keyof typeof MAKERS {
  if (place === 0) return RegisterKind.currentAverage
  if (place === 1) return RegisterKind.lastAverage
  return place < AVERAGES + registers ? RegisterKind.maximum : RegisterKind.cumulativeMaximum
}

/**
 * Of each quantity: the demand register (electricity: 1.0.C.4.0), the last average (5), and for total and rates (E) the maximum (6) and the cumulative
 * maximum (2), as far as the medium has names for them. Clients with a secret read; maxima begin again with an end of billing only.
 */
export const DEMAND_OBJECTS: ObjectGroup<DemandView> = Object.freeze({
  count: ({ demand }: DemandView) => demand.quantities.length * placesOf(demand),
  make: ({ demand, times, measured }: DemandView, index: number) => {
    const places = placesOf(demand)
    const quantity = demand.quantities[Math.floor(index / places)]
    const place = index % places
    const rate = place < AVERAGES ? 0 : (place - AVERAGES) % demand.registers
    const kind = kindOf(place, demand.registers)
    const name = registerName(measured, quantity, kind, rate)
    return name && MAKERS[kind](demand, quantity, rate, name, times)
  },
})
