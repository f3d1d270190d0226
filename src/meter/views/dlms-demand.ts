import type { Demand } from '../../core/demand/demand.ts'
import type { ByteWriter } from '../../lib/bytes.ts'
import { writeDoubleLongUnsigned, writeUnsigned } from '../../protocols/dlms/axdr.ts'
import { DemandRegisterObject } from '../../protocols/dlms/objects/demand-register.ts'
import { ExtendedRegisterObject } from '../../protocols/dlms/objects/extended-register.ts'
import { RegisterObject, Unit } from '../../protocols/dlms/objects/register.ts'
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

/** Whole W of active, var of reactive energy: by the index of `Quantity`. */
function demandUnit(quantity: number): number {
  return quantity < 2 ? Unit.watt : Unit.var
}

/**
 * Of each quantity (C): the demand register 1.0.C.4.0, the last average 1.0.C.5.0, and for total and rates (E) the maximum 1.0.C.6.E and the cumulative
 * maximum 1.0.C.2.E. Clients with a secret read; maxima begin again with an end of billing only.
 */
export function demandObjects(demand: DemandReadings, times: LocalTimes): CosemObject[] {
  return demand.quantities.flatMap((quantity) => [
    demandRegister(demand, quantity, times),
    lastAverage(demand, quantity, times),
    ...Array.from({ length: demand.registers }, (_, rate) => maximum(demand, quantity, rate, times)),
    ...Array.from({ length: demand.registers }, (_, rate) => cumulative(demand, quantity, rate)),
  ])
}

function demandRegister(demand: DemandReadings, quantity: number, times: LocalTimes): CosemObject {
  return new DemandRegisterObject({
    logicalName: `1.0.${quantity + 1}.4.0.255`,
    access: READERS,
    current: (writer) => writeDemand(writer, demand.current_W(quantity)),
    last: (writer) => writeDemand(writer, demand.last_W(quantity)),
    scaler: 0,
    unit: demandUnit(quantity),
    status: (writer) => writeUnsigned(writer, demand.lastStatus),
    captureTime: (writer) => writeStampIfAny(writer, times, demand.lastEnd_s, demand.lastStatus),
    start: (writer) => writeStamp(writer, times, demand.start_s, demand.status),
    period_s: demand.period_s,
    periods: demand.periods,
  })
}

function lastAverage(demand: DemandReadings, quantity: number, times: LocalTimes): CosemObject {
  return new ExtendedRegisterObject({
    logicalName: `1.0.${quantity + 1}.5.0.255`,
    access: READERS,
    value: (writer) => writeDemand(writer, demand.last_W(quantity)),
    scaler: 0,
    unit: demandUnit(quantity),
    status: (writer) => writeUnsigned(writer, demand.lastStatus),
    captureTime: (writer) => writeStampIfAny(writer, times, demand.lastEnd_s, demand.lastStatus),
  })
}

function maximum(demand: DemandReadings, quantity: number, rate: number, times: LocalTimes): CosemObject {
  const status = () => demand.maximumStatus(quantity, rate)
  return new ExtendedRegisterObject({
    logicalName: `1.0.${quantity + 1}.6.${rate}.255`,
    access: READERS,
    value: (writer) => writeDemand(writer, demand.maximum_W(quantity, rate)),
    scaler: 0,
    unit: demandUnit(quantity),
    status: (writer) => writeUnsigned(writer, status()),
    captureTime: (writer) => writeStampIfAny(writer, times, demand.maximumTime_s(quantity, rate), status()),
  })
}

function cumulative(demand: DemandReadings, quantity: number, rate: number): CosemObject {
  return new RegisterObject({
    logicalName: `1.0.${quantity + 1}.2.${rate}.255`,
    access: READERS,
    value: (writer) => writeDoubleLongUnsigned(writer, demand.cumulative_W(quantity, rate) % UINT32),
    scaler: 0,
    unit: demandUnit(quantity),
  })
}
