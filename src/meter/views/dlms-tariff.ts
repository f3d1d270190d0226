import { type Measured, tariffedOf } from '../../core/metrology/measured.ts'
import { RegisterKind, registerName } from '../../core/registers/names.ts'
import { type ActivityCalendar, SCRIPT_TABLE, type SpecialDay } from '../../core/tariff/activity-calendar.ts'
import type { TariffEngine } from '../../core/tariff/tariff-engine.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { ActionResult, DataAccessResult } from '../../protocols/dlms/apdu.ts'
import { writeOctetString } from '../../protocols/dlms/axdr.ts'
import { objectGroup } from '../../protocols/dlms/made-objects.ts'
import {
  ActivityCalendarObject,
  type ActivityCalendarSource,
  CALENDAR_ATTRIBUTES,
  CALENDAR_METHODS,
  type CalendarTables,
} from '../../protocols/dlms/objects/activity-calendar.ts'
import { DataObject } from '../../protocols/dlms/objects/register.ts'
import { type AssignedRegister, RegisterActivationObject } from '../../protocols/dlms/objects/register-activation.ts'
import {
  SPECIAL_DAYS_ATTRIBUTES,
  SPECIAL_DAYS_METHODS,
  type SpecialDayEntry,
  SpecialDaysObject,
  type SpecialDaysSource,
} from '../../protocols/dlms/objects/special-days.ts'
import { TariffScriptTableObject } from '../../protocols/dlms/objects/tariff-script-table.ts'
import type { CosemObject } from '../../protocols/dlms/source.ts'
import { managedByReaders, READERS } from './dlms-clients.ts'
import type { MeterTimes } from './dlms-times.ts'

const CALENDAR = '0.0.13.0.0.255'
const SPECIAL_DAYS = '0.0.11.0.0.255'
/** "Currently active tariff": the same name as the active mask of the register activation. */
const ACTIVE_TARIFF = '0.0.96.14.0.255'
const ENERGY_ACTIVATION = '0.0.14.0.1.255'
const DEMAND_ACTIVATION = '0.0.14.0.2.255'
const REGISTER_CLASS = 3
const EXTENDED_REGISTER_CLASS = 4
/** Times are kept as 32 bits of seconds. */
const TIME_MAX_MS = 0xffffffff * 1000

/** What the objects show. */
export type TariffState = Pick<TariffEngine, 'activeCalendar' | 'passiveCalendar' | 'specialDays' | 'activation_s' | 'activeRate' | 'rates'>

/**
 * What the objects change. Whoever implements it measures before a change that holds at once, so that what was counted until then keeps
 * its rate. Errors are those of the methods of `TariffEngine` with the same names.
 */
export interface TariffCommands {
  setPassive(calendar: ActivityCalendar): void
  setSpecialDays(specialDays: readonly SpecialDay[]): void
  activateAt(utc_s: number | undefined): void
  activatePassive(): void
}

/** What a rate is called: two octets, as in the P1 telegrams of DSMR (0-0:96.14.0, "0002"; from memory). */
function rateName(rate: number): Uint8Array {
  return Uint8Array.of(0, rate)
}

/** Quantities (index of `Quantity`) that have a demand register, and how many rates those have. */
export interface TariffDemand {
  readonly quantities: readonly number[]
  /** Total and rates. */
  readonly registers: number
}

/** What the objects are made from. */
export interface TariffView {
  readonly tariff: TariffState
  readonly commands: TariffCommands
  readonly times: MeterTimes
  readonly measured: Measured
  readonly demand: TariffDemand
}

const access = READERS
const CALENDAR_ACCESS = managedByReaders(CALENDAR_ATTRIBUTES, CALENDAR_METHODS)
const DAYS_ACCESS = managedByReaders(SPECIAL_DAYS_ATTRIBUTES, SPECIAL_DAYS_METHODS)

/**
 * Activity calendar, special days, the scripts that both mean, which registers those switch, and the tariff that is active now. Clients with a secret
 * read, the management client changes.
 */
export const TARIFF_OBJECTS = objectGroup<TariffView>(
  ({ tariff, commands, times }) =>
    new ActivityCalendarObject({
      ...{ logicalName: CALENDAR, access: CALENDAR_ACCESS, scriptTable: SCRIPT_TABLE },
      source: new CalendarView(tariff, commands, times),
    }),
  ({ tariff, commands }) =>
    new SpecialDaysObject({ logicalName: SPECIAL_DAYS, access: DAYS_ACCESS, source: new SpecialDaysView(tariff, commands) }),
  ({ tariff }) =>
    new TariffScriptTableObject({
      ...{ logicalName: SCRIPT_TABLE, access },
      activations: [ENERGY_ACTIVATION, DEMAND_ACTIVATION],
      masks: range(1, tariff.rates).map(rateName),
    }),
  ({ tariff, measured }) =>
    activation(tariff, ENERGY_ACTIVATION, assigned(REGISTER_CLASS, RegisterKind.total, tariffedOf(measured), tariff.rates, measured)),
  ({ tariff, demand, measured }) => {
    const rates = Math.max(1, demand.registers - 1)
    return activation(
      tariff,
      DEMAND_ACTIVATION,
      assigned(EXTENDED_REGISTER_CLASS, RegisterKind.maximum, demand.quantities, rates, measured),
    )
  },
  ({ tariff }) =>
    new DataObject({ logicalName: ACTIVE_TARIFF, access, value: (writer) => writeOctetString(writer, rateName(tariff.activeRate)) }),
)

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

/** The registers of each rate. A meter with one rate has totals only. */
function assigned(classId: number, d: number, quantities: readonly number[], rates: number, measured: Measured): AssignedRegister[][] {
  const ofRate = (e: number) =>
    quantities.flatMap((quantity) => {
      const logicalName = registerName(measured, quantity, d, e)?.logicalName
      return logicalName === undefined ? [] : [{ classId, logicalName }]
    })
  return rates === 1 ? [ofRate(0)] : range(1, rates).map(ofRate)
}

function activation(tariff: TariffState, name: string, registers: readonly AssignedRegister[][]): CosemObject {
  let last = 0
  const masks = registers.map(({ length }, index) => {
    const first = last + 1
    last += length
    return { name: rateName(index + 1), registers: range(first, last) }
  })
  const active = () => rateName(tariff.activeRate)
  return new RegisterActivationObject({ logicalName: name, access, registers: registers.flat(), masks, active })
}

/** What is wrong with tables is the client's concern, flash that takes no more is the meter's. */
function resultOf(change: () => void): 'success' | 'otherReason' | 'hardwareFault' {
  try {
    change()
    return 'success'
  } catch (error) {
    if (!(error instanceof FerrarisError)) throw error
    if (error.code === 'TARIFF') return 'otherReason'
    if (error.code === 'SETTINGS_FULL' || error.code.startsWith('STORAGE')) return 'hardwareFault'
    throw error
  }
}

class CalendarView implements ActivityCalendarSource {
  readonly #tariff: TariffState
  readonly #commands: TariffCommands
  readonly #times: MeterTimes

  constructor(tariff: TariffState, commands: TariffCommands, times: MeterTimes) {
    this.#tariff = tariff
    this.#commands = commands
    this.#times = times
  }

  get active(): CalendarTables {
    return this.#tariff.activeCalendar
  }

  get passive(): CalendarTables {
    return this.#tariff.passiveCalendar
  }

  get activation_ms(): number | undefined {
    const { activation_s } = this.#tariff
    return activation_s === undefined ? undefined : activation_s * 1000
  }

  setPassive(tables: CalendarTables): DataAccessResult {
    return DataAccessResult[resultOf(() => this.#commands.setPassive(tables))]
  }

  /** A time that is over is refused: a mistyped date must not activate at once; the method is there for that. */
  activateAt(utc_ms: number | undefined): DataAccessResult {
    if (utc_ms !== undefined && (utc_ms <= this.#times.now_ms() || utc_ms > TIME_MAX_MS)) return DataAccessResult.otherReason
    const utc_s = utc_ms === undefined ? undefined : Math.ceil(utc_ms / 1000)
    return DataAccessResult[resultOf(() => this.#commands.activateAt(utc_s))]
  }

  activatePassive(): ActionResult {
    return ActionResult[resultOf(() => this.#commands.activatePassive())]
  }

  utcOfLocal(local_ms: number): number {
    return this.#times.utcOfLocal(local_ms)
  }

  offset_min(utc_ms: number): number {
    return this.#times.offset_min(utc_ms)
  }

  status(utc_ms: number): number {
    return this.#times.status(utc_ms)
  }
}

class SpecialDaysView implements SpecialDaysSource {
  readonly #tariff: TariffState
  readonly #commands: TariffCommands

  constructor(tariff: TariffState, commands: TariffCommands) {
    this.#tariff = tariff
    this.#commands = commands
  }

  get entries(): readonly SpecialDayEntry[] {
    return this.#tariff.specialDays
  }

  setEntries(entries: readonly SpecialDayEntry[]): DataAccessResult {
    return DataAccessResult[resultOf(() => this.#commands.setSpecialDays(entries))]
  }
}
