import { ActionResult } from '../../protocols/dlms/apdu.ts'
import { type ObjectMaker, objectGroup } from '../../protocols/dlms/made-objects.ts'
import { AccountCredit, AccountObject, type AccountSource } from '../../protocols/dlms/objects/account.ts'
import { CreditConfiguration, CreditObject, type CreditSource, CreditStatus, CreditType } from '../../protocols/dlms/objects/credit.ts'
import { TokenGatewayObject, type TokenGatewaySource, TokenStatus } from '../../protocols/dlms/objects/token-gateway.ts'
import type { CosemObject } from '../../protocols/dlms/source.ts'
import type { MeterConfig } from '../config.ts'
import type { MeterPrepayment } from '../prepayment/prepayment.ts'
import type { TokenResult } from '../prepayment/token-entry.ts'
import { managedByReaders, management } from './dlms-clients.ts'
import type { DlmsMeter } from './dlms-meter.ts'
import { type LocalTimes, writeStamp } from './dlms-times.ts'

/** IEC 62056-6-1, payment metering, from memory; gurux-dlms has the same names as its defaults. */
const ACCOUNT = '0.0.19.0.0.255'
const TOKEN_CREDIT = '0.0.19.10.0.255'
const EMERGENCY_CREDIT = '0.0.19.10.1.255'
const TOKEN_GATEWAY = '0.0.19.40.0.255'

const REMOTE = 0
const INT32_MAX = 0x7fffffff

/** Results in the order of the detail byte of the status; only ever added to. */
const RESULTS: readonly TokenResult[] = Object.freeze([
  'accepted',
  'section',
  'format',
  'crc',
  'manufacturer',
  'used',
  'old',
  'key-expired',
  'default-key',
  'function',
  'key-type',
  'range',
  'overflow',
  'not-stored',
  'no-key',
  'locked',
])
const AUTHENTICATION: readonly TokenResult[] = Object.freeze(['crc', 'manufacturer', 'no-key'])
const VALIDATION: readonly TokenResult[] = Object.freeze(['used', 'old', 'key-expired', 'default-key'])

function statusOf(result: TokenResult): number {
  if (result === 'accepted') return TokenStatus.executionOk
  if (result === 'section') return TokenStatus.received
  if (result === 'format') return TokenStatus.formatFailure
  if (AUTHENTICATION.includes(result)) return TokenStatus.authenticationFailure
  return VALIDATION.includes(result) ? TokenStatus.validationFailure : TokenStatus.executionFailure
}

function actionOf(result: TokenResult): ActionResult {
  if (result === 'accepted' || result === 'section') return ActionResult.success
  if (result === 'locked') return ActionResult.temporaryFailure
  return result === 'not-stored' ? ActionResult.hardwareFault : ActionResult.otherReason
}

function int32(value_Wh: number): number {
  return Math.max(-INT32_MAX, Math.min(INT32_MAX, Math.floor(value_Wh)))
}

type PrepaymentConfig = MeterConfig['prepayment']
type Account = MeterPrepayment['account']

const READ_ACCESS = managedByReaders([], [])
const EMERGENCY_ACCESS = managedByReaders([], [3])
const TOKEN_ACCESS = management([], [1])

const balance_Wh = ({ balance_mWh }: Account) => balance_mWh / 1000

/** Digits are ASCII: what customers hold in their hands, and what head-ends send on. */
function gateway(prepayment: MeterPrepayment, times: LocalTimes): TokenGatewaySource {
  return {
    get token() {
      return Uint8Array.from(prepayment.last?.text ?? '', (digit) => digit.charCodeAt(0))
    },
    tokenTime: (writer) => writeStamp(writer, times, prepayment.last?.utc_s ?? 0, 0),
    get delivery() {
      return prepayment.last?.delivery ?? REMOTE
    },
    get status() {
      return prepayment.last === undefined ? 0 : statusOf(prepayment.last.report.result)
    },
    get detail() {
      return prepayment.last === undefined ? 0 : RESULTS.indexOf(prepayment.last.report.result)
    },
    enter: (token) => actionOf(prepayment.enter(String.fromCharCode(...token.subarray(0, 64)), REMOTE).result),
  }
}

function tokenCredit({ account }: MeterPrepayment, { lowCredit_Wh }: PrepaymentConfig): CreditSource {
  return {
    get amount() {
      return int32(account.emergencyTaken ? Math.max(0, balance_Wh(account)) : balance_Wh(account))
    },
    type: CreditType.token,
    priority: 1,
    warningThreshold: lowCredit_Wh,
    limit: 0,
    configuration: CreditConfiguration.visual | CreditConfiguration.tokens,
    get status() {
      return account.balance_mWh > 0 ? CreditStatus.inUse : CreditStatus.exhausted
    },
    preset: 0,
    availableThreshold: 0,
    invoke: () => ActionResult.otherReason,
  }
}

function emergencyCredit(prepayment: MeterPrepayment, config: PrepaymentConfig): CreditSource {
  const { account } = prepayment
  const { lowCredit_Wh, emergencyCredit_Wh, emergencyAutomatic } = config
  return {
    get amount() {
      return account.emergencyTaken ? int32(emergencyCredit_Wh + Math.min(0, balance_Wh(account))) : 0
    },
    type: CreditType.emergency,
    priority: 2,
    warningThreshold: 0,
    limit: 0,
    configuration: CreditConfiguration.visual | CreditConfiguration.paidBack | (emergencyAutomatic ? 0 : CreditConfiguration.confirmed),
    get status() {
      if (!account.emergencyTaken) return account.emergencySelectable ? CreditStatus.selectable : CreditStatus.enabled
      if (account.usedUp) return CreditStatus.exhausted
      return account.balance_mWh > 0 ? CreditStatus.invoked : CreditStatus.inUse
    },
    preset: emergencyCredit_Wh,
    availableThreshold: lowCredit_Wh,
    invoke: () => (prepayment.takeEmergency() ? ActionResult.success : ActionResult.temporaryFailure),
  }
}

function accountSource({ account }: MeterPrepayment, { lowCredit_Wh }: PrepaymentConfig): AccountSource {
  return {
    get creditInUse() {
      return account.emergencyTaken && account.balance_mWh <= 0 ? 1 : 0
    },
    get creditStatus() {
      const use = account.usedUp ? AccountCredit.outOfCredit : AccountCredit.inCredit
      const low = account.low ? AccountCredit.low : 0
      const next = account.emergencySelectable ? AccountCredit.nextSelectable : 0
      const selected = account.emergencyTaken ? AccountCredit.selectableInUse : 0
      return use | low | next | selected
    },
    get available() {
      return int32((account.balance_mWh - account.floor_mWh) / 1000)
    },
    get amountToClear() {
      return int32(Math.min(0, balance_Wh(account)))
    },
    lowThreshold: lowCredit_Wh,
    nextThreshold: lowCredit_Wh,
  }
}

type View = Pick<DlmsMeter, 'config' | 'times'> & { readonly options: Pick<DlmsMeter['options'], 'prepayment'> }

/** Nothing of it where energy is paid for afterwards. */
function paid(
  make: (prepayment: MeterPrepayment, config: PrepaymentConfig, times: LocalTimes) => CosemObject | undefined,
): ObjectMaker<View> {
  return ({ options, config, times }) => options.prepayment && make(options.prepayment, config.prepayment, times)
}

/** Account, credits and token gateway. Tokens come from the management client; amounts are changed by tokens alone. */
export const PREPAYMENT_OBJECTS = objectGroup<View>(
  paid((prepayment, config) => {
    const credits = config.emergencyCredit_Wh > 0 ? [TOKEN_CREDIT, EMERGENCY_CREDIT] : [TOKEN_CREDIT]
    return new AccountObject({ logicalName: ACCOUNT, access: READ_ACCESS, source: accountSource(prepayment, config), credits, unit: 'Wh' })
  }),
  paid(
    (prepayment, config) => new CreditObject({ logicalName: TOKEN_CREDIT, access: READ_ACCESS, source: tokenCredit(prepayment, config) }),
  ),
  paid((prepayment, config) => {
    if (config.emergencyCredit_Wh <= 0) return undefined
    return new CreditObject({ logicalName: EMERGENCY_CREDIT, access: EMERGENCY_ACCESS, source: emergencyCredit(prepayment, config) })
  }),
  paid(
    (prepayment, _config, times) =>
      new TokenGatewayObject({ logicalName: TOKEN_GATEWAY, access: TOKEN_ACCESS, source: gateway(prepayment, times) }),
  ),
)
