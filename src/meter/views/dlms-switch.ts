import type { Trigger } from '../../core/switch/control-modes.ts'
import type { Disconnector, SwitchResult } from '../../core/switch/disconnector.ts'
import type { Limiter, LimiterResult } from '../../core/switch/limiter.ts'
import { LimiterScript, type LimiterSettings } from '../../core/switch/limiter-settings.ts'
import { ActionResult, DataAccessResult } from '../../protocols/dlms/apdu.ts'
import { objectGroup } from '../../protocols/dlms/made-objects.ts'
import { DisconnectControlObject, type DisconnectControlSource } from '../../protocols/dlms/objects/disconnect-control.ts'
import {
  type ActionItem,
  type EmergencyProfileValue,
  type LimiterActions,
  LimiterObject,
  type LimiterSource,
  type ValueDefinition,
} from '../../protocols/dlms/objects/limiter.ts'
import { type Script, ScriptTableObject } from '../../protocols/dlms/objects/script-table.ts'
import { management } from './dlms-clients.ts'
import type { MeterTimes } from './dlms-times.ts'

const DISCONNECT_CONTROL = '0.0.96.3.10.255'
const DISCONNECT_CONTROL_CLASS = 70
const LIMITER = '0.0.17.0.0.255'
/** "Disconnect control" among the script tables of the Blue Book. */
const DISCONNECT_SCRIPTS = '0.0.10.0.106.255'
const NO_SCRIPT: ActionItem = Object.freeze({ script: '0.0.0.0.0.0', selector: 0 })
/** Times are kept as 32 bits of seconds. */
const TIME_MAX_MS = 0xffffffff * 1000

/** What the mode forbids is denied; what only the present state does not allow may succeed later. */
const ACTION_RESULTS: Readonly<Record<SwitchResult, ActionResult>> = Object.freeze({
  success: ActionResult.success,
  forbidden: ActionResult.readWriteDenied,
  'not-now': ActionResult.temporaryFailure,
  'hardware-fault': ActionResult.hardwareFault,
})

const MODE_RESULTS: Readonly<Record<SwitchResult, DataAccessResult>> = Object.freeze({
  success: DataAccessResult.success,
  forbidden: DataAccessResult.otherReason,
  'not-now': DataAccessResult.temporaryFailure,
  'hardware-fault': DataAccessResult.hardwareFault,
})

const LIMITER_RESULTS: Readonly<Record<LimiterResult, DataAccessResult>> = Object.freeze({
  success: DataAccessResult.success,
  'data-not-valid': DataAccessResult.otherReason,
  'hardware-fault': DataAccessResult.hardwareFault,
})

/** The two things that can be switched and limited. */
export interface SwitchParts {
  readonly disconnector: Disconnector
  readonly limiter: Limiter
}

/** What the objects are made from. */
export interface SwitchView {
  readonly options: { readonly supply?: SwitchParts }
  readonly times: MeterTimes
}

const CONTROL_ACCESS = management([4], [1, 2])
const SCRIPT_ACCESS = management([], [1])
const LIMITER_ACCESS = management([2, 4, 5, 6, 7, 8, 9, 11], [])

/** Disconnect control, the scripts that use it, and the limiter. Only the management client sees them. */
export const SWITCH_OBJECTS = objectGroup<SwitchView>(
  ({ options: { supply } }) =>
    supply &&
    new DisconnectControlObject({
      ...{ logicalName: DISCONNECT_CONTROL, access: CONTROL_ACCESS },
      source: new DisconnectControlView(supply.disconnector),
    }),
  ({ options: { supply } }) =>
    supply &&
    new ScriptTableObject({
      ...{ logicalName: DISCONNECT_SCRIPTS, access: SCRIPT_ACCESS },
      scripts: disconnectScripts(new DisconnectControlView(supply.disconnector)),
    }),
  ({ options: { supply }, times }) =>
    supply && new LimiterObject({ logicalName: LIMITER, access: LIMITER_ACCESS, source: new LimiterView(supply.limiter, times) }),
)

/** A client that executes them acts remotely; the limiter executes them as local functions of the meter. */
function disconnectScripts(source: DisconnectControlSource): Script[] {
  const script = (identifier: number, execute: () => ActionResult): Script => ({
    identifier,
    classId: DISCONNECT_CONTROL_CLASS,
    logicalName: DISCONNECT_CONTROL,
    method: identifier,
    execute,
  })
  return [
    script(LimiterScript.disconnect, () => source.remoteDisconnect()),
    script(LimiterScript.reconnect, () => source.remoteReconnect()),
  ]
}

class DisconnectControlView implements DisconnectControlSource {
  readonly #disconnector: Disconnector

  constructor(disconnector: Disconnector) {
    this.#disconnector = disconnector
  }

  get outputState(): boolean {
    return this.#disconnector.outputState
  }

  get controlState(): number {
    return this.#disconnector.controlState
  }

  get controlMode(): number {
    return this.#disconnector.controlMode
  }

  setControlMode(mode: number): DataAccessResult {
    return MODE_RESULTS[this.#disconnector.setControlMode(mode)]
  }

  remoteDisconnect(): ActionResult {
    return this.trigger('remoteDisconnect')
  }

  remoteReconnect(): ActionResult {
    return this.trigger('remoteReconnect')
  }

  private trigger(trigger: Trigger): ActionResult {
    return ACTION_RESULTS[this.#disconnector.trigger(trigger)]
  }
}

function actionItem(selector: number): ActionItem {
  return selector === LimiterScript.none ? NO_SCRIPT : { script: DISCONNECT_SCRIPTS, selector }
}

/** Undefined for a script that the limiter cannot execute. Selector 0 is none, whatever its table. */
function selectorOf({ script, selector }: ActionItem): number | undefined {
  if (selector === LimiterScript.none) return selector
  return script === DISCONNECT_SCRIPTS ? selector : undefined
}

class LimiterView implements LimiterSource {
  readonly #limiter: Limiter
  readonly #times: MeterTimes

  constructor(limiter: Limiter, times: MeterTimes) {
    this.#limiter = limiter
    this.#times = times
  }

  get monitored(): ValueDefinition {
    return this.#limiter.settings.monitored
  }

  get thresholdActive(): number {
    return this.#limiter.thresholdActive
  }

  get thresholdNormal(): number {
    return this.#limiter.settings.thresholdNormal
  }

  get thresholdEmergency(): number {
    return this.#limiter.settings.thresholdEmergency
  }

  get minOver_s(): number {
    return this.#limiter.settings.minOver_s
  }

  get minUnder_s(): number {
    return this.#limiter.settings.minUnder_s
  }

  get emergencyProfile(): EmergencyProfileValue {
    const { id, activation_s, duration_s } = this.#limiter.settings.emergency
    return { id, activation_ms: activation_s === undefined ? undefined : activation_s * 1000, duration_s }
  }

  get groups(): readonly number[] {
    return this.#limiter.settings.groups
  }

  get emergencyActive(): boolean {
    return this.#limiter.emergencyActive
  }

  get actions(): LimiterActions {
    const { actionOver, actionUnder } = this.#limiter.settings
    return { over: actionItem(actionOver), under: actionItem(actionUnder) }
  }

  monitor(monitored: ValueDefinition): DataAccessResult {
    return this.change({ monitored })
  }

  setThresholdNormal(thresholdNormal: number): DataAccessResult {
    return this.change({ thresholdNormal })
  }

  setThresholdEmergency(thresholdEmergency: number): DataAccessResult {
    return this.change({ thresholdEmergency })
  }

  setMinOver(minOver_s: number): DataAccessResult {
    return this.change({ minOver_s })
  }

  setMinUnder(minUnder_s: number): DataAccessResult {
    return this.change({ minUnder_s })
  }

  setEmergencyProfile({ id, activation_ms, duration_s }: EmergencyProfileValue): DataAccessResult {
    if (activation_ms !== undefined && (activation_ms < 0 || activation_ms > TIME_MAX_MS)) return DataAccessResult.otherReason
    const activation_s = activation_ms === undefined ? undefined : Math.floor(activation_ms / 1000)
    return this.change({ emergency: { id, activation_s, duration_s } })
  }

  setGroups(groups: readonly number[]): DataAccessResult {
    return this.change({ groups })
  }

  setActions({ over, under }: LimiterActions): DataAccessResult {
    const actionOver = selectorOf(over)
    const actionUnder = selectorOf(under)
    if (actionOver === undefined || actionUnder === undefined) return DataAccessResult.otherReason
    return this.change({ actionOver, actionUnder })
  }

  utcOfLocal(local_ms: number): number {
    return this.#times.utcOfLocal(local_ms)
  }

  deviation_min(utc_ms: number): number {
    return -this.#times.offset_min(utc_ms)
  }

  clockStatus(utc_ms: number): number {
    return this.#times.status(utc_ms)
  }

  private change(change: Partial<LimiterSettings>): DataAccessResult {
    return LIMITER_RESULTS[this.#limiter.change(change)]
  }
}
