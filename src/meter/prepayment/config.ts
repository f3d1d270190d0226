import { boolean, integer, object, optional, string } from '../../lib/schema.ts'

const WH_MAX = 1_000_000_000

/** The part `prepayment` of the configuration. */
export const PREPAYMENT_CONFIG = object(
  {
    enabled: boolean({ default: false, description: 'Energy is paid for before it is used; tokens need the secret sts.key' }),
    decoderKey: optional(
      string({
        pattern: '^([0-9a-f]{16}|[0-9a-f]{32})$',
        meaning: '16 or 32 hexadecimal digits in lower case',
        description:
          'STS decoder key: 8 bytes for EA07 (STA), 16 for EA11 (MISTY1). It is stored in the meter at its first start, as the secret sts.key, and is never readable',
      }),
    ),
    initialCredit_Wh: integer({ min: 0, max: WH_MAX, default: 0, unit: 'Wh', description: 'Credit of a new account' }),
    lowCredit_Wh: integer({ min: 0, max: WH_MAX, default: 5000, unit: 'Wh', description: 'Warns at this much or less; 0: never' }),
    emergencyCredit_Wh: integer({
      min: 0,
      max: WH_MAX,
      default: 0,
      unit: 'Wh',
      description: 'Credit that the customer may take once his own is low, paid back by the next token; 0: none',
    }),
    emergencyAutomatic: boolean({ default: false, description: 'Emergency credit is taken without asking when the own is used up' }),
    attempts: integer({ min: 1, max: 100, default: 10, description: 'So many wrong tokens in a row close the entry for a while' }),
    lockOut_s: integer({ min: 1, max: 86_400, default: 600, unit: 's', description: 'for so long' }),
    friendlyFrom_h: integer({
      min: 0,
      max: 23,
      default: 0,
      unit: 'h',
      description: 'From this hour of local time on nobody is disconnected because his credit is used up',
    }),
    friendlyTo_h: integer({ min: 0, max: 23, default: 0, unit: 'h', description: 'until this one; both the same: no such hours' }),
    friendlyWeekend: boolean({ default: false, description: 'nor on Saturday and Sunday' }),
  },
  { description: 'Prepayment with STS tokens (IEC 62055-41), on a meter for electricity' },
)
